# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who asks for the picture of another network's offer is told where it is, if it may see the offer."""

from dataclasses import replace
from typing import Any

import pytest
from simulation.world import World

from protocol.book.declaration import Actor, Refused, Role
from protocol.wire.keys import id_text
from tests.protocol.practices.market.fair import fair, flour, pinned


@pytest.fixture
def world() -> World:
    return fair()


def asked(world: World, id: str, role: Role = Role.ANYONE) -> tuple[str, Any]:
    refused = world.ask("riacho", "offer-pictures.show", subject=id, actor=Actor(role))
    assert isinstance(refused, Refused), refused
    return refused.reason.code, refused.figures.get("network")


def test_whose_offer_it_is_has_its_picture(world: World) -> None:
    shown = pinned(world, "serra", replace(flour("bia", 1, 400, "FLOR"), picture=b"p" * 32))
    bare = pinned(world, "serra", flour("bia", 1, 400, "FLOR"))
    serra = id_text(world.nodes["serra"].network)
    for id in (shown, f"{shown}@serra", f"{shown}@{serra}"):
        assert asked(world, id) == ("PICTURE_ELSEWHERE", "serra"), id
    assert asked(world, bare) == asked(world, "x") == ("NOT_FOUND", None)
