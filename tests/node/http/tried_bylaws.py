# SPDX-License-Identifier: AGPL-3.0-or-later
"""By-laws of the group whose weeks are told: what comes, an emergency of a committee of two, and a secret ballot."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.node.http.tried import Trial


async def try_bylaws(one: "Trial") -> None:
    """Change a rule with notice, another in an emergency, and vote in secret."""
    from tests.node.http.tried import carried

    rule = "/v1/bylaws/payments.day_cap.HORA"
    backers = {"value": "2"}
    motion = await one.ask("bia", "", "/v1/parameters/bylaws.emergency_backers/set", backers)
    await carried(one, [motion])
    await one.ask(
        "steward", "", "/v1/bylaws/members.idle_days/change", {"value": "60", "starts": "2030-01-01T00:00:00Z"}
    )
    later = "2030-01-01T00:00:00Z"
    called = await one.ask(
        "steward",
        "emergencies.create",
        "/v1/emergencies",
        {"name": "payments.day_cap.HORA", "value": "50.00", "member": "bia"},
    )
    path = f"/v1/emergencies/{called['id']}"
    await one.ask("steward", "emergencies.back", f"{path}/back", {"member": "elio"})
    await one.show("ana", "emergencies.show", path)
    await one.show("ana", "emergencies.list", "/v1/emergencies")
    await one.show("ana", "bylaws.show", rule)
    await one.show("ana", "bylaws.list", "/v1/bylaws?practice=bylaws")
    await one.ask("bia", "bylaws.change", f"{rule}/change", {"value": "800.00", "starts": later})
    secret = await one.ask("bia", "", "/v1/motions", {"text": "Who leads?", "secret": True})
    await one.ask("bia", "motions.vote-secretly", f"/v1/motions/{secret['id']}/vote-secretly", {"ballot": "yes"})
