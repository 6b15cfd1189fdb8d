# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links: credit lines between two networks, as stewards propose, accept, raise, give back and close them.

The rules of the credit itself are crdt.link; here they are signed, stored and shown. Each side's newest
record is an entry of its lane `link/<link id>`, which the two partners alone hold.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated

from crdt.link import HOLDS_OPEN_MAX, HOLDS_OPEN_PERCENT
from protocol.book.book import Book
from protocol.book.cold import KeeperSignature, signed
from protocol.book.declaration import STEWARDS, Act, Create, Desk, Doc, List, Plan, Practice, Show
from protocol.book.money import Amount, Rate, minor_of
from protocol.book.refusals import (
    AMOUNT_NOT_POSITIVE,
    CURRENCY_UNKNOWN,
    MALFORMED,
    NETWORK_UNKNOWN,
    OVERLOADED,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Refused,
    refuse,
)
from protocol.lanes.directory import Directory
from protocol.lanes.identity import HOT_GRANT_MAX
from protocol.practices.between.links.records import (
    HOLDS_MAX,
    LINKS_MAX,
    RATE_TERM_MAX,
    Begin,
    GiveBack,
    Grant,
    GrantClaim,
    Link,
    LinkRecord,
    Links,
    LinkState,
    Set,
    Settings,
    Sign,
    SignedGrant,
    Terms,
    check,
    fold,
    link_account,
    link_id,
)
from protocol.practices.between.links.refusals import GRANT_UNSIGNED, LINK_FROZEN, LINK_REFUSALS, LINK_UNKNOWN
from protocol.practices.between.links.talk import FILLS
from protocol.practices.between.networks import HANDLE_AMBIGUOUS
from protocol.practices.between.routes import Routes
from protocol.wire.codec import encode
from protocol.wire.keys import id_text, parse_id
from protocol.wire.shape import to_map

RATE_CHARS_MAX = 40
"""How long a rate may be in decimals, and how many places it may have before or after the point."""
_PARTNER = Doc("the partner network: its handle, or its id where two call themselves alike")
_LIMIT = Doc("how much the partner may owe us, in the link's unit")
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
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
class SignGrant:
    """Show the partner that cold keys have signed what we grant; without signatures, tell what they have to sign.

    It grants nothing yet: up to what is signed the limit can be raised then.
    """

    granted: Annotated[Amount, Doc("what may be granted in all since the link began, in the link's unit")]
    signatures: Annotated[tuple[KeeperSignature, ...], Doc("the signatures of different cold keys")] = ()


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
class CapLink:
    """Bound what may be under way over a link from us at a time: a partner that stalls holds no more than that."""

    holds_open: Annotated[int, Doc("how many payments, 1 to 128")] = HOLDS_OPEN_MAX
    holds_percent: Annotated[int, Doc("which part of what can be paid over it, 1 to 100")] = HOLDS_OPEN_PERCENT


@dataclass(frozen=True, slots=True)
class FreezeLink:
    """Stop new payments over a link, or let them again; what is under way still resolves."""

    frozen: Annotated[bool, Doc("true to stop, false to let again")] = True


@dataclass(frozen=True, slots=True)
class CloseLink:
    """Let only debts be paid back over a link from now on; it is closed when nobody owes anything on it."""


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
    granted: Annotated[Amount, Doc("what we have granted the partner in all, with what it has given back since")]
    granted_signed: Annotated[Amount, Doc("how much in all cold keys have signed: up to that it may be granted")]
    granted_hot: Annotated[Amount | None, Doc("how much our hot key alone may grant on it in all; null: no bound")]
    net_debt: Annotated[Amount, Doc("what we owe the partner; negative: it owes us")]
    headroom: Annotated[Amount, Doc("how much our members may still pay over it")]
    headroom_given: Annotated[Amount, Doc("how much the partner's members may still pay over it")]
    status: Annotated[str, Doc("OK, ALERT over half of a limit, FULL")]
    holds_out: int
    holds_in: int
    largest_payment: Annotated[Amount, Doc("the most that one payment from here may be now, caps considered")]
    published: Annotated[bool, Doc("whether all may know that we forward on it, and at what price")]
    currency: str | None
    rate: Annotated[str | None, Doc("our minor units for the partner's, as num/den")]
    partner_rate: str | None
    fee: Amount | None
    mirror: Annotated[Amount | None, Doc("the partner's mirror account in our book, in our currency")]
    to_sign: Annotated[bytes | None, Doc("where a grant is to be signed: what `mutirao sign` signs with a cold key")]


def _find_partner(book: Book, partner: str) -> bytes | Refused:
    directory = book.of(Directory)
    network = parse_id(partner)
    if network is not None:
        return network if network in directory.networks else refuse(NETWORK_UNKNOWN, network=partner)
    found = [one for one in directory.find(partner) if one != book.network]
    if not found:
        return refuse(NETWORK_UNKNOWN, network=partner[:64])
    if len(found) > 1:
        return refuse(HANDLE_AMBIGUOUS, networks=", ".join(map(id_text, found[:8])))
    return found[0]


