# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which links are written off, and for which holds on them the commons still stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from protocol.book.accounts import commons_account
from protocol.book.book import Book
from protocol.book.promised import BalanceMove
from protocol.book.refusals import PEER_UNREACHABLE
from protocol.lanes.entry import Millis
from protocol.practices.between.abroad.entries import HoldReturned, Refunded
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.clearing.entries import Failed
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.quotes.invoices import read_invoice


@dataclass(frozen=True, slots=True)
class HoldWrittenOff:
    """A hold toward a partner: `amount` in minor units of the link, `cost` in ours, `returned` the entry that ends it.

    `condition` is what a claim has to fit, where the ledger knows it.
    """

    link: bytes
    hold: bytes
    amount: int
    cost: int
    currency: str
    returned: Refunded | HoldReturned | Failed
    condition: bytes | None

    @property
    def moves(self) -> tuple[BalanceMove, ...]:
        """What moves if it is claimed all the same."""
        return (link_account(self.link, self.currency), self.cost), (commons_account(self.currency), -self.cost)


@dataclass(slots=True)
class WrittenOffLink:
    """A link whose partner is gone: when that was written, what was claimed by then, and what the commons has paid."""

    link: bytes
    arrival: int
    at_ms: Millis
    paid: int
    received: int
    returned: int = 0
    """How many holds went back."""
    claimed: int = 0
    """How many of them the partner has claimed since."""


@dataclass(slots=True)
class WrittenOff:
    """All that is written off, by link; and the holds for which the commons stands, by link and hold."""

    links: dict[bytes, WrittenOffLink] = field(default_factory=dict[bytes, WrittenOffLink])
    at_risk: dict[tuple[bytes, bytes], HoldWrittenOff] = field(
        default_factory=dict[tuple[bytes, bytes], HoldWrittenOff]
    )


def open_toward(book: Book, link: bytes) -> Iterator[HoldWrittenOff]:
    """Yield the holds that are open toward a partner on a link, by the ledger, in the order of their ids."""
    forwards, found = book.of(Forwards), list[HoldWrittenOff]()
    for (on, hold), payment in forwards.part_of.items():
        if on == link:
            under_way = forwards.under_way[payment]
            part, invoice = under_way.parts[hold], read_invoice(under_way.sent.invoice)
            code = (under_way.wish.payer or "").rpartition(".")[2]
            returned = Refunded(payment, hold, PEER_UNREACHABLE.code)
            condition = None if invoice is None else invoice.condition
            found.append(HoldWrittenOff(link, hold, part.hold_amount, part.debit, code, returned, condition))
    for (on, hold), one in forwards.open_out.items():
        if on == link:
            returned = HoldReturned(link, hold, PEER_UNREACHABLE.code)
            found.append(HoldWrittenOff(link, hold, one.amount_out, one.cost, one.currency, returned, None))
    for (on, hold), one in book.of(Clearing).by_hold.items():
        if on == link:
            amount, failed = one.circle.legs[-1].amount, Failed(one.id, PEER_UNREACHABLE.code)
            found.append(HoldWrittenOff(link, hold, amount, one.cost, one.currency, failed, one.circle.condition))
    return iter(sorted(found, key=lambda one: one.hold))
