# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scheduled payments: rent on the last of each month, what is missed, pauses, and what no node takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.book.agenda import DUE_MAX
from protocol.book.money import Amount
from protocol.book.payments import PaymentAuth
from protocol.book.personal import text_digest
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    DUPLICATE,
    FORBIDDEN,
    KEY_UNKNOWN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    ORDER_REPLAYED,
    ORDER_STALE,
    SAME_ACCOUNT,
    SCALE_EXCEEDED,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
    WRONG_NETWORK,
    Reason,
)
from protocol.book.signed import TIME_MS_MAX, Signed, occurrence_id, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.schedules.entries import TIMES_MAX, Continued, Missed, Ran, Rhythm, SchedulePayment
from protocol.practices.money.schedules.rules import SCHEDULE_LOCAL_ONLY
from protocol.practices.money.schedules.state import ScheduleState, time_of
from protocol.practices.money.schedules.views import CancelSchedule, PauseSchedule, ResumeSchedule, SchedulesWanted
from protocol.practices.people.devices import RebindKey, RevokeKey
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import SetLimits, Suspend
from protocol.practices.people.returns import Return
from tests.protocol.practices.desk import ANYBODY, DAY_MS, ENVELOPE, Group, copy_of, keys_of, snapshot


def ms(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type]


NEW_YEAR = ms(2027, 1, 1)
JANUARY_31 = ms(2027, 1, 31, 8)


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


@pytest.fixture
def riacho() -> Group:
    """Ana and Bia with keys, Caio without, who may each owe 100.00; it is New Year 2027."""
    group = Group(now=NEW_YEAR)
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def standing(group: Group, *, signer: str = "ana", **changed: Any) -> Signed:
    """Return the standing order by which Ana pays Bia 10.00 on the last of each month, four times."""
    told = {name: changed.pop(name) for name in ENVELOPE & changed.keys()}
    wish = SchedulePayment(
        payee="bia",
        amount=hours(10_00),
        first_at=JANUARY_31,
        rhythm=Rhythm.MONTHLY,
        times=4,
        payer=group.account("ana").id,
        schedule=drawn_id(group.chance),
    )
    return group.sign("scheduled-payments.create", replace(wish, **changed), keys_of(signer), **told)


def rent(group: Group, **changed: Any) -> str:
    """Let Ana schedule her rent, and return its id."""
    wish = Brought(standing(group, **changed))
    return group.do("ana", "scheduled-payments.create", wish).id


def milk(group: Group, *, times: int = 3) -> SchedulePayment:
    """Return how Caio, who has no key, pays Bia 2.00 a day from now on."""
    return SchedulePayment(
        payee="bia", amount=Amount(2_00, "HORA", 2), first_at=group.now, rhythm=Rhythm.DAILY, times=times, note="milk"
    )


def test_a_month_too_short_for_the_day_has_it_on_its_last(riacho: Group) -> None:
    asked = rent(riacho)
    days: list[str] = []
    for day in range(150):
        before = riacho.balance("bia")
        riacho.pass_time(NEW_YEAR + day * DAY_MS + 9 * 60 * 60 * 1_000)
        if riacho.balance("bia") != before:
            days.append(datetime.fromtimestamp(riacho.now / 1000, UTC).strftime("%m-%d"))
    assert days == ["01-31", "02-28", "03-31", "04-30"]
    shown = riacho.view("ana", "scheduled-payments.show", asked)
    assert (shown.state, shown.paid, shown.missed, shown.next_at) == (ScheduleState.ENDED, 4, 0, None)
    assert riacho.balance("ana") == -40_00
    payment = list(riacho.book.payments.values())[-1]
    assert (payment.auth, payment.schedule) == (PaymentAuth.STANDING, parse_uuid(asked))
    assert payment.id == occurrence_id(payment.schedule or b"", 3)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_the_same_signed_order_again_is_the_same_schedule_and_another_under_its_id_is_refused(riacho: Group) -> None:
    order = standing(riacho)
    first = riacho.do("ana", "scheduled-payments.create", Brought(order))
    assert riacho.do("ana", "scheduled-payments.create", Brought(order)) == first
    other = standing(riacho, schedule=parse_uuid(first.id))
    assert riacho.refusal("ana", "scheduled-payments.create", Brought(other)) is DUPLICATE