def find_link(book: Book, id: str) -> Link | Refused:
    """Return the link of this id in text form."""
    raw = parse_id(id)
    link = None if raw is None else book.of(Links).by_id.get(raw)
    return link or refuse(LINK_UNKNOWN)


def read_rate(text: str, own_scale: int, link_scale: int) -> Rate | Refused:
    """Return a rate told in whole units as one of minor units; both terms stay below 10^12."""
    # Fraction itself would also read underscores, the digits of any script, and powers of ten that fill the memory.
    readable = len(text) <= RATE_CHARS_MAX and _DECIMAL.fullmatch(text)
    ratio = Fraction(text) * Fraction(10) ** (own_scale - link_scale) if readable else Fraction(0)
    if ratio <= 0 or max(ratio.numerator, ratio.denominator) > RATE_TERM_MAX:
        return refuse(MALFORMED, field="rate")
    return Rate(ratio.numerator, ratio.denominator)


def _settings(book: Book, code: str, rate_text: str, fee: Amount | None, link_scale: int) -> Settings | Refused:
    currency = book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:12])
    rate = read_rate(rate_text, currency.scale, link_scale)
    if isinstance(rate, Refused):
        return rate
    fee_minor = 0 if fee is None else minor_of(fee, currency.code, currency.scale)
    if isinstance(fee_minor, Refused):
        return fee_minor
    if fee_minor < 0:
        return refuse(AMOUNT_NOT_POSITIVE)
    return Settings(code, rate.num, rate.den, fee_minor)


def _limit(terms: Terms, amount: Amount) -> int | Refused:
    minor = minor_of(amount, terms.unit, terms.scale)
    if isinstance(minor, int) and minor < 0:
        return refuse(AMOUNT_NOT_POSITIVE)
    return minor


def _unsigned(book: Book, terms: Terms, granted: int, signed: SignedGrant | None = None) -> Refused | None:
    """Return why so much, granted on a link in all, would not bind us: cold keys have not signed it."""
    alone = book.of(Directory).networks[book.network].identity.hot_grant
    allowed = max(alone, 0 if signed is None else signed.granted)
    if granted <= allowed:
        return None
    return refuse(GRANT_UNSIGNED, granted=granted, limit=allowed, unit=terms.unit, scale=terms.scale)


def plan_propose(desk: Desk, wish: ProposeLink) -> Plan | Refused:
    """Begin a link with a partner: our first record, with what we grant."""
    book = desk.book
    partner = _find_partner(book, wish.partner)
    if isinstance(partner, Refused):
        return partner
    if partner == book.network:
        return refuse(SAME_ACCOUNT)
    currency = book.currencies.get(wish.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wish.currency[:12])
    if book.of(Directory).networks[partner].forked:
        return refuse(LINK_FROZEN)
    if book.of(Links).begun() >= LINKS_MAX:
        return refuse(OVERLOADED, maximum=LINKS_MAX)
    scale = currency.scale if wish.scale is None else wish.scale
    unit = wish.unit or currency.code
    if not (0 <= scale <= 9 and 1 <= len(unit) <= 12):
        return refuse(MALFORMED, field="unit")
    low, high = sorted((book.network, partner))
    terms = Terms(low, high, unit, scale, desk.chance(16))
    settings = _settings(book, wish.currency, wish.rate, wish.fee, scale)
    limit = _limit(terms, wish.limit)
    if isinstance(settings, Refused):
        return settings
    if isinstance(limit, Refused):
        return limit
    id = link_id(terms)
    refused = _unsigned(book, terms, limit)
    if refused is not None:
        return refused
    grants = (Grant(id, limit),) if limit else ()
    return Plan(id_text(id), steps=(Begin(terms, settings), *grants))


def plan_accept(desk: Desk, id: str, wish: AcceptLink) -> Plan | Refused:
    """Take up an offered link: our first record, with what we grant in turn."""
    link = find_link(desk.book, id)
    if isinstance(link, Refused):
        return link
    if link.state is not LinkState.OFFERED:
        return refuse(STATE_CONFLICT, state=link.state.value)
    if desk.book.of(Links).begun() >= LINKS_MAX:
        return refuse(OVERLOADED, maximum=LINKS_MAX)
    settings = _settings(desk.book, wish.currency, wish.rate, wish.fee, link.terms.scale)
    limit = _limit(link.terms, wish.limit)
    if isinstance(settings, Refused):
        return settings
    if isinstance(limit, Refused):
        return limit
    refused = _unsigned(desk.book, link.terms, limit)
    if refused is not None:
        return refused
    grants = (Grant(link.id, limit),) if limit else ()
    return Plan(id, steps=(Begin(link.terms, settings), *grants))


