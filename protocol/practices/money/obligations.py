# SPDX-License-Identifier: AGPL-3.0-or-later
"""Obligations inside a network: payment requests that name a member, and who lets its own be set off.

Anybody may ask anybody for anything, so that a request alone is no debt: it is set off only where its payer has
named it in a consent, and its payee has consented to take part. Consent is by key, or by word if a member has none.
It may let the balance fall besides, for a greater set-off (docs/decisions/0026).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.book import Book, Request, RequestState, account_id, since
from protocol.book.declaration import (
    KEY_OR_WORD,
    READERS,
    Act,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    List,
    Moment,
    News,
    OwnId,
    Plan,
    Practice,
    Ref,
    Show,
    Uuid,
    Write,
)
from protocol.book.ledger import Account, Posting
from protocol.book.money import Amount, minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_MISMATCH,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import Id, Signed, Time, parse_uuid, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.payments.rules import ADDRESS_CHARS_MAX
from protocol.practices.people.authority import acts_for, may_see, not_said_by
from protocol.wire.shape import AtMost

CONSENTED_REQUESTS_MAX = 40
"""So many ids go into what a member signs, beside the rest."""


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """Let what you owe be set off against what you are owed, and your balance fall for it as far as you say.

    It takes the place of your consent before in this currency.
    """

    not_after: Annotated[Time, Moment, Doc("until when")]
    account: Annotated[
        str | None,
        AtMost(ADDRESS_CHARS_MAX),
        Ref("accounts"),
        Doc("whose account; default: your own. A signed wish names it by id"),
    ] = None
    currency: Annotated[str | None, AtMost(64), Doc("in which currency, if there are several accounts")] = None
    requests: Annotated[
        tuple[Annotated[Id, Uuid], ...],
        AtMost(CONSENTED_REQUESTS_MAX),
        Doc("which payment requests you owe and let be set off; default: none"),
    ] = ()
    draw: Annotated[Amount | None, Doc("how far the balance may fall for it in all; default: not at all")] = None
    consent: Annotated[Id | None, Uuid, OwnId, Doc("a UUID of your own for the consent")] = None


@dataclass(frozen=True, slots=True)
class Consented:
    """What an account owes may be set off: by signed consent, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "obligations/consented"
    OPERATION: ClassVar[str] = "set-off-consents.create"
    WISH: ClassVar[type[GiveConsent]] = GiveConsent
    signed: Signed | None
    word: GiveConsent | None


@dataclass(frozen=True, slots=True)
class ConsentRevoked:
    """A consent is taken back."""

    KIND: ClassVar[str] = "obligations/revoked"
    consent: Id


class ConsentState(StrEnum):
    """Whether a consent counts; one past its date counts as expired, without an entry."""

    IN_FORCE = "in_force"
    REPLACED = "replaced"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(slots=True)
class Agreed:
    """What an account's member has consented to, and how far its balance has fallen by it (minor units)."""

    id: bytes
    account: str
    requests: frozenset[bytes]
    draw_max_minor: int
    not_after_ms: Millis
    arrival: int
    at_ms: Millis
    drawn_minor: int = 0
    state: ConsentState = ConsentState.IN_FORCE

    @property
    def room_minor(self) -> int:
        """How far the balance may still fall by it."""
        return self.draw_max_minor - self.drawn_minor

    def state_at(self, now: Millis) -> ConsentState:
        """Return its state at an hour: one in force expires by itself."""
        if self.state is ConsentState.IN_FORCE and now > self.not_after_ms:
            return ConsentState.EXPIRED
        return self.state


@dataclass(slots=True)
class Consents:
    """All consents by id, in the order of arrival, and the newest one of each account."""

    by_id: dict[bytes, Agreed] = field(default_factory=dict[bytes, Agreed])
    newest: dict[str, Agreed] = field(default_factory=dict[str, Agreed])

    def in_force(self, account: str, at_ms: Millis) -> Agreed | None:
        """Return what the member of an account has consented to at an hour."""
        agreed = self.newest.get(account)
        return agreed if agreed is not None and agreed.state_at(at_ms) is ConsentState.IN_FORCE else None


@dataclass(frozen=True, slots=True)
class RevokeConsent:
    """Take it back: from now on nothing of yours is set off."""


@dataclass(frozen=True, slots=True)
class ConsentsWanted:
    """What you let be set off; for those who read all, everybody's."""

    state: Annotated[ConsentState | None, Doc("only those in this state")] = None


