# SPDX-License-Identifier: AGPL-3.0-or-later
"""Set-offs inside a network: what members owe each other and let be set off is cancelled by one balanced entry.

The entry tells how much of which payment request is cancelled; what balances change by follows from it. Every
node checks that nobody is drawn in who has not consented, nor further; how much is cancelled is the author's
choice, who takes the largest set-off under the head of the ledger as salt, so that others can compute it again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.book import Book, Request, RequestState, since
from protocol.book.declaration import (
    READERS,
    STEWARDS,
    Act,
    At,
    Desk,
    Doc,
    Entered,
    List,
    News,
    Plan,
    Practice,
    Show,
    Write,
)
from protocol.book.ledger import Account, Posting
from protocol.book.money import AMOUNT_MINOR_MAX, Amount
from protocol.book.refusals import (
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.book.signed import Id, Minor, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.practices.money.currencies.entries import Code
from protocol.practices.money.obligations.rules import debtor_account
from protocol.practices.money.obligations.state import Agreed, Consents
from protocol.practices.money.payments.rules import REQUEST_CLOSED
from protocol.practices.money.payments.transfers import reserved
from protocol.solvers.mincost import has_ortools
from protocol.solvers.netting import OBLIGATIONS_TOTAL_MAX, Headroom, Obligation, set_off
from protocol.wire.shape import AtMost

CONSENT_EXCEEDED = Reason("CONSENT_EXCEEDED", Stage.RULE, 422, "This goes beyond what a member lets be set off")

SHARES_MAX = 2_000
"""Requests that one entry may cancel: with 29 bytes at most for each they fit into an entry."""
OBLIGATIONS_MAX = 100_000
"""The oldest obligations that one set-off looks at: ortools has them in some seconds."""
OBLIGATIONS_BARE_MAX = 10_000
"""The same without ortools: networkx has them in about a second, for which the node stands still."""


@dataclass(frozen=True, slots=True)
class Share:
    """So much of a payment request is cancelled (minor units)."""

    request: Id
    amount: Minor


@dataclass(frozen=True, slots=True)
class SetOffMade:
    """What members owe each other in a currency is set off; the shares stand in the order of their requests' ids."""

    KIND: ClassVar[str] = "obligations/set-off"
    set_off: Id
    currency: Code
    shares: Annotated[tuple[Share, ...], AtMost(SHARES_MAX)]


@dataclass(slots=True)
class Party:
    """What a set-off does to an account: what it owes less and is owed less, its balance before (minor units)."""

    owes_less_minor: int = 0
    owed_less_minor: int = 0
    before_minor: int = 0

    @property
    def change_minor(self) -> int:
        """By how much its balance changes: who is freed of more than it gives up pays the difference."""
        return self.owed_less_minor - self.owes_less_minor


@dataclass(slots=True)
class Made:
    """A set-off as the book keeps it."""

    id: bytes
    currency: str
    arrival: int
    at_ms: Millis
    shares: tuple[Share, ...]
    ends: tuple[tuple[str, str], ...]
    """The accounts that owed and were owed each share."""
    parties: dict[str, Party]


@dataclass(slots=True)
class SetOffs:
    """All set-offs by id, in the order of arrival, and those of each account."""

    by_id: dict[bytes, Made] = field(default_factory=dict[bytes, Made])
    of_account: dict[str, list[Made]] = field(default_factory=dict[str, list[Made]])


@dataclass(frozen=True, slots=True)
class ClearObligations:
    """Set off all that members owe each other in a currency and let be set off, as far as one entry holds it.

    `mutirao obligations show` tells beforehand what comes of it. Where more is left than one entry holds, do it again.
    """


@dataclass(frozen=True, slots=True)
class ObligationsOf:
    """What a member owes and is owed by open payment requests that name their payer, before and after a set-off."""

    member: Annotated[str, Doc("the handle")]
    account: Annotated[str, Doc("the account")]
    owes: Annotated[Amount, Doc("what it is asked to pay")]
    owes_after: Annotated[Amount, Doc("the same after the set-off")]
    owed: Annotated[Amount, Doc("what it asks of others")]
    owed_after: Annotated[Amount, Doc("the same after the set-off")]
    balance: Annotated[Amount, Doc("its balance")]
    balance_after: Annotated[Amount, Doc("the same after the set-off")]


