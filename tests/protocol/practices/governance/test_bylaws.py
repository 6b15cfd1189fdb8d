# SPDX-License-Identifier: AGPL-3.0-or-later
"""By-laws: a cap lowered with thirty days' notice, an emergency of three days, and all that a rule ever was."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from protocol.book.book import Book
from protocol.book.declaration import Motion, MotionWish, Parameter, Practice
from protocol.book.gates import UnderMotion
from protocol.book.guards import BELOW_WHAT_STANDS
from protocol.book.parameters import Decided, Money, Number
from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NOT_FOUND,
    STATE_CONFLICT,
    Refused,
    refuse,
)
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices import PRACTICES
from protocol.practices.governance.boards import SeatMembers
from protocol.practices.governance.bylaws.entries import (
    BackEmergency,
    CallEmergency,
    ChangeRule,
    EmergencyBacked,
    EmergencyCalled,
    EmergencyLapsed,
    EmergencyState,
    RuleAnnounced,
    RuleCame,
    RuleDropped,
)
from protocol.practices.governance.bylaws.refusals import (
    CHANGE_UNKNOWN,
    COMMITTEE_SMALL,
    EMERGENCY_UNKNOWN,
    NOTICE_SHORT,
)
from protocol.practices.governance.bylaws.state import BYLAW_NOTICE_DAYS, Bylaws, unlike_history
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.motions.entries import Ballot, MakeMotion, MotionState, OpenMotion, Vote
from protocol.practices.governance.parameters import ParameterSet, ParametersWanted, SetParameter
from protocol.practices.money.currencies.views import SetLevy
from protocol.practices.money.daycaps import PAYMENT_DAY_CAP, RULE_CAP
from protocol.practices.money.payments.views import VoidPayment
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, NETWORK, Group, copy_of, keys_of, snapshot

HANDLES = ("ana", "bia", "caio", "dora", "elio", "fia", "gil")
COMMITTEE = HANDLES[:5]
HOUR_MS = 60 * 60 * 1_000
CAP = "payments.day_cap.HORA"


def outstanding(book: Book, value: int, currency: str | None) -> Refused | None:
    """Refuse a cap below what members hold now."""
    assert currency is not None
    held = sum(max(0, one.balance_minor) for one in book.ledger.accounts.values() if one.currency == currency)
    return refuse(BELOW_WHAT_STANDS, wished=value, standing=held, currency=currency) if value < held else None


OUT = Parameter("shop.cap", Money(), 1_500_00, "how much may be out", changed_by=Motion(), guard=outstanding)
SPARE = Parameter("shop.spare", Number(0, 9), 3, "nothing stands against it")
SHOP = Practice("shop", (), parameters=(OUT, SPARE))


@pytest.fixture
def riacho() -> Group:
    """Seven members who may owe 9,000.00; five of them sit on the committee."""
    group = Group(book=Book(NETWORK, (*PRACTICES, SHOP)))
    group.currency(limit=9_000_00)
    group.admit(*HANDLES, custodial=True)
    carry(group, group.do("steward", "boards.seat", SeatMembers(COMMITTEE), "committee").id)
    return group


def carry(group: Group, name: str, *, no: int = 0) -> Any:
    """Let all whom it is not about vote, so many of them no, and let a week pass."""
    recused = group.view("ana", "motions.show", name).recused
    for number, handle in enumerate(one for one in group.book.member_by_handle if one not in recused):
        ballot = Ballot.NO if number < no else Ballot.YES
        group.ask(handle, "motions.vote", Vote(parse_uuid(name) or b"", ballot), name)
    group.pass_time(group.now + 7 * DAY_MS)
    return group.view("ana", "motions.show", name)


def adopt(group: Group, rule: str, value: str | None, starts: int | None = None) -> Any:
    """Let the group adopt a change; it is announced at that hour."""
    told = carry(group, group.do("ana", "bylaws.change", ChangeRule(value, starts), rule).id)
    assert told.state is MotionState.EXECUTED, told.reason
    return told


def notice(group: Group, days: int) -> None:
    adopt(group, "bylaws.notice_days", str(days))
    group.pass_time(group.now)
    assert group.book.parameter(BYLAW_NOTICE_DAYS) == days


def shown(group: Group, rule: str = CAP) -> Any:
    return group.view("ana", "bylaws.show", rule)


def paid_a_day(group: Group, value: str) -> None:
    adopt(group, CAP, value)
    group.pass_time(group.now)


def call(group: Group, value: str | None, who: str = "ana", rule: str = CAP) -> Any:
    return group.ask(who, "emergencies.create", CallEmergency(rule, value))


def back(group: Group, name: str, *handles: str) -> Any:
    told: Any = None
    for handle in handles:
        told = group.do(handle, "emergencies.back", BackEmergency(parse_uuid(name) or b""), name)
    return told


def emergency(group: Group, value: str | None, rule: str = CAP) -> Any:
    return back(group, call(group, value, rule=rule).id, "bia", "caio")


def listed(group: Group, who: str, name: str, wanted: Any) -> list[Any]:
    told = group.list(who, name, wanted)
    assert not isinstance(told, Refused)
    return told


# A cap a day.


def test_a_cap_lowered_with_thirty_days_notice_passes_1200_on_day_29_and_refuses_it_on_day_30(riacho: Group) -> None:
    paid_a_day(riacho, "1500")
    notice(riacho, 30)
    motion = adopt(riacho, CAP, "800").id
    day_0 = riacho.now
    told = shown(riacho)
    assert (told.value, told.comes[0].value, told.comes[0].starts) == ("1500.00", "800.00", day_0 + 30 * DAY_MS)
    assert (told.comes[0].announced, told.comes[0].motion) == (day_0, motion)
    riacho.pass_time(day_0 + 29 * DAY_MS)
    riacho.pay("ana", "bia", 1_200_00)
    riacho.pass_time(day_0 + 30 * DAY_MS)
    before = snapshot(riacho.book)
    refused = riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", 1_200_00))
    assert refused == Refused(
        RULE_CAP, {"limit": 800_00, "available": 800_00, "projected": 1_200_00, "currency": "HORA"}
    )
    assert snapshot(riacho.book) == before
    riacho.pay("ana", "bia", 800_00)
    told = shown(riacho)
    assert (told.value, told.since, told.motion, told.comes) == ("800.00", day_0 + 30 * DAY_MS, motion, ())
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_all_that_a_member_pays_in_a_day_counts_and_what_comes_back_does_not(riacho: Group) -> None:
    paid_a_day(riacho, "100")
    riacho.now -= riacho.now % DAY_MS - DAY_MS
    riacho.pay("ana", "bia", 60_00)
    refused = riacho.ask("ana", "payments.create", riacho.wish("ana", "caio", 40_01))
    assert refused.figures == {"limit": 100_00, "available": 40_00, "projected": 100_01, "currency": "HORA"}
    pending = riacho.pay("ana", "caio", 40_00, pending=True)
    assert riacho.refuses("ana", "caio", 1) is RULE_CAP
    riacho.pay("bia", "caio", 100_00)
    riacho.payments("caio", "void", pending, VoidPayment())
    riacho.pay("ana", "caio", 40_00)
    assert riacho.refuses("ana", "caio", 1) is RULE_CAP
    riacho.now += DAY_MS
    riacho.pay("ana", "caio", 100_00)


# Notice.


def test_a_change_shorter_than_the_notice_of_by_laws_is_refused(riacho: Group) -> None:
    notice(riacho, 30)
    before = snapshot(riacho.book)
    early = ChangeRule("800", riacho.now + 30 * DAY_MS - 1)
    refused = riacho.ask("ana", "bylaws.change", early, CAP)
    assert refused == Refused(NOTICE_SHORT, {"days": 30, "wish": 1})
    assert riacho.refusal("ana", "parameters.set", SetParameter("800"), CAP) is NOTICE_SHORT, "at once is too soon"
    assert riacho.refusal("ana", "bylaws.change", ChangeRule("1", riacho.now), "bylaws.notice_days") is NOTICE_SHORT
    assert snapshot(riacho.book) == before
    name = riacho.do("ana", "bylaws.change", ChangeRule("800", riacho.now + 30 * DAY_MS), CAP).id
    told = carry(riacho, name)
    assert (told.state, told.reason) == (MotionState.FAILED, "NOTICE_SHORT"), "once it is adopted 23 days are left"
    adopt(riacho, CAP, "800", riacho.now + 37 * DAY_MS)
    assert shown(riacho).comes[0].starts == riacho.now + 30 * DAY_MS
    motion = UnderMotionOf(riacho)
    soon = RuleAnnounced(bytes(16), "payments.day_cap", "HORA", 800_00, None, riacho.now + 30 * DAY_MS - 1)
    with motion:
        assert riacho.check(soon) is NOTICE_SHORT, "nor does any node take it from an operator"
        assert riacho.check(replace(soon, from_ms=soon.from_ms + 1)) is None
        assert riacho.check(ParameterSet("payments.day_cap", "HORA", 800_00, None)) is NOTICE_SHORT


class UnderMotionOf:
    """The next entry stands under a motion on the group's usual terms."""

    def __init__(self, group: Group, majority: int = 50_00) -> None:
        self.under, self.majority = group.book.of(UnderMotion), majority

    def __enter__(self) -> None:
        self.under.electorate, self.under.quorum, self.under.majority = "members", 50_00, self.majority
        self.under.left = 1

    def __exit__(self, *_: object) -> None:
        self.under.left = 0


