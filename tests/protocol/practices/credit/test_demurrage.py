# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is held loses a part each month, which the commons gets: exact, of all in one entry, never of who owes."""

from random import Random

import pytest

from protocol.book.gates import MOTION_NEEDED
from protocol.book.refusals import CURRENCY_CLOSED, CURRENCY_UNKNOWN, DUPLICATE, MALFORMED, NOT_FOUND, STATE_CONFLICT
from protocol.practices.credit.demurrage.entries import DemurrageSet, DemurrageTaken
from protocol.practices.credit.demurrage.state import part_of
from protocol.practices.credit.demurrage.views import DemurrageWanted, SetDemurrage
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.currencies.views import CloseCurrency
from tests.protocol.practices.credit.club import CODE, Club, club, credits_of, moment
from tests.protocol.practices.desk import copy_of, snapshot

MONTHS = ("2027-02-01", "2027-03-01", "2027-04-01", "2027-05-01")


def taken(told: Club) -> list[int]:
    """Return for which months it was taken."""
    return [one.body.period for one in told.written if isinstance(one.body, DemurrageTaken)]


def circulating(told: Club) -> list[int]:
    """Return what circulates after each of four months."""
    found: list[int] = []
    for day in MONTHS:
        told.pass_time(moment(f"{day}T00:00"))
        found.append(told.circulation().circulating.value)
    return found


@pytest.mark.parametrize("held", [{"ana": 5_400_00}, {"ana": 1_00, "bia": 5_398_99, "caio": 1}])
def test_2_percent_a_month_of_5400(held: dict[str, int]) -> None:
    told = club()
    told.open_with(held)
    told.decide("demurrage.set", SetDemurrage(200), CODE)
    assert circulating(told) == [5_292_00, 5_186_16, 5_082_44, 4_980_79]
    assert told.balance("commons", CODE) == 4_980_79 * -1
    assert taken(told) == [202702, 202703, 202704, 202705]
    shown = told.view("ana", "demurrage.show", CODE)
    assert (shown.taken, shown.amount, shown.total) == (202705, credits_of(101_65), credits_of(419_21))
    assert shown.next_at == moment("2027-06-01T00:00")
    assert snapshot(copy_of(told.written)) == snapshot(told.book)


def test_in_whole_units_it_is_rounded_each_month() -> None:
    told = club(scale=0)
    told.open_with({"ana": 5_400})
    told.decide("demurrage.set", SetDemurrage(200), CODE)
    assert circulating(told) == [5_292, 5_186, 5_082, 4_980]


def test_grants_reopen_in_month_4_when_20_have_lapsed() -> None:
    told = club(per_seller="0")
    told.set("circulation.base", "5000", CODE)
    told.open_with({"ana": 5_400_00})
    assert told.circulation().over_issued == credits_of(400_00)
    told.decide("demurrage.set", SetDemurrage(200), CODE)
    rooms: list[int] = []
    for day in MONTHS:
        told.pass_time(moment(f"{day}T00:00"))
        rooms.append(told.circulation().available.value)
    assert rooms == [0, 0, 0, 19_21]


def test_it_is_never_taken_of_who_is_below_zero() -> None:
    told = club(limit=100_00)
    told.say("bia", "ana", 50_00)
    told.decide("demurrage.set", SetDemurrage(200), CODE)
    told.pass_time(moment("2027-02-01T00:00"))
    balances = [told.balance(one, CODE) for one in ("ana", "bia", "caio", "commons")]
    assert balances == [49_00, -50_00, 0, 1_00]
    [line] = told.statement("bia", "bia")
    assert line.kind == "payment"
    [_, line] = told.statement("ana", "ana")
    assert (line.kind, line.amount, line.counterpart) == ("demurrage", credits_of(-1_00), "commons")
    [line] = told.statement("ana", f"commons.{CODE}")
    assert (line.kind, line.amount) == ("demurrage", credits_of(1_00))


