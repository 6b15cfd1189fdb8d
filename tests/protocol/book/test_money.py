# SPDX-License-Identifier: AGPL-3.0-or-later
"""Money: decimals at the edge, whole minor units inside, and rates that never round against who forwards."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.book.money import (
    AMOUNT_MINOR_MAX,
    PAR,
    SCALE_MAX,
    Amount,
    Rate,
    decimal,
    minor_of,
    parse_decimal,
    payable,
)
from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    CURRENCY_MISMATCH,
    SCALE_EXCEEDED,
    Reason,
    Refused,
)

minors = st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX)
scales = st.integers(0, SCALE_MAX)
rates = st.builds(Rate, st.integers(1, 10**6), st.integers(1, 10**6))


@pytest.mark.parametrize(
    ("text", "scale", "minor"),
    [("12.50", 2, 12_50), ("12.5", 2, 12_50), ("-0.05", 2, -5), ("7", 0, 7), ("7.000", 2, 7_00), ("007", 1, 70)],
)
def test_members_write_decimals(text: str, scale: int, minor: int) -> None:
    assert parse_decimal(text, scale) == minor


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("12.505", SCALE_EXCEEDED),
        ("1.00000000000000000000001", SCALE_EXCEEDED),
        ("92233720368547758.08", AMOUNT_TOO_LARGE),
        *(
            (text, AMOUNT_MALFORMED)
            for text in (
                "",
                ".",
                "1.",
                ".5",
                "1e3",
                "+1",
                " 1",
                "1\n",
                "1_000",
                "1,50",
                "NaN",
                "Infinity",
                "١٢",
                "9" * 25,
            )
        ),
    ],
)
def test_what_is_no_amount(text: str, reason: Reason) -> None:
    refused = parse_decimal(text, 2)
    assert isinstance(refused, Refused) and refused.reason is reason


@given(minors, scales)
def test_what_is_shown_is_read_back(minor: int, scale: int) -> None:
    assert parse_decimal(decimal(minor, scale), scale) == minor
    assert Fraction(decimal(minor, scale)) == Fraction(minor, 10**scale)


@given(minors, scales, scales)
def test_an_amount_of_another_scale_is_worth_the_same(value: int, own: int, given: int) -> None:
    minor = minor_of(Amount(value, "HORA", given), "HORA", own)
    if Fraction(value, 10**given) * 10**own % 1:
        assert minor == Refused(SCALE_EXCEEDED, {"scale": own})
    elif isinstance(minor, Refused):
        assert minor.reason is AMOUNT_TOO_LARGE and abs(value) * 10 ** (own - given) > AMOUNT_MINOR_MAX
    else:
        assert Fraction(minor, 10**own) == Fraction(value, 10**given)


@given(minors, scales, st.integers(0, 30))
def test_zeros_at_the_end_of_decimals_mean_nothing(minor: int, scale: int, zeros: int) -> None:
    typed = Amount(minor * 10**zeros, "HORA", scale + zeros)
    assert minor_of(typed, "HORA", scale) == minor
    assert typed.reduced() == Amount(minor, "HORA", scale).reduced()


def test_an_amount_may_leave_its_currency_out_and_not_name_another() -> None:
    assert minor_of(Amount(5), "HORA", 2) == 5_00
    assert minor_of(Amount(5, "FLOR"), "HORA", 2) == Refused(CURRENCY_MISMATCH, {"currency": "HORA"})


def test_what_can_be_paid() -> None:
    assert payable(1) is None and payable(AMOUNT_MINOR_MAX) is None
    for amount, reason in (
        (0, AMOUNT_NOT_POSITIVE),
        (-1, AMOUNT_NOT_POSITIVE),
        (AMOUNT_MINOR_MAX + 1, AMOUNT_TOO_LARGE),
    ):
        refused = payable(amount)
        assert refused is not None and refused.reason is reason


def test_a_rate_of_one_and_a_half() -> None:
    """A's buyer pays 90 for 135 of B: one of A's units is worth 1.5 of B's, so one of B's is worth 2/3."""
    of_b = Rate(2, 3)
    assert (of_b.up(135), of_b.down(135), of_b.foreign_up(90)) == (90, 90, 135)
    assert (of_b.up(1), of_b.down(1), of_b.foreign_up(1)) == (1, 0, 2)
    assert Rate(100, 150).reduced() == of_b and PAR.up(7) == 7


@given(rates, st.integers(0, 10**12))
def test_a_rate_is_exact_up_to_one_unit_on_the_side_it_says(rate: Rate, amount: int) -> None:
    worth = Fraction(amount * rate.num, rate.den)
    assert worth <= rate.up(amount) < worth + 1
    assert worth - 1 < rate.down(amount) <= worth
    least = rate.foreign_up(amount)
    assert rate.num * least >= amount * rate.den
    assert least == 0 or rate.num * (least - 1) < amount * rate.den
    assert rate.reduced().up(amount) == rate.up(amount)
