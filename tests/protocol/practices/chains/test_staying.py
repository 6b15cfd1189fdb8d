# SPDX-License-Identifier: AGPL-3.0-or-later
"""A match tells what stays inside of its price, as the seller's network has told; more of it goes before cheaper."""

from protocol.book.declaration import Plan, Publication
from protocol.book.timezones import DAY_MS
from protocol.practices.chains.published.bodies import RetainedBasis, RetainedShare, RetainedTold
from protocol.practices.market.matches.views import MatchesWanted
from tests.protocol.practices.market.fair import fair, flour, flour_needed, pinned


def test_what_stays_with_a_seller_abroad_is_as_its_network_has_told() -> None:
    world = fair()
    pinned(world, "serra", flour("bia", 60, 1_00, "FLOR"))
    pinned(world, "riacho", flour("edu", 60, 90, "HORA"))
    pinned(world, "riacho", flour_needed("ana", 60, 1_10, "HORA"))
    [match] = world.granted("riacho", "matches.list", MatchesWanted()).items
    assert (match.seller, match.stays_inside) == ("edu", None), "the cheaper, as nobody tells what stays"
    node = world.nodes["serra"]
    home = node.replica.home
    home.now, home.out = world.now, []
    told = RetainedTold((RetainedShare("bia", 501_700, RetainedBasis.DECLARED),))
    home.carry_out(Plan("", published=(Publication(b"r" * 16, told, world.now + DAY_MS),)))
    world.perform(node, home.out)
    world.tick(2)
    [match] = world.granted("riacho", "matches.list", MatchesWanted()).items
    assert (match.seller, match.total.value, match.stays_inside.value) == ("bia", 60_00, 30_10)
