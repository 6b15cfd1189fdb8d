# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happens to a thing is what its lifecycle tells, and rules ask it: a lead more or less is noticed by a vector."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, cast

import pytest

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.lifecycle import HOUR, Lifecycle
from protocol.book.money import Amount
from protocol.book.payments import PaymentState
from protocol.practices import PRACTICES
from protocol.practices.between.abroad.entries import Arrived, Come
from protocol.practices.between.quotes.invoices import Invoice, encode_invoice
from protocol.practices.chains.entries import MissingLinkState, RecipeFulfilled, RecipeMoved, RecipeSaid
from protocol.practices.chains.state import inputs_of
from protocol.practices.governance.motions.entries import Ballot, MotionClosed, MotionDrafted, Vote, Voted
from protocol.practices.governance.motions.state import Motions
from protocol.practices.market.orders.entries import (
    OrderAccepted,
    OrderCancelled,
    OrderConfirmed,
    OrderDeclined,
    OrderDelivered,
    OrderDenied,
    OrderDisputed,
    OrderPlaced,
    OrderSettled,
)
from protocol.practices.market.orders.state import ORDERS
from protocol.practices.money.obligations.entries import Consented, GiveConsent
from protocol.practices.money.obligations.state import Consents
from protocol.practices.money.requests.entries import Declined, RequestCancelled, Requested
from protocol.practices.money.schedules.entries import (
    Continued,
    Missed,
    Paused,
    Ran,
    ScheduleCancelled,
    Scheduled,
    SchedulePayment,
)
from protocol.practices.money.schedules.state import Schedules
from protocol.practices.money.setoffs.entries import SetOffMade, Share
from protocol.practices.people.invitations import Invitations
from protocol.practices.people.members.entries import Leave, LimitsSet, MemberLeft, Suspended
from tests.protocol import test_own_vectors as own
from tests.slips.code import empty_caches
from tests.slips.test_slips import LEDGER
from tests.soak.marked import rest_to_soak

LIVES: dict[str, Lifecycle[StrEnum]] = {life.name: life for practice in PRACTICES for life in practice.lives}
KEPT: dict[str, Callable[[Book], Mapping[Any, Any]]] = {
    "members": lambda book: book.members,
    "invitations": lambda book: book.of(Invitations).by_id,
    "payments": lambda book: dict(book.payments.items()),
    "payment-requests": lambda book: dict(book.requests.items()),
    "scheduled-payments": lambda book: book.of(Schedules).by_id,
    "set-off-consents": lambda book: book.of(Consents).by_id,
    "motions": lambda book: book.of(Motions).by_id,
    "orders": lambda book: dict(book.rows(ORDERS).items()),
    "recipes": lambda book: inputs_of(book).recipes,
}
Change = tuple[str, Any, str, Any]
"""In which lifecycle, from which state, by an entry of which kind, to which other state."""


def states(book: Book) -> dict[tuple[str, Any], Any]:
    """Return the state of all that a book keeps, as it is stored and as it is shown at the end of all time."""
    found: dict[tuple[str, Any], Any] = {}
    for name, rows in KEPT.items():
        for key, row in rows(book).items():
            found[name, key] = row.state
            if hasattr(row, "state_at"):
                found[f"{name} at last", key] = row.state_at(2**52)
    return found


class Told:
    """A book that is told one entry after the other, and whose things change in the meantime."""

    def __init__(self) -> None:
        self.book = own.trace_book()
        self.before: dict[tuple[str, Any], Any] = {}
        self.changes: list[Change] = []
        for case in own.TRACE["entries"]:
            self._apply(own.trace_entered(self.book, case["wire"]))
        self.entered = own.trace_entered(self.book, TRACE_END)

    def _apply(self, entered: Entered) -> None:
        self.book.apply(entered)
        after = states(self.book)
        for at, state in after.items():
            if state is not self.before.get(at):
                self.changes.append((at[0], self.before.get(at), entered.body.KIND, state))
        self.before = after

    def tell(self, body: Any, code: str = "", *, after_ms: int = 1) -> None:
        """Write what every node takes, or show what each refuses by a code."""
        entered = self.entered._replace(body=body, seq=self.entered.seq + 1, at_ms=self.entered.at_ms + after_ms)
        refused = self.book.check(entered)
        assert ("" if refused is None else refused.code) == code, body
        if refused is None:
            self.entered = entered._replace(id=sha256(entered.id).digest())
            self._apply(self.entered)


