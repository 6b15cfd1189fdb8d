# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kiosks issue and redeem out of reach within their rights; what they have signed comes later, once, in its order."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.refusals import (
    AMOUNT_NOT_POSITIVE,
    DUPLICATE,
    KEY_UNACCEPTABLE,
    MALFORMED,
    NOT_FOUND,
    ORDER_MISMATCH,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import uuid_text
from protocol.practices.credit.kiosks.entries import KioskForked, KioskSynced
from protocol.practices.credit.kiosks.offline import OfflineKiosk
from protocol.practices.credit.kiosks.refusals import KIOSK_BEHIND, KIOSK_FROZEN, KIOSK_GAP, TILL_SHORT
from protocol.practices.credit.kiosks.statements import SignedStatement, read_kiosk_statement, sign_statement
from protocol.practices.credit.kiosks.views import FillKioskTill, RegisterKiosk, SendRights, SyncKiosk
from protocol.practices.credit.reserves.refusals import RESERVE_SHORT, RIGHTS_EXHAUSTED
from protocol.practices.credit.reserves.state import NODE
from protocol.practices.people.authority import KEY_TAKEN
from tests.protocol.practices.credit.palmas import (
    deposited,
    errands_of_the_week,
    filled,
    founded,
    issued,
    kiosk_of,
    outstanding,
    palmas,
    reais,
    redeemed,
    reserve_in,
    slip_of,
    synced,
    told_of,
)
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot


@pytest.fixture
def conjunto() -> Group:
    """A bank with 30,000.00 in its reserve, of which 28,500.00 are issued."""
    group = founded(fee_basis_points=200)
    deposited(group, 30_000_00)
    for handle, minor in (("dora", 28_000_00), ("elio", 500_00)):
        issued(group, handle, minor)
    return group


def done(kiosk: OfflineKiosk | Refused) -> OfflineKiosk:
    assert not isinstance(kiosk, Refused), kiosk
    return kiosk


def refused(shown: Any) -> Refused:
    assert isinstance(shown, Refused), shown
    return shown


def test_two_kiosks_out_of_reach_issue_all_that_they_hold_and_no_more(conjunto: Group) -> None:
    a, b = kiosk_of(conjunto, "a", 900_00), kiosk_of(conjunto, "b", 600_00)
    assert refused(issued(conjunto, "dora", 1)).figures["available"] == 0
    found = refused(a.issue("dora", 1_000_00, conjunto.now))
    assert (found.reason, found.figures["available"]) == (RIGHTS_EXHAUSTED, 900_00)
    a, b = done(a.issue("dora", 900_00, conjunto.now)), done(b.issue("elio", 600_00, conjunto.now))
    assert refused(a.issue("dora", 1, conjunto.now)).figures["available"] == 0
    assert synced(conjunto, b).rights == palmas(0)
    assert synced(conjunto, a).issued == palmas(900_00)
    assert outstanding(conjunto) == reserve_in(conjunto).most_minor == 30_000_00
    assert (conjunto.balance("dora", "PALMAS"), conjunto.balance("elio", "PALMAS")) == (28_900_00, 1_100_00)
    # Brought again, nothing comes twice.
    entries = len(conjunto.written)
    assert synced(conjunto, a).issued == palmas(900_00)
    assert len(conjunto.written) == entries and outstanding(conjunto) == 30_000_00
    assert snapshot(copy_of(conjunto.written)) == snapshot(conjunto.book)


def test_what_lacks_a_statement_before_it_is_refused_and_comes_in_its_order(conjunto: Group) -> None:
    kiosk = kiosk_of(conjunto, "a", 900_00)
    name = uuid_text(kiosk.told.kiosk)
    for minor in (1_00, 2_00, 3_00):
        kiosk = done(kiosk.issue("dora", minor, conjunto.now))
    first, second, third = kiosk.signed
    for statements, place in (((second,), 1), ((first, third), 2), ((third, second, first), 1)):
        found = refused(conjunto.ask("steward", "kiosks.sync", SyncKiosk(statements), name))
        assert (found.reason, found.figures["place"]) == (KIOSK_GAP, place)
    assert conjunto.balance("dora", "PALMAS") == 28_000_00
    assert conjunto.do("dora", "kiosks.sync", SyncKiosk((first,)), name).place == 1
    assert conjunto.do("dora", "kiosks.sync", SyncKiosk((first, second, third)), name).place == 3
    assert conjunto.balance("dora", "PALMAS") == 28_006_00
    # The kiosk goes on from what the network has told it, and brings no more than is new.
    after = done(kiosk.load(told_of(conjunto, name)))
    assert (after.signed, after.rights_minor) == ((), 894_00)
    assert synced(conjunto, done(after.issue("dora", 4_00, conjunto.now))).place == 4


