# SPDX-License-Identifier: AGPL-3.0-or-later
"""Community economy over HTTP: 12 hours of care change no balance, and a shared tool is booked once an hour."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from node.http.values import moment_text
from tests.node.http.tried import DAY_MS, Trial, amount, founded

pytestmark = pytest.mark.timeout(60)


async def refused(one: Trial, path: str, body: Any, status: int) -> Any:
    """Return the problem with which the steward is refused."""
    headers = {"Authorization": f"Bearer {one.tokens['steward']}"}
    async with ClientSession() as session, session.post(one.url + path, json=body, headers=headers) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def neighbours(one: Trial) -> None:
    for handle in ("ana", "bia"):
        code = (await one.ask("steward", "", "/v1/invitations", {}))["code"]
        await one.ask("", "", "/v1/members", {"code": code, "handle": handle, "name": handle.title()})
        await one.ask("steward", "", f"/v1/members/{handle}/approve", {"currency": "HORA"})
        token = {"label": handle, "member": handle, "scopes": ["*"]}
        one.tokens[handle] = (await one.ask("steward", "", "/v1/tokens", token))["token"]


async def test_12_hours_of_care_are_12_hours_more_and_no_balance_changes(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as one:
        await neighbours(one)
        await one.ask("steward", "", "/v1/payments", {"payer": "bia", "payee": "ana", "amount": amount(5_00)})
        before = await one.show("steward", "", "/v1/accounts")
        given = {"receiver": "bia", "hours": "12", "note": "nights at the hospital"}
        care = await one.ask("ana", "", "/v1/care", given)
        assert (await one.show("ana", "", "/v1/care-hours/ana"))["given"] == "0.00", "nobody has confirmed it"
        [errand] = (await one.show("bia", "", "/v1/errands?span=today"))["items"]
        assert (errand["said"], errand["verb"]) == ("ana has cared for you", "care.confirm")
        shown = await one.ask("bia", "", f"/v1/care/{care['id']}/confirm", {})
        assert (shown["state"], shown["hours"], shown["note"]) == ("confirmed", "12.00", "nights at the hospital")
        assert await one.show("ana", "", "/v1/care-hours/ana") == {
            "member": "ana", "given": "12.00", "received": "0.00",
        }  # fmt: skip
        assert await one.show("ana", "", "/v1/care-hours/bia") == {"member": "bia", "given": "0.00", "received": None}
        assert await one.show("steward", "", "/v1/accounts") == before
        assert (await one.show("ana", "", "/v1/accounts/ana"))["balance"] == amount(5_00)
        problem = await refused(one, "/v1/care", given | {"giver": "ana", "hours": "0"}, 400)
        assert (problem["code"], problem["heading"]) == ("MALFORMED", "hours cannot be read")


async def test_a_tool_is_booked_once_an_hour_and_comes_back_late_and_damaged(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as one:
        await neighbours(one)
        before = await one.show("steward", "", "/v1/accounts")
        tool = await one.ask("ana", "", "/v1/tools", {"title": "Cement mixer", "days": 3})

        def at(days: float) -> str:
            return moment_text(one.hour[0] + int(days * DAY_MS))

        until = at(2)
        loan = await one.ask("bia", "", "/v1/tool-loans", {"tool": tool["id"], "since": at(1), "until": until})
        wish = {"tool": tool["id"], "borrower": "ana", "since": at(1.5), "until": at(2.5)}
        problem = await refused(one, "/v1/tool-loans", wish, 409)
        assert (problem["code"], problem["heading"]) == ("TOOL_BOOKED", "Booked until 2027-03-03 10:00")
        problem = await refused(one, "/v1/tool-loans", wish | {"since": at(2), "until": at(6)}, 422)
        assert (problem["code"], problem["heading"]) == ("TOOL_DAYS", "3 days at most")
        free = await one.ask("ana", "", "/v1/tool-loans", wish | {"since": until})
        calendar = (await one.show("bia", "", f"/v1/tools/{tool['id']}"))["calendar"]
        assert [(hours["borrower"], hours["until"] == until) for hours in calendar] == [("bia", True), ("ana", False)]
        one.hour[0] += DAY_MS
        await one.ask("ana", "", f"/v1/tool-loans/{loan['id']}/hand-out", {})
        one.hour[0] += DAY_MS + DAY_MS // 3
        assert (await one.show("bia", "", f"/v1/tool-loans/{loan['id']}"))["days_late"] == 1
        problem = await refused(one, f"/v1/tool-loans/{free['id']}/hand-out", {}, 409)
        assert (problem["code"], problem["heading"]) == ("TOOL_OUT", "It is not back yet")
        torn = {"damaged": True, "note": "the belt is torn"}
        shown = await one.ask("ana", "", f"/v1/tool-loans/{loan['id']}/return", torn)
        assert (shown["state"], shown["days_late"], shown["damaged"]) == ("returned", 1, True)
        assert (await one.show("bia", "", f"/v1/tool-loans/{loan['id']}"))["note"] == "the belt is torn"
        assert (await one.show("bia", "", f"/v1/tools/{tool['id']}"))["state"] == "damaged"
        problem = await refused(one, f"/v1/tool-loans/{free['id']}/hand-out", {}, 409)
        assert problem["code"] == "STATE_CONFLICT"
        await one.ask("ana", "", f"/v1/tools/{tool['id']}/mend", {})
        await one.ask("ana", "", f"/v1/tool-loans/{free['id']}/hand-out", {})
        assert await one.show("steward", "", "/v1/accounts") == before
