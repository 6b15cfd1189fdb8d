# SPDX-License-Identifier: AGPL-3.0-or-later
"""Free software over HTTP: what 25 of 40 enterprises save by it, who sees it, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from tests.node.http.test_http_campaigns import refused
from tests.node.http.tried import founded, people

pytestmark = pytest.mark.timeout(60)


def unit(value: int) -> dict[str, Any]:
    return {"value": str(value), "asset_code": "UNIT", "asset_scale": 2}


async def test_750_less_go_out_and_250_stay_inside_as_support(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as one:
        await people(one)
        supporter = {"handle": "teccoop", "turnover": unit(900_000), "wages": unit(800_000), "member": "caio"}
        await one.ask("steward", "", "/v1/enterprises", supporter)
        uses: list[str] = []
        for number in range(40):
            shop = {"handle": f"shop-{number}", "turnover": unit(50_000)} | ({} if number else {"member": "bia"})
            await one.ask("steward", "", "/v1/enterprises", shop)
            told = {"enterprise": f"shop-{number}", "software": "office suite", "cost": unit(30_00)}
            shown = await one.ask("bia" if number == 0 else "steward", "", "/v1/software-uses", told)
            assert (shown["state"], shown["to"]) == ("outside", None)
            uses.append(f"/v1/software-uses/{shown['id']}")
        assert (await one.show("ana", "", "/v1/software-uses/diffusion"))["outside"] == "1200.00"
        moved = {"to": "LibreOffice", "supporter": "teccoop", "support": unit(10_00)}
        for path in uses[:25]:
            shown = await one.ask("steward", "", f"{path}/migrate", moved)
            assert (shown["state"], shown["supporter"]) == ("migrated", "teccoop")
        told = await one.show("ana", "", "/v1/software-uses/diffusion")
        assert (told["saved"], told["outside"], told["support"]) == ("750.00", "450.00", "250.00")
        shares = await one.show("ana", "", "/v1/chains/shares")
        assert (shares["leakage"], shares["inside"]) == ("450.00", "250.00")
        shown = await one.ask("caio", "", f"{uses[0]}/support", {"period": 202703, "hours": "2.5"})
        assert shown["hours"] == [{"period": 202703, "hours": "2.50"}]
        assert (await refused(one, "steward", f"{uses[0]}/migrate", moved))["code"] == "STATE_CONFLICT"
        assert (await refused(one, "dora", f"{uses[30]}/migrate", moved))["code"] == "FORBIDDEN"
        assert (await refused(one, "steward", f"{uses[30]}/support", {"period": 202703, "hours": "1"}))["code"] == (
            "STATE_CONFLICT"
        )
        wrong = {"enterprise": "shop-1", "software": "mail", "cost": unit(0)}
        assert (await refused(one, "steward", "/v1/software-uses", wrong))["code"] == "FIGURE_NEGATIVE"
        assert [each["enterprise"] for each in (await one.show("bia", "", "/v1/software-uses"))["items"]] == ["shop-0"]
        assert (await one.show("dora", "", "/v1/software-uses"))["items"] == []
        assert (await one.ask("steward", "", f"{uses[39]}/remove", {}))["software"] == "office suite"
        assert (await one.show("ana", "", "/v1/software-uses/diffusion"))["outside"] == "420.00"
