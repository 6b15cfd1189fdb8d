# SPDX-License-Identifier: AGPL-3.0-or-later
"""A communal bank: a council is elected, and pays a project in tranches that are reported on."""

from typing import TYPE_CHECKING

from protocol.book.signed import parse_uuid
from protocol.practices.governance.projects.entries import EndorseProject
from tests.node.http.tried_credit import by_vote, worth

if TYPE_CHECKING:
    from tests.node.http.tried import Trial


async def communal(one: "Trial") -> None:
    """Elect five and a comptroller, and let Bia build a pump."""
    invited = await one.ask("steward", "", "/v1/invitations", {})
    await one.ask("", "", "/v1/members", {"code": invited["code"], "handle": "rosa", "name": "Rosa"})
    await one.ask("steward", "", "/v1/members/rosa/approve", {"currency": "HORA"})
    await by_vote(one, "bia", "councils.create", "/v1/councils", {"title": "Banco comunal Riacho"})
    council = (await one.show("bia", "councils.list", "/v1/councils"))["items"][0]["id"]
    path = f"/v1/councils/{council}"
    five = {"members": ["ana", "bia", "caio", "elio", "fia"]}
    await by_vote(one, "bia", "councils.elect", f"{path}/elect", five)
    await by_vote(one, "bia", "councils.elect-comptroller", f"{path}/elect-comptroller", {"member": "rosa"})
    await one.show("bia", "councils.show", path)
    pump = {
        "council": council, "title": "A pump", "currency": "HORA",
        "tranches": [worth(2_00, "HORA"), worth(1_00, "HORA")],
    }  # fmt: skip
    project = (await one.ask("bia", "projects.propose", "/v1/projects", pump))["id"]
    path = f"/v1/projects/{project}"
    signed = one.signed("projects.endorse", EndorseProject(parse_uuid(project) or b""))
    await one.ask("ana", "projects.endorse", f"{path}/endorse", signed)
    for who in ("caio", "elio"):
        await one.ask("steward", "", f"{path}/endorse", {"member": who})
    gift = {"payee": "commons.HORA", "amount": worth(3_00, "HORA")}
    await one.ask("bia", "", "/v1/payments", gift)
    await one.ask("caio", "projects.fund", f"{path}/fund", {})
    told = {"tranche": 1, "spent": worth(2_00, "HORA"), "note": "the well is dug"}
    await one.ask("bia", "projects.report", f"{path}/report", told)
    seen = {"tranche": 1, "verdict": "accepted", "member": "rosa"}
    await one.ask("steward", "projects.review", f"{path}/review", seen)
    await one.show("bia", "projects.show", path)
    await one.show("bia", "projects.list", "/v1/projects?state=funded")
    await one.show("bia", "projects.accounts", "/v1/projects/accounts")
    other = (await one.ask("caio", "", "/v1/projects", pump | {"title": "A second pump"}))["id"]
    await one.ask("bia", "projects.approve", f"/v1/projects/{other}/approve", {})
    await one.ask("caio", "projects.stop", f"/v1/projects/{other}/stop", {})
