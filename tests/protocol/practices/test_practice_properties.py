# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is always so, whatever members wish and whatever a dishonest node writes."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from protocol.book.currency import LevySide
from protocol.book.members import Auth
from protocol.book.money import Amount
from protocol.book.payments import PaymentState
from protocol.book.refusals import Reason
from protocol.book.signed import uuid_text
from protocol.book.wishes import Brought
from protocol.practices import PRACTICES
from protocol.practices.money.currencies.views import SetLevy
from protocol.practices.money.payments.entries import ReversePayment
from protocol.practices.money.payments.views import PostPayment, VoidPayment
from protocol.practices.money.requests.views import AskPayment, CancelRequest, DeclineRequest, PayRequest
from protocol.practices.money.schedules.entries import Rhythm, SchedulePayment
from protocol.practices.money.schedules.state import Schedules
from protocol.practices.money.schedules.views import CancelSchedule, PauseSchedule, ResumeSchedule
from protocol.practices.people.members.entries import Leave
from protocol.practices.people.members.views import Resume, SetLimits, Suspend
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot
from tests.protocol.practices.forger import BANKED, DECIDING, KINDS, LIVED_IN, SHARING_OUT, WEIGHTS, Forger, founded

HANDLES = ("ana", "bia", "caio", "dora")


FOUNDED = founded()

# Random wishes. Each does something with a group, or is refused.

Deed = Callable[[Group], None]
who = st.sampled_from(HANDLES)
actors = st.sampled_from((*HANDLES, "steward"))
amounts = st.integers(-1, 60_00)


def ask(group: Group, actor: str, name: str, wish: Any, subject: str | None = None) -> None:
    group.ask(actor, name, wish, subject)


def nth(items: Any, place: int) -> str:
    """Return the id of one of the things there are, or of none."""
    names = list(items)
    return uuid_text(names[place % len(names)] if names else bytes(16))