def test_what_a_steward_may_set_can_be_announced_too_and_needs_no_notice(riacho: Group) -> None:
    notice(riacho, 30)
    riacho.do("steward", "bylaws.change", ChangeRule("4", riacho.now + DAY_MS), "shop.spare")
    told = shown(riacho, "shop.spare")
    assert (told.value, told.comes[0].value, told.comes[0].motion, told.is_bylaw) == ("3", "4", None, False)
    assert riacho.news[-1].type == "bylaw.announced" and len(riacho.news[-1].audience) == 7
    said = [one for one in listed(riacho, "fia", "errands.list", ErrandsWanted()) if one.sentence == "bylaws.coming"]
    assert [(one.who, one.said) for one in said] == [("shop.spare", "This rule changes: it will be 4")]
    riacho.pass_time(riacho.now + DAY_MS)
    assert shown(riacho, "shop.spare").value == "4"
    assert riacho.news[-1].type == "bylaw.changed"
    assert riacho.refusal("ana", "bylaws.change", ChangeRule("5"), "shop.spare") is FORBIDDEN


@pytest.mark.parametrize(
    ("rule", "wish", "reason"),
    [
        ("shop.none", ChangeRule("1"), NOT_FOUND),
        ("payments.day_cap.FLOR", ChangeRule("1"), CURRENCY_UNKNOWN),
        (CAP, ChangeRule("much"), MALFORMED),
        (CAP, ChangeRule("1", 0), MALFORMED),
    ],
)
def test_what_cannot_be_announced(riacho: Group, rule: str, wish: ChangeRule, reason: Any) -> None:
    assert riacho.refusal("steward", "bylaws.change", wish, rule) is reason


