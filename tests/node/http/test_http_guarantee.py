# SPDX-License-Identifier: AGPL-3.0-or-later
"""A farm over HTTP: two visitors are too few, four certify it, and what is not put right by its day suspends it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.node.http.tried import DAY_MS, Trial, founded
from tests.node.http.tried_guarantee import BOARD, CONSUMER, PEERS, RULES, at_hour, decided, newcomers

pytestmark = pytest.mark.timeout(90)


async def refused(one: Trial, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {one.tokens['steward']}"}
    async with one._session.post(one.url + path, json=body, headers=headers) as response:
        return {**await response.json(content_type=None), "status": response.status}


async def test_a_farm_is_visited_certified_and_suspended_on_day_61(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as one:
        await newcomers(one)
        for who in PEERS:
            await one.ask("steward", "", "/v1/certifiers", {"kind": "peer", "member": who})
        terms = {
            "name": "Our rules",
            "rules": RULES,
            "topic": "environment.biodiversity",
            "codes": ["01"],
            "owner": "pia",
        }
        scheme = await one.ask("steward", "", "/v1/label-schemes", terms)
        nothing = await refused(one, "/v1/parameters/guarantee.scheme/set", {"value": "honey"})
        assert (nothing["status"], nothing["code"]) == (400, "MALFORMED")
        chosen = "/v1/parameters/guarantee.scheme/set"
        await decided(one, "", chosen, {"value": scheme["id"]}, "quito", *PEERS, CONSUMER, *BOARD)
        hill = {"name": "hill-3", "place": "geo:-23.55678,-46.63456", "ares": 250, "codes": ["0123"], "member": "quito"}
        plot = await one.ask("steward", "", "/v1/plots", hill)
        assert plot["place"] == "geo:-23.56,-46.63"
        pledge = {"plot": plot["id"], "pledge": RULES, "member": "quito"}
        name = (await one.ask("steward", "", "/v1/certifications", pledge))["id"]
        path = f"/v1/certifications/{name}"
        call = {"certification": name, "source": "Federal lottery 5912", "known": at_hour(one, 1)}
        few = await refused(one, "/v1/visits", call)
        assert (few["status"], few["code"]) == (422, "LOT_TOO_SMALL")
        assert few["heading"] == "3 peers, 0 consumers fit"
        await one.ask("steward", "", "/v1/certifiers", {"kind": "consumer", "member": CONSUMER})
        visit = f"/v1/visits/{(await one.ask('steward', '', '/v1/visits', call))['id']}"
        early = await refused(one, f"{visit}/draw", {"numbers": "48213 90772"})
        assert (early["status"], early["code"]) == (422, "DRAW_NOT_HELD")
        one.hour[0] += 2 * DAY_MS
        drawn = await one.ask("steward", "", f"{visit}/draw", {"numbers": "48213 90772"})
        assert sorted(drawn["visitors"]) == sorted((*PEERS, CONSUMER))
        for who in PEERS[:2]:
            await one.ask("steward", "", f"{visit}/report", {"kept": True, "note": "healthy soil", "member": who})
        problem = await refused(one, f"{path}/decide", {"verdict": "certified"})
        assert (problem["status"], problem["code"]) == (422, "VISIT_INCOMPLETE")
        assert problem["heading"] == "2 of 4 visitors have reported"
        for who in (PEERS[2], CONSUMER):
            await one.ask("steward", "", f"{visit}/report", {"kept": True, "member": who})
        nobody = await refused(one, f"{visit}/report", {"kept": True, "member": "quito"})
        assert (nobody["status"], nobody["code"]) == (403, "NOT_A_VISITOR")
        await one.ask("steward", "", f"{visit}/raise", {"days": 60, "note": "no hedge", "member": "pia"})
        raised = one.hour[0]
        await decided(one, "", f"{path}/decide", {"verdict": "certified"}, *PEERS, CONSUMER)
        shown = await one.show("", "", path)
        assert (shown["state"], shown["counts"]) == ("certified", True)
        label = await labelled(one, path, is_there=True)
        of_it = await one.show("", "", f"/v1/labels/{label}")
        assert (of_it["holder"], of_it["plots"], of_it["state"]) == ("quito", ["hill-3"], "standing")
        one.hour[0] = raised + 61 * DAY_MS
        for _ in range(200):
            shown = await one.show("", "", path)
            if shown["state"] == "suspended":
                break
            await asyncio.sleep(0.05)
        assert (shown["state"], shown["counts"]) == ("suspended", False)
        assert await labelled(one, path, is_there=False) is None
        assert (await one.show("", "", f"/v1/labels/{label}"))["state"] == "revoked"


async def labelled(one: Trial, path: str, *, is_there: bool) -> str | None:
    """Return the label of a certification, once there is one, or none any more."""
    for _ in range(200):
        shown = await one.show("", "", path)
        if (shown["label"] is not None) is is_there:
            break
        await asyncio.sleep(0.05)
    return shown["label"]
