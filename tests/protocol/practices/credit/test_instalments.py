# SPDX-License-Identifier: AGPL-3.0-or-later
"""Instalments: exact sums in whole minor units, near the annuity of exact fractions, by months of the calendar."""

import json
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from vectors.make_loans import loan_reckoned

from protocol.practices.credit.loans.instalments import (
    Instalment,
    InterestMethod,
    LoanTerms,
    day_of,
    day_text,
    half_up,
    interest_in_all,
    laid_out,
    level_instalment,
    months_after,
)

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "own_loans.json").read_text())
DECLINING, FLAT = InterestMethod.DECLINING, InterestMethod.FLAT


def instalments(minor: int, rate: int, months: int, method: InterestMethod = DECLINING) -> tuple[Instalment, ...]:
    return laid_out(LoanTerms(minor, rate, method), minor, months)


def amounts(minor: int, rate: int, months: int, method: InterestMethod = DECLINING) -> list[int]:
    return [one.amount_minor for one in instalments(minor, rate, months, method)]


def exact_annuity(minor: int, rate: int, months: int) -> Fraction:
    """Return the instalment by the textbook's formula P r / (1 - (1 + r)^-n), in exact fractions of a minor unit."""
    monthly = Fraction(rate, 10_000)
    return Fraction(minor, months) if not rate else minor * monthly / (1 - (1 + monthly) ** -months)


def test_600_at_1_percent_a_month_over_6() -> None:
    assert amounts(600_00, 1_00, 6) == [103_53] * 5 + [103_51]
    assert sum(amounts(600_00, 1_00, 6)) == 621_16
    assert amounts(600, 1_00, 6) == [104] * 5 + [101], "in a unit without decimals"
    assert interest_in_all(instalments(600_00, 1_00, 6)) == 21_16


def test_without_interest_the_last_instalment_is_the_smallest() -> None:
    assert amounts(600_00, 0, 6) == [100_00] * 6
    assert amounts(100_00, 0, 3) == [33_34, 33_34, 33_32]
    assert amounts(2, 0, 6) == [1, 1], "n is the balance by the instalment, rounded up"


def test_flat_interest_is_of_what_was_lent() -> None:
    found = instalments(600_00, 1_00, 6, FLAT)
    assert [one.interest_minor for one in found] == [6_00] * 6 and sum(amounts(600_00, 1_00, 6, FLAT)) == 636_00


@pytest.mark.parametrize("case", VECTORS["loans"], ids=lambda case: case["name"])
def test_loans_are_laid_out_as_told(case: dict[str, object]) -> None:
    lent, rate, months = (int(str(case[name])) for name in ("lent", "rate", "months"))
    found = instalments(lent, rate, months, InterestMethod(str(case["method"])))
    assert [list(one) for one in found] == case["instalments"]


@pytest.mark.parametrize("case", VECTORS["rounded"], ids=lambda case: f"{case['of']} at {case['rate']}")
def test_a_part_of_a_whole_is_rounded_half_up_as_told(case: dict[str, int]) -> None:
    assert half_up(case["of"] * case["rate"], 10_000) == case["is"]


def test_demurrage_month_by_month_as_told() -> None:
    for row in VECTORS["demurrage"]:
        held = row["begins"]
        for after in row["after"]:
            held = half_up(held * (10_000 - row["rate"]), 10_000)
            assert held == after, row
    assert VECTORS["demurrage"][0]["after"] == [5_292_00, 5_186_16, 5_082_44, 4_980_79]


def test_10_000_loans_sum_to_what_was_lent_and_its_interest() -> None:
    chance = Random(16)
    for _ in range(10_000):
        lent, months = chance.randint(1, 10 ** chance.randint(1, 10)), chance.randint(1, 36)
        rate, method = chance.choice((0, chance.randint(1, 3_00))), chance.choice((DECLINING, FLAT))
        found = instalments(lent, rate, months, method)
        assert sum(one.principal_minor for one in found) == lent
        assert sum(one.amount_minor for one in found) == lent + interest_in_all(found)
        assert 1 <= len(found) <= months and all(one.principal_minor > 0 for one in found)
        assert all(one.interest_minor >= 0 for one in found)


def test_2_000_loans_are_laid_out_as_exact_fractions_say() -> None:
    """The vectors reckon in exact fractions, with none of the code that lays loans out here."""
    chance = Random(19)
    for _ in range(2_000):
        lent, months = chance.randint(1, 10 ** chance.randint(1, 9)), chance.randint(1, 60)
        rate, method = chance.choice((0, chance.randint(1, 10_00))), chance.choice((DECLINING, FLAT))
        reckoned = loan_reckoned("", lent, rate, months, method.value)
        assert [list(one) for one in instalments(lent, rate, months, method)] == reckoned["instalments"], reckoned


def test_1_000_loans_are_as_near_the_exact_annuity_as_rounding_allows() -> None:
    """Each month rounds by half a unit at most, and so does the instalment; the last carries all of these, grown."""
    chance = Random(17)
    for _ in range(1_000):
        months, rate = chance.randint(2, 36), chance.randint(1, 3_00)
        lent = chance.randint(100 * months, 10**8)
        found, exact = instalments(lent, rate, months), exact_annuity(lent, rate, months)
        assert abs(level_instalment(LoanTerms(lent, rate, DECLINING), lent, months) - exact) <= Fraction(1, 2)
        assert all(one.amount_minor == found[0].amount_minor for one in found[:-1])
        monthly = Fraction(rate, 10_000)
        grown = sum((1 + monthly) ** at for at in range(months))
        assert abs(found[-1].amount_minor - exact) <= grown + 1
        assert abs(sum(one.amount_minor for one in found) - exact * months) <= grown + Fraction(months, 2)


def test_each_month_bears_the_interest_of_what_was_owed_then() -> None:
    chance = Random(18)
    for _ in range(500):
        lent, rate, months = chance.randint(1, 10**7), chance.randint(0, 10_00), chance.randint(1, 24)
        balance = lent
        for one in instalments(lent, rate, months):
            assert abs(one.interest_minor - Fraction(balance * rate, 10_000)) <= Fraction(1, 2)
            balance -= one.principal_minor
        assert balance == 0


def test_days_are_those_of_the_first_or_the_last_of_a_shorter_month() -> None:
    first = day_of("2027-01-31")
    assert first is not None
    shown = [day_text(months_after(first, month)) for month in (0, 1, 2, 3, 12, 13)]
    assert shown == ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2028-01-31", "2028-02-29"]
    for wrong in ("2027-02-29", "27-01-01", "2027-1-1", "20270101", "2027-W01-1", "0001-01-01", "3000-01-01", ""):
        assert day_of(wrong) is None, wrong
