# SPDX-License-Identifier: AGPL-3.0-or-later
"""A communal bank over HTTP: four of five approve nothing, and a report 30 days late blocks the next tranche."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.node.http.tried import DAY_MS, Trial, amount, founded

pytestmark = pytest.mark.timeout(60)

BOARD = ("ana", "bia", "caio", "dora", "elio")
PEOPLE = (*BOARD, "flor", "gil")


async def refused(one: Trial, path: str, body: Any) -> Any:
    """Return the problem with which the steward is refused."""
    headers = {"Authorization": f"Bearer {one.tokens['steward']}"}
    async with ClientSession() as session, session.post(one.url + path, json=body, headers=headers) as response:
        assert response.status == 422
        return await response.json()


async def carried(one: Trial, *motions: Any) -> None:
    """Let everybody vote yes by word, and a week pass, until all is done."""
    for motion in motions:
        for who in PEOPLE:
            await one.ask("steward", "", f"/v1/motions/{motion['id']}/vote", {"ballot": "yes", "member": who})
    one.hour[0] += 8 * DAY_MS
    for motion in motions:
        for _ in range(200):
            shown = await one.show("steward", "", f"/v1/motions/{motion['id']}")
            if shown["state"] not in ("open", "carried"):
                break
            await asyncio.sleep(0.05)
        assert shown["state"] == "executed", shown


async def test_a_communal_bank_pays_a_project_and_all_see_its_accounts(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as one:
        for handle in PEOPLE:
            code = (await one.ask("steward", "", "/v1/invitations", {}))["code"]
            await one.ask("", "", "/v1/members", {"code": code, "handle": handle, "name": handle.title()})
            await one.ask("steward", "", f"/v1/members/{handle}/approve", {"currency": "HORA"})
        await carried(one, await one.ask("steward", "", "/v1/councils", {"title": "Banco comunal"}))
        council = (await one.show("steward", "", "/v1/councils"))["items"][0]["id"]
        path = f"/v1/councils/{council}"
        await carried(
            one,
            await one.ask("steward", "", f"{path}/elect", {"members": BOARD[:4]}),
            await one.ask("steward", "", f"{path}/elect-comptroller", {"member": "flor"}),
        )
        pump = {"council": council, "title": "A pump", "currency": "HORA", "member": "gil"}
        three = [amount(30_00), amount(30_00), amount(40_00)]
        project = await one.ask("steward", "", "/v1/projects", pump | {"tranches": three})
        at = f"/v1/projects/{project['id']}"
        problem = await refused(one, f"{at}/endorse", {"member": "ana"})
        assert (problem["code"], problem["heading"]) == ("BOARD_INCOMPLETE", "4 of 5 seats are filled")

        await carried(one, await one.ask("steward", "", f"{path}/elect", {"members": ["elio"]}))
        for who in BOARD[:3]:
            shown = await one.ask("steward", "", f"{at}/endorse", {"member": who})
        assert (shown["state"], shown["approved_by"]) == ("approved", "board")
        gift = {"payer": "gil", "payee": "commons.HORA", "amount": amount(100_00)}
        await one.ask("steward", "", "/v1/payments", gift)
        await one.ask("steward", "", f"{at}/fund", {})
        one.hour[0] += 59 * DAY_MS
        assert (await one.ask("steward", "", f"{at}/fund", {}))["paid"] == amount(60_00), "29 days late"
        one.hour[0] += DAY_MS
        problem = await refused(one, f"{at}/fund", {})
        assert (problem["code"], problem["heading"]) == ("REPORT_OVERDUE", "Report 1 is 30 days late")
        [sums] = (await one.show("steward", "", "/v1/projects/accounts"))["currencies"]
        assert sums == {
            "currency": "HORA", "approved": amount(100_00), "paid": amount(60_00), "reported": amount(0),
            "accepted": amount(0), "late": amount(30_00), "reports_late": 1,
        }  # fmt: skip
        told = {"tranche": 1, "spent": amount(29_50), "note": "the well is dug", "member": "gil"}
        await one.ask("steward", "", f"{at}/report", told)
        seen = {"tranche": 1, "verdict": "accepted", "member": "flor"}
        shown = await one.ask("steward", "", f"{at}/review", seen)
        first = shown["tranches"][0]
        assert (first["state"], first["spent"], first["note"]) == ("accepted", amount(29_50), "the well is dug")
        assert (await one.ask("steward", "", f"{at}/fund", {}))["paid"] == amount(100_00)
