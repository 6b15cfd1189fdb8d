# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fairs: a sheet is typed in as a whole, once; who stands on it may object, and the rest is paid and sums to zero."""

from typing import Any

import pytest

from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    NOT_FOUND,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.credit.fairs.entries import AnswerTally, TallyPosted
from protocol.practices.credit.fairs.rules import TALLY_ROW_WRONG
from protocol.practices.credit.fairs.state import TallyState
from protocol.practices.credit.fairs.views import (
    EnterTally,
    FairSheetWanted,
    FairsWanted,
    HoldFair,
    RowTyped,
    TalliesWanted,
    page_of_fair,
    view_fair_sheet,
)
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.credit.club import CODE, Club, club, credits_of
from tests.protocol.practices.desk import copy_of, keys_of, snapshot

HOUR_MS = 60 * 60 * 1_000
ROWS = (("ana", "bia", 20_00), ("bia", "caio", 35_00), ("caio", "ana", 5_00), ("bia", "ana", 1_50))


@pytest.fixture
def feira() -> Club:
    """A fair of three who may each owe 30.00, and of Fia, who has a key."""
    told = club(limit=30_00)
    told.admit("fia")
    held = told.do("steward", "fairs.hold", HoldFair("Spring fair", told.now, CODE, ("Bread", "Jam")))
    assert (held.title, held.currency, held.stalls) == ("Spring fair", CODE, ("Bread", "Jam"))
    return told


def fair(told: Club) -> bytes:
    return parse_uuid(told.listed("ana", "fairs.list", FairsWanted())[0].id) or b""


def typed(told: Club, *rows: tuple[str, str, int], sheet: str = "1", of: bytes | None = None) -> Any:
    lines = tuple(RowTyped(payer, payee, credits_of(minor)) for payer, payee, minor in rows)
    return told.ask("steward", "tallies.enter", EnterTally(of or fair(told), sheet, lines))


def answer(told: Club, who: str, tally: str, *, agrees: bool) -> Any:
    return told.ask(who, "tallies.answer", AnswerTally(parse_uuid(tally) or b"", agrees), tally)


def balances(told: Club) -> list[int]:
    return [told.balance(one, CODE) for one in ("ana", "bia", "caio", "fia", "commons")]


def test_a_sheet_is_paid_as_a_whole_once_nobody_has_objected(feira: Club) -> None:
    shown = typed(feira, *ROWS)
    assert (shown.state, shown.total, len(shown.rows)) == (TallyState.ENTERED, credits_of(61_50), 4)
    assert feira.news[-1].audience == tuple(feira.member(one).id for one in ("ana", "bia", "caio"))
    [errand] = feira.listed("bia", "errands.list", ErrandsWanted())
    assert (errand.sentence, errand.figure, errand.until) == ("tallies.to_answer", credits_of(36_50), shown.until)
    feira.pass_time(shown.until)
    assert balances(feira) == [0, 0, 0, 0, 0]
    feira.pass_time(shown.until + 1)
    assert balances(feira) == [-13_50, -16_50, 30_00, 0, 0] and sum(balances(feira)) == 0
    done = feira.view("ana", "tallies.show", shown.id)
    assert done.state is TallyState.POSTED and all(row.paid for row in done.rows)
    line = feira.statement("caio", "caio")[-1]
    assert (line.kind, line.counterpart, line.amount) == ("fair", "ana", credits_of(-5_00))
    assert len([one for one in feira.written if isinstance(one.body, TallyPosted)]) == 1
    assert snapshot(copy_of(feira.written)) == snapshot(feira.book)


def test_a_sheet_typed_in_twice_is_taken_once(feira: Club) -> None:
    first = typed(feira, *ROWS)
    written = len(feira.written)
    assert typed(feira, *ROWS).id == first.id and len(feira.written) == written
    feira.pass_time(first.until + 1)
    assert typed(feira, *ROWS).state is TallyState.POSTED
    assert typed(feira, *ROWS[:3]).reason is DUPLICATE, "another sheet has the same number"
    assert typed(feira, *ROWS[2:], sheet="2").id != first.id
    assert len(feira.listed("ana", "tallies.list", TalliesWanted(fair(feira)))) == 2


