# SPDX-License-Identifier: AGPL-3.0-or-later
"""Quantities as people write them: read exactly or refused, and nothing else."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.practices.market.quantities import Quantity, QuantityFault, number_read, read_quantity, read_unit
from protocol.practices.market.units import BY_CODE, LANGUAGES, UNITS, Language, Unit


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("1,5", "pt", "3/2"), ("0,250", "es", "1/4"), ("1.234,5", "es", "2469/2"), ("1 234,5", "fr", "2469/2"),
        ("1\u202f234,5", "fr", "2469/2"), ("1,234.5", "en", "2469/2"), ("1.5", "en", "3/2"), ("12", "ca", "12"),
        ("1.000", "pt", "1000"), ("1.000.000", "pt", "1000000"),
    ],
)  # fmt: skip
def test_numbers_are_read_by_the_language(text: str, language: Language, number: str) -> None:
    assert number_read(text, language) == Fraction(number)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("10.00", "pt"), ("1.5", "es"), ("1,5", "en"), ("1.23.456", "es"), ("1234.567", "es"), ("1,2,3", "pt"),
        ("", "es"), (",5", "es"), ("1,", "es"), ("-1", "en"), ("1e3", "en"), ("１２", "en"),
        (".123", "pt"), ("1 .234", "pt"),
    ],
)  # fmt: skip
def test_a_number_that_could_mean_two_things_is_refused(text: str, language: Language) -> None:
    with pytest.raises(QuantityFault) as fault:
        number_read(text, language)
    assert fault.value.code == "NUMBER_UNCLEAR"


@pytest.mark.parametrize(
    ("text", "language", "number", "unit"),
    [
        ("1,5 kg", "pt", "3/2", "KGM"), ("0,250 kg", "es", "1/4", "KGM"), ("2 h 30 min", "en", "5/2", "HUR"),
        ("3 kilos", "es", "3", "KGM"), ("2 dúzias", "pt", "2", "DZN"), ("3 boxes of 12", "en", "36", "C62"),
        ("1 caixa de 12", "pt", "12", "C62"), ("2 cajas de 6", "es", "12", "C62"), ("1.200 m2", "pt", "1200", "MTK"),
        ("20kg", "fr", "20", "KGM"), ("4 m²", "ca", "4", "MTK"), ("1 kg 200 g", "es", "6/5", "KGM"),
    ],
)  # fmt: skip
def test_quantities_as_people_write_them(text: str, language: Language, number: str, unit: str) -> None:
    assert read_quantity(text, language) == Quantity(Fraction(number), unit)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("UNIT_UNKNOWN", "3 kiloseconds"), ("UNIT_UNKNOWN", "2 mg"), ("UNITS_DIFFER", "1 kg 30 min"),
        ("NUMBER_UNCLEAR", "kg"), ("NUMBER_UNCLEAR", ""), ("NUMBER_UNCLEAR", "3"), ("NUMBER_UNCLEAR", "10.00 kg"),
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(code: str, text: str) -> None:
    with pytest.raises(QuantityFault) as fault:
        read_quantity(text, "es")
    assert fault.value.code == code


def test_no_name_means_two_units_and_each_is_read() -> None:
    assert len({one.code for one in UNITS}) == len(UNITS)
    names = [name for one in UNITS for name in one.names]
    assert len(names) == len(set(names))
    for one in UNITS:
        for name in one.names:
            assert read_unit(name) == (one.code, 1)
            for language in LANGUAGES:
                assert read_quantity(f"2 {name}", language) == Quantity(Fraction(2), one.code)


def test_factors_are_those_of_the_international_system_and_the_pound() -> None:
    assert Quantity(Fraction(1), "LBR").in_unit("GRM").number == Fraction("453.59237")
    assert Quantity(Fraction(1), "DZN").in_unit("C62").number == 12
    assert Quantity(Fraction(90), "MIN").in_unit("HUR").number == Fraction(3, 2)
    with pytest.raises(QuantityFault):
        Quantity(Fraction(1), "KGM").in_unit("LTR")


@given(st.fractions(min_value=0, max_value=10_000), st.sampled_from(UNITS), st.data())
def test_there_and_back_is_the_same(number: Fraction, one: Unit, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from([unit.code for unit in UNITS if unit.measures == one.measures]))
    quantity = Quantity(number, one.code)
    assert quantity.in_unit(other).in_unit(one.code) == quantity
    assert BY_CODE[other].factor > 0
