# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happens to a thing is what its lifecycle tells, and rules ask it: a lead more or less is noticed by a vector."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, cast

import pytest

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.lifecycle import HOUR, Lifecycle
from protocol.book.members import Auth
from protocol.book.money import Amount
from protocol.book.payments import PaymentState
from protocol.practices import PRACTICES
from protocol.practices.between.abroad.entries import Arrived, Come
from protocol.practices.between.quotes.invoices import Invoice, encode_invoice
from protocol.practices.chains.entries import MissingLinkState, RecipeFulfilled, RecipeMoved, RecipeSaid
from protocol.practices.chains.pledges.entries import DriveCalled, DriveMoved, DriveState, Pledged, PledgeKept
from protocol.practices.chains.pledges.state import Pledges
from protocol.practices.chains.software.state import SoftwareUses
from protocol.practices.chains.state import inputs_of
from protocol.practices.credit.cards.entries import CardEnded, CardForm, CardFrozen, CardIssued, CardRenewed, IssueCard
from protocol.practices.credit.cards.state import CARDS, CardState
from protocol.practices.credit.fairs.entries import TallyPosted
from protocol.practices.credit.fairs.state import TALLIES, TallyState
from protocol.practices.credit.grants.state import GRANTS
from protocol.practices.credit.loans.state import LOANS
from protocol.practices.credit.reserves.state import MOVES, REDEMPTIONS
from protocol.practices.credit.rotations.state import WORK_DAYS
from protocol.practices.credit.savings.entries import CycleOpened, SavingsRow, SheetNoted, meeting_id
from protocol.practices.credit.savings.state import GROUPS, MEETINGS, CycleState
from protocol.practices.credit.vouchers.entries import VouchersLapsed
from protocol.practices.credit.vouchers.state import BATCHES, BatchState
from protocol.practices.governance.bylaws.state import Bylaws
from protocol.practices.governance.companies.entries import (
    CompanyFounded,
    Confirmed,
    ConfirmWork,
    FoundCompany,
    Logged,
    LogWork,
)
from protocol.practices.governance.companies.state import WORK
from protocol.practices.governance.motions.entries import (
    Ballot,
    MotionClosed,
    MotionCounted,
    MotionDrafted,
    MotionOpened,
    SecretlyVoted,
    Vote,
    Voted,
    VoteSecretly,
)
from protocol.practices.governance.motions.state import Motions
from protocol.practices.governance.projects.state import Projects
from protocol.practices.market.care.state import CARE
from protocol.practices.market.joint_orders.state import JOINTS
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
from protocol.practices.market.purchasing.state import CYCLES
from protocol.practices.market.tools.entries import (
    ToolBooked,
    ToolHandedOut,
    ToolReturned,
    ToolShared,
    ToolWithdrawn,
)
from protocol.practices.market.tools.state import TOOL_LOANS, TOOLS
from protocol.practices.marks.campaigns.state import Campaigns
from protocol.practices.marks.guarantee.state import Guarantees
from protocol.practices.marks.labels.state import Labels
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
from protocol.wire.keys import KeyPair
from tests.protocol import test_own_vectors as own
from tests.protocol.practices.market.buyers import CYCLES_TOLD, step_told, terms_told
from tests.protocol.practices.marks.certified import certifications
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
    "order-cycles": lambda book: dict(book.rows(CYCLES).items()),
    "joint-orders": lambda book: dict(book.rows(JOINTS).items()),
    "bylaws": lambda book: book.of(Bylaws).changes,
    "emergencies": lambda book: book.of(Bylaws).emergencies,
    "orders": lambda book: dict(book.rows(ORDERS).items()),
    "loans": lambda book: dict(book.rows(LOANS).items()),
    "work": lambda book: dict(book.rows(WORK).items()),
    "recipes": lambda book: inputs_of(book).recipes,
    "reserve-moves": lambda book: dict(book.rows(MOVES).items()),
    "redemptions": lambda book: dict(book.rows(REDEMPTIONS).items()),
    "projects": lambda book: book.of(Projects).by_id,
    "project-tranches": lambda book: {
        (name, tranche.number): tranche for name, one in book.of(Projects).by_id.items() for tranche in one.tranches
    },
    "grants": lambda book: dict(book.rows(GRANTS).items()),
    "tallies": lambda book: dict(book.rows(TALLIES).items()),
    "vouchers": lambda book: dict(book.rows(BATCHES).items()),
    "cards": lambda book: dict(book.rows(CARDS).items()),
    "work-days": lambda book: dict(book.rows(WORK_DAYS).items()),
    "care": lambda book: dict(book.rows(CARE).items()),
    "tools": lambda book: dict(book.rows(TOOLS).items()),
    "tool-loans": lambda book: dict(book.rows(TOOL_LOANS).items()),
    "labels": lambda book: book.of(Labels).issued,
    "certifications": lambda book: book.of(Guarantees).certifications,
    "savings-meetings": lambda book: dict(book.rows(MEETINGS).items()),
    "campaigns": lambda book: book.of(Campaigns).by_id,
    "pledge-drives": lambda book: book.of(Pledges).by_id,
    "software-uses": lambda book: book.of(SoftwareUses).by_id,
    "savings-cycles": lambda book: {group.cycle: group for _, group in book.rows(GROUPS).items() if group.cycle},
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
    secret = replace(motion, motion=b"n" * 16, not_after_ms=told.entered.at_ms + 10**9, secret=True)
    tell(secret)
    tell(MotionOpened(secret.motion))
    tell(MotionClosed(secret.motion), "OTHER_BALLOT", after_ms=10**9)
    tell(MotionCounted(secret.motion, 0, 0, 0), after_ms=10**9)
    tell(MotionCounted(secret.motion, 0, 0, 0), "STATE_CONFLICT")
    carried = replace(
        secret, motion=b"o" * 16, electorate="committee", not_after_ms=told.entered.at_ms + 10**9, quorum=0
    )
    tell(carried)
    tell(MotionOpened(carried.motion))
    tell(SecretlyVoted(None, VoteSecretly(carried.motion, b"h" * 32, by_handle["gilberto"])))
    tell(MotionCounted(carried.motion, 1, 0, 0), after_ms=10**9)
    orders(told)
    purchases(told)
    missing_links(told)
    drives(told)
    work(told)
    cards(told)
    tallies(told)
    sheets(told)
    vouchers(told)
    certifications(told)
    tools(told)
    return told.changes


