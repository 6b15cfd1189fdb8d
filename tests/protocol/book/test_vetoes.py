# SPDX-License-Identifier: AGPL-3.0-or-later
"""A practice may refuse another's entry, react to it, and say what is always so; the same on every node."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from protocol.book.book import Book
from protocol.book.declaration import Entered, Invariant, MotionWish, Practice, SystemAccount, Write
from protocol.book.declaration import Plan as Planned
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.money import Amount
from protocol.book.refusals import STATE_CONFLICT, Refused, refuse
from protocol.practices import PRACTICES
from protocol.practices.governance.motions.entries import MakeMotion
from protocol.practices.money.payments.entries import Paid
from protocol.practices.money.schedules.entries import Ran, Rhythm, SchedulePayment
from protocol.practices.people.authority import PAYMENT_EXISTS
from protocol.practices.people.members.entries import Suspended
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, NETWORK, Group, snapshot

POT = SystemAccount("pot", "a tenth of what is paid")


@dataclass(frozen=True, slots=True)
class Shut:
    """Nobody is paid any more, nor suspended."""

    KIND: ClassVar[str] = "fair/shut"


@dataclass(slots=True)
class Fair:
    """Whether it is shut, and how often somebody paid there."""

    shut: bool = False
    seen: list[str] = field(default_factory=list)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    book.of(Fair).shut = isinstance(entered.body, Shut)
    return ()


def veto(book: Book, entered: Entered) -> Refused | None:
    return refuse(STATE_CONFLICT, state="the fair is shut") if book.of(Fair).shut else None


def tithe(book: Book, entered: Entered) -> Sequence[Posting]:
    """Let the payee of the newest payment give a tenth, which it holds by now."""
    payment = list(book.payments.values())[-1]
    book.of(Fair).seen.append("tithe")
    assert book.ledger.accounts[payment.payee].balance_minor >= payment.amount_minor
    tenth = payment.amount_minor // 10
    return (Posting(payment.payee, -tenth, "tithe"), Posting("pot.HORA", tenth, "tithe"))


def count(book: Book, entered: Entered) -> Sequence[Posting]:
    book.of(Fair).seen.append("count")
    return ()


def too_rich(book: Book) -> str | None:
    held = book.ledger.accounts["pot.HORA"].balance_minor if "pot.HORA" in book.ledger.accounts else 0
    return f"the pot holds {held}" if held > 10_00 else None


FAIR = Practice(
    "fair",
    (Shut,),
    fold=fold,
    accounts=(POT,),
    before={Paid: veto, Suspended: veto, Ran: veto},
    after={Paid: tithe},
    invariants=(Invariant("the pot is small", too_rich),),
)
COUNTING = Practice("counting", (), after={Paid: count})


@pytest.fixture
def riacho() -> Group:
    group = Group(book=Book(NETWORK, (*PRACTICES, FAIR, COUNTING)))
    group.currency()
    group.admit("ana", "bia", custodial=True)
    group.carry_out(Planned("", (Write(Shut()),)))
    group.book.of(Fair).shut = False
    return group


def shut(group: Group) -> None:
    group.carry_out(Planned("", (Write(Shut()),)))


def test_a_reaction_posts_after_what_it_reacts_to_in_the_order_of_practices(riacho: Group) -> None:
    riacho.pay("ana", "bia", 20_00)
    assert [riacho.balance(one) for one in ("ana", "bia")] == [-20_00, 18_00]
    assert riacho.book.ledger.accounts["pot.HORA"].balance_minor == 2_00
    assert riacho.book.of(Fair).seen == ["tithe", "count"]
    lines = [
        (line.kind, line.amount_minor, line.balance_minor) for line in riacho.lines if line.seq == riacho.lines[-1].seq
    ]
    assert lines == [
        ("payment", -20_00, -20_00),
        ("payment", 20_00, 20_00),
        ("tithe", -2_00, 18_00),
        ("tithe", 2_00, 2_00),
    ]


def test_a_veto_refuses_the_wish_and_the_entry_alike(riacho: Group) -> None:
    riacho.pay("ana", "bia", 1_00)
    paid = riacho.written[-1].body
    shut(riacho)
    before = snapshot(riacho.book)
    asked = riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", 1_00))
    assert asked == Refused(STATE_CONFLICT, {"state": "the fair is shut"})
    assert riacho.check(Suspended(riacho.member("ana").id)) is STATE_CONFLICT
    assert riacho.check(paid) is PAYMENT_EXISTS, "the practice that owns the kind is asked first"
    assert snapshot(riacho.book) == before
    assert riacho.member("ana").state is MemberState.ACTIVE


def test_what_is_due_is_missed_for_another_practice_s_reason(riacho: Group) -> None:
    wish = SchedulePayment(
        payee="bia", amount=Amount(1_00, "HORA", 2), first_at=riacho.now + 1_000, rhythm=Rhythm.DAILY, times=2
    )
    name = riacho.do("ana", "scheduled-payments.create", wish).id
    riacho.pass_time(riacho.now + 2_000)
    shut(riacho)
    riacho.pass_time(riacho.now + DAY_MS)
    shown = riacho.view("ana", "scheduled-payments.show", name)
    assert (shown.paid, shown.missed, shown.last_missed[0].reason) == (1, 1, STATE_CONFLICT.code)


def test_a_motion_cannot_wish_what_another_practice_refuses(riacho: Group) -> None:
    shut(riacho)
    wish = MakeMotion("Ana pauses", (MotionWish("members.suspend", "ana", Suspend()),))
    assert riacho.refusal("bia", "motions.create", wish) is STATE_CONFLICT


def test_another_node_folds_the_same(riacho: Group) -> None:
    riacho.pay("ana", "bia", 20_00)
    other = Book(NETWORK, riacho.book.practices)
    for entered in riacho.written:
        assert other.check(entered) is None
        other.apply(entered)
        other.of(Fair).shut = False
    assert snapshot(other) == snapshot(riacho.book)


def test_what_is_not_so_is_complained_of_by_name(riacho: Group) -> None:
    assert list(riacho.book.complaints()) == []
    riacho.book.ledger.accounts["pot.HORA"].balance_minor = 11_00
    assert list(riacho.book.complaints()) == [
        "currencies, balances sum to zero: the balances sum to {'HORA': 1100}",
        "fair, the pot is small: the pot holds 1100",
    ]
