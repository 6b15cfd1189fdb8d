# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of by-laws: changes with notice, emergencies of a committee of three, and a secret ballot."""

from dataclasses import replace

from riacho import DAY_MS, NODE, Riacho

from protocol.book.declaration import MotionWish
from protocol.book.signed import parse_uuid
from protocol.practices.governance.boards import SeatMembers
from protocol.practices.governance.bylaws.entries import (
    BackEmergency,
    CallEmergency,
    ChangeRule,
    EmergencyBacked,
    EmergencyCalled,
    EmergencyLapsed,
    RuleAnnounced,
    RuleCame,
    RuleDropped,
)
from protocol.practices.governance.motions.entries import (
    Ballot,
    MakeMotion,
    MotionClosed,
    MotionCounted,
    MotionState,
    SecretlyVoted,
    Vote,
    Voted,
    VoteSecretly,
)
from protocol.practices.governance.motions.state import Motions
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.currencies.views import SetLevy

NOTHING = bytes(16)
NOBODY = "X" * 16
CAP = "payments.day_cap.HORA"
COMMITTEE = ("bia", "gilberto", "wila", "lola")


def bylaws(told: Riacho) -> None:
    """The group asks for a day's notice, lowers the cap of a day with it, and its committee hurries meanwhile."""
    for handle in ("jade", "kira", "lola", "moema", "nair"):
        told.admit(handle, has_key=handle == "lola")
    told.do("parameters.set", SetParameter("1"), "motions.open_days")
    _carry(told, told.do("boards.seat", SeatMembers(COMMITTEE), "committee").id)
    _carry(told, told.do("bylaws.change", ChangeRule("1"), "bylaws.notice_days").id)
    told.world.tick(1)
    _announced(told)
    _emergencies(told)
    _secretly(told)
    _carry(told, told.do("bylaws.change", ChangeRule("0"), "bylaws.notice_days").id)
    told.world.now += DAY_MS
    told.world.tick(1)
    told.do("parameters.set", SetParameter(None), "motions.open_days")


def _carry(told: Riacho, motion: str) -> None:
    """Let some who have keys and some who have none vote yes, as far as it is not about them, and a day pass."""
    id = parse_uuid(motion) or b""
    recused = told.do("motions.show", None, motion).recused
    for handle in ("alda", "lola"):
        if handle not in recused:
            told.wish("motions.vote", Vote(id, Ballot.YES), handle, motion)
    for handle in ("bia", "gilberto", "wila", "jade", "kira", "moema", "nair", "pia", "quim"):
        if handle not in recused:
            told.do("motions.vote", Vote(id, Ballot.YES), motion, handle)
    told.world.now += DAY_MS
    told.world.tick(1)
    shown = told.do("motions.show", None, motion)
    assert shown.state is MotionState.EXECUTED, shown


def _announced(told: Riacho) -> None:
    now = told.world.now
    alone = RuleAnnounced(NOTHING, "payments.day_cap", "HORA", 800_00, None, now + DAY_MS)
    told.refuse("a change that nobody has voted on", alone, "MOTION_NEEDED")
    steward = replace(alone, name="members.idle_days", currency=None, number=30)
    told.accept("a change that a steward announces", steward)
    told.refuse("a change that is a number and a text", replace(steward, text="x"), "MALFORMED")
    told.refuse("a change in no currency", replace(alone, currency="NADA"), "CURRENCY_UNKNOWN")
    told.accept("a change that begins at once", replace(steward, from_ms=now))
    told.refuse("a change that began before", replace(steward, from_ms=now - 1), "MALFORMED")
    motion = told.do("bylaws.change", ChangeRule("90000000"), CAP, "bia").id
    _carry(told, motion)
    announced = told.said(RuleAnnounced)
    change = announced.change
    told.refuse("a change that was announced", replace(steward, change=change, from_ms=2**46), "DUPLICATE")
    came, dropped = RuleCame(change), RuleDropped(change, "FORBIDDEN")
    for one, how in ((came, "comes"), (dropped, "is dropped")):
        told.refuse(f"a change that {how} a millisecond too early", one, "STATE_CONFLICT", announced.from_ms - 1)
        told.accept(f"a change that {how} at its hour", one, announced.from_ms)
        told.refuse(f"no change {how}", replace(one, change=NOTHING), "CHANGE_UNKNOWN")
    told.world.now = announced.from_ms
    told.world.tick(1)
    told.refuse("a change that has come", came, "STATE_CONFLICT")
    told.refuse("a change that has come and is dropped", dropped, "STATE_CONFLICT")
    told.do("bylaws.change", ChangeRule("40", told.world.now + DAY_MS), "members.idle_days")
    told.world.now += DAY_MS
    told.write(RuleDropped(told.said(RuleAnnounced).change, "BELOW_WHAT_STANDS"))


