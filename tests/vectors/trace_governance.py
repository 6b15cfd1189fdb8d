# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of decisions: parameters, motions and boards."""

from dataclasses import replace

from riacho import NODE, Riacho

from protocol.book.declaration import MotionWish
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import Brought
from protocol.lanes.entry import LEDGER, decode_body
from protocol.practices.governance.boards import Board, Seated, SeatMembers
from protocol.practices.governance.motions.entries import (
    Ballot,
    MakeMotion,
    MotionClosed,
    MotionDrafted,
    MotionExecuted,
    MotionFailed,
    MotionOpened,
    MotionState,
    MotionsWanted,
    Vote,
    Voted,
)
from protocol.practices.governance.parameters import ParameterSet, SetParameter
from protocol.practices.money.currencies.views import SetLevy
from protocol.practices.people.members.views import Suspend


def decisions(told: Riacho) -> None:
    """The group says by whose clocks it lives."""
    told.do("parameters.set", SetParameter("America/Sao_Paulo"), "group.time_zone")
    told.refuse("a parameter of no form", ParameterSet("Time Zone", None, 1, None), "MALFORMED")
    both = ParameterSet("group.time_zone", None, 1, "UTC UTC0")
    told.refuse("a parameter that is a number and a text", both, "MALFORMED")
    told.refuse("an amount in no currency", ParameterSet("dues.fee", "NADA", 1, None), "CURRENCY_UNKNOWN")
    alone = ParameterSet("motions.quorum", None, 1_00, None)
    told.refuse("a quorum that nobody has voted on", alone, "MOTION_NEEDED")
    world, day_ms = told.world, 24 * 60 * 60 * 1_000
    lower = told.do("parameters.set", SetParameter("40%"), "motions.quorum", "bia").id
    suspend = (MotionWish("members.suspend", "dora", Suspend()), MotionWish("currencies.set-levy", "HORA", SetLevy(0)))
    both = told.do("motions.create", MakeMotion("Dora pauses", suspend, closes=world.now + 8 * day_ms), who="bia").id
    name = parse_uuid(both) or b""
    for motion in (lower, both):
        vote = Vote(parse_uuid(motion) or b"", Ballot.YES)
        told.do("motions.vote", Brought(told.sign("motions.vote", vote, "ana new")), motion, "ana")
        told.do("motions.vote", vote, motion, "bia")

    def by_word(motion: bytes, handle: str) -> Voted:
        return Voted(None, Vote(motion, Ballot.NO, told.id_of(handle)))

    told.refuse(
        "a vote of whom it is about", Voted(told.sign("motions.vote", Vote(name, Ballot.NO), "dora"), None), "RECUSED"
    )
    told.refuse("a motion that is closed too early", MotionClosed(name), "STATE_CONFLICT")
    told.refuse("a motion that is done before it is carried", MotionExecuted(name, 1), "STATE_CONFLICT")
    told.refuse("a motion that fails before it is carried", MotionFailed(name, 0, "FORBIDDEN"), "STATE_CONFLICT")
    told.refuse("a motion that is opened twice", MotionOpened(name), "STATE_CONFLICT")
    told.refuse("a vote on no motion", by_word(bytes(16), "bia"), "MOTION_UNKNOWN")
    told.refuse("a vote on the word of a member who has a key", by_word(name, "ana"), "FORBIDDEN")
    world.now += 7 * day_ms
    world.tick(1)
    told.do("members.suspend", Suspend(), "dora")
    world.now += day_ms
    world.tick(1)
    assert told.do("motions.list", MotionsWanted(MotionState.FAILED)).items[0].id == both
    told.refuse("a vote on a motion that is closed", by_word(name, "bia"), "MOTION_CLOSED")
    draft = told.do("motions.create", MakeMotion("Later", draft=True), who="bia").id
    told.refuse("a draft of a motion that there is", _drafted(told, draft), "DUPLICATE")
    opened, until_ms = MotionOpened(parse_uuid(draft) or b""), _drafted(told, draft).not_after_ms
    told.accept("a draft that is opened in its last millisecond", opened, until_ms)
    told.refuse("a draft that is opened a millisecond too late", opened, "STATE_CONFLICT", until_ms + 1)
    easy = replace(_drafted(told, draft), motion=bytes(16), quorum=39_99)
    told.refuse("a motion with a lower quorum than the group's", easy, "MALFORMED")
    bia = told.id_of("bia")
    told.refuse("a board that nobody has chosen", Seated(Board.BOARD, (bia,)), "MOTION_NEEDED")
    told.refuse("a board on which somebody sits twice", Seated(Board.BOARD, (bia, bia)), "MALFORMED")
    told.refuse("a board on which nobody's id sits", Seated(Board.BOARD, ("nobody",)), "MEMBER_UNKNOWN")
    chosen = told.do("boards.seat", SeatMembers(("bia",)), "committee", "ana").id
    vote = Vote(parse_uuid(chosen) or b"", Ballot.YES)
    told.do("motions.vote", Brought(told.sign("motions.vote", vote, "ana new")), chosen, "ana")
    world.now += 7 * day_ms
    world.tick(1)
    assert told.do("motions.list", MotionsWanted(MotionState.EXECUTED)).items[-1].id == chosen


def _drafted(told: Riacho, motion: str) -> MotionDrafted:
    """Return the newest draft as it stands in the ledger."""
    node = told.world.nodes[NODE]
    wires = [entry for entry in node.disk if entry.network == node.network and entry.header.lane == LEDGER]
    body, _ = decode_body(wires[-1].body_bytes, {MotionDrafted.KIND: MotionDrafted})
    assert isinstance(body, MotionDrafted) and uuid_text(body.motion) == motion
    return body