TRACE_END = own.TRACE["entries"][-1]["wire"]


def changes() -> list[Change]:
    """Return every change of a state in the published story of a ledger, and in what follows here."""
    told = Told()
    tell, book = told.tell, told.book
    by_handle = book.member_by_handle
    now = told.entered.at_ms

    # Who waits, or is suspended, is limited and leaves.
    tell(Suspended(by_handle["elis"]))
    for handle in ("rui", "elis"):
        tell(LimitsSet(f"{by_handle[handle]}.HORA", -1, None))
    for handle in ("teo", "elis"):
        tell(MemberLeft(None, Leave(by_handle[handle])))

    # A standing order that is paused is not run, is cancelled, or outlasted by the pause.
    tita, gilberto = f"{by_handle['tita']}.HORA", f"{by_handle['gilberto']}.HORA"
    amount = Amount(100, "HORA", 2)
    for order in (b"a" * 16, b"b" * 16):
        tell(Scheduled(None, SchedulePayment(gilberto, amount, now + 1_000, payer=tita, schedule=order)))
        tell(Paused(order))
    tell(Ran(b"a" * 16, 0), "STATE_CONFLICT", after_ms=2_000)
    tell(Missed(b"a" * 16, 0, "LIMIT_EXCEEDED"), "STATE_CONFLICT", after_ms=2_000)
    tell(ScheduleCancelled(b"a" * 16))
    tell(Continued(b"b" * 16), after_ms=2_000)

    # What came of a request is no matter to what has arrived from abroad.
    requests = [bytes([number]) * 16 for number in range(4)]
    for request in requests:
        tell(Requested(request, gilberto, 100, by_handle["tita"], None, None))
    tell(Declined(requests[1]))
    tell(RequestCancelled(requests[2]))
    for number, request in enumerate((*requests[:3], requests[0])):
        tell(arrived(book.network, gilberto, request, bytes([number]) * 16))

    # A consent gives way to the next, and counts until its date.
    until = told.entered.at_ms + 1_000
    tell(Consented(None, GiveConsent(until, tita, "HORA", (), consent=b"c" * 16)))
    draw = GiveConsent(until, tita, "HORA", (requests[3],), amount, b"d" * 16)
    tell(Consented(None, draw))
    tell(Consented(None, GiveConsent(until + 2_000, gilberto, "HORA", (), consent=b"e" * 16)))
    set_off = SetOffMade(b"s" * 16, "HORA", (Share(requests[3], 100),))
    tell(set_off, "CONSENT_EXCEEDED", after_ms=1_500)
    tell(set_off)

    # A motion is voted on while it is open, and closed once.
    motion = MotionDrafted(b"m" * 16, None, "a shed", None, (), (), "members", 50_00, 50_00, 10**9, until + 10**9)
    tell(motion)
    tell(Voted(None, Vote(motion.motion, Ballot.YES, by_handle["tita"])), "MOTION_CLOSED")
    tell(MotionClosed(motion.motion), after_ms=2 * 10**9)
    tell(MotionClosed(motion.motion), "STATE_CONFLICT", after_ms=2 * 10**9)
    orders(told)
    missing_links(told)
    return told.changes


