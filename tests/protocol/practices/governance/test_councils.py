# SPDX-License-Identifier: AGPL-3.0-or-later
"""Councils: five seats and a comptroller, elected by all for a term, and never the same people."""

import pytest

from protocol.book.refusals import DUPLICATE, MALFORMED, MEMBER_UNKNOWN, MOTION_NEEDED, NOT_FOUND, Reason
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.governance.councils.entries import BoardElected, ComptrollerElected, CouncilFounded
from protocol.practices.governance.councils.refusals import BOARD_INCOMPLETE, SEATS_APART, SEATS_TAKEN
from protocol.practices.governance.councils.state import TERM_DAYS, Councils, Seat
from protocol.practices.governance.councils.views import ElectBoard, ElectComptroller, FoundCouncil
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.parameters import SetParameter
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot
from tests.protocol.practices.governance.communal import BOARD, bank, carry, elect


def week(group: Group) -> list[tuple[str, str, int | None]]:
    found = group.list("steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
    assert isinstance(found, list)
    return [(one.sentence, one.who, one.count) for one in found if one.sentence.startswith("councils.")]


def test_five_and_a_comptroller_are_elected_for_730_days() -> None:
    group, council = bank()
    seen = group.view("gil", "councils.show", council)
    assert [one.member for one in seen.board] == list(BOARD)
    assert (seen.seats, seen.free, seen.comptroller.member) == (5, 0, "flor")
    [kept] = group.book.of(Councils).by_id.values()
    elected = next(one for one in group.written if isinstance(one.body, BoardElected))
    assert {one.until for one in seen.board} == {elected.at_ms + 730 * DAY_MS}
    assert kept.incomplete(group.now) is None
    assert week(group) == []
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_four_of_five_cannot_act() -> None:
    group, council = bank(*BOARD[:4])
    refused = group.book.of(Councils).by_id[parse_uuid(council) or b""].incomplete(group.now)
    assert refused is not None and refused.reason is BOARD_INCOMPLETE
    assert {name: refused.figures[name] for name in ("filled", "seats", "missing")} == {
        "filled": 4, "seats": 5, "missing": 1,
    }  # fmt: skip
    assert BOARD_INCOMPLETE.heading.format(**refused.figures) == "4 of 5 seats are filled"
    assert week(group) == [("councils.seats_free", "Banco comunal Riacho", 1)]
    two = group.ask("gil", "councils.elect", ElectBoard(("elio", "gil")), council)
    assert (two.reason, two.figures["free"], two.figures["wished"]) == (SEATS_TAKEN, 1, 2)
    elect(group, council, "elio")
    assert group.view("gil", "councils.show", council).free == 0
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_nobody_is_of_the_board_and_its_comptroller() -> None:
    group, council = bank(*BOARD[:4])
    refused = group.ask("gil", "councils.elect", ElectBoard(("flor",)), council)
    assert (refused.reason, refused.figures["member"]) == (SEATS_APART, "flor")
    assert group.refusal("gil", "councils.elect-comptroller", ElectComptroller("dora"), council) is SEATS_APART
    carry(group, group.do("gil", "councils.elect-comptroller", ElectComptroller("gil"), council))
    elect(group, council, "flor")
    seen = group.view("gil", "councils.show", council)
    assert (seen.board[-1].member, seen.comptroller.member) == ("flor", "gil")


def test_a_seat_falls_free_when_its_member_leaves_or_its_term_ends() -> None:
    group, council = bank()
    group.leave("elio")
    group.leave("flor")
    assert group.view("gil", "councils.show", council).comptroller is None
    assert week(group) == [
        ("councils.seats_free", "Banco comunal Riacho", 1),
        ("councils.no_comptroller", "Banco comunal Riacho", None),
    ]
    ends = group.view("gil", "councils.show", council).board[0].until
    asked = group.do("gil", "councils.elect", ElectBoard(("gil", "ana")), council)
    carry(group, asked, "ana", "bia", "caio", "dora", "gil")
    seen = group.view("gil", "councils.show", council)
    assert [one.member for one in seen.board] == ["bia", "caio", "dora", "gil", "ana"], "of ana a term begins anew"
    group.pass_time(ends - 30 * DAY_MS)
    soon = [one for one in week(group) if one[0] == "councils.term_ends"]
    assert soon == [("councils.term_ends", who, None) for who in ("bia", "caio", "dora")], (
        "30 days before, of whose ends"
    )
    group.pass_time(ends - 1)
    assert group.view("gil", "councils.show", council).free == 0
    group.pass_time(ends)
    assert group.view("gil", "councils.show", council).free == 3
    assert week(group)[0] == ("councils.seats_free", "Banco comunal Riacho", 3)
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_who_sat_on_the_board_may_be_comptroller_once_the_term_is_over() -> None:
    group, council = bank()
    ends = max(one.until for one in group.view("gil", "councils.show", council).board)
    group.pass_time(ends)
    carry(group, group.do("gil", "councils.elect-comptroller", ElectComptroller("ana"), council))
    seen = group.view("gil", "councils.show", council)
    assert (seen.comptroller.member, seen.free) == ("ana", 5)


def test_the_term_is_as_the_group_has_decided_when_somebody_is_elected() -> None:
    group, council = bank(*BOARD[:4])
    before = group.view("gil", "councils.show", council).board[0].until
    carry(group, group.do("gil", "parameters.set", SetParameter("365"), "councils.term_days"))
    assert group.book.parameter(TERM_DAYS) == 365
    elect(group, council, "elio")
    board = group.view("gil", "councils.show", council).board
    assert (board[0].until, board[-1].until) == (before, group.now + 365 * DAY_MS)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (ElectBoard(()), MALFORMED),
        (ElectBoard(("elio", "elio")), MALFORMED),
        (ElectBoard(("nobody",)), MEMBER_UNKNOWN),
    ],
)
def test_who_cannot_be_elected(wish: ElectBoard, reason: Reason) -> None:
    group, council = bank(*BOARD[:4])
    assert group.refusal("gil", "councils.elect", wish, council) is reason
    assert group.refusal("gil", "councils.elect", ElectBoard(("elio",)), uuid_text(bytes(16))) is NOT_FOUND
    assert group.refusal("gil", "councils.elect-comptroller", ElectComptroller("nobody"), council) is MEMBER_UNKNOWN
    assert group.refusal("gil", "councils.create", FoundCouncil(" ")) is MALFORMED
    assert group.refusal("gil", "councils.create", FoundCouncil("x" * 101)) is MALFORMED


def test_every_node_refuses_who_was_not_elected() -> None:
    group, council = bank(*BOARD[:4])
    name, elio = parse_uuid(council) or b"", group.member("elio").id
    assert group.check(CouncilFounded(bytes(16), "another")) is MOTION_NEEDED
    assert group.check(BoardElected(name, (elio,))) is MOTION_NEEDED
    assert group.check(ComptrollerElected(name, elio)) is MOTION_NEEDED
    assert group.check(CouncilFounded(name, "another")) is DUPLICATE
    assert group.check(BoardElected(bytes(16), (elio,))) is NOT_FOUND


def test_the_auditor_sees_a_board_that_cannot_be() -> None:
    group, council = bank()
    kept = group.book.of(Councils).by_id[parse_uuid(council) or b""]
    assert list(group.book.complaints()) == []
    kept.seats = (*kept.seats, Seat(group.member("gil").id, kept.seats[0].until_ms))
    [said] = group.book.complaints()
    assert "6 on its board" in str(said)
