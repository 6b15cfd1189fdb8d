# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a network takes down is gone from five nodes within seconds, and from their disks too."""

import time
from itertools import pairwise

import pytest
from processes.harness import Commune, Node, start, until

WORDS = "We were wrong about the miller"
CHEESE = "Quince cheese from my own trees"
WITHIN_SECONDS = 10.0


def read(node: Node) -> list[str]:
    """Return what a node shows of announcements and of what members offer."""
    told = [one["text"] for one in node.api.all("/v1/announcements")]
    return told + [one["title"] for one in node.api.all("/v1/search?search=cheese")]


def is_on_disk(node: Node, text: str) -> bool:
    """Tell whether a text stands in any file of a home."""
    return any(text.encode() in path.read_bytes() for path in node.home.rglob("*") if path.is_file())


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_withdrawn_body_is_gone_from_five_nodes_and_their_disks(commune: Commune) -> None:
    networks = [
        commune.found(name, code, serves=False)
        for name, code in (("riacho", "HORA"), ("serra", "FLOR"), ("encants", "ECO"), ("campo", "MATE"))
    ]
    for one, other in pairwise(networks):
        commune.connect(one, other)
    riacho = networks[0]
    start(*networks)
    riacho.join("ana")
    copy = commune.replica(riacho)
    commune.connect(copy, riacho)
    start(copy)
    five = [*networks, copy]

    kept = riacho.api.post("/v1/announcements", {"text": "Market on Saturday"})
    wrong = riacho.api.post("/v1/announcements", {"text": WORDS}, key="wrong")
    offer = riacho.api.post("/v1/offers", {"title": CHEESE, "text": "Two a week", "member": "ana"}, key="cheese")
    all_of_it = ["Market on Saturday", CHEESE, WORDS]
    for node in five:
        until(lambda node=node: sorted(read(node)) == all_of_it, f"{node.handle} reads all")
        for text in (WORDS, CHEESE):
            until(lambda node=node, text=text: is_on_disk(node, text), f"{node.handle} has stored it")

    riacho.api.post(f"/v1/announcements/{wrong['id']}/withdraw", {}, key="down")
    riacho.api.post(f"/v1/offers/{offer['id']}/withdraw", {}, key="gone")
    began = time.monotonic()
    assert read(riacho) == ["Market on Saturday"], "where it was withdrawn it is gone at once"
    for node in five:
        until(lambda node=node: read(node) == ["Market on Saturday"], f"{node.handle} reads it no more", WITHIN_SECONDS)
    told = time.monotonic() - began
    for node in five:
        for text in (WORDS, CHEESE):
            until(
                lambda node=node, text=text: not is_on_disk(node, text), f"{node.handle} has purged it", WITHIN_SECONDS
            )
    assert told < WITHIN_SECONDS

    for node in five:
        node.kill()
    assert not any(is_on_disk(node, text) for node in five for text in (WORDS, CHEESE))
    start(*five)
    for node in five:
        assert read(node) == ["Market on Saturday"], node.handle
    assert riacho.api.get(f"/v1/announcements/{kept['id']}")["version"] == 1
