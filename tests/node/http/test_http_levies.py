# SPDX-License-Identifier: AGPL-3.0-or-later
"""A levy on either side over HTTP: what it costs, what is left, refusals, and the same after a restart."""

from pathlib import Path
from typing import Any

import pytest

from tests.node.http.test_http_riacho import Riacho, found_riacho, hours, serving

pytestmark = pytest.mark.timeout(60)


async def balances(one: Riacho) -> dict[str, str]:
    found = {row["name"]: row["balance"]["value"] for row in (await one.ask("GET", "/v1/accounts"))["items"]}
    assert sum(map(int, found.values())) == 0
    return {name: found[name] for name in ("ana", "caio", "commons")}


async def test_both_bear_a_levy_and_an_organisation_its_own(tmp_path: Path) -> None:
    directory, ahead = tmp_path / "riacho", [0]
    founded = await found_riacho(directory)

    def levy(one: Riacho, **wish: Any) -> Any:
        return one.ask("POST", "/v1/currencies/HORA/set-levy", {"until_repaid": False, **wish})

    async with serving(directory, founded, ahead) as one:
        for handle in ("ana", "caio"):
            await one.join(handle, handle.title())
        shown = await levy(one, basis_points=100, side="both")
        assert (shown["levy_basis_points"], shown["levy_side"], shown["levies"]) == (100, "both", [])
        paid = await one.ask("POST", "/v1/payments", {"payee": "caio", "amount": hours("3.00")}, as_="ana")
        assert [paid[name]["value"] for name in ("amount", "debit", "levy", "payer_levy")] == ["300", "301", "2", "1"]
        assert await balances(one) == {"ana": "-301", "caio": "298", "commons": "3"}
        refused = await levy(one, basis_points=500, side="payer", group="organisations")
        assert (refused["status"], refused["code"]) == (404, "NOT_FOUND")
        wrong = await levy(one, basis_points=500, side="nobody")
        assert (wrong["status"], wrong["code"]) == (400, "MALFORMED")
        await one.ask("POST", "/v1/issuer-groups", {"name": "organisations", "title": "Who is no person"})
        await one.ask("POST", "/v1/issuer-groups/organisations/admit", {"members": ["ana"]})
        shown = await levy(one, basis_points=500, side="payer", group="organisations")
        assert [(own["group"], own["side"]) for own in shown["levies"]] == [("organisations", "payer")]
        tokens = one.tokens
    async with serving(directory, founded, ahead) as one:
        one.tokens = tokens
        paid = await one.ask("POST", "/v1/payments", {"payee": "caio", "amount": hours("10.00")}, as_="ana")
        assert (paid["debit"]["value"], paid["levy"]["value"]) == ("1050", "5")
        [account] = (await one.ask("GET", "/v1/accounts", as_="ana"))["items"]
        room = int(account["balance"]["value"]) - int(account["limit"]["value"])
        most = int(account["headroom"]["value"])
        assert most + most * 500 // 10_000 <= room < most + 1 + (most + 1) * 500 // 10_000
        too_much = {"payee": "caio", "amount": {**account["headroom"], "value": str(most + 1)}}
        refused = await one.ask("POST", "/v1/payments", too_much, as_="ana")
        assert (refused["status"], refused["code"]) == (422, "LIMIT_EXCEEDED")
        assert await balances(one) == {"ana": "-1351", "caio": "1293", "commons": "58"}
