# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each side of a link writes in its lane: the record, and what it is made of.

Each side's newest record is an entry of its lane `link/<link id>`, which the two partners alone hold.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from crdt.link.draft import HOLDS_OPEN_MAX, HOLDS_OPEN_PERCENT
from crdt.link.record import Ack, Hold, Record
from protocol.book.money import Rate
from protocol.book.refusals import ReasonCode
from protocol.lanes.claims import COLD_KEYS_MAX, ColdSignature
from protocol.lanes.entry import LINK_PREFIX
from protocol.peers.messages import Id32
from protocol.practices.money.currencies.entries import Code
from protocol.wire.codec import encode
from protocol.wire.keys import digest, id_text
from protocol.wire.shape import AtMost, Holds, Length, Range, to_map

HOLDS_MAX = 128
ONWARD_BYTES_MAX = 2_048
RATE_TERM_MAX = 10**12
MIRROR_PREFIX = "link-"
"""With what the ids of partners' mirror accounts begin."""
HoldId = Annotated[bytes, Length(16)]
Counter = Annotated[int, Range(0, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Terms:
    """What never changes on a link: the two networks (lower id first), the unit and its scale, a nonce."""

    low: Id32
    high: Id32
    unit: Code
    scale: Annotated[int, Range(0, 9)]
    nonce: Annotated[bytes, Length(16)]


@dataclass(frozen=True, slots=True)
class HoldItem:
    """One open hold: link minor units under a condition, and what the next network needs to go on."""

    id: HoldId
    amount: Annotated[int, Range(1, 2**63 - 1)]
    condition: Id32
    onward: Annotated[bytes, AtMost(ONWARD_BYTES_MAX), Holds(("Onward", "CircleOnward"))]


@dataclass(frozen=True, slots=True)
class ClaimItem:
    """A hold of the partner's that we claimed, with the preimage."""

    id: HoldId
    preimage: Id32


@dataclass(frozen=True, slots=True)
class WaiveItem:
    """A hold of the partner's that we freed, with the reason's code."""

    id: HoldId
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class AckItem:
    """The newest record of the partner that we accepted."""

    epoch: Annotated[int, Range(0, 2**31)]
    n: Counter
    digest: Id32


@dataclass(frozen=True, slots=True)
class GrantClaim:
    """What cold keys sign of a link: that their network grants the partner so much in all.

    As the counter only grows, an old signature never brings back what the partner has given back.
    """

    KIND: ClassVar[str] = "grant"
    network: Id32
    terms: Terms
    granted: Counter


@dataclass(frozen=True, slots=True)
class SignedGrant:
    """So much granted on a link in all, signed by the cold keys that were in force in an epoch of the writer."""

    granted: Counter
    epoch: Annotated[int, Range(0, 2**31)]
    signatures: Annotated[tuple[ColdSignature, ...], AtMost(COLD_KEYS_MAX)]


@dataclass(frozen=True, slots=True)
class Settings:
    """What this side alone decides: its currency, what a link unit is worth in it, its fee, and if it stops.

    `num`/`den` are own minor units for one link minor unit; `fee` is in own minor units for each payment
    forwarded over this link. At most `holds_open` holds of ours are open at a time, and at most
    `holds_percent` of what they can draw on (PROTOCOL 3). `closed` says that only debts are still paid back.
    """

    currency: Code
    num: Annotated[int, Range(1, RATE_TERM_MAX)]
    den: Annotated[int, Range(1, RATE_TERM_MAX)]
    fee: Counter
    holds_open: Annotated[int, Range(1, HOLDS_MAX)] = HOLDS_OPEN_MAX
    holds_percent: Annotated[int, Range(1, 100)] = HOLDS_OPEN_PERCENT
    frozen: bool = False
    closed: bool = False

    @property
    def rate(self) -> Rate:
        """What one minor unit of the link is worth in own minor units."""
        return Rate(self.num, self.den)


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """All that one side says on a link (PROTOCOL 2); epoch and n are those of the entry that carries it.

    `fence` is the least epoch in which the writer still takes the partner's records: raised when the
    partner asks for what it lost, so that nothing from before its loss counts any more. `signed` is the greatest grant
    that cold keys have signed.
    """

    KIND: ClassVar[str] = "links/record"
    terms: Terms
    settings: Settings
    granted: Counter
    returned: Counter
    placed: Counter
    claimed: Counter
    waived_sum: Counter
    holds: Annotated[tuple[HoldItem, ...], AtMost(HOLDS_MAX)]
    claims: Annotated[tuple[ClaimItem, ...], AtMost(HOLDS_MAX)]
    waived: Annotated[tuple[WaiveItem, ...], AtMost(HOLDS_MAX)]
    fence: Annotated[int, Range(0, 2**31)]
    ack: AckItem | None
    signed: SignedGrant | None = None


def link_id(terms: Terms) -> bytes:
    """Return the id of a link: the hash of its terms."""
    return digest("link", encode(to_map(terms)))


def link_lane(link: bytes) -> str:
    """Return the name of the lane that bears a link's records."""
    return LINK_PREFIX + id_text(link)


def link_account(link: bytes, currency: str) -> str:
    """Return the id of our mirror account of a partner: what it is owed here, in our currency."""
    return f"{MIRROR_PREFIX}{id_text(link)[:16]}.{currency}"


def as_record(body: LinkRecord, epoch: int, seq: int) -> Record:
    """Return the record that an entry at this place carries; the first entry of a lane is record 1."""
    ack = None if body.ack is None else Ack(body.ack.epoch, body.ack.n, body.ack.digest)
    return Record(
        epoch, seq + 1, body.granted, body.returned, body.placed, body.claimed, body.waived_sum,
        {item.id: Hold(item.amount, item.condition) for item in body.holds},
        {item.id: item.preimage for item in body.claims},
        {item.id: item.reason for item in body.waived},
        ack,
    )  # fmt: skip