def _emergencies(told: Riacho) -> None:
    bia, gilberto, wila, alda = (told.id_of(one) for one in ("bia", "gilberto", "wila", "alda"))
    wish = CallEmergency(CAP, "50", bia, NOTHING)
    called = EmergencyCalled(None, wish, "payments.day_cap", "HORA", 50_00, None)
    told.accept("an emergency", called)
    told.refuse("an emergency of nobody", replace(called, word=replace(wish, member=NOBODY)), "MEMBER_UNKNOWN")
    told.refuse(
        "who calls an emergency and sits on no committee",
        replace(called, word=replace(wish, member=told.id_of("ana"))),
        "FORBIDDEN",
    )
    told.refuse("an emergency with another value than was wished", replace(called, number=51_00), "MALFORMED")
    told.refuse("an emergency that is a number and a text", replace(called, text="x"), "MALFORMED")
    flor = replace(called, currency="NADA", word=replace(wish, name="payments.day_cap.NADA"))
    told.refuse("an emergency in no currency", flor, "CURRENCY_UNKNOWN")
    of_all = replace(wish, name="motions.quorum", value="1%")
    quorum = replace(called, name="motions.quorum", currency=None, number=1_00, word=of_all)
    told.refuse("how the group decides, in an emergency", quorum, "FORBIDDEN")
    first = told.do("emergencies.create", CallEmergency(CAP, "50"), who="bia").id
    id = parse_uuid(first) or b""
    told.refuse("an emergency that there is", replace(called, word=replace(wish, emergency=id)), "DUPLICATE")
    told.refuse("who backs none", EmergencyBacked(None, BackEmergency(NOTHING, wila)), "EMERGENCY_UNKNOWN")
    told.refuse("who backs it twice", EmergencyBacked(None, BackEmergency(id, bia)), "DUPLICATE")
    told.refuse("who backs it and has a key", EmergencyBacked(None, BackEmergency(id, alda)), "FORBIDDEN")
    until = told.do("emergencies.show", None, first).until
    back = EmergencyBacked(None, BackEmergency(id, gilberto))
    told.accept("who backs it in the last millisecond", back, until)
    told.refuse("who backs it a millisecond too late", back, "STATE_CONFLICT", until + 1)
    for handle in ("gilberto", "wila"):
        told.do("emergencies.back", BackEmergency(id), first, handle)
    another = told.sign("emergencies.create", replace(wish, member=None), "lola")
    told.refuse("an emergency over another", replace(called, signed=another, word=None), "STATE_CONFLICT")
    until = told.do("emergencies.show", None, first).until
    lapsed = EmergencyLapsed(id)
    told.accept("an emergency that lapses at its hour", lapsed, until)
    told.refuse("an emergency that lapses a millisecond too early", lapsed, "STATE_CONFLICT", until - 1)
    told.refuse("no emergency, lapsed", EmergencyLapsed(NOTHING), "EMERGENCY_UNKNOWN")
    told.do("emergencies.create", CallEmergency("members.idle_days", "9"), who="bia")
    told.world.now = until
    told.world.tick(1)
    told.refuse("an emergency that has lapsed", lapsed, "STATE_CONFLICT")
    with_two = replace(called, word=replace(wish, emergency=bytes(15) + b"\1"))
    _carry(told, told.do("boards.seat", SeatMembers(("bia", "gilberto")), "committee").id)
    told.refuse("an emergency of a committee of two", with_two, "COMMITTEE_SMALL")


def _secretly(told: Riacho) -> None:
    bia, wila = told.id_of("bia"), told.id_of("wila")
    levy = (MotionWish("currencies.set-levy", "HORA", SetLevy(0)),)
    openly = told.do("motions.create", MakeMotion("Openly"), who="bia").id
    name = told.do("motions.create", MakeMotion("In secret", levy, secret=True), who="bia").id
    id, other = parse_uuid(name) or b"", parse_uuid(openly) or b""
    for handle, ballot in (
        ("bia", "yes"),
        ("gilberto", "yes"),
        ("wila", "no"),
        ("jade", "yes"),
        ("kira", "yes"),
        ("moema", "yes"),
        ("nair", "yes"),
    ):
        told.do("motions.vote-secretly", VoteSecretly(id, ballot), name, handle)
    again = SecretlyVoted(None, VoteSecretly(id, bytes(32), bia))
    told.refuse("a second vote in secret", again, "VOTED_ALREADY")
    told.refuse("an open vote on a secret motion", Voted(None, Vote(id, Ballot.NO, wila)), "OTHER_BALLOT")
    elsewhere = SecretlyVoted(None, VoteSecretly(other, bytes(32), bia))
    told.refuse("a secret vote on an open motion", elsewhere, "OTHER_BALLOT")
    told.refuse("a secret vote on none", replace(again, word=VoteSecretly(NOTHING, bytes(32), bia)), "MOTION_UNKNOWN")
    ends = told.world.nodes[NODE].replica.book.of(Motions).by_id[id].ends_ms
    count = MotionCounted(id, 6, 1, 0)
    told.accept("a count at the hour", count, ends)
    told.refuse("a count a millisecond too early", count, "STATE_CONFLICT", ends - 1)
    told.refuse("a count of more than have voted", MotionCounted(id, 7, 1, 0), "MALFORMED", ends)
    told.refuse("a count of fewer than have voted", MotionCounted(id, 5, 1, 0), "MALFORMED", ends)
    told.refuse("a count of no motion", replace(count, motion=NOTHING), "MOTION_UNKNOWN")
    told.refuse("a count of an open ballot", MotionCounted(other, 0, 0, 0), "OTHER_BALLOT", ends)
    told.refuse("a secret ballot that is closed without a count", MotionClosed(id), "OTHER_BALLOT", ends)
    told.world.now = ends
    told.world.tick(1)
    told.refuse("a secret vote on a motion that is closed", again, "MOTION_CLOSED")
    told.refuse("a motion that is counted twice", count, "STATE_CONFLICT")
