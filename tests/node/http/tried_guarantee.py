# SPDX-License-Identifier: AGPL-3.0-or-later
"""A farm on its way to being certified by peers and consumers: told, visited, put right, decided, and an appeal."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.node.http.tried import Trial

PEERS = ("pia", "rita", "sara")
CONSUMER = "tom"
BOARD = ("ulla", "vera", "wim")
RULES = sha256(b"No poison, no burning.").hexdigest()


async def newcomers(one: "Trial") -> None:
    """Let eight more members in, who keep no key of their own."""
    for handle in ("quito", *PEERS, CONSUMER, *BOARD):
        invited = await one.ask("steward", "", "/v1/invitations", {})
        await one.ask("", "", "/v1/members", {"code": invited["code"], "handle": handle, "name": handle.title()})
        await one.ask("steward", "", f"/v1/members/{handle}/approve", {"currency": "HORA"})


def at_hour(one: "Trial", days: float) -> str:
    """Return an hour so many days from now, as people write it."""
    return datetime.fromtimestamp(one.hour[0] / 1_000 + days * 86_400, UTC).isoformat()


async def try_guarantee(one: "Trial") -> None:
    """Do once what a participatory guarantee is for."""
    await newcomers(one)
    for who in PEERS:
        await one.ask("steward", "certifiers.enrol", "/v1/certifiers", {"kind": "peer", "member": who})
    await one.ask("steward", "", "/v1/certifiers", {"kind": "consumer", "member": CONSUMER})
    await one.show("bia", "certifiers.show", "/v1/certifiers/pia")
    await one.show("bia", "certifiers.list", "/v1/certifiers")
    hill = {"name": "hill-3", "place": "geo:-23.55678,-46.63456", "ares": 250, "codes": ["0123"], "member": "quito"}
    plot = (await one.ask("steward", "plots.register", "/v1/plots", hill))["id"]
    await one.show("bia", "plots.show", f"/v1/plots/{plot}")
    await one.show("bia", "plots.list", "/v1/plots?member=quito")
    done = {"plot": plot, "what": "fertilising", "note": "two carts of manure"}
    line = (await one.ask("steward", "diaries.note", "/v1/diaries", done))["id"]
    await one.show("steward", "diaries.show", f"/v1/diaries/{line}")
    await one.show("steward", "diaries.list", f"/v1/diaries?plot={plot}")
    pledge = {"plot": plot, "pledge": RULES, "member": "quito"}
    name = (await one.ask("steward", "certifications.apply", "/v1/certifications", pledge))["id"]
    await _visited(one, name)
    path = f"/v1/certifications/{name}"
    cleared = {"issue": 1, "note": "a hedge stands", "member": "pia"}
    await one.ask("steward", "certifications.clear", f"{path}/clear", cleared)
    await decided(one, "certifications.decide", f"{path}/decide", {"verdict": "refused"}, *PEERS, CONSUMER)
    await one.show("bia", "certifications.show", path)
    await _appealed(one, path)
    await one.show("bia", "certifications.list", "/v1/certifications?holder=quito&counts=true")


async def _visited(one: "Trial", name: str) -> None:
    drawn = {"certification": name, "source": "Federal lottery 5912", "known": at_hour(one, 1)}
    visit = (await one.ask("steward", "visits.call", "/v1/visits", drawn))["id"]
    path = f"/v1/visits/{visit}"
    one.hour[0] += 2 * 86_400_000
    await one.ask("steward", "visits.draw", f"{path}/draw", {"numbers": "48213 90772"})
    for who in (*PEERS, CONSUMER):
        seen = {"kept": True, "note": "healthy soil", "member": who}
        await one.ask("steward", "visits.report", f"{path}/report", seen)
    wrong = {"days": 60, "note": "no hedge to the east", "member": "pia"}
    await one.ask("steward", "visits.raise", f"{path}/raise", wrong)
    await one.show("bia", "visits.show", path)
    hidden = drawn | {"known": at_hour(one, 1), "unannounced": True}
    other = (await one.ask("steward", "", "/v1/visits", hidden))["id"]
    one.hour[0] += 2 * 86_400_000
    await one.ask("steward", "", f"/v1/visits/{other}/draw", {"numbers": "11804 55017"})
    await one.ask("steward", "visits.excuse", f"/v1/visits/{other}/excuse", {"member": "sara"})
    await one.show("bia", "visits.list", f"/v1/visits?certification={name}")


async def decided(one: "Trial", operation: str, path: str, body: Any, *voters: str) -> None:
    """Put something to the vote, let these vote yes by word, and wait until it is done."""
    motion = await one.ask("steward", operation, path, body)
    at = f"/v1/motions/{motion['id']}"
    for who in voters:
        await one.ask("steward", "", f"{at}/vote", {"ballot": "yes", "member": who})
    one.hour[0] += 8 * 86_400_000
    for _ in range(400):
        shown = await one.show("steward", "", at)
        if shown["state"] not in ("open", "carried"):
            break
        await asyncio.sleep(0.05)
    assert shown["state"] == "executed", shown


async def _appealed(one: "Trial", path: str) -> None:
    everybody = ("quito", *PEERS, CONSUMER, *BOARD)
    await decided(one, "", "/v1/councils", {"title": "Ethics council"}, *everybody)
    council = (await one.show("bia", "", "/v1/councils"))["items"][-1]["id"]
    await decided(one, "", f"/v1/councils/{council}/elect", {"members": list(BOARD)}, *everybody)
    asked = {"council": council, "reason": "the hedge is planted"}
    await one.ask("steward", "certifications.appeal", f"{path}/appeal", asked)
    for who in BOARD:
        ruled = {"verdict": "certified", "member": who}
        await one.ask("steward", "certifications.rule", f"{path}/rule", ruled)