def test_what_a_limit_refuses_is_missed_shown_and_not_tried_again(riacho: Group) -> None:
    asked = rent(riacho)
    riacho.pay("ana", "caio", 95_00)
    riacho.pass_time(JANUARY_31)
    shown = riacho.view("bia", "scheduled-payments.show", asked)
    assert (shown.paid, shown.missed, shown.last_missed[0].reason) == (0, 1, "LIMIT_EXCEEDED")
    assert riacho.news[-1].type == "scheduled-payment.missed"
    assert set(riacho.news[-1].audience) == {riacho.member("ana").id, riacho.member("bia").id}
    riacho.pay("caio", "ana", 95_00)
    riacho.pass_time(JANUARY_31 + 27 * DAY_MS)
    assert riacho.balance("ana") == 0
    riacho.pass_time(JANUARY_31 + 28 * DAY_MS)
    assert riacho.balance("ana") == -10_00


def test_what_falls_into_a_pause_is_skipped_and_not_made_up_for(riacho: Group) -> None:
    asked = riacho.do("caio", "scheduled-payments.create", milk(riacho, times=5)).id
    riacho.pass_time(NEW_YEAR)
    riacho.do("caio", "scheduled-payments.pause", PauseSchedule(), asked)
    assert riacho.view("caio", "scheduled-payments.show", asked).next_at is None
    riacho.pass_time(NEW_YEAR + 2 * DAY_MS + 1)
    shown = riacho.do("caio", "scheduled-payments.resume", ResumeSchedule(), asked)
    assert (shown.state, shown.paid, shown.next_at) == (ScheduleState.ACTIVE, 1, NEW_YEAR + 3 * DAY_MS)
    riacho.pass_time(NEW_YEAR + 9 * DAY_MS)
    shown = riacho.view("caio", "scheduled-payments.show", asked)
    # Of the two that came due since, while nobody looked, the newest is paid.
    assert (shown.state, shown.paid, shown.missed) == (ScheduleState.ENDED, 2, 1)
    assert riacho.balance("caio") == -4_00


def test_a_pause_that_outlasts_all_occurrences_ends_it(riacho: Group) -> None:
    asked = riacho.do("caio", "scheduled-payments.create", milk(riacho)).id
    riacho.do("caio", "scheduled-payments.pause", PauseSchedule(), asked)
    riacho.now += 30 * DAY_MS
    assert riacho.do("caio", "scheduled-payments.resume", ResumeSchedule(), asked).state is ScheduleState.ENDED


def test_of_what_fell_into_a_long_night_of_the_node_the_newest_is_paid_and_the_rest_is_told(riacho: Group) -> None:
    asked = riacho.do("caio", "scheduled-payments.create", milk(riacho, times=DUE_MAX + 2)).id
    riacho.do("steward", "members.set-limits", SetLimits(Amount(1_000_00, None, 2)), "caio")
    riacho.pass_time(NEW_YEAR + 300 * DAY_MS)
    shown = riacho.view("caio", "scheduled-payments.show", asked)
    assert (shown.paid, shown.missed) == (0, DUE_MAX)
    riacho.pass_time(riacho.now)
    shown = riacho.view("caio", "scheduled-payments.show", asked)
    assert (shown.state, shown.paid, shown.missed) == (ScheduleState.ENDED, 1, DUE_MAX + 1)
    assert riacho.balance("caio") == -2_00


def test_two_standing_orders_of_one_hour_do_not_break_a_limit_together(riacho: Group) -> None:
    riacho.pay("ana", "caio", 85_00)
    rent(riacho)
    rent(riacho)
    riacho.pass_time(JANUARY_31)
    assert riacho.balance("ana") == -95_00


def test_the_payer_cancels_without_a_signature_and_nobody_else(riacho: Group) -> None:
    asked = rent(riacho)
    for who in ("bia", "steward"):
        for verb, wish in (("pause", PauseSchedule()), ("cancel", CancelSchedule())):
            assert riacho.refusal(who, f"scheduled-payments.{verb}", wish, asked) is FORBIDDEN
    assert riacho.do("ana", "scheduled-payments.cancel", CancelSchedule(), asked).state is ScheduleState.CANCELLED
    riacho.pass_time(JANUARY_31)
    assert riacho.balance("bia") == 0
    for verb, wish in (("pause", PauseSchedule()), ("resume", ResumeSchedule()), ("cancel", CancelSchedule())):
        assert riacho.refusal("ana", f"scheduled-payments.{verb}", wish, asked) is STATE_CONFLICT