@dataclass(frozen=True, slots=True)
class ConsentShown:
    """What a member lets be set off."""

    id: Annotated[str, Doc("its UUID")]
    state: Annotated[ConsentState, Doc("whether it counts")]
    member: Annotated[str, Doc("the handle of who consented")]
    account: Annotated[str, Doc("the account")]
    requests: Annotated[tuple[str, ...], Doc("the payment requests of others that it lets be set off")]
    draw: Annotated[Amount, Doc("how far the balance may fall for it in all")]
    drawn: Annotated[Amount, Doc("how far the balance has fallen for it")]
    not_after: Annotated[At, Doc("until when it holds")]
    created_at: Annotated[At, Doc("when it was given")]
    owes: Annotated[Amount, Doc("what the member is asked to pay now, by open requests that name it")]
    owed: Annotated[Amount, Doc("what the member asks of others now, by open requests that name them")]


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    consents = book.of(Consents)
    match entered.body:
        case Consented() as body:
            wish = said_in(book, body, GiveConsent).wish
            draw = _draw(book, wish)
            assert wish.account is not None and wish.consent is not None and not isinstance(draw, Refused)
            before = consents.newest.get(wish.account)
            if before is not None and before.state is ConsentState.IN_FORCE:
                before.state = ConsentState.REPLACED
            agreed = Agreed(
                wish.consent,
                wish.account,
                frozenset(wish.requests),
                draw,
                wish.not_after,
                entered.seq,
                entered.at_ms,
            )
            consents.by_id[agreed.id] = consents.newest[agreed.account] = agreed
        case ConsentRevoked(name):
            consents.by_id[name].state = ConsentState.REVOKED
        case _:
            raise AssertionError(entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case Consented() as body:
            name, word = said_in(book, body, GiveConsent).wish.consent or b"", "given"
        case ConsentRevoked(name):
            word = "revoked"
        case _:
            raise AssertionError(entered.body)
    account = book.ledger.accounts[book.of(Consents).by_id[name].account]
    yield News(f"set-off-consent.{word}", uuid_text(name), (account.member or "",))


def debtor_account(book: Book, request: Request) -> str | None:
    """Return the account that owes what a request asks for; None where it names nobody or nobody's account."""
    if request.payer is None:
        return None
    name = account_id(request.payer, book.ledger.accounts[request.payee].currency)
    return name if name in book.ledger.accounts else None


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case Consented():
            return _against_consent(book, said_in(book, body, GiveConsent), at_ms)
        case ConsentRevoked(name):
            agreed = book.of(Consents).by_id.get(name)
            if agreed is None:
                return refuse(NOT_FOUND)
            if agreed.state is not ConsentState.IN_FORCE:
                return refuse(STATE_CONFLICT, state=agreed.state.value)
            return None
        case _:
            raise AssertionError(body)


def _against_consent(book: Book, said: Said[GiveConsent], at_ms: Millis) -> Refused | None:
    wish = said.wish
    account = book.ledger.accounts.get(wish.account or "")
    if account is None or account.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=wish.account or "")
    member = book.members[account.member]
    draw = _draw(book, wish)
    refused = (draw if isinstance(draw, Refused) else None) or not_said_by(said, member, capped=False)
    if refused:
        return refused
    for name in wish.requests:
        request = book.requests.get(name)
        if request is None:
            return refuse(NOT_FOUND)
        if debtor_account(book, request) != account.id:
            return refuse(ORDER_MISMATCH, field="requests")
    if wish.consent in book.of(Consents).by_id:
        return refuse(DUPLICATE)
    if at_ms > wish.not_after:
        return refuse(ORDER_EXPIRED)
    if wish.currency not in (None, account.currency):
        return refuse(CURRENCY_MISMATCH, currency=account.currency)
    return member.inactive()


def _draw(book: Book, wish: GiveConsent) -> int | Refused:
    """Return how far the balance may fall, in minor units of the account's currency."""
    if wish.draw is None or not wish.draw.value:
        return 0
    code = book.ledger.accounts[wish.account or ""].currency
    found = minor_of(wish.draw, code, book.currencies[code].scale)
    return found if isinstance(found, Refused) else payable(found) or found


def plan_give(desk: Desk, said: Said[GiveConsent]) -> Plan | Refused:
    if said.signed is None:
        told = _told(desk, said.wish)
        if isinstance(told, Refused):
            return told
        said = replace(said, wish=told)
    refused = _against_consent(desk.book, said, desk.now)
    return refused or Plan(uuid_text(said.wish.consent or b""), (Write(Consented(*said.held)),))