def _writable(book: Book, id: str) -> Link | Refused:
    link = find_link(book, id)
    if isinstance(link, Refused):
        return link
    if link.mine is None or link.mine.closed or link.is_lost:
        return refuse(STATE_CONFLICT, state=link.state.value)
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
        return refuse(STATE_CONFLICT, limit=link.now.limit_given)
    step, granted = Grant(link.id, more), link.now.own.granted + more
    return link.refusal(step) or _unsigned(desk.book, link.terms, granted, link.signed) or Plan(id, steps=(step,))


def plan_sign(desk: Desk, id: str, wish: SignGrant) -> Plan | Refused:
    """Write what cold keys have signed into our record, or tell what they have to sign."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    granted = _limit(link.terms, wish.granted)
    if isinstance(granted, Refused):
        return granted
    known = 0 if link.signed is None else link.signed.granted
    if granted <= known:
        return refuse(STATE_CONFLICT, signed=known)
    claim = GrantClaim(desk.book.network, link.terms, granted)
    if not wish.signatures:
        return Plan(id, answer=replace(_shown(desk.book, link), to_sign=encode(to_map(claim))))
    identity = desk.book.of(Directory).networks[desk.book.network].identity
    signatures = signed(identity.epochs[-1].cold, claim, wish.signatures)
    if isinstance(signatures, Refused):
        return signatures
    return Plan(id, steps=(Sign(link.id, SignedGrant(granted, identity.epoch, signatures)),))


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
    changed = replace(link.settings, num=settings.num, den=settings.den, fee=settings.fee)
    return Plan(id, steps=(Set(link.id, changed),))


def plan_cap(desk: Desk, id: str, wish: CapLink) -> Plan | Refused:
    """Change the caps on our own open holds."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    if not (1 <= wish.holds_open <= HOLDS_MAX and 1 <= wish.holds_percent <= 100):
        return refuse(MALFORMED, field="holds_open, holds_percent")
    changed = replace(link.settings, holds_open=wish.holds_open, holds_percent=wish.holds_percent)
    return Plan(id, steps=(Set(link.id, changed),))


def plan_freeze(desk: Desk, id: str, wish: FreezeLink) -> Plan | Refused:
    """Stop new holds over a link, both ways, or let them again."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    return Plan(id, steps=(Set(link.id, replace(link.settings, frozen=wish.frozen)),))


def plan_close(desk: Desk, id: str, wish: CloseLink) -> Plan | Refused:
    """Let only debts be paid back from now on, and give back all of the partner's grant that nothing rests on."""
    del wish
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    free = min(link.now.limit, link.now.headroom)
    given_back = (GiveBack(link.id, free),) if free > 0 else ()
    return Plan(id, steps=(Set(link.id, replace(link.settings, closed=True)), *given_back))


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

    alone = book.of(Directory).networks[book.network].identity.hot_grant
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
        granted=amount(side.own.granted),
        granted_signed=amount(0 if link.signed is None else link.signed.granted),
        granted_hot=None if alone == HOT_GRANT_MAX else amount(alone),
        net_debt=amount(side.net_debt),
        headroom=amount(max(0, side.headroom)),
        headroom_given=amount(max(0, side.headroom_given)),
        status=usage(link),
        holds_out=len(side.holds_out),
        holds_in=len(side.holds_in),
        largest_payment=amount(link.largest),
        published=book.of(Routes).on(book.network, link.id) is not None,
        currency=None if mine is None else mine.currency,
        rate=None if mine is None else f"{mine.num}/{mine.den}",
        partner_rate=None if link.theirs is None else f"{link.theirs.num}/{link.theirs.den}",
        fee=None if mine is None or currency is None else Amount(mine.fee, currency.code, currency.scale),
        mirror=None if currency is None
        else Amount(0 if mirror is None else mirror.balance_minor, currency.code, currency.scale),
        to_sign=None,
    )  # fmt: skip


PRACTICE = Practice(
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
        Act("links", "sign", SignGrant, plan=plan_sign, who=STEWARDS,
            example="mutirao links sign LINK --granted 5000 --signature signed-1 --signature signed-2"),
        Act("links", "give-back", GiveBackLink, plan=plan_give_back, who=STEWARDS,
            example="mutirao links give-back LINK --amount 100"),
        Act("links", "set-rate", SetLinkRate, plan=plan_set_rate, who=STEWARDS,
            example="mutirao links set-rate LINK --rate 1.4"),
        Act("links", "cap", CapLink, plan=plan_cap, who=STEWARDS,
            example="mutirao links cap LINK --holds-percent 100"),
        Act("links", "freeze", FreezeLink, plan=plan_freeze, who=STEWARDS,
            example="mutirao links freeze LINK"),
        Act("links", "close", CloseLink, plan=plan_close, who=STEWARDS,
            example="mutirao links close LINK"),
        Show("links", LinkShown, view=show_link),
        List("links", LinksWanted, LinkShown, view=list_links),
    ),
    fills=FILLS,
    refusals=LINK_REFUSALS,
)  # fmt: skip