@dataclass(frozen=True, slots=True)
class ObligationsShown:
    """What members owe each other in a currency, and what a set-off would make of it now; or has made of it."""

    id: Annotated[str, Doc("the code of the currency")]
    set_off: Annotated[str | None, Doc("the set-off that was made; null: this only shows what one would do")]
    open: Annotated[Amount, Doc("what all open payment requests that name their payer ask for")]
    consented: Annotated[Amount, Doc("what of that both sides let be set off")]
    cleared: Annotated[Amount, Doc("what of that one entry cancels")]
    drawn: Annotated[Amount, Doc("by how much balances fall for it in all")]
    requests: Annotated[int, Doc("how many payment requests it cancels, or parts of them")]
    next: Annotated[Amount, Doc("what more could be cancelled, but does not fit into one entry")]
    members: Annotated[tuple[ObligationsOf, ...], Doc("each member for whom something changes")]


@dataclass(frozen=True, slots=True)
class SetOffsWanted:
    """Set-offs that you had a part in; for those who read all, every one."""

    currency: Annotated[Code | None, Doc("only set-offs in this currency")] = None


@dataclass(frozen=True, slots=True)
class PartyShown:
    """What a set-off has done to a member."""

    member: Annotated[str, Doc("the handle")]
    account: Annotated[str, Doc("the account")]
    owes_less: Annotated[Amount, Doc("what was cancelled of what it owed")]
    owed_less: Annotated[Amount, Doc("what was cancelled of what it was owed")]
    balance_before: Annotated[Amount, Doc("its balance before")]
    balance_after: Annotated[Amount, Doc("its balance after")]


@dataclass(frozen=True, slots=True)
class ShareShown:
    """What of a payment request was cancelled."""

    request: Annotated[str, Doc("the payment request")]
    payer: Annotated[str, Doc("the handle of who owed it")]
    payee: Annotated[str, Doc("the handle of who was owed")]
    amount: Annotated[Amount, Doc("how much of it was cancelled")]


@dataclass(frozen=True, slots=True)
class SetOffListed:
    """A set-off; its figures are yours, or for those who read all everybody's."""

    id: Annotated[str, Doc("its UUID")]
    currency: Annotated[str, Doc("the code of the currency")]
    created_at: Annotated[At, Doc("when it was made")]
    cleared: Annotated[Amount, Doc("what was cancelled of payment requests")]
    requests: Annotated[int, Doc("of how many payment requests")]
    entry: Annotated[int, Doc("the place in the ledger lane of its entry")]


@dataclass(frozen=True, slots=True)
class SetOffShown:
    """A set-off with its parts; members see their own, and those who read all see everybody's."""

    id: Annotated[str, Doc("its UUID")]
    currency: Annotated[str, Doc("the code of the currency")]
    created_at: Annotated[At, Doc("when it was made")]
    cleared: Annotated[Amount, Doc("what was cancelled of payment requests")]
    members: Annotated[tuple[PartyShown, ...], Doc("what it has done to each member")]
    requests: Annotated[tuple[ShareShown, ...], Doc("what of each payment request was cancelled")]
    entry: Annotated[int, Doc("the place in the ledger lane of its entry")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, SetOffMade)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, SetOffMade)
    parties = _parties(book, body.shares)
    ends = tuple(_ends(book, share) for share in body.shares)
    made = Made(body.set_off, body.currency, entered.seq, entered.at_ms, body.shares, ends, parties)
    set_offs, consents = book.of(SetOffs), book.of(Consents)
    set_offs.by_id[made.id] = made
    for share in body.shares:
        book.requests.change(share.request).set_off(share.amount)
    postings: list[Posting] = []
    for account, party in parties.items():
        set_offs.of_account.setdefault(account, []).append(made)
        party.before_minor = book.ledger.accounts[account].balance_minor
        if party.change_minor:
            postings.append(Posting(account, party.change_minor, "set-off"))
        consents.newest[account].drawn_minor += max(0, -party.change_minor)
    return postings


