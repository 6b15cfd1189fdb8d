# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links: credit lines between two networks, as stewards propose, accept, raise, give back and close them.

The rules of the credit itself are crdt.link; here they are signed, stored and shown. Each side's newest
record is an entry of its lane `link/<link id>`, which the two partners alone hold.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, ClassVar

from crdt.link import Ack, Caps, Draft, Fork, Hold, LinkFault, LinkRefusal, Record, Side, Stale
from protocol.codec import encode
from protocol.economy.book import Book
from protocol.economy.feature import STEWARDS, Act, Create, Desk, Doc, Entered, Feature, List, Plan, Show
from protocol.economy.ledger import Posting
from protocol.economy.money import Amount, Rate, minor_of
from protocol.entry import LINK_PREFIX, Entry
from protocol.keys import digest, id_text, parse_id

from protocol.rejection import Refused, Rejection, refuse
from protocol.shape import AtMost, Length, Range, to_map
from protocol.sync.directory import Directory

HOLDS_MAX = 128
ONWARD_BYTES_MAX = 2_048
LINKS_MAX = 4_096
RATE_TERM_MAX = 10**12
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
    onward: Annotated[bytes, AtMost(ONWARD_BYTES_MAX)]


@dataclass(frozen=True, slots=True)
class ClaimItem:
    """A hold of the partner's that we claimed, with the preimage."""

    id: HoldId
    preimage: Id


@dataclass(frozen=True, slots=True)
class WaiveItem:
    """A hold of the partner's that we freed, with the reason's code."""

    id: HoldId
    reason: Annotated[str, AtMost(64)]


@dataclass(frozen=True, slots=True)
class AckItem:
    """The newest record of the partner that we accepted."""

    epoch: Annotated[int, Range(0, 2**31)]
    n: Counter
    digest: Id


@dataclass(frozen=True, slots=True)
class Settings:
    """What this side alone decides: its currency, what a link unit is worth in it, its fee, and if it stops.

    `num`/`den` are own minor units for one link minor unit; `fee` is in own minor units for each payment
    forwarded over this link; `closed` says that this side takes and places no new holds.
    """

    currency: Code
    num: Annotated[int, Range(1, RATE_TERM_MAX)]
    den: Annotated[int, Range(1, RATE_TERM_MAX)]
    fee: Counter
    frozen: bool
    closed: bool

    @property
    def rate(self) -> Rate:
        """What one minor unit of the link is worth in own minor units."""
        return Rate(self.num, self.den)


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """All that one side says on a link (PROTOCOL 2); epoch and n are those of the entry that carries it."""

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
    ack: AckItem | None


def link_id(terms: Terms) -> bytes:
    """Return the id of a link: the hash of its terms."""
    return digest("link", encode(to_map(terms)))


def link_lane(link: bytes) -> str:
    """Return the name of the lane that bears a link's records."""
    return LINK_PREFIX + id_text(link)


def link_account(link: bytes, currency: str) -> str:
    """Return the id of our mirror account of a partner: what it is owed here, in our currency."""
    return f"link-{id_text(link)[:16]}.{currency}"


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
class GiveBack:
    """Give back so much of the partner's grant."""

    link: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Place:
    """Place a hold toward the partner."""

    link: bytes
    item: HoldItem


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


Step = Begin | Set | Grant | GiveBack | Place | Claim | Waive


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
    onward_out: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    onward_in: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    draft: Draft | None = None
    read_only: bool = False
    """After a restore, until the partner has acknowledged the new epoch."""

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
        frozen = self.mine.frozen or self.theirs.frozen or self.side.frozen or self.read_only
        return LinkState.FROZEN if frozen else LinkState.OPEN

    def pen(self) -> Draft:
        """Return our record in the making, begun if need be."""
        if self.draft is None:
            self.draft = self.side.draft(Caps())
        return self.draft

    def refusal(self, step: Grant | GiveBack | Place) -> Refused | None:
        """Return why a step would be refused now; nothing is written."""
        trial = Draft(self.side, Caps())
        if self.draft is not None:
            trial.side = self.draft.side
        return _refused(self, _take(trial, step))


def _take(draft: Draft, step: Grant | GiveBack | Place | Claim | Waive) -> LinkRefusal | None:
    match step:
        case Grant(_, more):
            return draft.grant(more)
        case GiveBack(_, amount):
            return draft.give_back(amount)
        case Place(_, item):
            return draft.place(item.id, Hold(item.amount, item.condition))
        case Claim(_, hold, preimage):
            return draft.claim(hold, preimage)
        case Waive(_, hold, reason):
            return draft.waive(hold, reason)


