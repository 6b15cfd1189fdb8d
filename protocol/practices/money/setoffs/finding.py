# SPDX-License-Identifier: AGPL-3.0-or-later
"""The largest set-off that may be made now among the payments that members have consented to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from protocol.book.book import Book
from protocol.book.issuer_groups import outside
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.refusals import CURRENCY_CLOSED, CURRENCY_UNKNOWN, Refused, refuse
from protocol.book.requests import Request, RequestState
from protocol.lanes.entry import Millis
from protocol.practices.money.obligations.rules import debtor_account
from protocol.practices.money.obligations.state import Agreed, Consents
from protocol.practices.money.payments.transfers import reserved
from protocol.practices.money.setoffs.entries import CONSENT_EXCEEDED, SHARES_MAX, Share
from protocol.solvers.mincost import has_ortools
from protocol.solvers.netting import OBLIGATIONS_TOTAL_MAX, Headroom, Obligation, set_off

OBLIGATIONS_MAX = 100_000
"""The oldest obligations that one set-off looks at: ortools has them in some seconds."""
OBLIGATIONS_BARE_MAX = 10_000
"""The same without ortools: networkx has them in about a second, for which the node stands still."""


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest set-off at an hour: its shares as one entry holds them, and what of it does not fit (minor units)."""

    shares: tuple[Share, ...]
    consented_minor: int
    beyond_minor: int


def largest(book: Book, currency: str, at_ms: Millis) -> Largest:
    """Return the largest set-off of what is owed in a currency: the same of the same book, on every node."""
    obligations, headrooms = open_now(book, currency, at_ms)
    salt = book.network if book.head is None else book.head[1]
    found = set_off(obligations, salt, headrooms)
    cleared = {name: amount for name, amount in found.cleared.items() if isinstance(name, bytes)}
    fitting = cleared if len(cleared) <= SHARES_MAX else _fitting(obligations, cleared, found.changes)
    return Largest(
        tuple(Share(name, fitting[name]) for name in sorted(fitting)),
        sum(one.amount for one in obligations),
        sum(cleared.values()) - sum(fitting.values()),
    )


def open_now(book: Book, currency: str, at_ms: Millis) -> tuple[list[Obligation], list[Headroom]]:
    """Return what may be set off in a currency at an hour, and how far the balances of those concerned may move."""
    requests = _settable(book, currency, at_ms)
    obligations = [Obligation(one.id, debtor, one.payee, one.left_minor) for one, debtor in requests]
    parties = sorted({party for one in obligations for party in (str(one.debtor), str(one.creditor))})
    return obligations, [_headroom(book, party) for party in parties]


def _settable(book: Book, currency: str, at_ms: Millis) -> Iterator[tuple[Request, str]]:
    """Yield what may be set off, the oldest first, and the account that owes it; as much as a solver takes."""
    left = OBLIGATIONS_MAX if has_ortools() else OBLIGATIONS_BARE_MAX
    total = 0
    for request, debtor in open_between(book, currency, at_ms):
        consents = refusing(book, request, debtor, at_ms)
        if consents is None and total + request.left_minor <= OBLIGATIONS_TOTAL_MAX:
            yield request, debtor
            total += request.left_minor
            left -= 1
        if not left:
            return


def open_between(book: Book, currency: str, at_ms: Millis) -> Iterator[tuple[Request, str]]:
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


def refusing(book: Book, request: Request, debtor: str, at_ms: Millis) -> Refused | None:
    """Return which of the two sides keeps a request from being set off."""
    consents = book.of(Consents)
    for name in (debtor, request.payee):
        agreed: Agreed | None = consents.in_force(name, at_ms)
        if agreed is None or (name == debtor and request.id not in agreed.requests):
            return refuse(CONSENT_EXCEEDED, member=book.name_of(name))
        refused = book.members[book.ledger.accounts[name].member or ""].inactive()
        if refused:
            return refused
    return outside(book, book.ledger.accounts[debtor], book.ledger.accounts[request.payee])


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


def largest_now(book: Book, code: str, now: Millis) -> Largest | Refused:
    currency = book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:64])
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=code)
    return largest(book, code, now)