def news(book: Book, entered: Entered) -> Iterable[News]:
    assert isinstance(entered.body, SetOffMade)
    made = book.of(SetOffs).by_id[entered.body.set_off]
    members = (book.ledger.accounts[account].member for account in made.parties)
    yield News("set-off.made", uuid_text(made.id), tuple(member for member in members if member is not None))


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest set-off at an hour: its shares as one entry holds them, and what of it does not fit (minor units)."""

    shares: tuple[Share, ...]
    consented_minor: int
    beyond_minor: int


def largest(book: Book, currency: str, at_ms: Millis) -> Largest:
    """Return the largest set-off of what is owed in a currency: the same of the same book, on every node."""
    requests = list(_settable(book, currency, at_ms))
    obligations = [Obligation(one.id, debtor, one.payee, one.left_minor) for one, debtor in requests]
    parties = sorted({party for one in obligations for party in (str(one.debtor), str(one.creditor))})
    salt = book.network if book.head is None else book.head[1]
    found = set_off(obligations, salt, [_headroom(book, party) for party in parties])
    cleared = {name: amount for name, amount in found.cleared.items() if isinstance(name, bytes)}
    fitting = cleared if len(cleared) <= SHARES_MAX else _fitting(obligations, cleared, found.changes)
    return Largest(
        tuple(Share(name, fitting[name]) for name in sorted(fitting)),
        sum(one.amount for one in obligations),
        sum(cleared.values()) - sum(fitting.values()),
    )


def _settable(book: Book, currency: str, at_ms: Millis) -> Iterator[tuple[Request, str]]:
    """Yield what may be set off, the oldest first, and the account that owes it; as much as a solver takes."""
    left = OBLIGATIONS_MAX if has_ortools() else OBLIGATIONS_BARE_MAX
    total = 0
    for request, debtor in _open(book, currency, at_ms):
        consents = _refusing(book, request, debtor, at_ms)
        if consents is None and total + request.left_minor <= OBLIGATIONS_TOTAL_MAX:
            yield request, debtor
            total += request.left_minor
            left -= 1
        if not left:
            return


def _open(book: Book, currency: str, at_ms: Millis) -> Iterator[tuple[Request, str]]:
    """Yield the requests in a currency that name somebody with an account to pay from, and are open."""
    for request in book.requests.values():
        if request.state_at(at_ms) is RequestState.OPEN and book.ledger.accounts[request.payee].currency == currency:
            debtor = debtor_account(book, request)
            if debtor is not None:
                yield request, debtor


def _headroom(book: Book, name: str) -> Headroom:
    """Return how far a balance may move: what is pending has left it already, and may come back, but not yet."""
    account, agreed = book.ledger.accounts[name], book.of(Consents).newest[name]
    may_pay = agreed.room_minor if account.headroom_minor is None else account.headroom_minor
    most = AMOUNT_MINOR_MAX if account.most_minor is None else account.most_minor
    rise = most - account.balance_minor - reserved(account)
    return Headroom(name, min(agreed.room_minor, may_pay), max(0, rise))


def _refusing(book: Book, request: Request, debtor: str, at_ms: Millis) -> Refused | None:
    """Return which of the two sides keeps a request from being set off."""
    consents = book.of(Consents)
    for name in (debtor, request.payee):
        agreed: Agreed | None = consents.in_force(name, at_ms)
        if agreed is None or (name == debtor and request.id not in agreed.requests):
            return refuse(CONSENT_EXCEEDED, member=book.name_of(name))
        refused = book.members[book.ledger.accounts[name].member or ""].inactive()
        if refused:
            return refused
    return None


def _against(book: Book, body: SetOffMade, at_ms: Millis) -> Refused | None:
    """Return why a set-off may not stand: the same answer on every node.

    How far a balance may fall is what its member has consented to, without which there is no debit, and so every
    node looks at it; the limits of accounts are the author's to look at.
    """
    names = [share.request for share in body.shares]
    if not names or names != sorted(set(names)):
        return refuse(MALFORMED, field="shares", expected="shares in the order of their requests")
    if any(share.amount <= 0 for share in body.shares):
        return refuse(AMOUNT_NOT_POSITIVE)
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if body.set_off in book.of(SetOffs).by_id:
        return refuse(DUPLICATE)
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    book.requests.need(share.request for share in body.shares)
    for share in body.shares:
        request = book.requests.get(share.request)
        if request is None:
            return refuse(NOT_FOUND)
        debtor = debtor_account(book, request)
        if debtor is None or book.ledger.accounts[debtor].currency != body.currency:
            return refuse(CURRENCY_MISMATCH, currency=body.currency)
        state = request.state_at(at_ms)
        if state is not RequestState.OPEN:
            return refuse(REQUEST_CLOSED, state=state.value)
        if share.amount > request.left_minor:
            return refuse(AMOUNT_TOO_LARGE, maximum=request.left_minor)
        refused = _refusing(book, request, debtor, at_ms)
        if refused:
            return refused
    return _drawn_too_far(book, _parties(book, body.shares))


def _drawn_too_far(book: Book, parties: Mapping[str, Party]) -> Refused | None:
    for name, party in parties.items():
        agreed, account = book.of(Consents).newest[name], book.ledger.accounts[name]
        if -party.change_minor > agreed.room_minor:
            return refuse(CONSENT_EXCEEDED, available=agreed.room_minor, currency=account.currency)
        refused = book.ledger.uncountable((name, party.change_minor + max(0, reserved(account))))
        if refused:
            return refused
    return None


def _parties(book: Book, shares: Sequence[Share]) -> dict[str, Party]:
    """Return what shares mean to each account, in the order of the accounts' ids."""
    parties: dict[str, Party] = {}
    for share in shares:
        debtor, creditor = _ends(book, share)
        parties.setdefault(debtor, Party()).owes_less_minor += share.amount
        parties.setdefault(creditor, Party()).owed_less_minor += share.amount
    return dict(sorted(parties.items()))