def test_a_kiosk_that_signs_twice_at_a_place_is_frozen_with_the_proof_and_loses_no_more_than_it_held(
    conjunto: Group,
) -> None:
    kiosk = done(kiosk_of(conjunto, "a", 900_00).issue("dora", 100_00, conjunto.now))
    name = uuid_text(kiosk.told.kiosk)
    one, other = done(kiosk.issue("dora", 800_00, conjunto.now)), done(kiosk.issue("elio", 700_00, conjunto.now))
    assert synced(conjunto, one).rights == palmas(0)
    shown = synced(conjunto, other)
    assert (shown.forked_at, shown.risk, shown.issued) == (2, palmas(800_00), palmas(900_00))
    assert shown.proof == (one.signed[1].data, other.signed[1].data)
    assert (outstanding(conjunto), conjunto.balance("elio", "PALMAS")) == (29_400_00, 500_00)
    [errand] = kiosks_of_the_week(conjunto)
    assert (errand.sentence, errand.figure) == ("kiosks.forked", palmas(800_00))
    assert refused(synced(conjunto, done(one.load(told_of(conjunto, name))))).reason is KIOSK_FROZEN
    assert conjunto.refusal("steward", "kiosks.send", SendRights(palmas(1)), name) is KIOSK_FROZEN
    assert snapshot(copy_of(conjunto.written)) == snapshot(conjunto.book)
    # No operator freezes a kiosk without two statements of its own.
    honest = done(kiosk_of(conjunto, "b", 100_00).issue("dora", 1_00, conjunto.now))
    synced(conjunto, honest)
    [statement] = honest.signed
    assert conjunto.check(KioskForked(honest.told.kiosk, statement, statement)) is MALFORMED
    assert conjunto.check(KioskForked(honest.told.kiosk, one.signed[1], other.signed[1])) is ORDER_MISMATCH


def test_what_a_frozen_kiosk_held_is_nobodys(conjunto: Group) -> None:
    kiosk = kiosk_of(conjunto, "a", 900_00)
    one, other = done(kiosk.issue("dora", 100_00, conjunto.now)), done(kiosk.issue("elio", 100_00, conjunto.now))
    synced(conjunto, one)
    shown = synced(conjunto, other)
    assert (shown.risk, shown.rights) == (palmas(900_00), palmas(800_00))
    assert reserve_in(conjunto).rights.held(NODE) == 600_00
    assert outstanding(conjunto) + 600_00 + 800_00 == 30_000_00


def test_a_kiosk_redeems_out_of_reach_what_a_member_has_signed(conjunto: Group) -> None:
    kiosk = kiosk_of(conjunto, "a", 900_00, till_minor=500_00)
    account, slip = conjunto.account("dora", "PALMAS").id, slip_of(conjunto, "dora", 100_00)
    after = done(kiosk.pay(account, 100_00, conjunto.now, slip))
    assert (after.till_minor, after.rights_minor) == (402_00, 800_00)
    assert refused(after.pay(account, 100_00, conjunto.now, slip)).reason is DUPLICATE
    shown = synced(conjunto, after)
    assert (shown.till, shown.rights, shown.unmet) == (reais(402_00), palmas(900_00), reais(0))
    assert conjunto.balance("dora", "PALMAS") == 27_900_00
    kept = reserve_in(conjunto)
    assert (kept.reserve_minor, kept.fund_minor, kept.away_minor) == (29_900_00, 2_00, 402_00)
    assert (outstanding(conjunto), kept.in_bank_minor) == (28_400_00, 29_500_00)
    assert done(after.load(told_of(conjunto, shown.id))).rights_minor == 900_00
    assert snapshot(copy_of(conjunto.written)) == snapshot(conjunto.book)


