# SPDX-License-Identifier: AGPL-3.0-or-later
"""The records of links, signed and kept: the rules of crdt.link at their place in a lane and in a book.

Each side's newest record is an entry of its lane `link/<link id>`, which the two partners alone hold. What
a plan wants of a link it says in steps; the steps of one batch leave in one record.

A network may have its cold keys say that its hot key alone grants so much on a link and no more. What a record grants
beyond that binds as far as cold keys have signed it (docs/decisions/0027).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, ClassVar

from crdt.link import (
    HOLDS_OPEN_MAX,
    HOLDS_OPEN_PERCENT,
    Ack,
    Caps,
    Draft,
    Fork,
    Hold,
    LinkFault,
    LinkRefusal,
    Record,
    Side,
    Stale,
)
from protocol.book.book import Book
from protocol.book.cold import signers
from protocol.book.declaration import Entered
from protocol.book.ledger import Posting
from protocol.book.money import Rate
from protocol.book.refusals import (
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    MALFORMED,
    Reason,
    ReasonCode,
    Refused,
    refuse,
)
from protocol.lanes.directory import Directory
from protocol.lanes.entry import LINK_PREFIX, Entry
from protocol.lanes.identity import COLD_KEYS_MAX, ColdSignature, Identity
from protocol.lanes.news import EpochOpened, EpochRebased, LaneForked, LaneNews, LanePardoned
from protocol.practices.between.links.refusals import LINK_FROZEN, LINK_HOLDS_EXCEEDED, LINK_LIMIT_EXCEEDED
from protocol.practices.people.authority import PAYMENT_EXISTS
from protocol.wire.codec import encode
from protocol.wire.keys import digest, id_text
from protocol.wire.shape import AtMost, Holds, Length, Range, to_map

HOLDS_MAX = 128
ONWARD_BYTES_MAX = 2_048
ONWARD_BYTES_TOTAL_MAX = 40 * 1_024
"""What may travel beside all open holds of ours: with 128 holds and as many answers an entry stays below 64 KiB."""
LINKS_MAX = 512
"""How many links we may have begun, closed ones included: a key event names the heads of all in one entry."""
OFFERS_MAX = 4_096
"""How many proposals of all partners may lie here that nobody has taken up."""
LINKS_PER_PARTNER_MAX = 16
"""How many links one partner may have with us, its proposals that nobody has taken up included."""
RATE_TERM_MAX = 10**12
MIRROR_PREFIX = "link-"
"""With what the ids of partners' mirror accounts begin."""
Id = Annotated[bytes, Length(32)]
HoldId = Annotated[bytes, Length(16)]
Counter = Annotated[int, Range(0, 2**63 - 1)]
Code = Annotated[str, AtMost(12)]


@dataclass(frozen=True, slots=True)
class Terms:
    """What never changes on a link: the two networks (lower id first), the unit and its scale, a nonce."""

    low: Id
    high: Id
    unit: Code
    scale: Annotated[int, Range(0, 9)]
    nonce: Annotated[bytes, Length(16)]


@dataclass(frozen=True, slots=True)
class HoldItem:
    """One open hold: link minor units under a condition, and what the next network needs to go on."""

    id: HoldId
    amount: Annotated[int, Range(1, 2**63 - 1)]
    condition: Id
    onward: Annotated[bytes, AtMost(ONWARD_BYTES_MAX), Holds(("Onward", "CircleOnward"))]


@dataclass(frozen=True, slots=True)
class ClaimItem:
    """A hold of the partner's that we claimed, with the preimage."""

    id: HoldId
    preimage: Id


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
    digest: Id


@dataclass(frozen=True, slots=True)
class GrantClaim:
    """What cold keys sign of a link: that their network grants the partner so much in all.

    As the counter only grows, an old signature never brings back what the partner has given back.
    """

    KIND: ClassVar[str] = "grant"
    network: Id
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