def test_it_ends_when_one_end_leaves_and_is_missed_while_one_is_suspended(riacho: Group) -> None:
    asked = rent(riacho)
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    riacho.pass_time(JANUARY_31)
    shown = riacho.view("ana", "scheduled-payments.show", asked)
    assert [missed.reason for missed in shown.last_missed] == ["MEMBER_NOT_ACTIVE"]
    riacho.leave("bia")
    riacho.pass_time(JANUARY_31 + 28 * DAY_MS)
    assert riacho.view("ana", "scheduled-payments.show", asked).state is ScheduleState.CANCELLED


def test_it_ends_with_its_currency(riacho: Group) -> None:
    asked = rent(riacho)
    riacho.do("steward", "currencies.close", CloseCurrency(), "HORA")
    riacho.pass_time(JANUARY_31)
    assert riacho.view("ana", "scheduled-payments.show", asked).state is ScheduleState.CANCELLED


def test_a_payment_that_took_the_id_of_an_occurrence_lets_it_be_missed(riacho: Group) -> None:
    asked = rent(riacho)
    name = parse_uuid(asked)
    assert name is not None
    riacho.pay("ana", "bia", 1_00, payment=occurrence_id(name, 0))
    riacho.pass_time(JANUARY_31)
    shown = riacho.view("ana", "scheduled-payments.show", asked)
    assert [missed.reason for missed in shown.last_missed] == ["PAYMENT_EXISTS"]


def test_what_cannot_be_scheduled_by_a_signed_order(riacho: Group) -> None:
    def refused(**changed: Any) -> Reason:
        wish = Brought(standing(riacho, **changed))
        return riacho.refusal("ana", "scheduled-payments.create", wish)

    assert refused(amount=hours(0)) is AMOUNT_NOT_POSITIVE
    assert refused(key=keys_of("bia").public) is SIGNATURE_INVALID
    assert refused(signer="stranger") is KEY_UNKNOWN
    assert refused(signer="bia") is FORBIDDEN
    assert refused(payer="commons.HORA") is ACCOUNT_UNKNOWN
    assert refused(payee="nobody") is MEMBER_UNKNOWN
    assert refused(payee="ana") is SAME_ACCOUNT
    assert refused(payee="bia@serra") is SCHEDULE_LOCAL_ONLY
    assert refused(network=bytes(32)) is WRONG_NETWORK
    assert refused(first_at=NEW_YEAR - DAY_MS - 1) is ORDER_EXPIRED
    riacho.do("ana", "scheduled-payments.create", Brought(standing(riacho, first_at=NEW_YEAR - DAY_MS)))
    assert refused(rhythm=Rhythm.ONCE) is MALFORMED
    rent(riacho)
    assert refused(order_seq=riacho.seqs[keys_of("ana").public.hex()]) is ORDER_REPLAYED
    assert refused(order_seq=0) is ORDER_STALE
    wish = Brought(Signed(b"\xa0", bytes(64)))
    assert riacho.refusal("ana", "scheduled-payments.create", wish) is MALFORMED
    assert refused(schedule=None) is MALFORMED
    assert refused(operation="payments.create") is MALFORMED


def test_a_standing_order_in_the_wrong_hands_is_not_carried_out_for_them(riacho: Group) -> None:
    wish = Brought(standing(riacho))
    assert riacho.refusal("bia", "scheduled-payments.create", wish) is FORBIDDEN
    assert riacho.do("steward", "scheduled-payments.create", wish).payer == "ana"


def test_a_key_with_a_cap_orders_nothing_for_years_to_come(riacho: Group) -> None:
    riacho.add_key("ana", keys_of("phone"), 50_00)
    wish = Brought(standing(riacho, signer="phone"))
    assert riacho.refusal("ana", "scheduled-payments.create", wish) is FORBIDDEN