def missing_links(told: Told) -> None:
    """What becomes of a missing link, and what of it is corrected meanwhile."""
    tell, state = told.tell, MissingLinkState
    number = 0

    def said(*steps: Any) -> Callable[[MissingLinkState], RecipeMoved]:
        nonlocal number
        number += 1
        id = bytes([number]) * 16
        recipe = RecipeSaid(id, f"link-{number}", "bread", 0, (), 1_000_000, 0, 0, 0, None, None, None)
        tell(recipe)
        for step in steps:
            tell(RecipeFulfilled(id) if step is None else RecipeMoved(id, step, None))
            tell(recipe)
        return lambda to: RecipeMoved(id, to, None)

    for steps, wrong in (
        ((), (state.MATCHED, state.TRIAL, state.STABLE, state.FAILED, None)),
        ((state.WANTED,), (state.WANTED, state.TRIAL, state.STABLE, None)),
        ((state.WANTED, state.MATCHED), (state.WANTED, state.MATCHED, state.STABLE, None)),
        ((state.WANTED, state.MATCHED, state.TRIAL, None), (state.WANTED, state.TRIAL, state.STABLE)),
        ((state.WANTED, state.MATCHED, state.TRIAL, None, None, None, None), (state.WANTED, state.TRIAL, state.STABLE)),
        ((state.WANTED, state.FAILED), (*state, None)),
        ((state.WANTED, state.MATCHED, state.FAILED), (*state, None)),
        ((state.WANTED, state.MATCHED, state.TRIAL, state.FAILED), (*state, None)),
        ((state.WANTED, state.MATCHED, state.TRIAL, None, None, None, state.FAILED), (*state, None)),
    ):
        moved = said(*steps)
        for one in wrong:
            tell(RecipeFulfilled(moved(state.WANTED).recipe) if one is None else moved(one), "STATE_CONFLICT")
    ordered_links(told)


def ordered_links(told: Told) -> None:
    """Orders of bread and of cake, which count with what is on trial alone, and move nothing else."""
    tell, way = told.tell, (MissingLinkState.WANTED, MissingLinkState.MATCHED, MissingLinkState.TRIAL)
    tita, gilberto = (told.book.member_by_handle[one] for one in ("tita", "gilberto"))
    bread, cake = "23490", "23430"
    links = [(bread, way[:count]) for count in range(4)] + [(bread, (*way, MissingLinkState.FAILED)), (cake, way)]
    for number, (item, steps) in enumerate(links, 100):
        id = bytes([number]) * 16
        tell(RecipeSaid(id, f"oven-{number}", item, 0, (), 1_000_000, 0, 0, 0, None, None, None))
        for step in steps:
            tell(RecipeMoved(id, step, None))
    number = 100

    def confirmed(code: str) -> bytes:
        nonlocal number
        number += 1
        id = bytes([number]) * 16
        tell(
            OrderPlaced(
                id, None, tita, gilberto, is_buyer=True, offer=id, code=code, quantity=1_000, unit="", currency="",
                scale=0, price=0, not_after_ms=told.entered.at_ms + 10**9, said_ms=None,
            )
        )  # fmt: skip
        for step in (OrderAccepted(id, None), OrderDelivered(id, 1_000, 0, None, None), OrderConfirmed(id, None)):
            tell(step)
        return id

    def disputed(id: bytes) -> bytes:
        tell(OrderDisputed(id, by_buyer=True, reason=None, said_ms=None))
        return id

    def settled(id: bytes) -> None:
        for by_buyer in (True, False):
            tell(OrderSettled(id, by_buyer, fulfilled=True, said_ms=None))

    settled(disputed(confirmed(bread)))
    second = confirmed(bread)
    settled(disputed(confirmed(bread)))
    disputed(second)
    settled(disputed(confirmed(bread)))
    disputes = [disputed(confirmed(cake)) for _ in range(3)]
    for order in disputes:
        settled(order)