class LinkState(StrEnum):
    """How far a link has come, as this side sees it."""

    PROPOSED = "proposed"
    OFFERED = "offered"
    OPEN = "open"
    RECOVERING = "recovering"
    FROZEN = "frozen"
    CLOSING = "closing"
    CLOSED = "closed"


# Steps: what a plan asks to be written in the next record of a link.


@dataclass(frozen=True, slots=True)
class Begin:
    """Write our first record of a link under these settings."""

    terms: Terms
    settings: Settings


@dataclass(frozen=True, slots=True)
class Set:
    """Change our settings of a link."""

    link: bytes
    settings: Settings


@dataclass(frozen=True, slots=True)
class Grant:
    """Let the partner owe so much more."""

    link: bytes
    more: int


@dataclass(frozen=True, slots=True)
class Sign:
    """Show the partner what cold keys have signed."""

    link: bytes
    signed: SignedGrant


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Give back so much of the partner's grant."""

    link: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Place:
    """Place a hold toward the partner; one that `clears` draws on what the partner owes us alone."""

    link: bytes
    item: HoldItem
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """Claim a hold of the partner's."""

    link: bytes
    hold: bytes
    preimage: bytes


@dataclass(frozen=True, slots=True)
class Waive:
    """Free a hold of the partner's."""

    link: bytes
    hold: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Fence:
    """Take no more records of the partner's below this epoch: it has lost what came after them."""

    link: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Write our next record for what it acknowledges alone."""

    link: bytes


Step = Begin | Set | Fence | Acknowledge | Sign | Grant | GiveBack | Place | Claim | Waive


@dataclass(slots=True)
class Link:
    """A credit line with a partner: the two records, what belongs to the holds, and our record in the making."""

    id: bytes
    terms: Terms
    partner: bytes
    arrival: int
    side: Side = field(default_factory=Side)
    mine: Settings | None = None
    theirs: Settings | None = None
    signed: SignedGrant | None = None
    """The greatest grant of ours that cold keys have signed."""
    signed_by_partner: SignedGrant | None = None
    """The greatest grant of the partner's that its cold keys have signed."""
    onward_out: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    onward_in: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    draft: Draft | None = None
    reopened: int = 0
    """The epoch that our network's newest key event opened."""
    rotated: int = 0
    """The newest epoch that our cold keys opened: what is shown of older ones a thief may have signed."""
    grant_known: int | None = None
    """What the partner had granted us, as far as we knew when the cold keys opened that epoch."""
    fenced: int = 0
    """The least epoch in which the partner still takes records of ours."""

    @property
    def is_lost(self) -> bool:
        """Tell whether we have opened an epoch and not gone on in it yet: what the partner has taken is not known."""
        return self.mine is not None and self.side.own.epoch < self.reopened

    @property
    def is_half(self) -> bool:
        """Tell whether our own record acknowledges one of the partner's that is not here."""
        ack = self.side.own.ack
        return ack is not None and (ack.epoch, ack.n) > self.side.partner.position

    @property
    def is_found(self) -> bool:
        """Tell whether the partner has told us all: it takes no more records of the epoch that we lost.

        That record of its was accepted, so it acknowledges no record of ours that we do not have; or it has named
        the one that it holds.
        """
        return self.fenced >= self.reopened

    @property
    def is_overdrawn(self) -> bool:
        """Tell whether more was promised in our name than the partner had granted when our key was rotated.

        A partner that works with a thief could grant him anything: for that we do not stand up. Once the link has
        gone on, what the partner grants is what the new key draws on, and a later loss changes nothing in that.
        """
        own, partner = self.side.own, self.side.partner
        used = own.placed - partner.waived_sum - own.claimed
        waits = self.is_lost and own.epoch < self.rotated
        return waits and self.grant_known is not None and used > max(0, self.grant_known - own.returned)

    @property
    def is_unheard(self) -> bool:
        """Tell whether the partner has yet to acknowledge the epoch that we have opened."""
        ack = self.side.partner.ack
        return self.reopened > 0 and self.theirs is not None and (ack is None or ack.epoch < self.reopened)

    @property
    def owes_ack(self) -> bool:
        """Tell whether the partner waits for us: we settle what it dropped, or it has opened an epoch."""
        acked = 0 if self.side.own.ack is None else self.side.own.ack.epoch
        return self.side.ack_due or acked < self.side.partner.epoch

    @property
    def now(self) -> Side:
        """The side as it will be when the record in the making is written."""
        return self.side if self.draft is None else self.draft.side

    @property
    def settings(self) -> Settings:
        """Our settings; a link without them has only been offered to us."""
        assert self.mine is not None
        return self.mine

    @property
    def state(self) -> LinkState:
        """How far the link has come."""
        if self.mine is None:
            return LinkState.OFFERED
        if self.theirs is None:
            return LinkState.PROPOSED
        if self.mine.closed or self.theirs.closed:
            idle = self.now.net_debt == 0 and not self.now.holds_in and not self.now.holds_out
            return LinkState.CLOSED if idle else LinkState.CLOSING
        if self.is_lost or self.is_unheard:
            return LinkState.RECOVERING
        frozen = self.mine.frozen or self.theirs.frozen or self.side.frozen
        return LinkState.FROZEN if frozen else LinkState.OPEN

    def gives(self, amount: int) -> bool:
        """Tell whether a payment of so many link minor units may leave over it; a closing link pays back debts."""
        if self.state is LinkState.CLOSING and not self.is_lost:
            return amount <= -self.now.net_debt - _sum(self.now.holds_out)
        return self.state is LinkState.OPEN

    def takes(self, held: int) -> bool:
        """Tell whether holds of so many link minor units in all, new ones among them, may be answered with yes."""
        if self.state is LinkState.CLOSING:
            return held <= self.now.net_debt
        return self.state in (LinkState.OPEN, LinkState.RECOVERING)

    @property
    def idle_grant(self) -> int:
        """How much of the partner's grant a closing link can give back, link minor units."""
        closing = self.mine is not None and (self.mine.closed or (self.theirs is not None and self.theirs.closed))
        return min(self.now.limit, self.now.headroom) if closing else 0

    @property
    def largest(self) -> int:
        """The most that one payment may take over it now, our caps considered, link minor units."""
        if self.mine is None or len(self.now.holds_out) >= self.mine.holds_open:
            return 0
        under_way = _sum(self.now.holds_out)
        most = min(self.now.headroom, self.now.reach * self.mine.holds_percent // 100 - under_way)
        if self.state is not LinkState.OPEN:
            most = min(most, -self.now.net_debt - under_way) if self.gives(1) else 0
        return max(0, most)

    def pen(self) -> Draft:
        """Return our record in the making, begun if need be."""
        if self.draft is None:
            self.draft = self.side.draft(self._caps())
        # They may have been changed since it was begun.
        self.draft.caps = self._caps()
        return self.draft

    def refusal(self, *steps: Grant | GiveBack | Place) -> Refused | None:
        """Return why one of these steps would be refused, taken one after the other; nothing is written."""
        trial = Draft(self.side, self._caps())
        if self.draft is not None:
            trial.side = self.draft.side
        onward = dict(self.onward_out)
        for step in steps:
            refusal = _take(trial, step)
            if refusal is None and isinstance(step, Place):
                onward[step.item.id] = step.item.onward
                if sum(len(onward[id]) for id in trial.side.own.holds) > ONWARD_BYTES_TOTAL_MAX:
                    refusal = LinkRefusal.TOO_MANY_HOLDS
            if refusal is not None:
                return _refused(self, refusal)
        return None

    def _caps(self) -> Caps:
        return Caps() if self.mine is None else Caps(self.mine.holds_open, self.mine.holds_percent)


def _sum(holds: Mapping[bytes, Hold]) -> int:
    return sum(hold.amount for hold in holds.values())


def _take(draft: Draft, step: Grant | GiveBack | Place | Claim | Waive) -> LinkRefusal | None:
    match step:
        case Grant(_, more):
            return draft.grant(more)
        case GiveBack(_, amount):
            return draft.give_back(amount)
        case Place(_, item, clears):
            return draft.place(item.id, Hold(item.amount, item.condition), clears=clears)
        case Claim(_, hold, preimage):
            return draft.claim(hold, preimage)
        case Waive(_, hold, reason):
            return draft.waive(hold, reason)


_REJECTIONS = {
    LinkRefusal.AMOUNT_NOT_POSITIVE: AMOUNT_NOT_POSITIVE,
    LinkRefusal.COUNTER_EXHAUSTED: AMOUNT_TOO_LARGE,
    LinkRefusal.LINK_FROZEN: LINK_FROZEN,
    LinkRefusal.LIMIT_EXCEEDED: LINK_LIMIT_EXCEEDED,
    LinkRefusal.HOLD_CAP_EXCEEDED: LINK_HOLDS_EXCEEDED,
    LinkRefusal.TOO_MANY_HOLDS: LINK_HOLDS_EXCEEDED,
    LinkRefusal.HOLD_DUPLICATE: PAYMENT_EXISTS,
}


def _refused(link: Link, refusal: LinkRefusal) -> Refused:
    side = link.now
    return refuse(
        _REJECTIONS[refusal],
        available=max(0, side.headroom),
        limit=side.limit,
        unit=link.terms.unit,
        scale=link.terms.scale,
    )


class Links:
    """All links of this network, by id."""

    def __init__(self) -> None:
        self.by_id: dict[bytes, Link] = {}
        self.drafted: dict[bytes, None] = {}
        """Links with a record in the making, in the order in which it was begun."""
        self.reopened = 0
        self.rotated = 0

    def begun(self) -> int:
        """Return on how many links we have said something."""
        return sum(link.mine is not None for link in self.by_id.values())

    def reopen(self, epoch: int, *, by_cold_keys: bool) -> None:
        """Note that our network has opened this epoch, after a restore or by a rotation."""
        self.reopened = epoch
        if by_cold_keys:
            self.rotated = epoch
        for link in self.by_id.values():
            link.reopened, link.rotated = self.reopened, self.rotated
            if by_cold_keys:
                # A replica that takes over has not got the partner's records: it can hold nothing against them.
                link.grant_known = None if link.is_half else link.side.partner.granted
                link.side = link.side.rotated(epoch)

    def hear(self, news: LaneNews) -> None:
        """Take in what has befallen lanes: a fork, an epoch."""
        match news:
            case LaneForked(network):
                self.freeze(network)
            case LanePardoned(network):
                self.thaw(network)
            case EpochOpened(epoch, by_cold_keys):
                self.reopen(epoch, by_cold_keys=by_cold_keys)
            case EpochRebased(network, epoch):
                self.rebase(network, epoch)

    def freeze(self, partner: bytes) -> None:
        """Place no new holds with a partner that is proved to have forked; open ones still resolve."""
        for link in self.with_partner(partner):
            link.side = link.side.freeze()

    def thaw(self, partner: bytes) -> None:
        """Place holds again with a partner whose cold keys have ended the epoch in which it forked."""
        for link in self.with_partner(partner):
            link.side = link.side.thaw()

    def rebase(self, partner: bytes, epoch: int) -> None:
        """Note that a partner has opened an epoch: whatever was taken of it was said before.

        What it has fenced for us, its next record tells again: it may have lost that, or a thief have said it.
        """
        for link in self.with_partner(partner):
            link.side, link.fenced = link.side.rebase(epoch), 0

    def with_partner(self, partner: bytes) -> list[Link]:
        """Return the links with a partner in the order in which they were begun."""
        return [link for link in self.by_id.values() if link.partner == partner]

    def take(self, book: Book, step: Step) -> None:
        """Write a step into its link's record in the making; a plan has seen to it that it is not refused."""
        if isinstance(step, Begin):
            link = self.meet(book, step.terms)
            link.mine = step.settings
            link.pen()
        else:
            link = self.by_id[step.link]
            if isinstance(step, Set):
                link.mine = step.settings
                link.pen()
            elif isinstance(step, Sign):
                link.signed = step.signed
                link.pen()
            elif isinstance(step, Fence):
                link.side = link.side.fence(step.epoch)
                link.pen()
            elif isinstance(step, Acknowledge):
                link.pen()
            else:
                refusal = _take(link.pen(), step)
                assert refusal is None, refusal
            if isinstance(step, Place):
                link.onward_out[step.item.id] = step.item.onward
        self.drafted[link.id] = None

    def drop_drafts(self) -> None:
        """Forget what is in the making: a node that has to recover signs nothing."""
        for id in self.drafted:
            self.by_id[id].draft = None
        self.drafted.clear()

    def meet(self, book: Book, terms: Terms) -> Link:
        """Return the link of these terms, begun here if it is new."""
        id = link_id(terms)
        link = self.by_id.get(id)
        if link is None:
            partner = terms.high if terms.low == book.network else terms.low
            link = self.by_id[id] = Link(id, terms, partner, len(self.by_id))
            link.reopened, link.rotated = self.reopened, self.rotated
            link.grant_known = 0 if self.rotated else None
            known = book.of(Directory).networks.get(partner)
            if known is not None and known.forked:
                link.side = link.side.freeze()
        return link

    def seal(self, link: Link) -> LinkRecord:
        """Return the body of the record in the making, which its entry's fold then makes our newest."""
        assert link.draft is not None and link.mine is not None
        record = link.draft.seal()
        return LinkRecord(
            link.terms, link.mine,
            record.granted, record.returned, record.placed, record.claimed, record.waived_sum,
            tuple(
                HoldItem(id, hold.amount, hold.condition, link.onward_out[id])
                for id, hold in sorted(record.holds.items())
            ),
            tuple(ClaimItem(id, preimage) for id, preimage in sorted(record.claims.items())),
            tuple(WaiveItem(id, reason) for id, reason in sorted(record.waived.items())),
            link.side.partner_epoch_min,
            None if record.ack is None else AckItem(record.ack.epoch, record.ack.n, record.ack.digest),
            link.signed,
        )  # fmt: skip


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Make a record the newest of its side; what a partner's means, crdt.link has judged before."""
    body = entered.body
    assert isinstance(body, LinkRecord)
    link = book.of(Links).meet(book, body.terms)
    own = entered.network == book.network
    identity = book.of(Directory).networks[entered.network].identity
    before, known = (link.side.own, link.signed) if own else (link.side.partner, link.signed_by_partner)
    granted, signed = binding(identity, body, entered.epoch, before.granted, known)
    record = replace(as_record(body, entered.epoch, entered.seq), granted=granted)
    onward = {item.id: item.onward for item in body.holds}
    if own:
        link.signed = signed
        if link.reopened > max(entered.epoch, link.side.own.epoch):
            link.mine = _settings_found(link, body, entered.epoch, granted)
            # What a thief has fenced off of the partner's is not: he could leave nothing that counts.
            fence = body.fence if entered.epoch >= link.rotated else 0
            link.side = link.side.adopt(record, entered.id).fence(fence)
        else:
            link.side, link.mine = link.side.wrote(record, entered.id).fence(body.fence), body.settings
        link.draft, link.onward_out = None, onward
        # One that was in the making is so no more, where this is a record that we had lost.
        book.of(Links).drafted.pop(link.id, None)
        return ()
    # Our own record in the making was begun on what we knew before.
    assert link.draft is None
    accepted = hear(link.side, record, entered.id)
    if isinstance(accepted, Fork):
        link.side = accepted.frozen
    else:
        assert isinstance(accepted, Side), accepted
        link.side, link.theirs, link.onward_in, link.fenced = accepted, body.settings, onward, body.fence
        link.signed_by_partner = signed
    return ()


def binding(
    identity: Identity, body: LinkRecord, epoch: int, before: int, known: SignedGrant | None = None
) -> tuple[int, SignedGrant | None]:
    """Return how much of what a record grants binds its writer, and the greatest grant that its cold keys have signed.

    What binds is what the hot key alone may grant in its epoch, or cold keys have signed; and what bound `before`, so
    that nothing is taken away that somebody may have built on. `known` is the greatest one signed before.
    """
    signed = _greatest(identity, body, known)
    # Epochs that a thief has opened, and that are none any more, were under the rule of the one before.
    alone = identity.epochs[min(epoch, identity.epoch)].hot_grant
    return min(body.granted, max(before, alone, 0 if signed is None else signed.granted)), signed


def _greatest(identity: Identity, body: LinkRecord, known: SignedGrant | None) -> SignedGrant | None:
    shown = body.signed
    if shown is None or (known is not None and shown.granted <= known.granted) or shown.epoch > identity.epoch:
        return known
    cold = identity.epochs[shown.epoch].cold
    claim = GrantClaim(identity.network, body.terms, shown.granted)
    return shown if signers(cold, claim, shown.signatures) >= cold.needed else known


def _settings_found(link: Link, body: LinkRecord, epoch: int, granted: int) -> Settings:
    """Return under which settings we go on from a record of ours that the partner has shown.

    A thief may have signed it, if a rotation came after it. Then we keep to our own, and what he has granted, or a
    link that he has begun, is frozen until a steward has looked at it.
    """
    if epoch >= link.rotated:
        return body.settings
    mine = link.mine or body.settings
    return replace(mine, frozen=mine.frozen or link.mine is None or granted > link.side.own.granted)


def hear(side: Side, record: Record, id: bytes) -> Side | Stale | Fork | LinkFault:
    """Return the side that knows a partner's record, or what speaks against it.

    The record that our own newest one acknowledges was checked when we acknowledged it: where we have come
    back from an old copy and lack it, our own signature vouches for it.
    """
    ack = side.own.ack
    if ack is None or ack.digest != id or record.position <= side.partner.position:
        return side.accept(record, id)
    if record.ack is not None:
        # What it acknowledges of ours a thief may have signed in an epoch that is none any more: it counts in ours.
        record = replace(record, ack=replace(record.ack, epoch=min(record.ack.epoch, side.own.epoch)))
    return replace(side, partner=record, partner_digest=id)


def judge(book: Book, body: LinkRecord, entry: Entry, epoch: int) -> LinkFault | Stale | None:
    """Return what speaks against folding a partner's record in; None for news, and for the proof of a fork.

    `epoch` is the one in which it counts. Of an epoch that the partner's cold keys have ended nothing is taken any
    more, but what our own record acknowledges; nor of one before its newest, while we wait for its word ourselves.
    """
    links = book.of(Links)
    link = links.by_id.get(link_id(body.terms))
    if link is None and (
        len(links.by_id) - links.begun() >= OFFERS_MAX
        or len(links.with_partner(entry.network)) >= LINKS_PER_PARTNER_MAX
    ):
        return Stale()
    side = Side() if link is None else link.side
    identity = book.of(Directory).networks[entry.network].identity
    vouched = side.own.ack is not None and side.own.ack.digest == entry.id
    if epoch < identity.renewed and not vouched:
        return Stale()
    # What of its grant binds is less, but nothing less than before: for the rules that is the same.
    outcome = hear(side, as_record(body, epoch, entry.header.seq), entry.id)
    if isinstance(outcome, Fork):
        return Stale() if side.frozen else None
    if link is not None and link.is_lost and epoch < identity.epoch and not vouched:
        # The partner may have heard from us what we hold of what it lost.
        return Stale()
    return outcome if isinstance(outcome, Stale | LinkFault) else None


def check(book: Book, entered: Entered) -> Reason | None:
    """Accept only records that stand in the lane of their own terms, by one of the two networks."""
    body = entered.body
    assert isinstance(body, LinkRecord)
    terms = body.terms
    fits = (
        entered.lane == link_lane(link_id(terms))
        and terms.low < terms.high
        and book.network in (terms.low, terms.high)
        and entered.network in (terms.low, terms.high)
    )
    return None if fits else MALFORMED
