# SPDX-License-Identifier: AGPL-3.0-or-later
"""What nodes say to each other: one CBOR frame a message, `[number, fields]`, every field bounded."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from protocol.book.personal import NOTE_CHARS_MAX
from protocol.book.refusals import ReasonCode
from protocol.peers.board_messages import BoardAhead, BoardItems, BoardItemsWanted, BoardSpans
from protocol.peers.order_messages import OrderNews
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.shape import AtMost, Holds, Length, Range, ShapeFault, from_map, to_map

FRAME_BYTES_MAX = 4 * 1024 * 1024
ENTRIES_PER_FRAME_MAX = 4_096
RANGE_BYTES_MAX = 1024 * 1024
IDENTITY_ENTRIES_MAX = 64
SPANS_PER_FRAME_MAX = 256
LANES_WANTED_MAX = 256
"""Of how many lanes entries may be asked for at a time, and be on their way from one peer."""
ITEMS_AHEAD_MAX = 1_024
PRACTICES_MAX = 256
"""How many practices a node may say that it knows."""
ITEMS_PER_SPAN_MAX = 64
HOPS_MAX = 8
PATHS_MAX = 5
"""How many ways are taken for one payment, one after the other or at once (PROTOCOL 3)."""
INVOICE_BYTES_MAX = 1_024
ALSO_MAX = 3
"""In how many currencies a payment may be besides the first."""
CIRCLE_BYTES_MAX = 1_900
"""With a signature it still fits beside a hold."""
PROBE_STEPS_MAX = 2
"""How many debts a probe follows each way from who searches: the two ways close a ring of four networks at most."""

Id32 = Annotated[bytes, Length(32)]
Short = Annotated[bytes, Length(16)]
LaneName = Annotated[str, AtMost(64)]
Seq = Annotated[int, Range(0, 2**53)]
AmountMinor = Annotated[int, Range(1, 2**63 - 1)]
EntryWire = Annotated[bytes, AtMost(66_000), Holds(("entry",))]


class PeerFault(Exception):
    """A peer broke the protocol: it loses its connection, and nothing changes here."""


class NodeRole(StrEnum):
    """What a node is to the network that it speaks for."""

    HOME = "home"
    REPLICA = "replica"


@dataclass(frozen=True, slots=True)
class Knows:
    """A practice that a node has, and in which version: what it can read of entries and messages."""

    practice: Annotated[str, AtMost(64)]
    version: Annotated[int, Range(1, 2**31)]


@dataclass(frozen=True, slots=True)
class Hello:
    """The first words: the network that I serve, my part in it, and the key events that prove it.

    A replica shows the invitation by which it asks to be let in, until it has been. `knows` are its practices: who is
    told may see before an entry comes that one side cannot read it.
    """

    network: Id32
    role: NodeRole
    identity: Annotated[tuple[EntryWire, ...], AtMost(IDENTITY_ENTRIES_MAX)]
    invitation: Short | None = None
    knows: Annotated[tuple[Knows, ...], AtMost(PRACTICES_MAX)] | None = None


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries, each lane's in order: pushed when new, or in answer to Wanted."""

    entries: Annotated[tuple[EntryWire, ...], AtMost(ENTRIES_PER_FRAME_MAX)]


@dataclass(frozen=True, slots=True)
class LaneRange:
    """Entries of a lane, from `first` to `last` seq."""

    network: Id32
    lane: LaneName
    first: Seq
    last: Seq


@dataclass(frozen=True, slots=True)
class Wanted:
    """Please send these entries, each lane's in order."""

    ranges: Annotated[tuple[LaneRange, ...], AtMost(LANES_WANTED_MAX)]


@dataclass(frozen=True, slots=True)
class Item:
    """The head of a lane, as one side knows it.

    Of a lane that is proved to have forked: the first place where it has, with the two lowest ids that stand there.
    """

    network: Id32
    lane: LaneName
    epoch: Annotated[int, Range(0, 2**31)]
    seq: Seq
    id: Id32
    twin: Id32 | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """What I hold of a part: of the lanes whose keys begin with the hexadecimal digits `prefix`.

    Either the fingerprint of my heads in it, or, where they are few, the heads. `audience` is the network whose
    replicas alone hold these lanes, nothing for lanes that everybody may hold.
    """

    audience: Id32 | None
    prefix: Annotated[str, AtMost(64)]
    fingerprint: Id32 | None
    items: Annotated[tuple[Item, ...], AtMost(ITEMS_PER_SPAN_MAX)] | None