_REJECTIONS = {
    LinkRefusal.AMOUNT_NOT_POSITIVE: Rejection.AMOUNT_NOT_POSITIVE,
    LinkRefusal.COUNTER_EXHAUSTED: Rejection.AMOUNT_TOO_LARGE,
    LinkRefusal.LINK_FROZEN: Rejection.LINK_FROZEN,
    LinkRefusal.LIMIT_EXCEEDED: Rejection.LINK_LIMIT_EXCEEDED,
    LinkRefusal.HOLD_CAP_EXCEEDED: Rejection.LINK_HOLDS_EXCEEDED,
    LinkRefusal.TOO_MANY_HOLDS: Rejection.LINK_HOLDS_EXCEEDED,
    LinkRefusal.HOLD_DUPLICATE: Rejection.PAYMENT_EXISTS,
}


def _refused(link: Link, refusal: LinkRefusal | None) -> Refused | None:
    if refusal is None:
        return None
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
            else:
                refusal = _take(link.pen(), step)
                assert refusal is None, refusal
            if isinstance(step, Place):
                link.onward_out[step.item.id] = step.item.onward
        self.drafted[link.id] = None

    def meet(self, book: Book, terms: Terms) -> Link:
        """Return the link of these terms, begun here if it is new."""
        id = link_id(terms)
        link = self.by_id.get(id)
        if link is None:
            partner = terms.high if terms.low == book.network else terms.low
            link = self.by_id[id] = Link(id, terms, partner, len(self.by_id))
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
            None if record.ack is None else AckItem(record.ack.epoch, record.ack.n, record.ack.digest),
        )  # fmt: skip


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Make a record the newest of its side; the partner's has been accepted by crdt.link before."""
    body = entered.body
    assert isinstance(body, LinkRecord)
    link = book.of(Links).meet(book, body.terms)
    onward = {item.id: item.onward for item in body.holds}
    if entered.network == book.network:
        record = as_record(body, entered.epoch, entered.seq)
        link.side = link.side.wrote(record, entered.id)
        link.mine, link.draft, link.onward_out = body.settings, None, onward
    else:
        # Our own record in the making was begun on what we knew before.
        assert link.draft is None
        accepted = link.side.accept(as_record(body, entered.epoch, entered.seq), entered.id)
        if isinstance(accepted, Fork):
            link.side = accepted.frozen
        else:
            assert isinstance(accepted, Side), accepted
            link.side, link.theirs, link.onward_in = accepted, body.settings, onward
    return ()


def judge(book: Book, body: LinkRecord, entry: Entry) -> LinkFault | Stale | None:
    """Return what speaks against folding a partner's record in; None for news, and for the proof of a fork."""
    links = book.of(Links).by_id
    link = links.get(link_id(body.terms))
    if link is None and len(links) >= LINKS_MAX:
        return Stale()
    side = Side() if link is None else link.side
    outcome = side.accept(as_record(body, entry.header.epoch, entry.header.seq), entry.id)
    if isinstance(outcome, Fork):
        return Stale() if side.frozen else None
    return outcome if isinstance(outcome, Stale | LinkFault) else None


def check(book: Book, entered: Entered) -> Rejection | None:
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
    return None if fits else Rejection.MALFORMED


# What stewards wish.

_PARTNER = Doc("the partner network: its handle, or its id where two call themselves alike")
_LIMIT = Doc("how much the partner may owe us, in the link's unit")
_RATE = Doc("what one unit of the link is worth in our currency, as a decimal: 1.5")
_FEE = Doc("what we keep of each payment that we forward over this link, in our currency")
_CURRENCY = Doc("our currency on this link")


@dataclass(frozen=True, slots=True)
class ProposeLink:
    """Offer a partner network a credit line."""

    partner: Annotated[str, _PARTNER]
    limit: Annotated[Amount, _LIMIT]
    currency: Annotated[str, _CURRENCY]
    unit: Annotated[str | None, Doc("the link's unit: a currency code; ours where it is left out")] = None
    scale: Annotated[int | None, Doc("decimals of the link's unit; ours where it is left out")] = None
    rate: Annotated[str, _RATE] = "1"
    fee: Annotated[Amount | None, _FEE] = None


@dataclass(frozen=True, slots=True)
class AcceptLink:
    """Take up a link that a partner offers, and grant it a limit in turn."""

    limit: Annotated[Amount, _LIMIT]
    currency: Annotated[str, _CURRENCY]
    rate: Annotated[str, _RATE] = "1"
    fee: Annotated[Amount | None, _FEE] = None


