# SPDX-License-Identifier: AGPL-3.0-or-later
"""What no vote may break, and that a replayed year of motions gives the same by-laws."""

from random import Random
from typing import Any

import pytest

from protocol.book.book import Book
from protocol.book.declaration import Motion, MotionWish, Parameter, Practice
from protocol.book.guards import BELOW_WHAT_STANDS
from protocol.book.parameters import Decided, Money, Number
from protocol.book.refusals import Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.practices import PRACTICES
from protocol.practices.governance.motions.entries import Ballot, MakeMotion, MotionState, OpenMotion, Vote
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.currencies.views import SetLevy
from tests.protocol.practices.desk import DAY_MS, NETWORK, Group, copy_of, snapshot

HANDLES = ("ana", "bia", "caio", "dora", "elio")


def outstanding(book: Book, value: int, currency: str | None) -> Refused | None:
    """Refuse a cap below what members hold now."""
    assert currency is not None
    held = sum(max(0, one.balance_minor) for one in book.ledger.accounts.values() if one.currency == currency)
    return refuse(BELOW_WHAT_STANDS, wished=value, standing=held, currency=currency) if value < held else None


CAP = Parameter("shop.cap", Money(), 1_500_00, "how much may be out", changed_by=Motion(), guard=outstanding)
SPARE = Parameter("shop.spare", Number(0, 9), 3, "nothing stands against it", changed_by=Motion())
SHOP = Practice("shop", (), parameters=(CAP, SPARE))


@pytest.fixture
def riacho() -> Group:
    """Five members; ana owes bia 90.00."""
    group = Group(book=Book(NETWORK, (*PRACTICES, SHOP)))
    group.currency()
    group.admit(*HANDLES, custodial=True)
    group.pay("ana", "bia", 90_00)
    return group


def to_cap(value: str | None) -> MotionWish:
    return MotionWish("parameters.set", "shop.cap.HORA", SetParameter(value))


def carry(group: Group, name: str) -> Any:
    """Let all vote yes, and a week pass."""
    for handle in HANDLES:
        group.do(handle, "motions.vote", Vote(parse_uuid(name) or b"", Ballot.YES), name)
    group.pass_time(group.now + 7 * DAY_MS)
    return group.view("ana", "motions.show", name)


def test_a_cap_below_what_is_outstanding_is_refused_when_it_is_proposed(riacho: Group) -> None:
    told = riacho.ask("ana", "parameters.set", SetParameter("89.99"), "shop.cap.HORA")
    assert told == Refused(BELOW_WHAT_STANDS, {"wished": 89_99, "standing": 90_00, "currency": "HORA", "wish": 1})
    assert riacho.refusal("ana", "motions.create", MakeMotion("a cap", (to_cap("89.99"),))) is BELOW_WHAT_STANDS
    assert riacho.do("ana", "parameters.set", SetParameter("90.00"), "shop.cap.HORA").state is MotionState.OPEN


def test_of_several_wishes_the_one_that_breaks_it_is_named(riacho: Group) -> None:
    spare = MotionWish("parameters.set", "shop.spare", SetParameter("4"))
    told = riacho.ask("ana", "motions.create", MakeMotion("both", (spare, to_cap("1.00"))))
    assert isinstance(told, Refused) and told.figures["wish"] == 2


def test_a_draft_that_would_break_it_by_now_is_not_opened(riacho: Group) -> None:
    draft = riacho.do("ana", "motions.create", MakeMotion("a cap", (to_cap("90.00"),), draft=True)).id
    riacho.pay("caio", "bia", 1)
    before = snapshot(riacho.book)
    assert riacho.refusal("ana", "motions.open", OpenMotion(), draft) is BELOW_WHAT_STANDS
    assert snapshot(riacho.book) == before
    riacho.pay("bia", "caio", 1)
    assert riacho.do("ana", "motions.open", OpenMotion(), draft).state is MotionState.OPEN


def test_what_was_carried_and_would_break_it_by_then_is_not_done(riacho: Group) -> None:
    name = riacho.do("ana", "parameters.set", SetParameter("90.00"), "shop.cap.HORA").id
    riacho.pay("caio", "bia", 1)
    told = carry(riacho, name)
    assert (told.state, told.reason, told.failed_wish) == (MotionState.FAILED, "BELOW_WHAT_STANDS", 1)
    assert riacho.book.parameter(CAP, "HORA") == 1_500_00
    again = riacho.do("ana", "parameters.set", SetParameter("90.01"), "shop.cap.HORA").id
    assert carry(riacho, again).state is MotionState.EXECUTED
    assert riacho.book.parameter(CAP, "HORA") == 90_01


def test_the_default_is_no_way_around_it(riacho: Group) -> None:
    riacho.book.parameters["shop.cap"] = Parameter(
        "shop.cap", Money(), 1_00, "", changed_by=Motion(), guard=outstanding
    )
    assert riacho.refusal("ana", "parameters.set", SetParameter(None), "shop.cap.HORA") is BELOW_WHAT_STANDS


WISHES = (
    ("motions.quorum", ("20%", "50%", "75%", None)),
    ("motions.majority", ("50%", "66.67%", "80%", None)),
    ("commons.steward_limit.HORA", ("10.00", "25.00", None)),
    ("shop.cap.HORA", ("50.00", "90.00", "800.00", None)),
)


@pytest.mark.parametrize("seed", range(4))
def test_a_replayed_year_of_motions_gives_the_same_by_laws(riacho: Group, seed: int) -> None:
    """Random motions, votes, payments and departures of a year; another node that reads them has the same by-laws."""
    chance = Random(seed)
    until, there = riacho.now + 365 * DAY_MS, list(HANDLES)
    ends: list[MotionState] = []
    while riacho.now < until:
        name, values = chance.choice(WISHES)
        wishes = [MotionWish("parameters.set", name, SetParameter(chance.choice(values)))]
        if chance.random() < 0.3:
            wishes.append(MotionWish("currencies.set-levy", "HORA", SetLevy(chance.randrange(300))))
        told = riacho.ask("steward", "motions.create", MakeMotion("a rule", tuple(wishes)))
        if not isinstance(told, Refused):
            for handle in chance.sample(there, chance.randint(len(there) // 2, len(there))):
                ballot = chance.choice((Ballot.YES, Ballot.YES, Ballot.YES, Ballot.NO, Ballot.ABSTAIN))
                riacho.ask(handle, "motions.vote", Vote(parse_uuid(told.id) or b"", ballot), told.id)
        if chance.random() < 0.5:
            riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", chance.randint(1, 10_00)))
        if len(there) > 4 and chance.random() < 0.05:
            riacho.leave(there.pop())
        riacho.pass_time(riacho.now + chance.randint(5, 20) * DAY_MS)
        if not isinstance(told, Refused):
            ends.append(riacho.view("ana", "motions.show", told.id).state)
    copy = copy_of(riacho.written)
    assert copy.of(Decided) == riacho.book.of(Decided)
    assert snapshot(copy) == snapshot(riacho.book)
    assert {MotionState.EXECUTED, MotionState.LOST} <= {*ends} and len(ends) > 10