def test_what_all_give_is_their_part_of_all_and_nobody_gives_a_unit_more_or_less() -> None:
    random = Random(2027)
    for _ in range(300):
        points = random.choice((1, 50, 200, 333, 10_000))
        held = [random.choice((0, 1, 2, 49, 50, random.randrange(10**6))) for _ in range(random.randrange(1, 40))]
        sums = [sum(held[: place + 1]) for place in range(len(held))]
        dues = [part_of(one, points) for one in sums]
        each = [due - before for before, due in zip([0, *dues], dues, strict=False)]
        exact = [one * points / 10_000 for one in held]
        assert sum(each) == int(sum(held) * points / 10_000 + 0.5)
        assert all(0 <= one <= most for one, most in zip(each, held, strict=True))
        assert all(abs(one - wanted) <= 1 for one, wanted in zip(each, exact, strict=True))


def test_the_groups_own_clocks_tell_the_month_and_what_was_missed_for_long_is_passed_over() -> None:
    told = club()
    told.open_with({"ana": 100_00})
    told.do("steward", "parameters.set", SetParameter("America/Sao_Paulo"), "group.time_zone")
    told.decide("demurrage.set", SetDemurrage(100, day=31), CODE)
    told.pass_time(moment("2027-01-31T02:59"))
    assert taken(told) == []
    told.pass_time(moment("2027-01-31T03:00"))
    told.pass_time(moment("2027-01-31T03:00"))
    assert taken(told) == [202701] and told.balance("ana", CODE) == 99_00
    told.pass_time(moment("2028-03-06T00:00"))
    told.pass_time(moment("2028-03-06T00:00"))
    assert taken(told) == [202701, 202801, 202802]


def test_it_ends_by_a_vote_and_another_part_counts_from_its_month_on() -> None:
    told = club()
    told.open_with({"ana": 100_00})
    told.decide("demurrage.set", SetDemurrage(100, first=202703), CODE)
    told.decide("demurrage.set", SetDemurrage(1_000, first=202704), CODE)
    told.pass_time(moment("2027-03-20T00:00"))
    assert taken(told) == []
    told.pass_time(moment("2027-04-01T00:00"))
    assert (taken(told), told.balance("ana", CODE)) == ([202704], 90_00)
    told.decide("demurrage.set", SetDemurrage(0), CODE)
    told.pass_time(moment("2027-06-01T00:00"))
    assert taken(told) == [202704]
    [shown] = told.listed("ana", "demurrage.list", DemurrageWanted())
    assert (shown.basis_points, shown.next_at) == (0, None)
    assert told.check(DemurrageTaken(CODE, 202706)) is STATE_CONFLICT


def test_what_no_node_takes() -> None:
    told = club()
    assert told.check(DemurrageSet(CODE, 200, 1, 202701)) is MOTION_NEEDED
    assert told.check(DemurrageSet("FLOR", 200, 1, 202701)) is CURRENCY_UNKNOWN
    assert told.refusal("steward", "demurrage.set", SetDemurrage(200), "FLOR") is CURRENCY_UNKNOWN
    assert told.refusal("steward", "demurrage.set", SetDemurrage(200, first=202713), CODE) is MALFORMED
    assert told.view("ana", "demurrage.show", CODE).reason is NOT_FOUND
    assert told.check(DemurrageTaken(CODE, 202701)) is NOT_FOUND
    told.decide("demurrage.set", SetDemurrage(200), CODE)
    assert told.check(DemurrageTaken(CODE, 202702)) is STATE_CONFLICT, "not due yet"
    told.pass_time(moment("2027-02-01T00:00"))
    assert taken(told) == [202702]
    assert told.check(DemurrageTaken(CODE, 202702)) is DUPLICATE
    told.now = moment("2027-03-01T00:00")
    assert told.check(DemurrageTaken(CODE, 202713)) is DUPLICATE
    told.do("steward", "currencies.close", CloseCurrency(), CODE)
    assert told.check(DemurrageTaken(CODE, 202703)) is CURRENCY_CLOSED
    told.pass_time(moment("2027-03-02T00:00"))
    assert taken(told) == [202702]
    assert told.refusal("steward", "demurrage.set", SetDemurrage(200), CODE) is CURRENCY_CLOSED
