# SPDX-License-Identifier: AGPL-3.0-or-later
"""The currency of a communal bank is not converted; goods are ordered and paid in it at home as ever."""

from simulation.groups import balance
from simulation.world import whole

from protocol.book.issuer_groups import NOT_CONVERTIBLE
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.market.orders.wishes import AcceptOrder, DeliverOrder, PlaceOrder
from protocol.practices.money.currencies.views import KeepCurrencyHome
from protocol.practices.money.requests.views import PayRequest
from tests.protocol.practices.market.fair import by, fair, flour, pinned


def test_what_cannot_be_converted_still_buys_flour_at_home() -> None:
    world = fair(rate="2")
    ana, edu = by(world, "riacho", "ana"), by(world, "riacho", "edu")
    abroad = AskQuote("bia@serra", whole(10), payer="ana")
    assert world.granted("riacho", "quotes.create", abroad).invoice
    asked = world.granted("riacho", "currencies.keep-home", KeepCurrencyHome(), subject="HORA").id
    for actor in (ana, edu):
        world.granted("riacho", "motions.vote", Vote(parse_uuid(asked) or b"", Ballot.YES), subject=asked, actor=actor)
    world.now += 7 * DAY_MS
    world.tick(2)
    assert not world.granted("riacho", "currencies.show", subject="HORA").convertible

    assert world.ask("riacho", "quotes.create", abroad).reason is NOT_CONVERTIBLE
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (0, 0)

    offer = pinned(world, "riacho", flour("edu", 10, 500, "HORA"))
    shown = world.granted("riacho", "orders.place", PlaceOrder(offer, "1500 g"), actor=ana)
    for verb, wish in (("accept", AcceptOrder()), ("deliver", DeliverOrder())):
        shown = world.granted("riacho", f"orders.{verb}", wish, subject=shown.id, actor=edu)
    world.granted("riacho", "payment-requests.pay", PayRequest(), subject=shown.request, actor=ana)
    assert (balance(world, "riacho", "ana"), balance(world, "riacho", "edu")) == (-7_50, 7_50)
    assert world.zero_sum()