def _ends(book: Book, share: Share) -> tuple[str, str]:
    """Return the accounts that owe and are owed what a share is of."""
    request = book.requests[share.request]
    debtor = debtor_account(book, request)
    assert debtor is not None
    return debtor, request.payee


@dataclass(slots=True)
class _Way:
    """What still passes from one account to another, or to or from the circle of mutual credit ("")."""

    head: str
    left: int
    request: bytes | None = None


def _fitting(
    obligations: Sequence[Obligation], cleared: Mapping[bytes, int], changes: Mapping[bytes | str, int]
) -> dict[bytes, int]:
    """Return a part of a set-off that one entry holds: whole circles of it, each balanced by itself.

    Whatever circles are taken, no balance moves further than by all of them. One that does not fit is left out.
    """
    leads: dict[str, list[_Way]] = {}
    for one in sorted(obligations, key=lambda one: one.id):
        if isinstance(one.id, bytes) and one.id in cleared:
            leads.setdefault(str(one.debtor), []).append(_Way(str(one.creditor), cleared[one.id], one.id))
    for name, change in sorted((str(name), change) for name, change in changes.items()):
        tail, head = ("", name) if change < 0 else (name, "")
        leads.setdefault(tail, []).append(_Way(head, abs(change)))
    taken: dict[bytes, int] = {}
    for circle, amount in _circles(leads):
        names = [way.request for way in circle if way.request is not None]
        if len(taken) + sum(name not in taken for name in names) <= SHARES_MAX:
            for name in names:
                taken[name] = taken.get(name, 0) + amount
    return taken


def _circles(leads: Mapping[str, list[_Way]]) -> Iterator[tuple[list[_Way], int]]:
    """Take a circulation apart into circles that meet no account twice, each with what passes around it."""
    for start in sorted(leads):
        path: list[_Way] = []
        node, place = start, {start: 0}
        while True:
            ways = leads[node]
            while ways and not ways[-1].left:
                ways.pop()
            if not ways:
                break
            path.append(ways[-1])
            node = ways[-1].head
            if node in place:
                circle = path[place[node] :]
                del path[place[node] :]
                amount = min(way.left for way in circle)
                for way in circle:
                    way.left -= amount
                    if way.head != node:
                        del place[way.head]
                yield circle, amount
            else:
                place[node] = len(path)
        assert not path, "what enters an account leaves it"


def plan_clear(desk: Desk, code: str, wish: ClearObligations) -> Plan | Refused:
    del wish
    book = desk.book
    found = _found(book, code, desk.now)
    if isinstance(found, Refused):
        return found
    if not found.shares:
        return refuse(STATE_CONFLICT, state="nothing to set off")
    body = SetOffMade(drawn_id(desk.chance), code, found.shares)
    refused = _against(book, body, desk.now)
    if refused:
        return refused
    for name, party in _parties(book, found.shares).items():
        account, change = book.ledger.accounts[name], party.change_minor
        assert change >= 0 or book.ledger.debit_refusal(account, -change) is None
        assert change <= 0 or book.ledger.credit_refusal(account, change) is None
    name = uuid_text(body.set_off)
    return Plan(code, (Write(body),), answer=_previewed(book, code, desk.now, found, name))


def view_obligations(desk: Desk, code: str) -> ObligationsShown | Refused:
    found = _found(desk.book, code, desk.now)
    return found if isinstance(found, Refused) else _previewed(desk.book, code, desk.now, found, None)


def _found(book: Book, code: str, now: Millis) -> Largest | Refused:
    currency = book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:64])
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=code)
    return largest(book, code, now)