@dataclass(frozen=True, slots=True)
class Heads:
    """One step of a comparison of heads: parts that do not overlap, in order (Meyer 2023).

    `yours` begins a comparison and is in the answer to that: the fingerprint of what I hold of your network's lanes.
    """

    spans: Annotated[tuple[Span, ...], AtMost(SPANS_PER_FRAME_MAX)]
    yours: Id32 | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """Heads of mine that you lack, by what you have told: some of them, ask for what you want."""

    items: Annotated[tuple[Item, ...], AtMost(ITEMS_AHEAD_MAX)]


@dataclass(frozen=True, slots=True)
class LinkNews:
    """The newest record of a link: mine, or yours where you asked for it after a restore."""

    record: EntryWire


@dataclass(frozen=True, slots=True)
class LinkWanted:
    """I may have come back from an old copy: send me, for each link of ours, the records that stand.

    `epoch` is the one in which I shall go on, from now on the least that counts; 0 where I only ask.
    """

    epoch: Annotated[int, Range(0, 2**31)]


@dataclass(frozen=True, slots=True)
class LinkHeld:
    """I have opened an epoch too, and can write nothing yet: of your records on this link I hold the `n`-th, `record`.

    With `n` 0 there is none. `event` is your newest key event here: I take no other record from before it any more.
    """

    link: Id32
    event: Id32
    n: Annotated[int, Range(0, 2**63 - 1)]
    record: Id32 | None


@dataclass(frozen=True, slots=True)
class Hop:
    """One credit line of a route: to which network it leads, and the hold on it in its minor units."""

    network: Id32
    link: Id32
    amount: Annotated[int, Range(0, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class LegWanted:
    """One more currency of a payment: what the payee gets of it, and the line between us over which that comes."""

    link: Id32
    amount: AmountMinor
    scale: Annotated[int, Range(0, 9)]
    currency: Annotated[str, AtMost(12)]


@dataclass(frozen=True, slots=True)
class QuoteWanted:
    """Tell what it costs to pay this payee, along this route (networks still to pass after you).

    `amount` is what the payee gets, at `scale` decimals of its currency; or, where it is `of_payer`, what
    may be spent, in minor units of `link`. `link` is the line between us. `request` names a payment
    request of the payee. Where the payment is to be `split` over several ways, no single link need have room for it.
    With `also` it is in several currencies at once: who does not know that answers for the first alone.
    `refunds` is the condition of a payment of the payee's of which this gives back all or a part.
    """

    key: Short
    link: Id32
    route: Annotated[tuple[Id32, ...], AtMost(HOPS_MAX)]
    payee: Annotated[str, AtMost(64)]
    amount: AmountMinor
    scale: Annotated[int, Range(0, 9)]
    of_payer: bool
    payer: Annotated[str, AtMost(120)]
    note: Annotated[str, AtMost(NOTE_CHARS_MAX)]
    currency: Annotated[str, AtMost(12)] | None
    request: Short | None
    split: bool = False
    also: Annotated[tuple[LegWanted, ...], AtMost(ALSO_MAX)] | None = None
    refunds: Id32 | None = None


@dataclass(frozen=True, slots=True)
class QuoteGiven:
    """The invoice, signed by the payee's node, and the holds that the route needs, first link first.

    `also` are the holds that the other currencies of the payment need, each on a line between us.
    """

    key: Short
    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX), Holds(("Invoice",))]
    signature: Annotated[bytes, Length(64)]
    hops: Annotated[tuple[Hop, ...], AtMost(HOPS_MAX)]
    also: Annotated[tuple[Hop, ...], AtMost(ALSO_MAX)] | None = None


@dataclass(frozen=True, slots=True)
class QuoteDenied:
    """No quote: the stable code says why, and by whom.

    `left` is how much would have been granted, where the reason has such a figure: of ACCEPTANCE_LIMIT in minor units
    of the currency of who asked on the line over which it asked, of REFUND_EXCEEDS in those of the payee's.
    """

    key: Short
    code: ReasonCode
    network: Id32
    left: Annotated[int, Range(0, 2**63 - 1)] | None = None