def orders(told: Told) -> None:
    """What two sides may do with an order, each after the other or at once."""
    tell, (tita, gilberto) = told.tell, (told.book.member_by_handle[one] for one in ("tita", "gilberto"))
    number = 0

    def placed(*steps: Any) -> bytes:
        nonlocal number
        number += 1
        id = bytes([number]) * 16
        until = told.entered.at_ms + 10**9
        tell(
            OrderPlaced(
                id, None, tita, gilberto, is_buyer=True, offer=id, code="", quantity=1_000, unit="", currency="",
                scale=0, price=0, not_after_ms=until, said_ms=None,
            )
        )  # fmt: skip
        for step in steps:
            tell(step(id))
        return id

    def accepted(id: bytes) -> OrderAccepted:
        return OrderAccepted(id, None)

    def declined(id: bytes) -> OrderDeclined:
        return OrderDeclined(id, None, None)

    def delivered(id: bytes) -> OrderDelivered:
        return OrderDelivered(id, 1_000, 0, None, None)

    def confirmed(id: bytes) -> OrderConfirmed:
        return OrderConfirmed(id, None)

    def cancelled(id: bytes) -> OrderCancelled:
        return OrderCancelled(id, by_buyer=True, said_ms=None)

    def disputed(id: bytes) -> OrderDisputed:
        return OrderDisputed(id, by_buyer=True, reason=None, said_ms=None)

    def settled(*, by_buyer: bool, fulfilled: bool) -> Callable[[bytes], OrderSettled]:
        return lambda id: OrderSettled(id, by_buyer, fulfilled, None)

    yes, agreed = settled(by_buyer=True, fulfilled=True), settled(by_buyer=False, fulfilled=True)
    no, refused = settled(by_buyer=True, fulfilled=False), settled(by_buyer=False, fulfilled=False)
    for step in (delivered, confirmed, disputed, yes):
        tell(step(placed()), "STATE_CONFLICT")
    ended = placed(accepted, delivered, confirmed)
    for step in (accepted, declined, delivered, confirmed, cancelled):
        tell(step(ended), "STATE_CONFLICT")
    for step in (accepted, declined, delivered, confirmed, disputed, yes):
        tell(step(placed(declined, cancelled)), "STATE_CONFLICT")
    placed(cancelled, accepted, cancelled, declined)
    placed(cancelled, accepted, delivered, delivered, cancelled, confirmed, disputed, yes, no, agreed)
    placed(accepted, disputed, yes, agreed, no)
    placed(accepted, delivered, disputed, no, refused, yes, agreed)
    placed(accepted, delivered, confirmed, disputed, no, refused, disputed)
    placed(accepted, delivered, cancelled)
    placed(accepted, cancelled)
    late = placed()
    tell(accepted(late), "STATE_CONFLICT", after_ms=10**9 + 1)
    open_dispute = placed(accepted, disputed)
    tell(yes(open_dispute), "STATE_CONFLICT", after_ms=91 * 86_400_000)
    # What was asked for it is withdrawn with it, and asked for again.
    paid = bytes([201]) * 16
    tell(
        OrderPlaced(
            paid, None, tita, gilberto, is_buyer=True, offer=paid, code="", quantity=1_000, unit="", currency="HORA",
            scale=2, price=100, not_after_ms=told.entered.at_ms + 10**9, said_ms=None,
        )
    )  # fmt: skip
    tell(Requested(paid, f"{gilberto}.HORA", 100, tita, None, None))
    tell(accepted(paid))
    tell(OrderDelivered(paid, 1_000, 100, paid, None))
    for step in (disputed, no, refused, yes, agreed):
        tell(step(paid))
    abroad = bytes([200]) * 16
    tell(
        OrderPlaced(
            abroad, bytes(32), tita, "bia", is_buyer=True, offer=abroad, code="", quantity=1_000, unit="", currency="",
            scale=0, price=0, not_after_ms=told.entered.at_ms + 10**9, said_ms=None,
        )
    )  # fmt: skip
    tell(OrderDenied(abroad, "OFFER_GONE"))
    tell(OrderDenied(abroad, "OFFER_GONE"), "STATE_CONFLICT")