def test_no_node_takes_a_change_that_nobody_decided_nor_one_out_of_turn(riacho: Group) -> None:
    body = RuleAnnounced(bytes(16), "payments.day_cap", "HORA", 1, None, riacho.now + DAY_MS)
    assert riacho.check(body) is MOTION_NEEDED
    assert riacho.check(RuleCame(bytes(16))) is CHANGE_UNKNOWN
    assert riacho.check(RuleDropped(bytes(16), "NO")) is CHANGE_UNKNOWN
    with UnderMotionOf(riacho):
        assert riacho.check(replace(body, text="1")) is MALFORMED
        assert riacho.check(replace(body, currency="FLOR")) is CURRENCY_UNKNOWN
        assert riacho.check(replace(body, from_ms=riacho.now - 1)) is MALFORMED
    adopt(riacho, CAP, "800", riacho.now + 8 * DAY_MS)
    id = next(iter(riacho.book.of(Bylaws).coming))
    assert riacho.check(RuleCame(id)) is STATE_CONFLICT and riacho.check(RuleDropped(id, "NO")) is STATE_CONFLICT
    with UnderMotionOf(riacho):
        assert riacho.check(replace(body, change=id)) is DUPLICATE
    riacho.pass_time(riacho.now + DAY_MS)
    assert riacho.check(RuleCame(id)) is STATE_CONFLICT


