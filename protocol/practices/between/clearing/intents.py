# SPDX-License-Identifier: AGPL-3.0-or-later
"""What networks say in the commons that they would clear, and the cut of it that all compute alike (PROTOCOL 4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.lanes.directory import Directory
from protocol.peers.messages import AmountMinor, Id32
from protocol.practices.between.clearing.circles import CircleTime
from protocol.practices.between.federations.charters import common_charter
from protocol.practices.between.links.entries import RATE_TERM_MAX
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

LINES_MAX = 256
"""How many debts, and how many credits, a network offers to clear in one round."""
VALUES_MAX = 64
"""Of how many currencies one network may say the value."""
WORTH_SCALE = 6
"""Without a value of its own, a whole unit of any currency counts as 10 to this power."""
DEBT_WORTH_MAX = 2**44
DEBTS_MAX = 10_000
"""With so many debts of that worth the solver's 64 bits still hold a round."""


@dataclass(frozen=True, slots=True)
class LinkDebt:
    """A debt on a link in its minor units, with whom, and the link's unit."""

    link: Id32
    partner: Id32
    unit: Code
    scale: Annotated[int, Range(0, 9)]
    amount: AmountMinor


@dataclass(frozen=True, slots=True)
class Intended:
    """In this round we would clear these debts of ours, and let these debts to us be cleared."""

    KIND: ClassVar[str] = "clearing/intended"
    round: CircleTime
    debts: Annotated[tuple[LinkDebt, ...], AtMost(LINES_MAX)]
    credits: Annotated[tuple[LinkDebt, ...], AtMost(LINES_MAX)]


@dataclass(frozen=True, slots=True)
class Valued:
    """One minor unit of our currency, at that scale, is worth num/den reference units."""

    KIND: ClassVar[str] = "clearing/valued"
    currency: Code
    scale: Annotated[int, Range(0, 9)]
    num: Annotated[int, Range(1, RATE_TERM_MAX)]
    den: Annotated[int, Range(1, RATE_TERM_MAX)]


@dataclass(slots=True)
class Intents:
    """What networks want to clear, the newest round of each, and what they say their currencies are worth."""

    said: dict[bytes, Intended] = field(default_factory=dict[bytes, Intended])
    values: dict[bytes, dict[str, Valued]] = field(default_factory=dict[bytes, dict[str, Valued]])


def hear(book: Book, word: Entered) -> None:
    """Keep what a network says: the newest counts."""
    intents, body = book.of(Intents), word.body
    if isinstance(body, Intended):
        intents.said[word.network] = body
        return
    assert isinstance(body, Valued)
    said = intents.values.setdefault(word.network, {})
    if body.currency in said or len(said) < VALUES_MAX:
        said[body.currency] = body


def unhear(book: Book, network: bytes) -> None:
    """Drop what a network has said."""
    book.of(Intents).said.pop(network, None)
    book.of(Intents).values.pop(network, None)


def lines(links: Iterable[Link], *, owed: bool) -> tuple[LinkDebt, ...]:
    """Return the debts on our links that can be cleared: ours, or with `owed` those to us; the greatest first.

    What is promised already of a debt is taken off.
    """
    found: list[LinkDebt] = []
    for link in links:
        amount = clearable(link, owed=owed)
        if amount > 0:
            found.append(LinkDebt(link.id, link.partner, link.terms.unit, link.terms.scale, amount))
    return tuple(sorted(found, key=lambda line: (-line.amount, line.link))[:LINES_MAX])


def clearable(link: Link, *, owed: bool) -> int:
    """Return how much of what we owe on a link, or of what we are owed, no open hold is about to clear."""
    if link.mine is None or link.is_lost or link.state not in (LinkState.OPEN, LinkState.CLOSING):
        return 0
    holds = link.now.holds_out if owed else link.now.holds_in
    debt = -link.now.net_debt if owed else link.now.net_debt
    return max(0, debt - sum(hold.amount for hold in holds.values()))


def value(book: Book, line: LinkDebt, one: bytes, other: bytes) -> Fraction:
    """Return what a minor unit of a link between two networks is worth in reference units.

    The network whose currency it is has said it; of two that say so the lower id counts. Where none has, the charter
    of a federation of both counts, if it is its common unit; and otherwise a whole unit is worth one whole unit of
    any other.
    """
    for network in sorted((one, other)):
        said = book.of(Intents).values.get(network, {}).get(line.unit)
        if said is not None:
            return Fraction(said.num, said.den) * Fraction(10) ** (said.scale - line.scale)
    charter = common_charter(book, line.unit, one, other)
    if charter is not None:
        return Fraction(charter.num, charter.den) * Fraction(10) ** (charter.scale - line.scale)
    return Fraction(10) ** (WORTH_SCALE - line.scale)


def cut(book: Book, number: int) -> dict[tuple[bytes, bytes], tuple[int, LinkDebt, Fraction]]:
    """Return what all networks together would clear in a round, by debtor and creditor.

    That is the debt in reference units, its line, and what a minor unit of its link is worth.

    A debt counts where debtor and creditor, who are two, have both offered it, for as much as the lesser of the two
    says; of several links between two the one of the greatest debt. Only who can be in a ring with us is looked at.
    """
    intents, known = book.of(Intents), book.of(Directory).networks
    said = {
        network: word
        for network, word in intents.said.items()
        if word.round == number and network in known and not known[network].forked
    }
    offered = {(network, line.link): line for network, word in said.items() for line in word.credits}
    best: dict[tuple[bytes, bytes], tuple[int, LinkDebt, Fraction]] = {}
    for debtor in sorted(said):
        for line in said[debtor].debts:
            far = offered.get((line.partner, line.link))
            if (
                line.partner == debtor
                or far is None
                or (far.partner, far.unit, far.scale) != (debtor, line.unit, line.scale)
            ):
                continue
            each = value(book, line, debtor, line.partner)
            worth = min(DEBT_WORTH_MAX, int(min(line.amount, far.amount) * each))
            pair = debtor, line.partner
            if worth > 0 and (pair not in best or (worth, line.link) > (best[pair][0], best[pair][1].link)):
                best[pair] = worth, line, each
    ours = _ring_of(book.network, best)
    return {pair: best[pair] for pair in [pair for pair in sorted(best) if ours.issuperset(pair)][:DEBTS_MAX]}


def _ring_of(network: bytes, debts: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    """Return who can be in a circle with a network: it leads to them, and they to it.

    All of them find the same ones. Others, however many, need not be looked at.
    """
    onward: dict[bytes, list[bytes]] = {}
    back: dict[bytes, list[bytes]] = {}
    for debtor, creditor in debts:
        onward.setdefault(debtor, []).append(creditor)
        back.setdefault(creditor, []).append(debtor)
    return _reached(network, onward) & _reached(network, back)


def _reached(network: bytes, leads: Mapping[bytes, Sequence[bytes]]) -> set[bytes]:
    reached, edge = {network}, [network]
    while edge:
        for following in leads.get(edge.pop(), ()):
            if following not in reached:
                reached.add(following)
                edge.append(following)
    return reached
