# SPDX-License-Identifier: AGPL-3.0-or-later
"""The hours and figures at which a reader's verdict changes: taken on the one side, and refused on the other."""

from dataclasses import replace

from riacho import DAY_MS, NODE, Riacho, hora

from protocol.lanes.entry import Body
from protocol.practices.between.networks.entries import ReplicaAdmitted, ReplicaInvited
from protocol.practices.governance.motions.entries import Ballot, MotionClosed, MotionDrafted, Vote, Voted
from protocol.practices.governance.motions.rules import LEAST_MINUTES
from protocol.practices.governance.motions.state import Motions
from protocol.practices.money.commons import PaidOut
from protocol.practices.money.currencies.entries import CurrencyCreated
from protocol.practices.money.obligations.entries import Consented, GiveConsent
from protocol.practices.money.payments.entries import Paid, Pay
from protocol.practices.money.schedules.entries import Missed, Ran, Rhythm, Scheduled, SchedulePayment
from protocol.practices.money.schedules.state import Schedules
from protocol.practices.people.invitations import Invitations
from protocol.practices.people.mandates import GiveMandate, MandateGiven
from protocol.practices.people.members import MemberJoined

NOTHING = bytes(16)
CODES_NARROWED_MS = 1_796_083_200_000


def until(told: Riacho, name: str, body: Body, last_ms: int, code: str) -> None:
    """An entry is taken at an hour, and refused a millisecond later."""
    told.accept(f"{name}, at the last moment", body, last_ms)
    told.refuse(f"{name}, a millisecond too late", body, code, last_ms + 1)


def since(told: Riacho, name: str, body: Body, first_ms: int, code: str) -> None:
    """An entry is taken at an hour, and refused a millisecond earlier."""
    told.accept(f"{name}, at the first moment", body, first_ms)
    told.refuse(f"{name}, a millisecond too early", body, code, first_ms - 1)


def borders(told: Riacho, ids: dict[str, bytes], codes: dict[str, bytes]) -> None:
    """Tell both sides of each border, at the end of the trace."""
    book, now = told.world.nodes[NODE].replica.book, told.world.now
    bia, rosa, fia = (told.account(one) for one in ("bia", "rosa", "fia"))
    word = Pay(rosa, hora(1_00), bia, payment=NOTHING)
    told.accept("a payment by word", Paid(None, word))
    told.accept("a payment of just the most", Paid(None, replace(word, max_debit=hora(1_00))))
    request = book.requests[ids["owed by bia"]]
    asked = Paid(None, replace(word, request=request.id))
    until(told, "a payment of a request", asked, request.not_after_ms or 0, "REQUEST_CLOSED")
    mandate = book.mandates[ids["mandate"]]
    helped = Paid(None, replace(word, mandate=mandate.id))
    until(told, "a payment under a mandate", helped, mandate.not_after_ms, "MANDATE_EXCEEDED")
    signed = Paid(told.order("fia", bia, 1, not_after_ms=now + DAY_MS), None)
    until(told, "a signed payment", signed, now + DAY_MS, "ORDER_EXPIRED")
    for more in (0, 1):
        ahead = Paid(told.order("fia", bia, 1, order_seq=now + DAY_MS + more, not_after_ms=2**46), None)
        if more:
            told.refuse("a number a day and one ahead", ahead, "ORDER_AHEAD", now)
        else:
            told.accept("a number just a day ahead", ahead, now)

    given = GiveMandate(bia, told.id_of("rosa"), hora(1), now, NOTHING)
    until(told, "a mandate", MandateGiven(None, given), now, "ORDER_EXPIRED")
    consent = GiveConsent(now, bia, consent=NOTHING)
    until(told, "a consent", Consented(None, consent), now, "ORDER_EXPIRED")
    invitation = book.of(Invitations).by_code[codes["open"]]
    joins = MemberJoined("B" * 16, codes["open"], "ivo", None, None)
    until(told, "who joins", joins, invitation.not_after_ms, "INVITATION_EXPIRED")
    place = told.said(ReplicaInvited)
    admitted = ReplicaAdmitted(place.code, bytes(32))
    until(told, "a replica that is admitted", admitted, place.not_after_ms, "STATE_CONFLICT")

    standing = book.of(Schedules).by_id[ids["schedule"]]
    for name, body in (("paid", Ran(standing.id, 0)), ("missed", Missed(standing.id, 0, "LIMIT_EXCEEDED"))):
        since(told, f"an occurrence {name}", body, standing.next_at_ms, "STATE_CONFLICT")
    order = SchedulePayment(told.id_of("rosa"), hora(1), now, Rhythm.DAILY, 2, bia, NOTHING)
    until(told, "a standing order that has begun", Scheduled(None, order), now + DAY_MS, "ORDER_EXPIRED")

    motion = book.of(Motions).by_id[ids["motion"]]
    vote = Voted(None, Vote(motion.id, Ballot.NO, told.id_of("bia")))
    until(told, "a vote", vote, motion.ends_ms, "MOTION_CLOSED")
    since(told, "a motion that is closed", MotionClosed(motion.id), motion.ends_ms, "STATE_CONFLICT")
    least_ms = book.parameter(LEAST_MINUTES) * 60_000
    drafted = replace(told.said(MotionDrafted), motion=NOTHING, quorum=40_00, open_ms=least_ms)
    told.accept("a motion on just the group's terms", drafted)
    told.refuse("a motion open for a millisecond less", replace(drafted, open_ms=least_ms - 1), "MALFORMED")

    honey = CurrencyCreated("2MEL", "Mel", "mel", 2, 0, None)
    until(told, "a currency whose code begins with a digit", honey, CODES_NARROWED_MS - 1, "MALFORMED")
    told.accept("what stewards may pay alone", PaidOut(NOTHING, fia, 1_00, None))
    told.refuse("a cent more than stewards may pay alone", PaidOut(NOTHING, fia, 1_01, None), "MOTION_NEEDED")
