# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a purchase would free of debts: those of members within the network, and those between networks known here.

Within the network it is what `mutirao obligations show` would cancel more, if the buyer owed the seller the price and
both let it be set off. Between networks it is what one round of clearing would cancel more, if the buyer's network
owed the price on the link: of our own links what they say now, of others what both sides have offered in their newest
words. Nothing is booked, and nothing is told to anybody else.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from protocol.book.book import Book
from protocol.lanes.entry import Millis
from protocol.practices.between.clearing.intents import DEBT_WORTH_MAX, DEBTS_MAX, Intents, LinkDebt, lines, value
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.state import Links
from protocol.practices.between.routes.paths import Pair
from protocol.practices.money.setoffs.finding import open_now
from protocol.solvers.freeing import Freeing
from protocol.solvers.netting import OBLIGATIONS_TOTAL_MAX, Obligation


@dataclass(slots=True)
class KnownDebts:
    """The debts that are known at an hour, each graph solved once, where somebody asks."""

    book: Book
    at_ms: Millis
    _within: dict[str, Freeing] = field(default_factory=dict[str, Freeing])
    _between: Freeing | None = None

    def freed_within(self, currency: str, buyer: str, seller: str, pays_minor: int) -> int:
        """Return what is freed within the network, by the accounts of the two (minor units)."""
        if not pays_minor or buyer == seller:
            return 0
        freeing = self._within.get(currency)
        if freeing is None:
            freeing = self._within[currency] = Freeing(*open_now(self.book, currency, self.at_ms))
        return max(0, freeing.freed(buyer, seller, pays_minor))

    def freed_between(self, partner: bytes, currency: str, pays_minor: int) -> int:
        """Return what is freed between networks by a purchase of a partner (own minor units of a currency)."""
        book, link = self.book, best_link(self.book, partner, currency)
        settings = book.of(Clearing).settings
        if link is None or settings is None or not settings.is_on or not pays_minor:
            return 0
        owed = link.settings.rate.foreign_up(pays_minor)
        line = LinkDebt(link.id, partner, link.terms.unit, link.terms.scale, owed)
        each = value(book, line, book.network, partner)
        worth = min(DEBT_WORTH_MAX, int(owed * each))
        if not worth:
            return 0
        if self._between is None:
            self._between = Freeing(_between(book))
        freed = self._between.freed(book.network, partner, worth, nets=True)
        return max(0, link.settings.rate.down(int(Fraction(freed) / each)))


def best_link(book: Book, partner: bytes, currency: str) -> Link | None:
    """Return the open link with a partner over which most can still be paid in a currency of ours."""
    links = [one for one in book.of(Links).with_partner(partner) if one.state is LinkState.OPEN]
    usable = [one for one in links if one.settings.currency == currency]
    return max(usable, key=lambda one: (one.now.headroom, one.id), default=None)


def _between(book: Book) -> list[Obligation]:
    """Return what networks owe each other, in reference units: one debt of a pair, the greatest of its links."""
    own = book.network
    words = {network: (word.debts, word.credits) for network, word in book.of(Intents).said.items()}
    links = book.of(Links).by_id.values()
    words[own] = lines(links, owed=False), lines(links, owed=True)
    offered = {(network, line.link): line for network, (_, owed) in words.items() for line in owed}
    best: dict[Pair, int] = {}
    for debtor in sorted(words):
        for line in words[debtor][0]:
            amount = _agreed(own, debtor, line, offered)
            if amount:
                worth = min(DEBT_WORTH_MAX, int(amount * value(book, line, debtor, line.partner)))
                best[debtor, line.partner] = max(worth, best.get((debtor, line.partner), 0))
    for line in words[own][1]:
        # What we are owed on our own links we know, whether the debtor has said it or not.
        worth = min(DEBT_WORTH_MAX, int(line.amount * value(book, line, line.partner, own)))
        best[line.partner, own] = worth
    total = 0
    debts: list[Obligation] = []
    for pair in sorted(best)[:DEBTS_MAX]:
        total += best[pair]
        if best[pair] and total <= OBLIGATIONS_TOTAL_MAX:
            debts.append(Obligation(b"".join(pair), *pair, best[pair]))
    return debts


def _agreed(own: bytes, debtor: bytes, line: LinkDebt, offered: dict[tuple[bytes, bytes], LinkDebt]) -> int:
    """Return how much of a debt both sides have offered; of our own links our word is enough, and the only one."""
    if debtor == own:
        return line.amount
    far = offered.get((line.partner, line.link))
    if own == line.partner or far is None or line.partner == debtor:
        return 0
    is_same = (far.partner, far.unit, far.scale) == (debtor, line.unit, line.scale)
    return min(line.amount, far.amount) if is_same else 0