@dataclass(frozen=True, slots=True)
class RaiseLink:
    """Let the partner owe more."""

    limit: Annotated[Amount, Doc("the new limit that we give, in the link's unit; more than before")]


@dataclass(frozen=True, slots=True)
class GiveBackLink:
    """Lower what we may owe the partner: only the debtor can."""

    amount: Annotated[Amount, Doc("how much of the partner's grant we give back, in the link's unit")]


@dataclass(frozen=True, slots=True)
class SetLinkRate:
    """Change what a link unit is worth in our currency, for payments quoted from now on."""

    rate: Annotated[str, _RATE]
    fee: Annotated[Amount | None, _FEE] = None


@dataclass(frozen=True, slots=True)
class FreezeLink:
    """Stop new payments over a link, or let them again; what is under way still resolves."""

    frozen: Annotated[bool, Doc("true to stop, false to let again")] = True


@dataclass(frozen=True, slots=True)
class CloseLink:
    """Take no more payments over a link for good; it is closed when nobody owes anything on it."""


@dataclass(frozen=True, slots=True)
class LinksWanted:
    """Which links to list."""

    partner: Annotated[str | None, Doc("only links with this partner: handle or network id")] = None


@dataclass(frozen=True, slots=True)
class LinkShown:
    """A credit line as this network sees it. Amounts are in the link's unit, but for the mirror account."""

    id: str
    state: str
    partner: str
    partner_handle: str | None
    unit: str
    scale: int
    limit_given: Annotated[Amount, Doc("how much the partner may owe us")]
    limit_received: Annotated[Amount, Doc("how much we may owe the partner")]
    net_debt: Annotated[Amount, Doc("what we owe the partner; negative: it owes us")]
    headroom: Annotated[Amount, Doc("how much our members may still pay over it")]
    headroom_given: Annotated[Amount, Doc("how much the partner's members may still pay over it")]
    status: Annotated[str, Doc("OK, ALERT over half of a limit, FULL")]
    holds_out: int
    holds_in: int
    currency: str | None
    rate: Annotated[str | None, Doc("our minor units for the partner's, as num/den")]
    partner_rate: str | None
    fee: Amount | None
    mirror: Annotated[Amount | None, Doc("the partner's mirror account in our book, in our currency")]


def _find_partner(book: Book, partner: str) -> bytes | Refused:
    directory = book.of(Directory)
    network = parse_id(partner)
    if network is not None:
        return network if network in directory.networks else refuse(Rejection.NETWORK_UNKNOWN, network=partner)
    found = [one for one in directory.find(partner) if one != book.network]
    if not found:
        return refuse(Rejection.NETWORK_UNKNOWN, network=partner[:64])
    if len(found) > 1:
        return refuse(Rejection.HANDLE_AMBIGUOUS, networks=", ".join(map(id_text, found[:8])))
    return found[0]


def find_link(book: Book, id: str) -> Link | Refused:
    """Return the link of this id in text form."""
    raw = parse_id(id)
    link = None if raw is None else book.of(Links).by_id.get(raw)
    return link or refuse(Rejection.LINK_UNKNOWN)


def read_rate(text: str, own_scale: int, link_scale: int) -> Rate | Refused:
    """Return a rate told in whole units as one of minor units; both terms stay below 10^12."""
    try:
        number = Decimal(text)
        ratio = Fraction(number) * Fraction(10) ** (own_scale - link_scale) if number.is_finite() else None
    except (InvalidOperation, ValueError):
        ratio = None
    if ratio is None or ratio <= 0 or max(ratio.numerator, ratio.denominator) > RATE_TERM_MAX:
        return refuse(Rejection.MALFORMED, field="rate")
    return Rate(ratio.numerator, ratio.denominator)


def _settings(
    book: Book, code: str, rate_text: str, fee: Amount | None, link_scale: int
) -> Settings | Refused:
    currency = book.currencies.get(code)
    if currency is None:
        return refuse(Rejection.CURRENCY_UNKNOWN, currency=code[:12])
    rate = read_rate(rate_text, currency.scale, link_scale)
    if isinstance(rate, Refused):
        return rate
    fee_minor = 0 if fee is None else minor_of(fee, currency.code, currency.scale)
    if isinstance(fee_minor, Refused):
        return fee_minor
    if fee_minor < 0:
        return refuse(Rejection.AMOUNT_NOT_POSITIVE)
    return Settings(code, rate.num, rate.den, fee_minor, frozen=False, closed=False)


