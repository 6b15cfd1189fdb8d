# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people type becomes what the API takes, exactly, or is refused in one clear line."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.arguments import Parser, read_amount, read_bytes, read_moment, read_number, read_text, split_words
from cli.ending import Misuse
from cli.made.fields import fields_of
from protocol.book.declaration import Ref


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12.50", {"value": "1250", "asset_scale": 2}),
        ("12.50 HORA", {"value": "1250", "asset_scale": 2, "asset_code": "HORA"}),
        ("12.50HORA", {"value": "1250", "asset_scale": 2, "asset_code": "HORA"}),
        ("100", {"value": "100", "asset_scale": 0}),
        ("-200", {"value": "-200", "asset_scale": 0}),
        ("0.5", {"value": "5", "asset_scale": 1}),
        ("007.00", {"value": "700", "asset_scale": 2}),
        ("-0", {"value": "0", "asset_scale": 0}),
        ("3 2024", {"value": "3", "asset_scale": 0, "asset_code": "2024"}),
        ("92233720368547758080", {"value": "92233720368547758080", "asset_scale": 0}),
    ],
)
def test_an_amount_keeps_the_decimals_that_were_typed(typed: str, amount: object) -> None:
    assert read_amount(typed) == amount


@pytest.mark.parametrize(
    "typed", ["", "bread", "1.2.3", "12.", ".5", "1e3", "NaN", "١٢", "12.50 hora", "0x10", "1_000"]
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no amount"):
        read_amount(typed)


@pytest.mark.parametrize("typed", ["12,50", "1,234.50", "1.234,50 HORA"])
def test_a_comma_is_neither_taken_for_a_point_nor_for_a_thousands_mark(typed: str) -> None:
    with pytest.raises(ArgumentTypeError, match="has a comma: write an amount as"):
        read_amount(typed)


@given(st.integers(-(10**20), 10**20), st.integers(0, 9))
def test_an_amount_is_worth_what_was_typed(minor: int, scale: int) -> None:
    typed = f"{Decimal(minor).scaleb(-scale):f}"
    amount = read_amount(typed)
    assert Decimal(amount["value"]).scaleb(-amount["asset_scale"]) == Decimal(typed)


@pytest.mark.usefixtures("recife")
@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-12-01T18:00:00Z", "2026-12-01T18:00:00.000Z"),
        ("2026-12-01T18:00:00.25+02:00", "2026-12-01T16:00:00.250Z"),
        ("2026-12-01", "2026-12-01T03:00:00.000Z"),
        ("2026-12-01 18:00", "2026-12-01T21:00:00.000Z"),
    ],
)
def test_a_time_without_an_offset_is_local_and_a_day_is_its_beginning(typed: str, moment: str) -> None:
    assert read_moment(typed) == moment


@pytest.mark.parametrize("typed", ["tomorrow", "2026-13-01", "01/12/2026", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no time"):
        read_moment(typed)


def test_numbers_and_bytes_are_refused_before_a_node_is_asked() -> None:
    assert read_number("-12") == -12
    assert read_bytes("AQI-_w") == "AQI-_w"
    for read, typed in ((read_number, "1.5"), (read_number, "9" * 20), (read_bytes, "a+b"), (read_bytes, "AQI=")):
        with pytest.raises(ArgumentTypeError):
            read(typed)


@pytest.mark.parametrize(
    ("typed", "word", "rest"),
    [
        (["pay", "bia", "3"], "pay", ["bia", "3"]),
        (["--node", "URL", "--json", "pay", "bia"], "pay", ["--node", "URL", "--json", "bia"]),
        (["--node=URL", "links", "list"], "links", ["--node=URL", "list"]),
        (["--help"], "", ["--help"]),
        ([], "", []),
    ],
)
def test_shared_options_may_stand_before_the_command(typed: list[str], word: str, rest: list[str]) -> None:
    assert split_words(typed) == (word, rest)


@pytest.mark.parametrize("value", ["-200", "-200.00", "-12.50HORA", "-12.50 HORA", "-_aKey"])
@pytest.mark.parametrize("write", [lambda value: ["--limit", value], lambda value: [f"--limit={value}"]])
def test_a_value_may_begin_with_a_dash(value: str, write: Callable[[str], list[str]]) -> None:
    parser = Parser("try", "Try.", example="mutirao try", asks=False)
    parser.add_argument("--limit")
    assert parser.parse_args(write(value)).limit == value


def test_a_missing_value_is_not_made_of_the_next_option() -> None:
    parser = Parser("try", "Try.", example="mutirao try", asks=False)
    parser.add_argument("--limit")
    with pytest.raises(Misuse, match=r"--limit: expected one argument \(see mutirao try --help\)"):
        parser.parse_args(["--limit", "--json"])


def test_a_field_that_names_a_row_says_so_in_its_help() -> None:
    @dataclass(frozen=True, slots=True)
    class Lend:
        borrower: Annotated[str, Ref("members")]
        unit: Annotated[str | None, Ref("currencies")] = None

    assert [field.metavar for field in fields_of(Lend)] == ["MEMBER", "CURRENCY"]


def test_a_text_is_made_nfc_before_anything_is_signed() -> None:
    assert read_text("pa\u0303o") == "pão"
    assert read_text("bread") == "bread"
