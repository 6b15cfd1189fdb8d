# SPDX-License-Identifier: AGPL-3.0-or-later
"""A label between two real nodes: trusted by vote, found by search, revoked while the buyer's node was out of reach."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from processes.harness import Commune, Node, link_up, start, until
from processes.test_market import command, refused

SOON_SECONDS = 3


def trusted(node: Node, did: str, *voters: str) -> None:
    """Let a group decide that it trusts an issuer, in seconds."""
    command(node, "parameters", "set", "motions.least_minutes", "--value", "0")
    closes = (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()
    wish = json.dumps({"operation": "label-issuers.trust", "wish": {"issuer": did}})
    motion = command(node, "motions", "create", "--text", "It", "--closes", closes, "--wishes", wish)["id"]
    for handle in voters:
        command(node, "motions", "vote", motion, "--ballot", "yes", "--member", handle)
    until(lambda: command(node, "motions", "show", motion)["state"] == "executed", "the group has decided")


def admitted(node: Node, *handles: str) -> None:
    """Let members without keys join."""
    for handle in handles:
        code = node.api.post("/v1/invitations", {})["code"]
        node.api.post("/v1/members", {"code": code, "handle": handle})
        node.api.post(f"/v1/members/{handle}/approve", {})


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_label_of_one_network_counts_in_another_until_it_is_revoked(commune: Commune) -> None:
    riacho, serra = commune.riacho_and_serra()
    admitted(riacho, "ana", "edu")
    admitted(serra, "growers", "elio")
    link_up(riacho, serra, 100)
    rules = sha256(b"No sugar is fed.").hexdigest()
    terms = ("--name", "Honey of the hills", "--rules", rules, "--topic", "environment.biodiversity", "--codes", "0291")
    scheme = command(serra, "label-schemes", "declare", *terms, "--owner", "growers")
    given = ("--scheme", scheme["id"], "--holder", "elio", "--codes", "02910", "--issuer", "growers")
    label = command(serra, "labels", "issue", *given)["id"]
    jar = ("--title", "Honey", "--quantity", "9 kg", "--prices", "9.00", "--code", "02910", "--member", "elio")
    offer = command(serra, "offers", "publish", *jar)["id"]
    abroad = f"{label}@serra"
    until(lambda: command(riacho, "labels", "list")["items"], "Riacho hears of the label")
    assert refused(riacho, "labels", "verify", "--label", abroad) == "ISSUER_UNTRUSTED"
    trusted(riacho, scheme["issuers"][0]["did"], "ana", "edu")
    told = command(riacho, "labels", "verify", "--label", abroad, "--code", "02910")
    assert (told["holder_name"], told["status_days_old"], told["warnings"]) == ("elio", 0, [])
    assert refused(riacho, "labels", "verify", "--label", abroad, "--code", "21494") == "OUT_OF_SCOPE"
    search = ("offers", "list", "--verified", "honey of the hills")
    until(lambda: command(riacho, *search)["items"], "Riacho finds the honey by its label")

    # Serra revokes while Riacho is away; Ana orders while Serra is away; both meet again.
    riacho.kill()
    assert command(serra, "labels", "revoke", label, "--yes")["state"] == "revoked"
    serra.kill()
    start(riacho)
    assert command(riacho, "labels", "verify", "--label", abroad)["holder_name"] == "elio"
    order = command(riacho, "orders", "place", "--offer", f"{offer}@serra", "--quantity", "2 kg", "--buyer", "ana")
    purchase = command(riacho, "label-purchases", "show", order["id"])
    assert (len(purchase["labels"]), purchase["flagged"]) == (1, [])
    start(serra)
    until(lambda: command(riacho, "label-purchases", "show", order["id"])["flagged"], "the purchase is flagged")
    assert refused(riacho, "labels", "verify", "--label", abroad) == "LABEL_REVOKED"
    assert command(riacho, *search)["items"] == []
    riacho.kill()
    start(riacho)
    [purchase] = command(riacho, "label-purchases", "list", "--flagged")["items"]
    assert purchase["flagged"] == purchase["labels"] and purchase["revoked_at"] < purchase["ordered_at"]
    for node in (riacho, serra):
        node.stop()
        node.verify_book()