def test_the_row_that_is_wrong_is_told_and_nothing_is_taken_in(feira: Club) -> None:
    def wrong(*rows: tuple[str, str, int]) -> tuple[Any, Any]:
        refused = typed(feira, *rows)
        assert isinstance(refused, Refused) and refused.reason is TALLY_ROW_WRONG
        return refused.figures["row"], refused.figures["why"]

    assert wrong(*ROWS[:2], ("ana", "nobody", 1_00))[0] == 3
    assert wrong(("ana", "ana", 1_00)) == (1, SAME_ACCOUNT.title)
    assert wrong(*ROWS, ("ana", "bia", 0))[0] == 5
    # After the rows above it, not alone: what she got is there to be given on.
    assert typed(feira, ("ana", "bia", 30_00), ("bia", "caio", 60_00), sheet="7").state is TallyState.ENTERED
    assert wrong(("ana", "bia", 30_00), ("bia", "caio", 60_01)) == (2, LIMIT_EXCEEDED.title)
    feira.do("steward", "members.suspend", Suspend(), "caio")
    assert wrong(*ROWS)[0] == 2
    assert typed(feira).reason is MALFORMED
    assert typed(feira, *ROWS[:1], of=bytes(16)).reason is NOT_FOUND
    assert feira.refusal("ana", "tallies.enter", EnterTally(fair(feira), "9", ())) is FORBIDDEN
    wish = HoldFair("Spring fair", feira.now, "FLOR")
    assert feira.refusal("steward", "fairs.hold", wish) is CURRENCY_UNKNOWN


def test_what_somebody_objects_to_is_not_paid(feira: Club) -> None:
    shown = typed(feira, *ROWS)
    assert answer(feira, "caio", shown.id, agrees=False).objected == ("caio",)
    assert answer(feira, "ana", shown.id, agrees=True).agreed == ("ana",)
    assert answer(feira, "fia", shown.id, agrees=False).reason is FORBIDDEN, "she has a key"
    week = feira.listed("steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
    assert [one.count for one in week if one.sentence == "tallies.objected"] == [1]
    feira.pass_time(shown.until + 1)
    assert balances(feira) == [-18_50, 18_50, 0, 0, 0]
    assert [row.paid for row in feira.view("ana", "tallies.show", shown.id).rows] == [True, False, False, True]
    assert answer(feira, "caio", shown.id, agrees=True).reason is STATE_CONFLICT


def test_who_has_a_key_pays_by_her_own_answer_alone(feira: Club) -> None:
    one = typed(feira, ("fia", "ana", 5_00), ("ana", "fia", 1_00))
    other = typed(feira, ("fia", "ana", 7_00), sheet="2")
    wish = AnswerTally(parse_uuid(other.id) or b"", True, feira.member("fia").id)
    feira.do("fia", "tallies.answer", Brought(feira.sign("tallies.answer", wish, keys_of("fia"))), other.id)
    feira.pass_time(other.until + 1)
    assert [row.paid for row in feira.view("ana", "tallies.show", one.id).rows] == [False, True]
    assert balances(feira) == [6_00, 0, 0, -6_00, 0]


def test_who_has_spent_meanwhile_pays_what_there_is_room_for(feira: Club) -> None:
    shown = typed(feira, ("ana", "bia", 20_00), ("ana", "bia", 9_00))
    feira.say("ana", "caio", 15_00)
    feira.pass_time(shown.until + 1)
    assert [row.paid for row in feira.view("ana", "tallies.show", shown.id).rows] == [False, True]
    assert feira.balance("ana", CODE) == -24_00


def test_no_node_pays_a_sheet_too_early_or_a_row_to_which_somebody_objects(feira: Club) -> None:
    shown = typed(feira, *ROWS)
    name = parse_uuid(shown.id) or b""
    answer(feira, "caio", shown.id, agrees=False)
    assert feira.check(TallyPosted(name, (0,))) is STATE_CONFLICT
    feira.now = shown.until + 1
    assert feira.check(TallyPosted(name, (0, 3))) is None
    for rows in ((1,), (0, 0), (7,)):
        assert feira.check(TallyPosted(name, rows)) is FORBIDDEN
    assert feira.check(TallyPosted(bytes(16), ())) is NOT_FOUND


def test_the_empty_sheet_to_print(feira: Club) -> None:
    shown = view_fair_sheet(feira.desk(), FairSheetWanted(feira.listed("ana", "fairs.list", FairsWanted())[0].id))
    assert not isinstance(shown, Refused)
    page = page_of_fair(shown)
    assert page.count("<tr>") == shown.rows + 1 and "Spring fair" in page and "Bread · Jam" in page
    missing = view_fair_sheet(feira.desk(), FairSheetWanted("nonsense"))
    assert isinstance(missing, Refused) and missing.reason is NOT_FOUND
