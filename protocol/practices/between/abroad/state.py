# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a book knows of payments between networks: those under way, what passes on, and what was claimed on links."""

from dataclasses import dataclass, field

from protocol.practices.between.abroad.entries import Forwarded, Part, Sent
from protocol.practices.between.mixed.entries import MixedSent
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

    sent: Sent | MixedSent
    wish: Pay
    """What the payer has wished, of a payment in several currencies the part in this one."""
    parts: dict[bytes, Part]
    ways: list[tuple[bytes, ...]]
    paid_minor: int = 0
    """What of its debit was claimed."""
    levy_minor: int = 0
    """What its payer bears on top of what it was to cost as it left, whatever other ways of it cost."""
    left_minor: int = 0
    """What it was to cost as it left, without the levy."""

    @property
    def debit_minor(self) -> int:
        """What the payer is debited now: what was claimed, what is under way, and the levy."""
        return self.paid_minor + sum(part.debit for part in self.parts.values()) + self.levy_minor

    @property
    def kept_levy_minor(self) -> int:
        """What of the levy stays, once all holds have ended: in proportion to what was claimed."""
        return min(self.levy_minor, self.levy_minor * self.paid_minor // self.left_minor) if self.levy_minor else 0


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