def test_what_would_break_what_stands_is_refused_and_dropped_at_its_hour(riacho: Group) -> None:
    riacho.pay("ana", "bia", 90_00)
    rule = "shop.cap.HORA"
    refused = riacho.ask("ana", "bylaws.change", ChangeRule("89.99"), rule)
    assert refused == Refused(BELOW_WHAT_STANDS, {"wished": 89_99, "standing": 90_00, "currency": "HORA", "wish": 1})
    draft = riacho.do(
        "ana", "motions.create", MakeMotion("it", (MotionWish("bylaws.change", rule, ChangeRule("90")),), draft=True)
    ).id
    riacho.pay("ana", "bia", 1)
    assert riacho.refusal("ana", "motions.open", OpenMotion(), draft) is BELOW_WHAT_STANDS
    opened = riacho.do("bia", "bylaws.change", ChangeRule("90.01"), rule).id
    riacho.pay("ana", "bia", 1)
    told = carry(riacho, opened)
    assert (told.state, told.reason) == (MotionState.FAILED, "BELOW_WHAT_STANDS")
    adopt(riacho, rule, "91", riacho.now + 8 * DAY_MS)
    riacho.pay("ana", "bia", 1_00)
    riacho.pass_time(riacho.now + DAY_MS)
    told = shown(riacho, rule)
    assert (told.value, told.comes, told.history) == ("1500.00", (), ())
    change = list(riacho.book.of(Bylaws).changes.values())[-1]
    assert (change.state.value, change.reason) == ("dropped", "BELOW_WHAT_STANDS")
    assert riacho.news[-1].type == "bylaw.dropped"


# By-laws need another majority than other motions.


def test_two_thirds_change_a_by_law_and_half_anything_else(riacho: Group) -> None:
    riacho.pass_time(riacho.now)
    adopt(riacho, "bylaws.majority", "66.66%")
    riacho.pass_time(riacho.now)
    told = riacho.do("ana", "bylaws.change", ChangeRule("800"), CAP)
    assert told.majority == 66_66
    assert carry(riacho, told.id, no=3).state is MotionState.LOST, "4 of 7 are no two thirds"
    told = riacho.do("ana", "parameters.set", SetParameter("800"), CAP)
    assert carry(riacho, told.id, no=2).state is MotionState.EXECUTED, "5 of 7 are"
    levy = riacho.do(
        "ana", "motions.create", MakeMotion("a levy", (MotionWish("currencies.set-levy", "HORA", SetLevy(100)),))
    )
    assert carry(riacho, levy.id, no=3).state is MotionState.EXECUTED
    back_down = riacho.do("ana", "bylaws.change", ChangeRule("50%"), "bylaws.majority")
    assert carry(riacho, back_down.id, no=3).state is MotionState.LOST, "the rule guards itself"
    with UnderMotionOf(riacho, 50_00):
        assert riacho.check(ParameterSet("payments.day_cap", "HORA", 1, None)) is MOTION_NEEDED
    with UnderMotionOf(riacho, 66_66):
        assert riacho.check(ParameterSet("payments.day_cap", "HORA", 1, None)) is None


def test_a_by_law_may_need_another_quorum(riacho: Group) -> None:
    adopt(riacho, "bylaws.quorum", "75%")
    riacho.pass_time(riacho.now)
    assert riacho.do("ana", "bylaws.change", ChangeRule("800"), CAP).needed == 6
    assert riacho.do("ana", "motions.create", MakeMotion("a shed")).needed == 4


# Emergencies.