@dataclass(frozen=True, slots=True)
class CircleAsked:
    """Would you clear this circle of debts, signed by its initiator? Passed on from creditor to debtor, once round.

    Who would not answers with QuoteDenied.
    """

    key: Short
    circle: Annotated[bytes, AtMost(CIRCLE_BYTES_MAX), Holds(("Circle",))]
    signature: Annotated[bytes, Length(64)]


@dataclass(frozen=True, slots=True)
class Probe:
    """Are you in a ring of debts of three or four networks? From a creditor where `to_debtor`, else from a debtor.

    Whoever gets it with `onward` passes it on the same way, once. The same `key` goes both ways from who searches.
    """

    key: Short
    to_debtor: bool
    onward: bool


@dataclass(frozen=True, slots=True)
class Debt:
    """Who owes whom on a link, in its unit."""

    debtor: Id32
    creditor: Id32
    link: Id32
    unit: Annotated[str, AtMost(12)]
    scale: Annotated[int, Range(0, 9)]


@dataclass(frozen=True, slots=True)
class ProbeMet:
    """A probe has come from both sides to a network: the debts from there to you, and their worth at most.

    `worth` is in reference units. It goes back the way on which the probe came.
    """

    key: Short
    to_debtor: bool
    debts: Annotated[tuple[Debt, ...], AtMost(PROBE_STEPS_MAX)]
    worth: AmountMinor


@dataclass(frozen=True, slots=True)
class Running:
    """I am the start of my network's home that has drawn `run`, `since_ms` by my clock, which says `at_ms` now.

    `seen` is another run under the same key that I was told of last. A partner shows me what other runs have said.
    The signature is the network's hot key's, of kind `running`, over this record with 64 zeros in its place.
    """

    run: Short
    since_ms: Annotated[int, Range(0, 2**53)]
    at_ms: Annotated[int, Range(0, 2**53)]
    seen: Short | None
    signature: Annotated[bytes, Length(64)]


@dataclass(frozen=True, slots=True)
class NewerMessage:
    """A message of a number that this version does not know: it is passed over."""

    number: int


Message = (
    Hello
    | Entries
    | Wanted
    | Heads
    | LinkNews
    | LinkWanted
    | QuoteWanted
    | QuoteGiven
    | QuoteDenied
    | CircleAsked
    | Probe
    | ProbeMet
    | LinkHeld
    | Ahead
    | Running
    | BoardSpans
    | BoardAhead
    | BoardItemsWanted
    | BoardItems
    | OrderNews
    | NewerMessage
)
MESSAGE_KINDS: tuple[type[Message], ...] = (
    Hello, Entries, Wanted, Heads, LinkNews, LinkWanted, QuoteWanted, QuoteGiven, QuoteDenied, CircleAsked,
    Probe, ProbeMet, LinkHeld, Ahead, Running, BoardSpans, BoardAhead, BoardItemsWanted, BoardItems,
    OrderNews,
)  # fmt: skip
NUMBERS_END = 2**16
"""Below it are the numbers of messages; those of a newer version are passed over, and counted."""
_NUMBERS: Mapping[type[Any], int] = {kind: number for number, kind in enumerate(MESSAGE_KINDS)}


def pack(message: Message) -> bytes:
    """Return the frame of a message."""
    return encode((_NUMBERS[type(message)], to_map(message)))


def unpack(frame: bytes) -> Message:
    """Return the message of a frame; fields that this version does not know are passed over.

    Raises PeerFault on anything that is not exactly one message.
    """
    try:
        parts = decode(frame, bytes_max=FRAME_BYTES_MAX)
        if not (isinstance(parts, tuple) and len(parts) == 2):
            raise PeerFault("a frame is a number and fields")
        number, fields = parts
        if not (type(number) is int and 0 <= number < NUMBERS_END and isinstance(fields, dict)):
            raise PeerFault("a frame is a number and fields")
        return (
            from_map(MESSAGE_KINDS[number], fields, skips=True) if number < len(MESSAGE_KINDS) else NewerMessage(number)
        )
    except (CodecFault, ShapeFault) as fault:
        raise PeerFault(f"frame: {fault}") from None