def test_one_slip_at_two_kiosks_returns_rights_once_and_the_second_owes_what_it_paid(conjunto: Group) -> None:
    a, b = kiosk_of(conjunto, "a", 400_00, till_minor=200_00), kiosk_of(conjunto, "b", 400_00, till_minor=200_00)
    account, slip = conjunto.account("dora", "PALMAS").id, slip_of(conjunto, "dora", 100_00)
    a, b = done(a.pay(account, 100_00, conjunto.now, slip)), done(b.pay(account, 100_00, conjunto.now, slip))
    assert synced(conjunto, a).unmet == reais(0)
    shown = synced(conjunto, b)
    assert (shown.unmet, shown.rights, shown.till) == (reais(98_00), palmas(300_00), reais(102_00))
    assert conjunto.balance("dora", "PALMAS") == 27_900_00
    assert (outstanding(conjunto), reserve_in(conjunto).reserve_minor) == (28_400_00, 29_802_00)
    assert outstanding(conjunto) + reserve_in(conjunto).rights.total <= reserve_in(conjunto).most_minor


def test_a_kiosk_owes_what_it_paid_for_more_than_a_member_has_or_that_another_signed(conjunto: Group) -> None:
    kiosk = kiosk_of(conjunto, "a", 1_400_00, till_minor=1_400_00)
    elio, dora = conjunto.account("elio", "PALMAS").id, conjunto.account("dora", "PALMAS").id
    after = done(kiosk.pay(elio, 500_01, conjunto.now, slip_of(conjunto, "elio", 500_01)))
    after = done(after.pay(dora, 100_00, conjunto.now, slip_of(conjunto, "dora", 100_00, by="elio")))
    after = done(after.pay("dora", 50_00, conjunto.now))  # She has a key, so her word is not enough.
    shown = synced(conjunto, after)
    assert shown.unmet == reais(490_01 + 98_00 + 49_00)
    assert (conjunto.balance("elio", "PALMAS"), conjunto.balance("dora", "PALMAS")) == (500_00, 28_000_00)
    assert outstanding(conjunto) == 28_500_00
    assert refused(after.pay(dora, 1_000_00, conjunto.now)).reason is TILL_SHORT
    wrong = slip_of(conjunto, "dora", 5_00)
    assert refused(after.pay(dora, 6_00, conjunto.now, wrong)).reason is MALFORMED
    assert refused(after.pay(dora, 5_00, conjunto.now + 2 * DAY_MS, wrong)).reason is MALFORMED


def test_what_a_kiosk_issues_to_nobody_is_the_commons(conjunto: Group) -> None:
    kiosk = done(kiosk_of(conjunto, "a", 100_00).issue("zoe", 40_00, conjunto.now))
    synced(conjunto, kiosk)
    assert conjunto.balance("commons", "PALMAS") == 40_00


def test_rights_come_back_and_go_from_kiosk_to_kiosk(conjunto: Group) -> None:
    a, b = kiosk_of(conjunto, "a", 900_00), kiosk_of(conjunto, "b")
    a = done(done(a.send(b.told.kiosk, 500_00, conjunto.now)).send(None, 100_00, conjunto.now))
    assert refused(b.issue("dora", 1, conjunto.now)).figures["available"] == 0
    assert synced(conjunto, a).rights == palmas(300_00)
    b = done(b.load(told_of(conjunto, uuid_text(b.told.kiosk))))
    assert b.rights_minor == 500_00
    assert reserve_in(conjunto).rights.held(NODE) == 700_00
    assert synced(conjunto, done(b.issue("dora", 500_00, conjunto.now))).rights == palmas(0)
    assert conjunto.view("dora", "reserves.show", "PALMAS").elsewhere == palmas(300_00)


def test_an_old_copy_of_a_kiosk_goes_no_further(conjunto: Group) -> None:
    old = kiosk_of(conjunto, "a", 900_00)
    kiosk = done(old.issue("dora", 1_00, conjunto.now))
    synced(conjunto, kiosk)
    told = told_of(conjunto, uuid_text(kiosk.told.kiosk))
    assert refused(old.load(told)).reason is KIOSK_BEHIND
    assert refused(done(old.issue("elio", 2_00, conjunto.now)).load(told)).reason is KIOSK_FROZEN
    assert refused(done(kiosk.load(told)).load(old.told)).reason is STATE_CONFLICT