def test_an_emergency_by_3_of_5_holds_for_72_hours_and_the_rule_is_what_it_was(riacho: Group) -> None:
    paid_a_day(riacho, "1500")
    before = riacho.book.of(Decided).by_name["payments.day_cap", "HORA"]
    name = call(riacho, "50").id
    assert riacho.news[-1].type == "emergency.called" and len(riacho.news[-1].audience) == 5
    told = back(riacho, name, "bia")
    assert (told.state, told.backers, told.needed, told.seated) == (EmergencyState.CALLED, ("ana", "bia"), 3, 5)
    riacho.pay("ana", "bia", 60_00)
    told = back(riacho, name, "caio")
    since = riacho.now
    assert (told.state, told.until) == (EmergencyState.IN_FORCE, since + 72 * HOUR_MS)
    assert riacho.news[-1].type == "emergency.in-force" and len(riacho.news[-1].audience) == 7
    assert riacho.refuses("dora", "bia", 50_01) is RULE_CAP
    rule = shown(riacho)
    assert (rule.value, rule.emergency, rule.since, rule.until, rule.beneath, rule.motion) == (
        "50.00",
        name,
        since,
        since + 72 * HOUR_MS,
        "1500.00",
        None,
    )
    riacho.pass_time(since + 72 * HOUR_MS - 1)
    assert riacho.refuses("dora", "bia", 50_01) is RULE_CAP
    riacho.pass_time(since + 72 * HOUR_MS)
    assert riacho.book.of(Decided).by_name["payments.day_cap", "HORA"] == before and not riacho.book.of(Decided).over
    riacho.pay("dora", "bia", 1_500_00)
    rule = shown(riacho)
    assert (rule.value, rule.emergency, rule.since) == ("1500.00", None, before.at_ms)
    assert [(one.value, one.how.value, one.emergency) for one in rule.history] == [
        ("1500.00", "announced", None),
        ("50.00", "emergency", name),
        ("1500.00", "lapsed", name),
    ]
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_the_group_decides_meanwhile_holds_once_the_emergency_has_lapsed(riacho: Group) -> None:
    motion = riacho.do("ana", "parameters.set", SetParameter("700"), CAP).id
    for handle in HANDLES:
        riacho.do(handle, "motions.vote", Vote(parse_uuid(motion) or b"", Ballot.YES), motion)
    riacho.pass_time(riacho.now + 6 * DAY_MS)
    emergency(riacho, "50")
    riacho.pass_time(riacho.now + DAY_MS)
    told = shown(riacho)
    assert (told.value, told.beneath, told.history[-1].motion) == ("50.00", "700.00", motion)
    riacho.pass_time(riacho.now + 2 * DAY_MS)
    told = shown(riacho)
    assert (told.value, told.motion, told.emergency) == ("700.00", motion, None)


def test_a_rule_that_never_was_set_has_its_default_again(riacho: Group) -> None:
    emergency(riacho, "9", rule="shop.spare")
    assert shown(riacho, "shop.spare").value == "9"
    riacho.pass_time(riacho.now + 3 * DAY_MS)
    told = shown(riacho, "shop.spare")
    assert (told.value, told.since) == ("3", None)


def test_an_emergency_that_too_few_back_expires(riacho: Group) -> None:
    name = back(riacho, call(riacho, "50").id, "bia").id
    riacho.pass_time(riacho.now + 72 * HOUR_MS)
    told = riacho.view("ana", "emergencies.show", name)
    assert (told.state, told.since, shown(riacho).emergency) == (EmergencyState.EXPIRED, None, None)
    assert riacho.refusal("caio", "emergencies.back", BackEmergency(parse_uuid(name) or b""), name) is STATE_CONFLICT


def test_who_may_call_and_back_an_emergency(riacho: Group) -> None:
    before = snapshot(riacho.book)
    assert call(riacho, "50", "fia").reason is FORBIDDEN, "fia does not sit on the committee"
    assert call(riacho, "much").reason is MALFORMED
    assert call(riacho, "50", rule="shop.none").reason is NOT_FOUND
    assert call(riacho, "2", rule="bylaws.emergency_backers").reason is FORBIDDEN
    assert call(riacho, "1%", rule="motions.quorum").reason is FORBIDDEN
    assert call(riacho, "Europe/Madrid", rule="group.time_zone").reason is FORBIDDEN
    assert snapshot(riacho.book) == before
    name = call(riacho, "50").id
    assert call(riacho, "60").reason is DUPLICATE, "ana has one on this rule"
    back_it = BackEmergency(parse_uuid(name) or b"")
    assert riacho.refusal("ana", "emergencies.back", back_it, name) is DUPLICATE
    assert riacho.refusal("gil", "emergencies.back", back_it, name) is FORBIDDEN
    assert riacho.refusal("bia", "emergencies.back", BackEmergency(bytes(16)), name) is EMERGENCY_UNKNOWN
    assert riacho.view("ana", "emergencies.show", "x").reason is EMERGENCY_UNKNOWN
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    assert riacho.refusal("bia", "emergencies.back", back_it, name) is MEMBER_NOT_ACTIVE
    other = call(riacho, "60", "dora").id
    back(riacho, name, "caio", "dora")
    assert riacho.refusal("caio", "emergencies.back", BackEmergency(parse_uuid(other) or b""), other) is STATE_CONFLICT
    assert call(riacho, "70", "elio").reason is STATE_CONFLICT, "one lies over the rule already"