def tools(told: Told) -> None:
    """A tool that comes back damaged, and is shared no longer."""
    tell, tool, loan = told.tell, b"t" * 16, b"q" * 16
    keeper = next(one.id for one in told.book.members.values() if one.inactive() is None)
    tell(ToolShared(tool, keeper, "Saw", 1))
    tell(ToolBooked(loan, tool, keeper, told.entered.at_ms, told.entered.at_ms + 1_000))
    tell(ToolHandedOut(loan))
    tell(ToolReturned(loan, damaged=True, note=None))
    tell(ToolWithdrawn(tool))
    tell(ToolWithdrawn(tool), "STATE_CONFLICT")


def cards(told: Told) -> None:
    """A card that is frozen, renewed, frozen again and ended."""
    tell, book = told.tell, told.book
    holder = next(
        one.id
        for one in book.members.values()
        if one.auth is Auth.CUSTODIAL and one.inactive() is None and f"{one.id}.HORA" in book.ledger.accounts
    )
    card = b"k" * 16
    key = KeyPair.from_seed(bytes(range(32))).public
    tell(CardIssued(None, IssueCard(f"{holder}.HORA", key, CardForm.FILE, card=card)))
    frozen, lost, renewed = CardFrozen(card, lost=False), CardFrozen(card, lost=True), CardRenewed(card)
    for one in (frozen, lost, renewed, renewed, frozen, CardEnded(card)):
        tell(one)
    for one in (lost, renewed, CardEnded(card)):
        tell(one, "STATE_CONFLICT")


def tallies(told: Told) -> None:
    """A sheet of a fair, which is posted once."""
    tally = next(one for _, one in told.book.rows(TALLIES).items() if one.state is TallyState.POSTED)
    told.tell(TallyPosted(tally.id, ()), "STATE_CONFLICT")


def sheets(told: Told) -> None:
    """A sheet whose place another takes, and which is typed in again."""
    tell, book = told.tell, told.book
    group = next(
        one
        for _, one in book.rows(GROUPS).items()
        if one.state is CycleState.CLOSED and not book.currencies[one.said.currency].closed
    )
    tell(CycleOpened(group.id, b"y" * 16))
    tell(CycleOpened(group.id, b"z" * 16), "STATE_CONFLICT")
    number, saver = group.held + 1, next(iter(group.savers))

    def noted(*rows: SavingsRow) -> SheetNoted:
        name = meeting_id(group.id, group.cycle, number, rows, share_out=False)
        return SheetNoted(name, group.id, group.cycle, number, rows, share_out=False)

    first, second = noted(), noted(SavingsRow(saver, 0, 0, 0, 0, 0, 0, written_off=False))
    tell(first)
    tell(second)
    tell(first)
    tell(first, "DUPLICATE")


