# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members choose together: boycotts and support, who owns whom, private baskets, pledges, software."""

from typing import TYPE_CHECKING

from tests.node.http.tried_credit import by_vote, worth

if TYPE_CHECKING:
    from tests.node.http.tried import Trial

REVIEW = "2027-12-01T00:00:00Z"


async def try_campaigns(one: "Trial") -> None:
    """Do once what campaigns, baskets, pledges and free software are for."""
    await campaigns(one)
    await shopping(one)
    await pledges(one)
    await software(one)


async def campaigns(one: "Trial") -> None:
    for owner, owned, share in (("acme", "acme-south", "60%"), ("acme-south", "port-south", "55%")):
        stake = {"owner": owner, "owned": owned, "share": share, "source": "trade register", "day": "2026-11-30"}
        said = await one.ask("steward", "stakes.create", "/v1/stakes", stake)
    await one.show("bia", "stakes.show", f"/v1/stakes/{said['id']}")
    await one.show("bia", "stakes.list", "/v1/stakes?name=acme")
    call = {
        "kind": "boycott", "target": "acme", "demand": "Pay the growers what was agreed in May",
        "evidence": "https://example.org/report", "review_at": REVIEW,
    }  # fmt: skip
    called = await one.ask("bia", "campaigns.create", "/v1/campaigns", call)
    path = f"/v1/campaigns/{called['id']}"
    reply = {"text": "By letter of 2 March: all was paid in June"}
    await one.ask("steward", "campaigns.reply", f"{path}/reply", reply)
    for verb in ("adopt", "suspend", "resume"):
        await by_vote(one, "dora", f"campaigns.{verb}", f"{path}/{verb}", {})
    await by_vote(one, "dora", "campaigns.exempt", f"{path}/exempt", {"name": "port-south"})
    await one.show("bia", "campaigns.show", path)
    await one.show("bia", "campaigns.list", "/v1/campaigns?target=acme-south")
    await by_vote(one, "dora", "campaigns.win", f"{path}/win", {})
    await one.ask("steward", "stakes.remove", f"/v1/stakes/{said['id']}/remove", {})
    spare = await one.ask("bia", "", "/v1/campaigns", call | {"kind": "support", "target": "bakery"})
    await one.ask("bia", "campaigns.withdraw", f"/v1/campaigns/{spare['id']}/withdraw", {})


async def shopping(one: "Trial") -> None:
    """Keep a basket and weights, and see what would be better."""
    lines = [
        {"item": "bread", "value": worth(40_00, "UNIT"), "supplier": "emporium"},
        {"item": "cleaning", "value": worth(12_00, "UNIT"), "supplier": "acme"},
    ]
    kept = await one.ask("bia", "shopping-baskets.set", "/v1/shopping-baskets", {"month": 202703, "lines": lines})
    await one.show("bia", "shopping-baskets.show", f"/v1/shopping-baskets/{kept['id']}")
    await one.show("bia", "shopping-baskets.list", "/v1/shopping-baskets")
    await one.ask("bia", "shopping-baskets.remove", f"/v1/shopping-baskets/{kept['id']}/remove", {})
    weights = {"weights": "labour=.30,ecology=.25,ownership=.45"}
    kept = await one.ask("bia", "criteria-weights.set", "/v1/criteria-weights", weights)
    await one.show("bia", "criteria-weights.show", f"/v1/criteria-weights/{kept['id']}")
    await one.show("bia", "criteria-weights.list", "/v1/criteria-weights")
    await one.ask("bia", "criteria-weights.remove", f"/v1/criteria-weights/{kept['id']}/remove", {})


async def pledges(one: "Trial") -> None:
    """Fixed costs of 600 and a margin of 1.50: 400 are pledged, it opens, 380 are bought."""
    soap = {
        "item": "soap", "unit": "kg", "fixed": worth(600_00, "UNIT"), "margin": worth(1_50, "UNIT"), "until": REVIEW,
    }  # fmt: skip
    drive = await one.ask("caio", "pledge-drives.create", "/v1/pledge-drives", soap)
    path = f"/v1/pledge-drives/{drive['id']}"
    await one.ask("bia", "pledge-drives.pledge", f"{path}/pledge", {"quantity": "400"})
    await one.ask("caio", "pledge-drives.open", f"{path}/open", {})
    bought = {"member": "bia", "period": 202703, "quantity": "380"}
    await one.ask("caio", "pledge-drives.keep", f"{path}/keep", bought)
    await one.show("caio", "pledge-drives.show", path)
    await one.show("caio", "pledge-drives.list", "/v1/pledge-drives?state=open")
    await one.ask("caio", "pledge-drives.close", f"{path}/close", {})


async def software(one: "Trial") -> None:
    """The emporium pays 30 a month for an office suite, and then 10 for support of a free one."""
    supporter = {"handle": "teccoop", "turnover": worth(900_000, "UNIT"), "wages": worth(800_000, "UNIT")}
    await one.ask("steward", "", "/v1/enterprises", supporter)
    told = {"enterprise": "emporium", "software": "office suite", "cost": worth(30_00, "UNIT")}
    use = await one.ask("steward", "software-uses.create", "/v1/software-uses", told)
    path = f"/v1/software-uses/{use['id']}"
    moved = {"to": "LibreOffice", "supporter": "teccoop", "support": worth(10_00, "UNIT")}
    await one.ask("steward", "software-uses.migrate", f"{path}/migrate", moved)
    await one.ask("steward", "software-uses.support", f"{path}/support", {"period": 202703, "hours": "2.5"})
    await one.show("steward", "software-uses.show", path)
    await one.show("steward", "software-uses.list", "/v1/software-uses?state=migrated")
    await one.show("bia", "software-uses.diffusion", "/v1/software-uses/diffusion")
    await one.ask("steward", "software-uses.remove", f"{path}/remove", {})