def _limit(terms: Terms, amount: Amount) -> int | Refused:
    minor = minor_of(amount, terms.unit, terms.scale)
    if isinstance(minor, int) and minor < 0:
        return refuse(Rejection.AMOUNT_NOT_POSITIVE)
    return minor


def plan_propose(desk: Desk, wish: ProposeLink) -> Plan | Refused:
    """Begin a link with a partner: our first record, with what we grant."""
    book = desk.book
    partner = _find_partner(book, wish.partner)
    if isinstance(partner, Refused):
        return partner
    if partner == book.network:
        return refuse(Rejection.SAME_ACCOUNT)
    currency = book.currencies.get(wish.currency)
    if currency is None:
        return refuse(Rejection.CURRENCY_UNKNOWN, currency=wish.currency[:12])
    if len(book.of(Links).by_id) >= LINKS_MAX:
        return refuse(Rejection.OVERLOADED, maximum=LINKS_MAX)
    scale = currency.scale if wish.scale is None else wish.scale
    unit = wish.unit or currency.code
    if not (0 <= scale <= 9 and 1 <= len(unit) <= 12):
        return refuse(Rejection.MALFORMED, field="unit")
    low, high = sorted((book.network, partner))
    terms = Terms(low, high, unit, scale, desk.chance(16))
    settings = _settings(book, wish.currency, wish.rate, wish.fee, scale)
    limit = _limit(terms, wish.limit)
    if isinstance(settings, Refused):
        return settings
    if isinstance(limit, Refused):
        return limit
    id = link_id(terms)
    grants = (Grant(id, limit),) if limit else ()
    return Plan(id_text(id), steps=(Begin(terms, settings), *grants))


def plan_accept(desk: Desk, id: str, wish: AcceptLink) -> Plan | Refused:
    """Take up an offered link: our first record, with what we grant in turn."""
    link = find_link(desk.book, id)
    if isinstance(link, Refused):
        return link
    if link.state is not LinkState.OFFERED:
        return refuse(Rejection.STATE_CONFLICT, state=link.state.value)
    settings = _settings(desk.book, wish.currency, wish.rate, wish.fee, link.terms.scale)
    limit = _limit(link.terms, wish.limit)
    if isinstance(settings, Refused):
        return settings
    if isinstance(limit, Refused):
        return limit
    grants = (Grant(link.id, limit),) if limit else ()
    return Plan(id, steps=(Begin(link.terms, settings), *grants))


def _writable(book: Book, id: str) -> Link | Refused:
    link = find_link(book, id)
    if isinstance(link, Refused):
        return link
    if link.mine is None or link.mine.closed or link.read_only:
        return refuse(Rejection.STATE_CONFLICT, state=link.state.value)
    return link


def plan_raise(desk: Desk, id: str, wish: RaiseLink) -> Plan | Refused:
    """Raise what the partner may owe us; only the partner can lower it (PROTOCOL 2)."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    limit = _limit(link.terms, wish.limit)
    if isinstance(limit, Refused):
        return limit
    more = limit - link.now.limit_given
    if more <= 0:
        return refuse(Rejection.STATE_CONFLICT, limit=link.now.limit_given)
    step = Grant(link.id, more)
    return link.refusal(step) or Plan(id, steps=(step,))


def plan_give_back(desk: Desk, id: str, wish: GiveBackLink) -> Plan | Refused:
    """Give back of the partner's grant what neither our debt nor an open hold rests on."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    amount = minor_of(wish.amount, link.terms.unit, link.terms.scale)
    if isinstance(amount, Refused):
        return amount
    step = GiveBack(link.id, amount)
    return link.refusal(step) or Plan(id, steps=(step,))


def plan_set_rate(desk: Desk, id: str, wish: SetLinkRate) -> Plan | Refused:
    """Change our rate and fee; payments under way keep the holds that they were quoted."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    settings = _settings(desk.book, link.settings.currency, wish.rate, wish.fee, link.terms.scale)
    if isinstance(settings, Refused):
        return settings
    frozen = Settings(settings.currency, settings.num, settings.den, settings.fee, link.settings.frozen, closed=False)
    return Plan(id, steps=(Set(link.id, frozen),))


def plan_freeze(desk: Desk, id: str, wish: FreezeLink) -> Plan | Refused:
    """Stop new holds over a link, both ways, or let them again."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    mine = link.settings
    settings = Settings(mine.currency, mine.num, mine.den, mine.fee, frozen=wish.frozen, closed=False)
    return Plan(id, steps=(Set(link.id, settings),))


