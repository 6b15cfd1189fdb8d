# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rates are voted, have a source and a day, and convert nothing."""

from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import CURRENCY_MISMATCH, CURRENCY_UNKNOWN, DUPLICATE, MALFORMED, MOTION_NEEDED, NOT_FOUND
from protocol.book.signed import parse_uuid
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.voted_rates import RatesWanted, RateVoted, VoteRate, voted_rate
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot

HANDLES = ("ana", "bia", "caio")


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    group.currency("REAL")
    group.admit(*HANDLES, custodial=True)
    return group


def vote(group: Group, **changed: Any) -> Any:
    """Let the group vote for a rate, and return it once that is carried out."""
    told: dict[str, Any] = {"currency": "HORA", "against": "BRL", "num": 60, "den": 2, "source": "wages of May"}
    motion = group.do("steward", "rates.create", VoteRate(**(told | changed)))
    for handle in HANDLES[:2]:
        group.do(handle, "motions.vote", Vote(parse_uuid(motion.id) or b"", Ballot.YES), motion.id)
    group.pass_time(group.now + 7 * DAY_MS)
    assert group.view("ana", "motions.show", motion.id).state is MotionState.EXECUTED
    listed = group.list("ana", "rates.list", RatesWanted())
    assert isinstance(listed, list)
    return motion.id, listed[-1]


def test_a_rate_has_its_motion_its_source_and_its_day(riacho: Group) -> None:
    motion, shown = vote(riacho)
    assert (shown.currency, shown.against, shown.num, shown.den, shown.motion) == ("HORA", "BRL", 30, 1, motion)
    assert shown.holds and shown.since == shown.voted_at
    assert riacho.texts[shown.source.digest] == "wages of May"
    assert riacho.view("bia", "rates.show", shown.id) == shown
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_the_history_stays_and_the_newest_that_has_begun_holds(riacho: Group) -> None:
    _, first = vote(riacho)
    _, later = vote(riacho, num=32, den=1, since=riacho.now + 30 * DAY_MS)
    _, other = vote(riacho, against="REAL", num=1, den=1)
    listed = riacho.list("ana", "rates.list", RatesWanted("HORA"))
    assert isinstance(listed, list)
    assert [(one.id, one.holds) for one in listed] == [(first.id, True), (later.id, False), (other.id, True)]
    assert riacho.list("ana", "rates.list", RatesWanted("REAL")) == []
    riacho.now += 30 * DAY_MS
    found = voted_rate(riacho.book, "HORA", "BRL", riacho.now)
    assert found is not None and found.said.num == 32
    assert voted_rate(riacho.book, "REAL", "BRL", riacho.now) is None


def test_nothing_is_converted_by_it(riacho: Group) -> None:
    vote(riacho, against="REAL", num=1, den=1)
    wish = Pay(f"{riacho.member('bia').id}.REAL", Amount(1_00, "HORA", 2), f"{riacho.member('ana').id}.HORA")
    assert riacho.refusal("ana", "payments.create", wish) is CURRENCY_MISMATCH
    assert [riacho.balance(one, code) for one in ("ana", "bia") for code in ("HORA", "REAL")] == [0] * 4


def test_no_rate_without_a_vote_a_source_or_a_second_unit(riacho: Group) -> None:
    wrong: tuple[tuple[dict[str, Any], Any], ...] = (
        ({"source": " "}, MALFORMED),
        ({"source": "x" * 501}, MALFORMED),
        ({"against": "HORA"}, MALFORMED),
        ({"against": "brl"}, MALFORMED),
        ({"currency": "MIL"}, CURRENCY_UNKNOWN),
    )
    for changed, reason in wrong:
        told: dict[str, Any] = {"currency": "HORA", "against": "BRL", "num": 1, "den": 1, "source": "the market"}
        assert riacho.refusal("steward", "rates.create", VoteRate(**(told | changed))) is reason, changed
    alone = RateVoted(bytes(16), "HORA", "BRL", 1, 1, None, 0)
    assert riacho.check(alone) is MOTION_NEEDED
    _, shown = vote(riacho)
    again = RateVoted(parse_uuid(shown.id) or b"", "HORA", "BRL", 1, 1, None, 0)
    assert riacho.check(again) is DUPLICATE
    assert riacho.view("ana", "rates.show", "none").reason is NOT_FOUND