def arrived(network: bytes, account: str, request: bytes, nonce: bytes) -> Arrived:
    """Return what came over a link for a request."""
    preimage = nonce * 2
    invoice = Invoice(
        network, 0, account, "gilberto", 100, 2, sha256(preimage).digest(), 2**50, nonce, "elio@serra", None, request,
        bytes(16),
    )  # fmt: skip
    part = Come(b"l" * 32, nonce, 100, 100)
    return Arrived(nonce, b"p" * 32, (part,), encode_invoice(invoice), preimage)


def told() -> Iterator[Change]:
    """Yield every change of a state that the tables tell, but for those that an hour brings."""
    for name, life in LIVES.items():
        for before, kind in life.leads:
            if kind != HOUR:
                yield from ((name, before, kind, end) for end in life.ends(before, kind) if end is not before)


UNSEEN: dict[Change, str] = {
    ("payments", PaymentState.PENDING, "abroad/refunded", PaymentState.POSTED): "it takes two ways, of which one fails"
}
"""What the tables tell and the story does not, and why."""


def test_each_lifecycle_is_looked_at() -> None:
    assert KEPT.keys() == LIVES.keys()


def test_what_changes_in_the_story_is_what_the_tables_tell() -> None:
    found = {change for change in changes() if change[0] in LIVES}
    assert found <= set(told())
    assert set(told()) - found == UNSEEN.keys()


# A table with a lead more or less.


@cache
def ours() -> tuple[Change, ...]:
    return tuple(changes())


@contextmanager
def changed(name: str, leads: Mapping[Any, Any]) -> Iterator[None]:
    """Run with another table in the place of one."""
    table = cast(dict[Any, Any], LIVES[name].leads)
    before = dict(table)
    empty_caches()
    try:
        table.clear()
        table.update(leads)
        yield
    finally:
        table.clear()
        table.update(before)
        empty_caches()


def is_noticed(name: str, leads: Mapping[Any, Any]) -> bool:
    """Tell whether a reader with this table reads the vectors, or what follows, otherwise than one with ours."""
    right = ours()
    with changed(name, leads):
        try:
            LEDGER.replay()
            return tuple(changes()) != right
        except (AssertionError, KeyError):
            return True


def one_of_each_first(leads: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return leads with one of each lifecycle before all others: `make test` tries these."""
    firsts = {lead[0]: lead for lead in leads}.values()
    return [*firsts, *(lead for lead in leads if lead not in firsts)]


LACKING = one_of_each_first([(name, *at) for name, life in LIVES.items() for at in life.leads])
ELSEWHERE = {
    ("payments", "abroad/rerouted"): "the holds that are under way decide",
    ("payments", "abroad/settled"): "the holds that are under way decide",
    ("payments", "abroad/refunded"): "the holds that are under way decide",
    ("payment-requests", "abroad/arrived"): "it leads from every state but one, which is shown and never stored",
    ("payment-requests", "payments/reversed"): "only what was paid names the payment",
}
"""Kinds of which other rules see to it that they come in no wrong state."""
ASKED = [(name, kind) for name, life in LIVES.items() for before, kind in life.leads if before is not None]
ADDED = one_of_each_first([one for one in dict.fromkeys(ASKED) if one not in ELSEWHERE])


@pytest.mark.parametrize(("name", "before", "kind"), rest_to_soak(LACKING, first=len(LIVES)))
def test_a_lead_that_lacks_is_noticed(name: str, before: Any, kind: str) -> None:
    assert is_noticed(name, {at: ends for at, ends in LIVES[name].leads.items() if at != (before, kind)})


@pytest.mark.parametrize(("name", "kind"), rest_to_soak(ADDED, first=len(LIVES)))
def test_a_lead_from_every_state_is_noticed(name: str, kind: str) -> None:
    life = LIVES[name]
    end = next(life.ends(before, one) for before, one in life.leads if one == kind and before is not None)
    assert is_noticed(name, {**{(state, kind): end for state in life.states}, **life.leads})