def vouchers(told: Told) -> None:
    """Vouchers that nobody has brought in time lapse once: the trace tells how they do."""
    for _, batch in list(told.book.rows(BATCHES).items()):
        assert batch.state is BatchState.LAPSED
        told.tell(VouchersLapsed(batch.id), "STATE_CONFLICT")


def work(told: Told) -> None:
    """Hours that wait, of a company that is gone before anybody has confirmed them."""
    tell, book = told.tell, told.book
    worker, other, *more = (
        one.id
        for one in book.members.values()
        if one.auth is Auth.CUSTODIAL and one.inactive() is None and f"{one.id}.HORA" in book.ledger.accounts
    )
    company = next(one for one in more if book.check(told.entered._replace(body=MemberLeft(None, Leave(one)))) is None)
    tell(CompanyFounded(None, FoundCompany("HORA", (worker, other), member=company)))
    tell(Logged(None, LogWork(company, "1", None, None, worker, b"w" * 16)))
    tell(Logged(None, LogWork(company, "1", None, None, worker, b"v" * 16)))
    tell(Confirmed(None, ConfirmWork(b"v" * 16, other)))
    tell(Confirmed(None, ConfirmWork(b"v" * 16, other)), "STATE_CONFLICT")
    tell(MemberLeft(None, Leave(company)))
    tell(Confirmed(None, ConfirmWork(b"w" * 16, other)), "STATE_CONFLICT")


def purchases(told: Told) -> None:
    """What a cycle of orders may do in each of its states, and what in none."""
    one, other = [
        one.id
        for one in told.book.members.values()
        if one.auth is Auth.CUSTODIAL and one.inactive() is None and f"{one.id}.HORA" in told.book.ledger.accounts
    ][:2]
    for number, (steps, refused) in enumerate(CYCLES_TOLD, 1):
        terms = terms_told(number, one, told.entered.at_ms + 10**9)
        told.tell(terms)
        for step in steps:
            told.tell(step_told(step, terms.cycle, one, other))
        for step in refused:
            told.tell(step_told(step, terms.cycle, one, other), "STATE_CONFLICT")


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


def drives(told: Told) -> None:
    """A drive whose day comes without enough pledges."""
    tell, starter = told.tell, told.book.member_by_handle["tita"]
    drive = b"q" * 16
    tell(DriveCalled(drive, starter, "soap", "KGM", 1, 1, told.entered.at_ms + 1_000))
    tell(Pledged(drive, starter, 1))
    tell(DriveMoved(drive, DriveState.LAPSED), after_ms=2_000)
    kept = PledgeKept(drive, starter, 202_611, 1)
    for body in (Pledged(drive, starter, 1), kept, *(DriveMoved(drive, state) for state in DriveState)):
        tell(body, "STATE_CONFLICT")


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
    ("payments", PaymentState.PENDING, "abroad/refunded", PaymentState.POSTED): "it takes two ways, of which one fails",
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


UNTOLD: dict[tuple[str, Any, str], str] = {
    ("cards", CardState.FROZEN, "terminals/synced"): "it changes no state: tests/protocol/practices/credit tells it",
    ("cards", CardState.ENDED, "terminals/synced"): "it changes no state: tests/protocol/practices/credit tells it",
}
"""Leads of which neither the vectors nor the story here have an entry, and why."""
LACKING = one_of_each_first(
    [at for name, life in LIVES.items() for one in life.leads if (at := (name, *one)) not in UNTOLD]
)
ELSEWHERE = {
    ("payments", "abroad/rerouted"): "the holds that are under way decide",
    ("payments", "abroad/settled"): "the holds that are under way decide",
    ("payments", "abroad/refunded"): "the holds that are under way decide",
    ("payment-requests", "abroad/arrived"): "it leads from every state but one, which is shown and never stored",
    ("payment-requests", "payments/reversed"): "only what was paid names the payment",
    ("cards", "terminals/synced"): "it leads from every state",
    ("redemptions", "reserves/till-moved"): "only those who wait are paid",
    ("joint-orders", "joint-orders/fixed"): "it leads from every state",
    ("savings-cycles", "savings/held"): "no sheet waits for keys once a cycle is closed",
    ("savings-meetings", "savings/noted"): "a sheet that waits, or was held, is known already",
    ("tallies", "tallies/answered"): "nobody answers after the time to object, and nothing is posted before",
    (
        "loans",
        "loans/rescheduled",
    ): "where nothing was asked for it is refused alike, and none was repaid after it had asked",
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