def plan_close(desk: Desk, id: str, wish: CloseLink) -> Plan | Refused:
    """Take no more holds, and give back all of the partner's grant that nothing rests on."""
    del wish
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    mine = link.settings
    settings = Settings(mine.currency, mine.num, mine.den, mine.fee, frozen=mine.frozen, closed=True)
    free = min(link.now.limit, link.now.headroom)
    given_back = (GiveBack(link.id, free),) if free > 0 else ()
    return Plan(id, steps=(Set(link.id, settings), *given_back))


def show_link(desk: Desk, id: str) -> LinkShown | Refused:
    """Show a link."""
    link = find_link(desk.book, id)
    return link if isinstance(link, Refused) else _shown(desk.book, link)


def list_links(desk: Desk, wanted: LinksWanted, after: int) -> Iterable[tuple[int, LinkShown]] | Refused:
    """List links in the order in which they were begun."""
    partner = None if wanted.partner is None else _find_partner(desk.book, wanted.partner)
    if isinstance(partner, Refused):
        return partner
    return (
        (link.arrival + 1, _shown(desk.book, link))
        for link in desk.book.of(Links).by_id.values()
        if link.arrival + 1 > after and partner in (None, link.partner)
    )


def usage(link: Link) -> str:
    """Return OK, ALERT where over half of a limit is in use, or FULL where one side can pay no more."""
    side = link.now
    owed, limit = (side.net_debt, side.limit) if side.net_debt > 0 else (-side.net_debt, side.limit_given)
    if owed and owed >= limit:
        return "FULL"
    return "ALERT" if owed * 2 > limit else "OK"


def _shown(book: Book, link: Link) -> LinkShown:
    side, terms, mine = link.now, link.terms, link.mine

    def amount(minor: int) -> Amount:
        return Amount(minor, terms.unit, terms.scale)

    currency = None if mine is None else book.currencies[mine.currency]
    mirror = None if mine is None else book.ledger.accounts.get(link_account(link.id, mine.currency))
    return LinkShown(
        id=id_text(link.id),
        state=link.state.value,
        partner=id_text(link.partner),
        partner_handle=book.of(Directory).handle(link.partner),
        unit=terms.unit,
        scale=terms.scale,
        limit_given=amount(side.limit_given),
        limit_received=amount(side.limit),
        net_debt=amount(side.net_debt),
        headroom=amount(max(0, side.headroom)),
        headroom_given=amount(max(0, side.headroom_given)),
        status=usage(link),
        holds_out=len(side.holds_out),
        holds_in=len(side.holds_in),
        currency=None if mine is None else mine.currency,
        rate=None if mine is None else f"{mine.num}/{mine.den}",
        partner_rate=None if link.theirs is None else f"{link.theirs.num}/{link.theirs.den}",
        fee=None if mine is None or currency is None else Amount(mine.fee, currency.code, currency.scale),
        mirror=None if currency is None
        else Amount(0 if mirror is None else mirror.balance_minor, currency.code, currency.scale),
    )  # fmt: skip


FEATURE = Feature(
    name="links",
    entries=(LinkRecord,),
    check=check,
    fold=fold,
    operations=(
        Create("links", ProposeLink, plan=plan_propose, who=STEWARDS,
               example="mutirao links create --partner serra --limit 500 --currency HORA"),
        Act("links", "accept", AcceptLink, plan=plan_accept, who=STEWARDS,
            example="mutirao links accept LINK --limit 500 --currency FLOR --rate 1.5"),
        Act("links", "raise", RaiseLink, plan=plan_raise, who=STEWARDS,
            example="mutirao links raise LINK --limit 800"),
        Act("links", "give-back", GiveBackLink, plan=plan_give_back, who=STEWARDS,
            example="mutirao links give-back LINK --amount 100"),
        Act("links", "set-rate", SetLinkRate, plan=plan_set_rate, who=STEWARDS,
            example="mutirao links set-rate LINK --rate 1.4"),
        Act("links", "freeze", FreezeLink, plan=plan_freeze, who=STEWARDS,
            example="mutirao links freeze LINK"),
        Act("links", "close", CloseLink, plan=plan_close, who=STEWARDS,
            example="mutirao links close LINK"),
        Show("links", LinkShown, view=show_link),
        List("links", LinksWanted, LinkShown, view=list_links),
    ),
)  # fmt: skip