def test_what_is_no_statement_of_the_kiosk_is_refused(conjunto: Group) -> None:
    kiosk, other = kiosk_of(conjunto, "a", 900_00), kiosk_of(conjunto, "b", 100_00)
    [signed] = done(kiosk.issue("dora", 1_00, conjunto.now)).signed
    read = read_kiosk_statement(signed)
    assert read is not None
    cases: list[tuple[SignedStatement, Any]] = [
        (SignedStatement(b"\x00", signed.signature), MALFORMED),
        (replace(signed, signature=bytes(64)), SIGNATURE_INVALID),
        (sign_statement(keys_of("elio"), read.said), SIGNATURE_INVALID),
        (sign_statement(keys_of("a"), replace(read.said, network=bytes(32))), ORDER_MISMATCH),
        (sign_statement(keys_of("a"), replace(read.said, account=None)), MALFORMED),
        (sign_statement(keys_of("a"), replace(read.said, amount=900_01)), RIGHTS_EXHAUSTED),
    ]
    for one, reason in cases:
        assert conjunto.check(KioskSynced(kiosk.told.kiosk, (one,))) is reason
        asked = conjunto.refusal("steward", "kiosks.sync", SyncKiosk((one,)), uuid_text(kiosk.told.kiosk))
        assert asked is reason
    assert conjunto.check(KioskSynced(other.told.kiosk, (signed,))) is ORDER_MISMATCH
    assert conjunto.check(KioskSynced(kiosk.told.kiosk, ())) is MALFORMED
    assert conjunto.check(KioskSynced(bytes(16), (signed,))) is NOT_FOUND
    synced(conjunto, done(kiosk.issue("dora", 1_00, conjunto.now)))
    assert conjunto.check(KioskSynced(kiosk.told.kiosk, (signed,))) is DUPLICATE


def test_who_is_registered_and_what_it_is_given(conjunto: Group) -> None:
    kiosk = kiosk_of(conjunto, "a", 900_00)
    name, fresh = uuid_text(kiosk.told.kiosk), keys_of("fresh").public
    for wish, reason in (
        (RegisterKiosk("PALMAS", "b", keys_of("a").public), KEY_TAKEN),
        (RegisterKiosk("PALMAS", "b", keys_of("dora").public), KEY_TAKEN),
        (RegisterKiosk("PALMAS", "a", fresh), DUPLICATE),
        (RegisterKiosk("PALMAS", " ", fresh), MALFORMED),
        (RegisterKiosk("PALMAS", "b", bytes(32)), KEY_UNACCEPTABLE),
    ):
        assert conjunto.refusal("steward", "kiosks.register", wish) is reason
    found = refused(conjunto.ask("steward", "kiosks.send", SendRights(palmas(600_01)), name))
    assert (found.reason, found.figures["available"]) == (RIGHTS_EXHAUSTED, 600_00)
    assert conjunto.refusal("steward", "kiosks.send", SendRights(palmas(0)), name) is AMOUNT_NOT_POSITIVE
    assert conjunto.refusal("steward", "kiosks.fill-till", FillKioskTill(reais(30_000_01)), name) is RESERVE_SHORT
    assert conjunto.refusal("steward", "kiosks.fill-till", FillKioskTill(reais(-1)), name) is RESERVE_SHORT


def test_a_kiosk_that_was_not_heard_from_is_on_the_list_of_the_week(conjunto: Group) -> None:
    kiosk = kiosk_of(conjunto, "a", 900_00)
    assert not kiosks_of_the_week(conjunto)
    conjunto.now += 8 * DAY_MS
    [errand] = kiosks_of_the_week(conjunto)
    assert (errand.who, errand.sentence, errand.figure) == ("a", "kiosks.unseen", palmas(900_00))
    synced(conjunto, done(kiosk.issue("dora", 1_00, conjunto.now)))
    assert not kiosks_of_the_week(conjunto) and not errands_of_the_week(conjunto)


def kiosks_of_the_week(group: Group) -> list[Any]:
    return [
        one for each in group.book.practices if each.name == "kiosks" and each.week for one in each.week(group.desk())
    ]


def test_what_the_node_redeems_is_not_touched_by_kiosks(conjunto: Group) -> None:
    kiosk_of(conjunto, "a", 900_00, till_minor=500_00)
    filled(conjunto, 100_00)
    assert redeemed(conjunto, "elio", 100_00).payout == reais(98_00)
    assert reserve_in(conjunto).rights.held(NODE) == 600_00
