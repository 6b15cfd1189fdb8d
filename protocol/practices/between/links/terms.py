# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links: credit lines between two networks, as stewards propose, accept, raise, give back and close them.

The rules of the credit itself are crdt.link; here they are signed, stored and shown. Each side's newest
record is an entry of its lane `link/<link id>`, which the two partners alone hold.
"""

from dataclasses import replace

from protocol.book.book import Book
from protocol.book.cold import signed
from protocol.book.declaration import Desk, Plan
from protocol.book.money import Amount, minor_of
from protocol.book.refusals import (
    AMOUNT_NOT_POSITIVE,
    CURRENCY_UNKNOWN,
    MALFORMED,
    OVERLOADED,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Refused,
    refuse,
)
from protocol.lanes.directory import Directory
from protocol.practices.between.links.entries import (
    HOLDS_MAX,
    GrantClaim,
    Settings,
    SignedGrant,
    Terms,
    link_id,
)
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.offering import DeclineLink, plan_decline
from protocol.practices.between.links.rates import RateSide, leaps, link_side, rate_said, read_rate
from protocol.practices.between.links.refusals import GRANT_UNSIGNED, GUARANTEED_UNLENT, LINK_FROZEN, RATE_LEAPS
from protocol.practices.between.links.state import LINKS_MAX, Links
from protocol.practices.between.links.steps import Begin, GiveBack, Grant, Set, Sign
from protocol.practices.between.links.views import find_link, link_shown, partner_named
from protocol.practices.between.links.wishes import (
    AcceptLink,
    CapLink,
    CloseLink,
    FreezeLink,
    GiveBackLink,
    ProposeLink,
    RaiseLink,
    SetLinkRate,
    SignGrant,
)
from protocol.wire.codec import encode
from protocol.wire.keys import id_text
from protocol.wire.shape import to_map


def _settings(book: Book, code: str, rate_text: str, fee: Amount | None, link: RateSide) -> Settings | Refused:
    currency = book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:12])
    rate = read_rate(rate_text, RateSide(currency.scale, code), link)
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


def _lends_guaranteed(book: Book, settings: Settings, terms: Terms, limit: int) -> Refused | None:
    """Return why a currency that a reserve backs may not be linked so: whoever holds it abroad holds a promise.

    Its issuer grants nothing, or what a partner owes would be money without backing; and one unit is one.
    """
    currency = book.currencies[settings.currency]
    at_par = settings.num * 10**terms.scale == settings.den * 10**currency.scale
    if not currency.guaranteed or (not limit and at_par):
        return None
    return refuse(GUARANTEED_UNLENT, currency=currency.code)


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
    partner = partner_named(book, wish.partner)
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
    settings = _settings(book, wish.currency, wish.rate, wish.fee, RateSide(scale, unit))
    limit = _limit(terms, wish.limit)
    if isinstance(settings, Refused):
        return settings
    if isinstance(limit, Refused):
        return limit
    id = link_id(terms)
    refused = _lends_guaranteed(book, settings, terms, limit) or _unsigned(book, terms, limit)
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
    settings = _settings(desk.book, wish.currency, wish.rate, wish.fee, link_side(link))
    limit = _limit(link.terms, wish.limit)
    if isinstance(settings, Refused):
        return settings
    if isinstance(limit, Refused):
        return limit
    refused = _lends_guaranteed(desk.book, settings, link.terms, limit) or _unsigned(desk.book, link.terms, limit)
    if refused is not None:
        return refused
    grants = (Grant(link.id, limit),) if limit else ()
    return Plan(id_text(link.id), steps=(Begin(link.terms, settings), *grants))


def plan_decline_link(desk: Desk, id: str, wish: DeclineLink) -> Plan | Refused:
    """Decline an offered link."""
    del wish
    link = find_link(desk.book, id)
    if isinstance(link, Refused):
        return link
    planned = plan_decline(link)
    return planned if isinstance(planned, Refused) else replace(planned, answer=link_shown(desk.book, link))


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
    return (
        link.refusal(step)
        or _lends_guaranteed(desk.book, link.settings, link.terms, limit)
        or _unsigned(desk.book, link.terms, granted, link.signed)
        or Plan(id_text(link.id), steps=(step,))
    )


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
        return Plan(id_text(link.id), answer=replace(link_shown(desk.book, link), to_sign=encode(to_map(claim))))
    identity = desk.book.of(Directory).networks[desk.book.network].identity
    signatures = signed(identity.epochs[-1].cold, claim, wish.signatures)
    if isinstance(signatures, Refused):
        return signatures
    return Plan(id_text(link.id), steps=(Sign(link.id, SignedGrant(granted, identity.epoch, signatures)),))


def plan_give_back(desk: Desk, id: str, wish: GiveBackLink) -> Plan | Refused:
    """Give back of the partner's grant what neither our debt nor an open hold rests on."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    amount = minor_of(wish.amount, link.terms.unit, link.terms.scale)
    if isinstance(amount, Refused):
        return amount
    step = GiveBack(link.id, amount)
    return link.refusal(step) or Plan(id_text(link.id), steps=(step,))


def plan_set_rate(desk: Desk, id: str, wish: SetLinkRate) -> Plan | Refused:
    """Change our rate and fee; payments under way keep the holds that they were quoted."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    settings = _settings(desk.book, link.settings.currency, wish.rate, wish.fee, link_side(link))
    if isinstance(settings, Refused):
        return settings
    fee = link.settings.fee if wish.fee is None else settings.fee
    changed = replace(link.settings, num=settings.num, den=settings.den, fee=fee)
    if (refused := _lends_guaranteed(desk.book, changed, link.terms, link.now.limit_given)) is not None:
        return refused
    if leaps(link.settings.rate, changed.rate) and not wish.sure:
        side = RateSide(desk.book.currencies[settings.currency].scale, settings.currency)
        after = rate_said(changed.rate, side, link_side(link))
        before = rate_said(link.settings.rate, side, link_side(link))
        return refuse(RATE_LEAPS, before=before, after=after)
    return Plan(id_text(link.id), steps=(Set(link.id, changed),))


def plan_cap(desk: Desk, id: str, wish: CapLink) -> Plan | Refused:
    """Change the caps on our own open holds."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    if not (1 <= wish.holds_open <= HOLDS_MAX and 1 <= wish.holds_percent <= 100):
        return refuse(MALFORMED, field="holds_open, holds_percent")
    changed = replace(link.settings, holds_open=wish.holds_open, holds_percent=wish.holds_percent)
    return Plan(id_text(link.id), steps=(Set(link.id, changed),))


def plan_freeze(desk: Desk, id: str, wish: FreezeLink) -> Plan | Refused:
    """Stop new holds over a link, both ways, or let them again."""
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    return Plan(id_text(link.id), steps=(Set(link.id, replace(link.settings, frozen=wish.frozen)),))


def plan_close(desk: Desk, id: str, wish: CloseLink) -> Plan | Refused:
    """Let only debts be paid back from now on, and give back all of the partner's grant that nothing rests on."""
    del wish
    link = _writable(desk.book, id)
    if isinstance(link, Refused):
        return link
    return Plan(id_text(link.id), steps=closing(link))


def closing(link: Link) -> tuple[Set | GiveBack, ...]:
    """Return what is written on a link that only pays back debts from now on."""
    free = min(link.now.limit, link.now.headroom)
    given_back = (GiveBack(link.id, free),) if free > 0 else ()
    return (Set(link.id, replace(link.settings, closed=True)), *given_back)
