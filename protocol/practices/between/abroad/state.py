# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a book knows of payments between networks: those under way, what passes on, and what was claimed on links."""

from dataclasses import dataclass, field

from protocol.practices.between.abroad.entries import Forwarded, Part, Sent
from protocol.practices.money.payments.entries import Pay
from protocol.wire.keys import digest


@dataclass(slots=True)
class Claimed:
    """What the ledger knows to be claimed on a link, link minor units: by the partner, and by us."""

    paid: int = 0
    received: int = 0


@dataclass(slots=True)
class UnderWay:
    """A payment of a member of ours whose holds are open: its parts by hold, and the ways taken so far."""

    sent: Sent
    wish: Pay
    """What the payer has wished."""
    parts: dict[bytes, Part]
    ways: list[tuple[bytes, ...]]
    paid_minor: int = 0
    """What of its debit was claimed."""

    @property
    def debit_minor(self) -> int:
        """What the payer is debited now: what was claimed, and what is under way."""
        return self.paid_minor + sum(part.debit for part in self.parts.values())


def next_hold_id(hold: bytes, link_in: bytes) -> bytes:
    """Return the id of the hold by which this one goes on: the same at every attempt."""
    return digest("forward", link_in + hold)[:16]


def part_hold(payment: bytes, number: int) -> bytes:
    """Return the id of the hold by which a payment takes its way of this number, from 0."""
    return payment if number == 0 else digest("part", payment + bytes((number,)))[:16]


@dataclass(slots=True)
class Forwards:
    """What this network passes on, from either end, and the invoices of ours that are paid, by nonce."""

    by_in: dict[tuple[bytes, bytes], Forwarded] = field(default_factory=dict[tuple[bytes, bytes], Forwarded])
    open_out: dict[tuple[bytes, bytes], Forwarded] = field(default_factory=dict[tuple[bytes, bytes], Forwarded])
    paid: dict[bytes, frozenset[tuple[bytes, bytes]]] = field(
        default_factory=dict[bytes, frozenset[tuple[bytes, bytes]]]
    )
    """The links and holds that paid them."""
    ended: dict[tuple[bytes, bytes], bytes | str] = field(default_factory=dict[tuple[bytes, bytes], bytes | str])
    """How holds that went on have ended: the preimage, or why they came back."""
    under_way: dict[bytes, UnderWay] = field(default_factory=dict[bytes, UnderWay])
    """Payments of our members of which a hold is open."""
    part_of: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict[tuple[bytes, bytes], bytes])
    """The payment of a member of ours to which an open hold belongs, by link and hold."""
    claimed: dict[bytes, Claimed] = field(default_factory=dict[bytes, Claimed])
    circles: dict[bytes, Forwarded] = field(default_factory=dict[bytes, Forwarded])
    """By which holds we have joined circles that others initiated, by their ids."""

    def on(self, link: bytes) -> Claimed:
        """Return what the ledger knows to be claimed on a link."""
        return self.claimed.setdefault(link, Claimed())