@st.composite
def deeds(draw: DrawFn) -> Deed:
    actor, payer, payee, amount = draw(actors), draw(who), draw(who), draw(amounts)
    place, pending = draw(st.integers(0, 7)), draw(st.booleans())
    side = draw(st.sampled_from((None, *LevySide)))

    def pay(group: Group) -> None:
        ask(group, actor if pending else payer, "payments.create", group.wish(payer, payee, amount, pending=pending))

    def settle(group: Group) -> None:
        verb, wish = draw_settle
        name = nth(group.book.payments, place)
        ask(group, actor, f"payments.{verb}", wish or ReversePayment(bytes.fromhex(name.replace("-", ""))), name)

    def reverse(group: Group) -> None:
        payment = nth(group.book.payments, place)
        wish = ReversePayment(bytes.fromhex(payment.replace("-", "")))
        signed = group.sign("payments.reverse", wish, keys_of(payee))
        ask(group, "steward", "payments.reverse", Brought(signed), payment)

    def member(group: Group) -> None:
        verb, wish = draw_member
        wish = wish or Brought(group.departure(payee))
        ask(group, actor, f"members.{verb}", wish, payee)

    def levy(group: Group) -> None:
        ask(group, "steward", "currencies.set-levy", SetLevy(place * 500, pending, side), "HORA")

    def request(group: Group) -> None:
        ask(group, payer, "payment-requests.create", AskPayment(Amount(amount, "HORA", 2)))

    def answer(group: Group) -> None:
        verb, wish = draw_answer
        name = nth(group.book.requests, place)
        if verb == "pay" and group.member(payer).auth is Auth.SELF:
            order = group.order(payer, payee, amount, request=bytes.fromhex(name.replace("-", "")))
            ask(group, payer, "payments.create", Brought(order))
        else:
            ask(group, payer, f"payment-requests.{verb}", wish, name)

    def schedule(group: Group) -> None:
        wish = SchedulePayment(
            payee=payee,
            amount=Amount(amount, "HORA", 2),
            first_at=group.now + place * DAY_MS // 2,
            rhythm=Rhythm.DAILY,
            times=place + 1,
        )
        ask(group, payer, "scheduled-payments.create", wish)

    def change(group: Group) -> None:
        verb, wish = draw_change
        schedules = group.book.of(Schedules)
        ask(group, payer, f"scheduled-payments.{verb}", wish, nth(schedules.by_id, place))

    def sleep(group: Group) -> None:
        group.pass_time(group.now + (place + 1) * DAY_MS // 3)

    draw_settle = draw(st.sampled_from((("post", PostPayment()), ("void", VoidPayment()), ("reverse", None))))
    limits = SetLimits(Amount(abs(amount), "HORA", 2), Amount(draw(st.integers(0, 90_00)), "HORA", 2))
    draw_member = draw(
        st.sampled_from(
            (
                ("suspend", Suspend()),
                ("resume", Resume()),
                ("resume", Resume()),
                ("leave", Leave(payee)),
                ("leave", None),
                ("set-limits", limits),
            )
        )
    )
    draw_answer = draw(
        st.sampled_from((("pay", PayRequest()), ("decline", DeclineRequest()), ("cancel", CancelRequest())))
    )
    draw_change = draw(
        st.sampled_from((("pause", PauseSchedule()), ("resume", ResumeSchedule()), ("cancel", CancelSchedule())))
    )
    kinds = (pay, pay, pay, pay, settle, settle, reverse, member, levy, request, answer, schedule, change, sleep)
    return draw(st.sampled_from(kinds))


@settings(max_examples=60)
@given(st.lists(deeds(), max_size=40))
def test_whatever_members_wish_the_books_balance_and_another_node_agrees(wished: list[Deed]) -> None:
    group = deepcopy(FOUNDED)
    for deed in wished:
        before = {name: account.balance_minor for name, account in group.book.ledger.accounts.items()}
        written = len(group.written)
        deed(group)
        agree_with_itself(group)
        for account in group.book.ledger.accounts.values():
            if account.member is None:
                continue
            # A limit that was lowered binds what comes after; a reversal may lift its payer over the ceiling.
            last = group.written[-1].body.KIND if len(group.written) > written else ""
            least, most = account.least_minor, account.most_minor
            assert least is not None and most is not None
            assert account.balance_minor >= min(least, before[account.id]) or last == "members/left"
            assert account.balance_minor <= max(most, before[account.id], 0) or last in TAKES_BACK
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


TAKES_BACK = ("payments/voided", "payments/reversed", "members/left")


def agree_with_itself(group: Group) -> None:
    """Compare what the book says twice: balances and statements, holds and pending payments."""
    book = group.book
    assert set(book.ledger.sums().values()) <= {0}
    statement: Counter[str] = Counter()
    for line in group.lines:
        statement[line.account] += line.amount_minor
        assert line.balance_minor == statement[line.account]
    held: Counter[str] = Counter()
    awaited: Counter[str] = Counter()
    for payment in book.payments.values():
        if payment.state is PaymentState.PENDING:
            held[payment.payer] += payment.debit_minor or 0
            awaited[payment.payee] += payment.amount_minor
    assert group.balance("holds") == sum(held.values())
    for account in book.ledger.accounts.values():
        assert account.balance_minor == statement[account.id]
        assert (account.held_minor, account.awaited_minor) == (held[account.id], awaited[account.id])
        if account.member is not None and book.members[account.member].state == "left":
            assert account.balance_minor == 0


# Entries that no honest node writes.


def forge(seed: int, accepted: Counter[str], sought: frozenset[str] = frozenset()) -> None:
    """Offer some forged entries to a group that is lived in, those sought more often; what is accepted must balance."""
    random = Random(seed)
    group = deepcopy(random.choice((LIVED_IN, DECIDING, SHARING_OUT, BANKED)))
    forger = Forger(group, random, wild=random.choice((0, 5, 30)))
    weights = [WEIGHTS.get(kind, 6) + (100 if kind.KIND in sought else 0) for kind in KINDS]
    before = snapshot(group.book)
    for _ in range(20):
        body = forger.built(random.choices(KINDS, weights=weights)[0])
        group.now += random.choice((0, 0, 1, DAY_MS))
        entry = group.seal(body)
        entered = group.entered(entry)
        reason = group.book.check(entered)
        assert snapshot(group.book) == before, "a check changed the book"
        if reason is None:
            group.fold(entry, entered)
            agree_with_itself(group)
            accepted[body.KIND] += 1
            before = snapshot(group.book)
        else:
            assert isinstance(reason, Reason)
    assert snapshot(copy_of(group.written)) == before


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_whatever_a_node_writes_is_refused_alike_or_balances(seed: int) -> None:
    forge(seed, Counter())


@pytest.mark.timeout(600)
def test_the_forger_writes_entries_of_every_kind_that_pass() -> None:
    accepted: Counter[str] = Counter()
    missing = {kind.KIND for kind in KINDS}
    for seed in range(500):
        forge(seed, accepted, frozenset(missing))
        missing -= accepted.keys()
        if not missing:
            break
    assert missing == set()


def test_no_two_operations_and_no_two_entries_bear_one_name() -> None:
    assert len(Group().operations) == sum(len(feature.operations) for feature in PRACTICES)
    kinds = [kind for feature in PRACTICES for kind in feature.entries]
    assert len({kind.KIND for kind in kinds}) == len(kinds)