def test_who_left_the_committee_does_not_count(riacho: Group) -> None:
    name = back(riacho, call(riacho, "50").id, "bia").id
    carry(riacho, riacho.do("steward", "boards.seat", SeatMembers(("caio", "dora", "elio")), "committee").id)
    told = riacho.view("ana", "emergencies.show", name)
    assert told.state is EmergencyState.EXPIRED and told.seated == 3


def test_of_more_seats_as_large_a_part_must_agree_and_of_too_few_none(riacho: Group) -> None:
    riacho.admit("hana", "ivo", custodial=True)
    carry(riacho, riacho.do("steward", "boards.seat", SeatMembers(HANDLES), "committee").id)
    assert call(riacho, "50").needed == 5, "of seven, three fifths"
    carry(riacho, riacho.do("steward", "boards.seat", SeatMembers(("ana", "bia")), "committee").id)
    refused = call(riacho, "50")
    assert refused == Refused(COMMITTEE_SMALL, {"seated": 2, "needed": 3})


def test_no_node_takes_an_emergency_out_of_turn(riacho: Group) -> None:
    fia, ana = riacho.member("fia").id, riacho.member("ana").id
    wish = CallEmergency(CAP, "50", ana, bytes(16))
    called = EmergencyCalled(None, wish, "payments.day_cap", "HORA", 50_00, None)
    assert riacho.check(called) is None
    assert riacho.check(replace(called, word=replace(wish, member=fia))) is FORBIDDEN
    assert riacho.check(replace(called, word=replace(wish, member="X" * 16))) is MEMBER_UNKNOWN
    assert riacho.check(replace(called, word=replace(wish, value="x"))) is MALFORMED
    assert riacho.check(replace(called, number=51_00)) is MALFORMED, "it is not what ana has wished"
    assert riacho.check(replace(called, text="x")) is MALFORMED
    flor = replace(called, currency="FLOR", word=replace(wish, name="payments.day_cap.FLOR"))
    assert riacho.check(flor) is CURRENCY_UNKNOWN
    later = replace(called, name="later.rule", currency=None, word=replace(wish, name="later.rule"))
    assert riacho.check(later) is None, "a rule of a later version"
    zone = replace(called, name="group.time_zone", currency=None, word=replace(wish, name="group.time_zone"))
    assert riacho.check(zone) is FORBIDDEN
    assert riacho.check(EmergencyLapsed(bytes(16))) is EMERGENCY_UNKNOWN
    name = parse_uuid(emergency(riacho, "50").id) or b""
    assert riacho.check(EmergencyLapsed(name)) is STATE_CONFLICT
    riacho.now += 72 * HOUR_MS
    assert riacho.check(EmergencyLapsed(name)) is None
    assert riacho.check(EmergencyBacked(None, BackEmergency(name, riacho.member("dora").id))) is STATE_CONFLICT


def test_no_emergency_has_the_id_of_a_change_under_whose_hour_it_would_never_lapse(riacho: Group) -> None:
    paid_a_day(riacho, "100")
    [change] = riacho.book.of(Bylaws).changes
    wish = CallEmergency(CAP, "50", riacho.member("ana").id, change)
    called = EmergencyCalled(None, wish, "payments.day_cap", "HORA", 50_00, None)
    assert riacho.check(called) is DUPLICATE
    assert riacho.check(replace(called, word=replace(wish, emergency=bytes(16)))) is None
    name = parse_uuid(call(riacho, "50").id) or b""
    later = RuleAnnounced(name, "shop.later", None, 4, None, riacho.now)
    assert riacho.check(later) is DUPLICATE
    assert riacho.check(replace(later, change=bytes(16))) is None