def test_what_cannot_be_scheduled_by_word(riacho: Group) -> None:
    def refused(who: str = "caio", **changed: Any) -> Reason:
        return riacho.refusal(who, "scheduled-payments.create", replace(milk(riacho), **changed))

    assert refused("steward") is MALFORMED
    assert refused(payee="bia@serra") is SCHEDULE_LOCAL_ONLY
    assert refused(payee="nobody") is MEMBER_UNKNOWN
    assert refused(payer="nobody") is MEMBER_UNKNOWN
    assert refused(payer="commons.HORA") is FORBIDDEN
    assert refused("bia", payer="caio", payee="ana") is FORBIDDEN
    assert refused("ana") is FORBIDDEN
    assert refused(amount=Amount(1, "HORA", 3)) is SCALE_EXCEEDED
    assert refused(amount=Amount(-1, "HORA", 2)) is AMOUNT_NOT_POSITIVE
    assert refused(note="e\u0301") is TEXT_NOT_NFC
    assert riacho.do("steward", "scheduled-payments.create", replace(milk(riacho), payer="caio")).payer == "caio"


def test_the_note_of_a_standing_order_is_the_one_that_it_names(riacho: Group) -> None:
    salt = bytes(range(16))
    order = standing(riacho, note=text_digest(salt, "rent"))
    for wish in (
        Brought(order, {"note": "bribe"}, {"note": salt}),
        Brought(order, {"note": "rent"}),
        Brought(standing(riacho), {"note": "rent"}, {"note": salt}),
    ):
        assert riacho.refusal("ana", "scheduled-payments.create", wish) is ORDER_MISMATCH
    riacho.do("ana", "scheduled-payments.create", Brought(order, {"note": "rent"}, {"note": salt}))
    riacho.pass_time(JANUARY_31)
    payment = list(riacho.book.payments.values())[-1]
    assert payment.note is not None and riacho.texts[payment.note] == "rent"


def test_no_node_takes_an_occurrence_too_early_twice_or_out_of_turn(riacho: Group) -> None:
    name = parse_uuid(rent(riacho))
    assert name is not None
    for body in (Ran(name, 0), Missed(name, 0, LIMIT_EXCEEDED.code)):
        assert riacho.check(body) is STATE_CONFLICT
    riacho.now = JANUARY_31
    assert riacho.check(Ran(name, 0)) is None
    assert riacho.check(Ran(name, 1)) is STATE_CONFLICT
    assert riacho.check(Continued(name)) is STATE_CONFLICT
    assert riacho.check(Ran(bytes(16), 0)) is NOT_FOUND
    riacho.pass_time(JANUARY_31)
    assert riacho.check(Ran(name, 0)) is STATE_CONFLICT
    riacho.now = ms(2027, 2, 28, 8)
    assert riacho.check(Ran(name, 1)) is None
    riacho.do("steward", "members.suspend", Suspend(), "ana")
    assert riacho.check(Ran(name, 1)) is MEMBER_NOT_ACTIVE


def test_payer_payee_and_readers_see_a_schedule(riacho: Group) -> None:
    asked = rent(riacho)
    assert riacho.view("caio", "scheduled-payments.show", asked).reason is FORBIDDEN
    assert riacho.view("ana", "scheduled-payments.show", uuid_text(bytes(16))).reason is NOT_FOUND
    assert riacho.refusal("ana", "scheduled-payments.pause", PauseSchedule(), "?") is NOT_FOUND
    for who, count in (("ana", 1), ("bia", 1), ("caio", 0), ("steward", 1)):
        found = riacho.list(who, "scheduled-payments.list", SchedulesWanted())
        assert isinstance(found, list) and len(found) == count
    assert riacho.list("steward", "scheduled-payments.list", SchedulesWanted(ScheduleState.PAUSED)) == []