def _previewed(book: Book, code: str, now: Millis, found: Largest, set_off: str | None) -> ObligationsShown:
    parties = _parties(book, found.shares)
    owes: dict[str, int] = {}
    owed: dict[str, int] = {}
    for request, debtor in _open(book, code, now):
        owes[debtor] = owes.get(debtor, 0) + request.left_minor
        owed[request.payee] = owed.get(request.payee, 0) + request.left_minor

    def amount(minor: int) -> Amount:
        return book.amount(code, minor)

    def row(account: Account, party: Party) -> ObligationsOf:
        owes_minor, owed_minor = owes.get(account.id, 0), owed.get(account.id, 0)
        return ObligationsOf(
            member=book.name_of(account.id),
            account=account.id,
            owes=amount(owes_minor),
            owes_after=amount(owes_minor - party.owes_less_minor),
            owed=amount(owed_minor),
            owed_after=amount(owed_minor - party.owed_less_minor),
            balance=amount(account.balance_minor),
            balance_after=amount(account.balance_minor + party.change_minor),
        )

    return ObligationsShown(
        id=code,
        set_off=set_off,
        open=amount(sum(owes.values())),
        consented=amount(found.consented_minor),
        cleared=amount(sum(share.amount for share in found.shares)),
        drawn=amount(sum(max(0, -party.change_minor) for party in parties.values())),
        requests=len(found.shares),
        next=amount(found.beyond_minor),
        members=tuple(row(book.ledger.accounts[name], party) for name, party in parties.items()),
    )


def view_set_off(desk: Desk, name: str) -> SetOffShown | Refused:
    book = desk.book
    made = book.of(SetOffs).by_id.get(parse_uuid(name) or b"")
    if made is None:
        return refuse(NOT_FOUND)
    accounts, shares = _seen(desk, made)
    if not accounts:
        return refuse(FORBIDDEN, allowed="its members")

    def amount(minor: int) -> Amount:
        return book.amount(made.currency, minor)

    return SetOffShown(
        id=uuid_text(made.id),
        currency=made.currency,
        created_at=made.at_ms,
        cleared=amount(sum(share.amount for share, _ in shares)),
        members=tuple(
            PartyShown(
                member=book.name_of(account),
                account=account,
                owes_less=amount(party.owes_less_minor),
                owed_less=amount(party.owed_less_minor),
                balance_before=amount(party.before_minor),
                balance_after=amount(party.before_minor + party.change_minor),
            )
            for account, party in made.parties.items()
            if account in accounts
        ),
        requests=tuple(
            ShareShown(
                request=uuid_text(share.request),
                payer=book.name_of(debtor),
                payee=book.name_of(creditor),
                amount=amount(share.amount),
            )
            for share, (debtor, creditor) in shares
        ),
        entry=made.arrival,
    )


def view_set_offs(desk: Desk, wanted: SetOffsWanted, after: int) -> Iterable[tuple[int, SetOffListed]]:
    book = desk.book
    set_offs = book.of(SetOffs)
    if desk.actor.role in READERS:
        found = list(set_offs.by_id.values())
    else:
        own = (set_offs.of_account.get(one.id, ()) for one in book.ledger.of_member(desk.actor.member or ""))
        found = sorted((made for some in own for made in some), key=lambda made: made.arrival)
    for cursor, made in since(found, after):
        if wanted.currency in (None, made.currency):
            shares = [share for share, _ in _seen(desk, made)[1]]
            yield (
                cursor,
                SetOffListed(
                    id=uuid_text(made.id),
                    currency=made.currency,
                    created_at=made.at_ms,
                    cleared=book.amount(made.currency, sum(share.amount for share in shares)),
                    requests=len(shares),
                    entry=made.arrival,
                ),
            )


def _seen(desk: Desk, made: Made) -> tuple[frozenset[str], tuple[tuple[Share, tuple[str, str]], ...]]:
    """Return the accounts and the shares of a set-off that whoever asks may see: its own, or all."""
    if desk.actor.role in READERS:
        return frozenset(made.parties), tuple(zip(made.shares, made.ends, strict=True))
    book = desk.book
    own = frozenset(one.id for one in book.ledger.of_member(desk.actor.member or "") if one.id in made.parties)
    return own, tuple(
        (share, ends) for share, ends in zip(made.shares, made.ends, strict=True) if not own.isdisjoint(ends)
    )


PRACTICE = Practice(
    name="obligations",
    entries=(SetOffMade,),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Show(
            "obligations", ObligationsShown, view=view_obligations, who=READERS, example="mutirao obligations show HORA"
        ),
        Act(
            "obligations",
            "clear",
            ClearObligations,
            plan=plan_clear,
            who=STEWARDS,
            example="mutirao obligations clear HORA",
        ),
        Show("set-offs", SetOffShown, view=view_set_off, example="mutirao set-offs show ID"),
        List("set-offs", SetOffsWanted, SetOffListed, view=view_set_offs, own=True, example="mutirao set-offs list"),
    ),
    refusals=(CONSENT_EXCEEDED,),
)