def test_who_has_a_key_signs_for_an_emergency(riacho: Group) -> None:
    riacho.admit("rosa")
    carry(riacho, riacho.do("steward", "boards.seat", SeatMembers(("rosa", *COMMITTEE[:4])), "committee").id)
    name = call(riacho, "50").id
    id = parse_uuid(name) or b""
    assert riacho.refusal("rosa", "emergencies.back", BackEmergency(id), name) is FORBIDDEN
    signed = riacho.sign("emergencies.back", BackEmergency(id), keys_of("rosa"))
    assert riacho.do("rosa", "emergencies.back", Brought(signed), name).backers == ("ana", "rosa")
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_committee_and_coordinators_are_told(riacho: Group) -> None:
    name = call(riacho, "50").id
    told = listed(riacho, "bia", "errands.list", ErrandsWanted())
    assert [(one.id, one.verb) for one in told if one.sentence == "emergencies.to_back"] == [(name, "emergencies.back")]
    assert not [one for one in listed(riacho, "fia", "errands.list", ErrandsWanted()) if one.id == name]
    back(riacho, name, "bia", "caio")
    told = listed(riacho, "steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
    assert [one.who for one in told if one.sentence == "emergencies.in_force"] == [CAP]


# A year.

WISHES = (
    ("motions.quorum", ("20%", "50%", "75%", None)),
    ("bylaws.majority", ("50%", "66.66%", None)),
    ("bylaws.notice_days", ("0", "10", None)),
    (CAP, ("500", "800", "1500", None)),
    ("shop.cap.HORA", ("50", "90", "800", None)),
)


@pytest.mark.parametrize("seed", range(3))
def test_a_replayed_year_of_changes_and_emergencies_gives_the_same_by_laws(riacho: Group, seed: int) -> None:
    """Motions that change rules at once or on a day to come, emergencies and payments: another node reads the same."""
    chance = Random(seed)
    until = riacho.now + 365 * DAY_MS
    while riacho.now < until:
        rule, values = chance.choice(WISHES)
        value, days = chance.choice(values), chance.choice((None, 12, 20, 40))
        if days is None:
            wish: Any = MotionWish("parameters.set", rule, SetParameter(value))
        else:
            wish = MotionWish("bylaws.change", rule, ChangeRule(value, riacho.now + days * DAY_MS))
        told = riacho.ask("steward", "motions.create", MakeMotion("a rule", (wish,)))
        if not isinstance(told, Refused):
            for handle in chance.sample(HANDLES, chance.randint(3, 7)):
                ballot = chance.choice((Ballot.YES, Ballot.YES, Ballot.YES, Ballot.NO))
                riacho.ask(handle, "motions.vote", Vote(parse_uuid(told.id) or b"", ballot), told.id)
        if chance.random() < 0.6:
            rule, values = chance.choice(WISHES[3:])
            called = call(riacho, chance.choice(values), chance.choice(COMMITTEE), rule)
            backers = chance.sample(COMMITTEE, chance.randint(1, 4))
            for handle in backers if not isinstance(called, Refused) else ():
                riacho.ask(handle, "emergencies.back", BackEmergency(parse_uuid(called.id) or b""), called.id)  # type: ignore[union-attr]
        riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", chance.randint(1, 20_00)))
        riacho.pass_time(riacho.now + chance.randint(1, 14) * DAY_MS)
        riacho.pass_time(riacho.now)
    copy = copy_of(riacho.written)
    assert copy.of(Decided) == riacho.book.of(Decided) and copy.of(Bylaws) == riacho.book.of(Bylaws)
    assert snapshot(copy) == snapshot(riacho.book)
    bylaws = riacho.book.of(Bylaws)
    hows = {step.how.value for steps in bylaws.history.values() for step in steps}
    assert hows == {"set", "announced", "emergency", "lapsed"}
    assert len(bylaws.changes) > 5 and len(bylaws.emergencies) > 5


def test_the_auditor_sees_a_rule_that_is_not_what_was_decided(riacho: Group) -> None:
    paid_a_day(riacho, "1500")
    assert unlike_history(riacho.book) is None
    setting = riacho.book.of(Decided).by_name["payments.day_cap", "HORA"]
    setting.stored = setting.stored._replace(number=1)
    assert unlike_history(riacho.book) == "('payments.day_cap', 'HORA') is not what was decided last"
    setting.stored = setting.stored._replace(number=1500_00)
    riacho.book.of(Decided).over["payments.day_cap", "HORA"] = setting
    assert unlike_history(riacho.book) is not None


def test_all_by_laws_are_in_one_list(riacho: Group) -> None:
    told = listed(riacho, "ana", "bylaws.list", ParametersWanted("bylaws"))
    assert [one.id for one in told] == [
        "bylaws.quorum",
        "bylaws.majority",
        "bylaws.notice_days",
        "bylaws.emergency_backers",
        "bylaws.emergency_seats",
        "bylaws.emergency_hours",
    ]
    assert all(one.is_bylaw and one.history == () for one in told)
    assert PAYMENT_DAY_CAP.name in {
        one.id.rpartition(".")[0] for one in listed(riacho, "ana", "bylaws.list", ParametersWanted())
    }
