# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a price of another network is about in a currency of ours, by the rates of a link between both."""

from protocol.book.book import Book
from protocol.book.money import Amount, Rate
from protocol.practices.between.links.link import LinkState
from protocol.practices.between.links.state import Links
from protocol.practices.market.intents import Price

_OPEN = (LinkState.OPEN,)


def price_here(book: Book, network: bytes, price: Price) -> Amount | None:
    """Return about what a price is in our currency; None where no open link has a rate for it. Fees are not counted.

    Of several links the cheapest counts, as a payment would take.
    """
    if network == book.network:
        return None
    found: list[Amount] = []
    for link in book.of(Links).with_partner(network):
        if link.state in _OPEN and link.theirs is not None and link.theirs.currency == price.currency:
            theirs = Rate(link.theirs.num, link.theirs.den)
            here = link.settings.rate.up(theirs.foreign_up(price.minor))
            found.append(book.amount(link.settings.currency, here))
    return min(found, key=lambda one: one.value, default=None)


def is_at_most(book: Book, network: bytes, price: Price, code: str, most: int, scale: int) -> bool:
    """Tell whether a price is at most so much of a currency (minor units at a scale): as it stands, or by a link.

    Codes are not one network's own: a price in another's currency of the same code counts as it stands.
    """
    if price.currency == code:
        return price.minor * 10 ** (scale - price.scale) <= most
    here = price_here(book, network, price)
    return here is not None and here.asset_code == code and here.value * 10 ** (scale - here.asset_scale) <= most