@given(
    first=st.integers(0, 8_000 * 366 * DAY_MS).filter(lambda at: at < TIME_MS_MAX),
    rhythm=st.sampled_from(Rhythm),
    n=st.integers(0, TIMES_MAX - 2),
)
def test_occurrences_follow_each_other_at_the_same_time_of_day(first: int, rhythm: Rhythm, n: int) -> None:
    at, following = time_of(first, rhythm, n), time_of(first, rhythm, n + 1)
    assert at % DAY_MS == first % DAY_MS
    days = (following - at) // DAY_MS
    if rhythm is Rhythm.YEARLY:
        assert days in (365, 366)
    elif rhythm is Rhythm.LAST_DAY:
        assert 28 <= days <= 31 and time_of(at, Rhythm.MONTHLY, 0) == time_of(at, rhythm, 0)
    elif rhythm is Rhythm.MONTHLY:
        assert 28 <= days <= 31
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        begun, found = epoch + timedelta(milliseconds=first), epoch + timedelta(milliseconds=at)
        assert (found.year - begun.year) * 12 + found.month - begun.month == n
        assert found.day == begun.day or (found.day < begun.day and (found + timedelta(days=1)).day == 1)
    else:
        assert days == (7 if rhythm is Rhythm.WEEKLY else 1)


def test_it_ends_with_the_key_that_signed_it_or_the_one_in_its_place_and_with_no_other(riacho: Group) -> None:
    own = rent(riacho)
    for name in ("phone", "tablet"):
        riacho.add_key("ana", keys_of(name))
    by_phone, paused = rent(riacho, signer="phone"), rent(riacho, signer="phone")
    riacho.do("ana", "scheduled-payments.pause", PauseSchedule(), paused)
    ended = rent(riacho, signer="phone", rhythm=Rhythm.ONCE, times=1, first_at=riacho.now)
    riacho.pass_time(riacho.now)
    ana = riacho.member("ana").id
    changed = RebindKey(ana, riacho.joining("ana", keys_of("newer")), keys_of("phone").public)
    riacho.do("ana", "members.rebind-key", Brought(riacho.sign("members.rebind-key", changed, keys_of("phone"))), "ana")

    def states() -> list[ScheduleState]:
        names = (own, by_phone, paused, ended)
        return [riacho.view("ana", "scheduled-payments.show", name).state for name in names]

    def revoke(name: str) -> None:
        wish = RevokeKey(ana, keys_of(name).public)
        riacho.do("ana", "members.revoke-key", Brought(riacho.sign("members.revoke-key", wish, keys_of("ana"))), "ana")
        riacho.pass_time(riacho.now)

    revoke("tablet")
    assert states() == [ScheduleState.ACTIVE, ScheduleState.ACTIVE, ScheduleState.PAUSED, ScheduleState.ENDED]
    revoke("newer")
    assert states() == [ScheduleState.ACTIVE, ScheduleState.CANCELLED, ScheduleState.CANCELLED, ScheduleState.ENDED]
    before = riacho.balance("ana")
    riacho.pass_time(JANUARY_31)
    assert riacho.balance("ana") == before - 10_00, "her own alone is paid"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_no_node_takes_a_payment_by_the_order_of_a_key_that_was_revoked(riacho: Group) -> None:
    riacho.add_key("ana", keys_of("phone"))
    asked = parse_uuid(rent(riacho, signer="phone")) or b""
    riacho.now = JANUARY_31
    assert riacho.check(Ran(asked, 0)) is None
    lost = RevokeKey(riacho.member("ana").id, keys_of("phone").public)
    riacho.do("ana", "members.revoke-key", Brought(riacho.sign("members.revoke-key", lost, keys_of("ana"))), "ana")
    assert riacho.check(Ran(asked, 0)) is KEY_UNKNOWN
    riacho.pass_time(riacho.now)
    assert riacho.news[-1].type == "scheduled-payment.cancelled"


def test_it_ends_where_a_new_key_shuts_out_the_one_that_signed_it(riacho: Group) -> None:
    asked, milks = rent(riacho), riacho.do("caio", "scheduled-payments.create", milk(riacho)).id
    riacho.leave("ana")
    code = riacho.do("steward", "invitations.create", Invite(back="ana")).code
    riacho.do(ANYBODY, "members.return", Return(code, riacho.joining("ana", keys_of("new"))), "ana")
    riacho.pass_time(riacho.now)
    assert riacho.view("ana", "scheduled-payments.show", asked).state is ScheduleState.CANCELLED
    assert riacho.view("caio", "scheduled-payments.show", milks).state is ScheduleState.ACTIVE
