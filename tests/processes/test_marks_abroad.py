# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one network marks, another reads: labels, certified farms and campaigns, offline, and gone within a round.

And what leaves a node has no private weight, no basket and no exact place: the bytes that the other holds are searched.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from processes.harness import Commune, Node, link_up, start, until
from processes.test_labels import SOON_SECONDS, admitted
from processes.test_market import command, refused

PEERS, CONSUMER = ("ana", "bia", "caio"), "gil"
RULES = sha256(b"No poison, no burning, hedges of our own trees.").hexdigest()
EXACT = ("-23.556781", "-46.634563")
SELLER, SPENT = "Tendinha Secreta da Nair", "4711.37"
WEIGHTS = "ecology=.3713,labour=.6287"
ROUND_SECONDS = 20.0
"""Within so long what is taken back is so elsewhere, where a node is reached."""


def soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()


def agreed(node: Node, operation: str, wish: dict[str, Any], *voters: str, subject: str | None = None) -> None:
    """Let a group decide something in seconds."""
    told = {"operation": operation, "wish": wish} | ({} if subject is None else {"subject": subject})
    motion = node.api.post("/v1/motions", {"text": "As we said", "closes": soon(), "wishes": [told]})["id"]
    for handle in voters:
        node.api.post(f"/v1/motions/{motion}/vote", {"ballot": "yes", "member": handle})
    until(lambda: node.api.get(f"/v1/motions/{motion}")["state"] == "executed", operation)


def certified(node: Node) -> str:
    """Let Elio's hill be visited and certified; returns the certification's id."""
    post = node.api.post
    for handle in (*PEERS, CONSUMER):
        post("/v1/certifiers", {"kind": "consumer" if handle == CONSUMER else "peer", "member": handle})
    hill = {"name": "hill-3", "place": f"geo:{','.join(EXACT)}", "ares": 250, "codes": ["0123"], "member": "elio"}
    plot = post("/v1/plots", hill)["id"]
    name = post("/v1/certifications", {"plot": plot, "pledge": RULES, "member": "elio"})["id"]
    call = {"certification": name, "source": "Federal lottery 5912", "known": soon()}
    visit = f"/v1/visits/{post('/v1/visits', call)['id']}"

    def is_drawn() -> bool:
        return node.api.ask("POST", f"{visit}/draw", {"numbers": "48213 90772"}).status == 200

    until(is_drawn, "the draw")
    for handle in (*PEERS, CONSUMER):
        post(f"{visit}/report", {"kept": True, "member": handle})
    agreed(node, "certifications.decide", {"verdict": "certified"}, *PEERS, CONSUMER, subject=name)
    return name


def private(node: Node) -> None:
    """Let Ana keep a basket and weights, which nobody else is to see."""
    lines = ("--lines", f"item=cleaning,value={SPENT},supplier={SELLER}")
    command(node, "shopping-baskets", "set", "--month", "202703", *lines, "--member", "ana")
    command(node, "criteria-weights", "set", "--weights", WEIGHTS, "--member", "ana")


def held(node: Node) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(node.home.rglob("*")) if path.is_file())


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_what_is_marked_in_serra_counts_in_riacho_offline_and_is_gone_within_a_round(
    commune: Commune,
) -> None:
    riacho, serra = commune.riacho_and_serra()
    everybody = (*PEERS, CONSUMER, "elio")
    admitted(serra, *everybody)
    admitted(riacho, "edu", "zita")
    link_up(riacho, serra, 100)
    for node in (riacho, serra):
        command(node, "parameters", "set", "motions.least_minutes", "--value", "0")
    command(serra, "parameters", "set", "campaigns.published", "--value", "everybody")
    private(serra)
    terms = ("--name", "Our own rules", "--rules", RULES, "--topic", "environment.biodiversity", "--owner", "ana")
    scheme = command(serra, "label-schemes", "declare", *terms)
    agreed(serra, "parameters.set", {"value": scheme["id"]}, *everybody, subject="guarantee.scheme")
    name = certified(serra)
    label = until(lambda: command(serra, "certifications", "show", name)["label"], "the plot's label")
    call = ("--kind", "boycott", "--target", "acme", "--demand", "Pay the growers", "--evidence", "report of 2026")
    review = (datetime.now(UTC) + timedelta(days=90)).isoformat()
    campaign = command(serra, "campaigns", "create", *call, "--review-at", review, "--member", "ana")["id"]
    agreed(serra, "campaigns.adopt", {}, *everybody, subject=campaign)

    agreed(riacho, "label-issuers.trust", {"issuer": scheme["issuers"][0]["did"]}, "edu", "zita")
    agreed(riacho, "campaign-follows.create", {"network": "serra"}, "edu", "zita")
    abroad = f"{label}@serra"
    counting = ("certifications", "list", "--network", "serra", "--counts")
    until(lambda: command(riacho, *counting)["items"], "Riacho hears of the farm")
    until(lambda: command(riacho, "campaigns", "list", "--target", "acme")["items"], "Riacho hears of the campaign")
    until(lambda: command(riacho, "labels", "list", "--valid")["items"], "Riacho hears of the label")

    # Serra is away: all of it is checked here, after a restart too, and the label by its file alone.
    serra.kill()
    riacho.kill()
    start(riacho)
    told = command(riacho, "labels", "verify", "--label", abroad, "--code", "01231", "--plot", "hill-3")
    assert (told["holder_name"], told["level"], told["plots"]) == ("elio", "Membership", ["hill-3"])
    assert refused(riacho, "labels", "verify", "--label", abroad, "--code", "21494") == "OUT_OF_SCOPE"
    [farm] = command(riacho, *counting)["items"]
    assert (farm["holder"], farm["plot"], farm["state"]) == ("elio", "hill-3", "certified")
    [boycott] = command(riacho, "campaigns", "list", "--target", "acme")["items"]
    assert (boycott["target"], boycott["demand"]) == ("acme", "Pay the growers")

    # Serra takes all of it back; within a round nothing of it counts in Riacho.
    start(serra)
    agreed(serra, "certifications.decide", {"verdict": "refused"}, *PEERS, CONSUMER, subject=name)
    agreed(serra, "campaigns.suspend", {}, *everybody, subject=campaign)
    until(lambda: not command(riacho, *counting)["items"], "the farm counts no more", ROUND_SECONDS)
    until(lambda: not command(riacho, "labels", "list", "--valid")["items"], "the label is revoked", ROUND_SECONDS)
    assert refused(riacho, "labels", "verify", "--label", abroad) == "LABEL_REVOKED"

    def in_force() -> list[Any]:
        listed = command(riacho, "campaigns", "list", "--target", "acme")["items"]
        return [one for one in listed if one["state"] == "adopted"]

    until(lambda: not in_force(), "the campaign is gone", ROUND_SECONDS)
    for node in (riacho, serra):
        node.stop()
        node.verify_book()

    own, abroad_bytes = held(serra), held(riacho)
    for text in (SELLER, SPENT.replace(".", ""), WEIGHTS):
        assert text.encode() in own, "what is its own it holds"
        assert text.encode() not in abroad_bytes, text
    for degrees in EXACT:
        assert degrees.encode() not in own + abroad_bytes, "a place is rounded before anything is made of it"
