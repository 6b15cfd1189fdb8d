# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a step of an order cycle books: held when it closes, given back and paid when it is settled."""

from collections.abc import Container, Sequence
from typing import NamedTuple

from protocol.book.accounts import account_id, commons_account
from protocol.book.book import Book
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.money import BASIS_POINTS
from protocol.practices.market.purchasing.state import PURCHASES, OrderCycle

HOLD, PURCHASE = "purchase-hold", "purchase"


class Booked(NamedTuple):
    """Postings that sum to zero."""

    postings: tuple[Posting, ...]

    @property
    def changes(self) -> Sequence[tuple[str, int]]:
        """Return by how much each account changes in all."""
        sums: dict[str, int] = {}
        for one in self.postings:
            sums[one.account] = sums.get(one.account, 0) + one.amount_minor
        return tuple(sums.items())


def _account_of(book: Book, cycle: OrderCycle, member: str) -> str:
    """Return where a member's money goes: to the commons where it has left."""
    code = cycle.said.currency
    return commons_account(code) if book.members[member].state is MemberState.LEFT else account_id(member, code)


def held_at_closing(cycle: OrderCycle, without: Container[str]) -> Booked:
    """Hold of each member its part of what is ordered in whole boxes, where these are left out."""
    portions = [fill.got for fill in cycle.fills(without)]
    held = {name: minor for name, minor in cycle.deposits(portions).items() if minor}
    pot, code = PURCHASES.of(cycle.said.currency), cycle.said.currency
    taken = [Posting(account_id(name, code), -minor, HOLD, None, pot) for name, minor in held.items()]
    return Booked((*taken, Posting(pot, sum(held.values()), HOLD)) if taken else ())


def taking(cycle: OrderCycle, item: int, quantity: int, giver: str, taker: str) -> Booked:
    """Hold of who takes portions what was held of who gives them, which goes back to that one."""
    minor, code = moved_minor(cycle, item, quantity, giver), cycle.said.currency
    accounts = account_id(giver, code), account_id(taker, code)
    if not minor:
        return Booked(())
    return Booked(
        (Posting(accounts[1], -minor, HOLD, None, accounts[0]), Posting(accounts[0], minor, HOLD, None, accounts[1]))
    )


def moved_minor(cycle: OrderCycle, item: int, quantity: int, giver: str) -> int:
    """Return what of what is held goes along with portions, rounded up: as much as is held of the giver at most."""
    goods = cycle.said.items[item - 1]
    part = -(-cycle.prices[item - 1] * quantity * cycle.said.deposit // (goods.box * BASIS_POINTS))
    return min(part, cycle.lines[giver].held_minor)


def cancelled(book: Book, cycle: OrderCycle) -> Booked:
    """Give back what is held."""
    pot = PURCHASES.of(cycle.said.currency)
    held = [(line.member, line.held_minor) for line in cycle.rows if line.held_minor]
    back = [Posting(_account_of(book, cycle, name), minor, HOLD, None, pot) for name, minor in held]
    return Booked((*back, Posting(pot, -sum(minor for _, minor in held), HOLD)) if back else ())


def settling(book: Book, cycle: OrderCycle) -> Booked:
    """Give back what is held, and let each pay its share; for what nobody has collected the commons, if so agreed."""
    said = cycle.said
    payee, commons = _account_of(book, cycle, said.payee), commons_account(said.currency)
    postings = list(cancelled(book, cycle).postings)
    total = 0
    for line in cycle.rows:
        share = line.share_minor
        if share:
            uncollected = said.to_commons and line.has_goods and not line.collected
            payer = commons if uncollected else _account_of(book, cycle, line.member)
            postings.append(Posting(payer, -share, PURCHASE, None, payee))
            total += share
    if total:
        postings.append(Posting(payee, total, PURCHASE))
    return Booked(tuple(postings))