def _told(desk: Desk, wish: GiveConsent) -> GiveConsent | Refused:
    """Return the wish that a member without a key, or a steward for it, tells, with the account by its id."""
    book = desk.book
    address = desk.actor.member if wish.account is None else wish.account
    if address is None:
        return refuse(MALFORMED, field="account", expected="a value")
    code = wish.currency if wish.draw is None or wish.draw.asset_code is None else wish.draw.asset_code
    account = book.resolve_account(book.local(address) or address, code)
    if isinstance(account, Refused):
        return account
    if account.member is None or not acts_for(desk.actor, book.members[account.member]):
        return refuse(FORBIDDEN, allowed="the member itself")
    return replace(wish, account=account.id)


def plan_revoke(desk: Desk, name: str, wish: RevokeConsent) -> Plan | Refused:
    del wish
    book = desk.book
    agreed = book.of(Consents).by_id.get(parse_uuid(name) or b"")
    if agreed is None:
        return refuse(NOT_FOUND)
    if not acts_for(desk.actor, book.members[book.ledger.accounts[agreed.account].member or ""]):
        return refuse(FORBIDDEN, allowed="the member itself")
    body = ConsentRevoked(agreed.id)
    return _against(book, body, desk.now) or Plan(name, (Write(body),))


def view_consent(desk: Desk, name: str) -> ConsentShown | Refused:
    agreed = desk.book.of(Consents).by_id.get(parse_uuid(name) or b"")
    if agreed is None:
        return refuse(NOT_FOUND)
    if not may_see(desk.actor, desk.book.ledger.accounts[agreed.account].member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return _shown(desk, agreed)


def view_consents(desk: Desk, wanted: ConsentsWanted, after: int) -> Iterable[tuple[int, ConsentShown]]:
    found = list(desk.book.of(Consents).by_id.values())
    if desk.actor.role not in READERS:
        own = {account.id for account in desk.book.ledger.of_member(desk.actor.member or "")}
        found = [one for one in found if one.account in own]
    return (
        (cursor, _shown(desk, one))
        for cursor, one in since(found, after)
        if wanted.state in (None, one.state_at(desk.now))
    )


def _shown(desk: Desk, agreed: Agreed) -> ConsentShown:
    book = desk.book
    account = book.ledger.accounts[agreed.account]
    mine = list(_open_of(desk, account))

    def amount(minor: int) -> Amount:
        return book.amount(account.currency, minor)

    return ConsentShown(
        id=uuid_text(agreed.id),
        state=agreed.state_at(desk.now),
        member=book.name_of(account.id),
        account=account.id,
        requests=tuple(uuid_text(one) for one in sorted(agreed.requests)),
        draw=amount(agreed.draw_max_minor),
        drawn=amount(agreed.drawn_minor),
        not_after=agreed.not_after_ms,
        created_at=agreed.at_ms,
        owes=amount(sum(one.left_minor for one in mine if one.payer == account.member)),
        owed=amount(sum(one.left_minor for one in mine if one.payee == account.id)),
    )


def _open_of(desk: Desk, account: Account) -> Iterator[Request]:
    """Yield the obligations that are open now and concern an account."""
    book = desk.book
    for request in book.requests.find("member", account.member or ""):
        of_account = book.ledger.accounts[request.payee].currency == account.currency
        if of_account and request.payer is not None and request.state_at(desk.now) is RequestState.OPEN:
            yield request


PRACTICE = Practice(
    name="set-off-consents",
    entries=(Consented, ConsentRevoked),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Create(
            "set-off-consents",
            GiveConsent,
            plan=plan_give,
            signed=KEY_OR_WORD,
            example="mutirao set-off-consents create --requests ID --draw 20.00 --not-after 2027-01-01 --key ana.key",
        ),
        Act(
            "set-off-consents",
            "revoke",
            RevokeConsent,
            plan=plan_revoke,
            example="mutirao set-off-consents revoke ID",
        ),
        Show("set-off-consents", ConsentShown, view=view_consent, example="mutirao set-off-consents show ID"),
        List(
            "set-off-consents",
            ConsentsWanted,
            ConsentShown,
            view=view_consents,
            own=True,
            example="mutirao set-off-consents list --state in_force",
        ),
    ),
)
