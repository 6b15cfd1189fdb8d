# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people read says what the node's JSON says, and nothing that others wrote moves their terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.output import cell, is_amount, money, show_figures, show_record, shown_decimal, table
from protocol.book.money import decimal as economy_decimal


def hora(value: str, scale: int = 2) -> dict[str, object]:
    return {"value": value, "asset_code": "HORA", "asset_scale": scale}


@given(st.integers(-(2**63), 2**63), st.integers(0, 9))
def test_decimals_are_those_of_the_economy(minor: int, scale: int) -> None:
    assert shown_decimal(minor, scale) == economy_decimal(minor, scale)


def test_amounts_have_the_scale_of_their_currency() -> None:
    assert money(hora("-1250")) == "-12.50 HORA"
    assert money(hora("5")) == "0.05 HORA"
    assert money(hora("7", 0)) == "7 HORA"


@pytest.mark.parametrize(
    "value",
    [
        {"value": "12", "asset_code": "HORA"},
        {"value": 12, "asset_code": "HORA", "asset_scale": 2},
        {"value": "12.5", "asset_code": "HORA", "asset_scale": 2},
        {"value": "12", "asset_code": "HORA", "asset_scale": 10**9},
        {"value": "12", "asset_code": "HORA", "asset_scale": 2, "more": 1},
        "12",
    ],
)
def test_what_only_looks_like_an_amount_is_none(value: object) -> None:
    assert not is_amount(value)


@pytest.mark.usefixtures("recife")
def test_times_are_those_of_the_own_clock() -> None:
    assert cell("2026-12-01T18:00:00.123Z") == "2026-12-01T15:00:00-03:00"
    assert cell("2026-12-01T99:00:00.000Z") == "2026-12-01T99:00:00.000Z"
    assert cell("bread on 2026-12-01") == "bread on 2026-12-01"


@given(st.text())
def test_no_text_of_others_reaches_the_terminal_with_a_control_character(text: str) -> None:
    told = show_record({text: text, "note": [text, {text: text}]}) + table([{"note": text, "name": text}])
    controls = [c for c in told if (c < " " and c != "\n") or "\x7f" <= c <= "\x9f" or c in "\u202e\u2066\u200f"]
    assert not controls


def test_a_record_leaves_out_what_is_empty_and_tells_each_of_several_on_its_own_line() -> None:
    shown = {
        "id": "1",
        "name": None,
        "closed": False,
        "joined_at": "",
        "keys": [{"key": "k", "cap": hora("100")}, {"key": "l"}],
    }
    assert show_record(shown) == "id      1\nclosed  no\nkeys    key=k cap=1.00 HORA\nkeys    key=l"


def test_a_table_aligns_figures_at_the_right_and_drops_empty_columns() -> None:
    items = [
        {"name": "ana", "note": None, "balance": hora("-1250")},
        {"name": "beatriz", "note": None, "balance": hora("100000")},
    ]
    assert table(items) == "name          balance\nana       -12.50 HORA\nbeatriz  1000.00 HORA"
    assert table([]) == "none"


def test_what_is_too_wide_for_the_terminal_stands_one_below_the_other() -> None:
    items = [{"id": "a" * 30, "state": "open"}, {"id": "b" * 30, "state": "open"}]
    assert table(items, width=20) == f"id     {'a' * 30}\nstate  open\n\nid     {'b' * 30}\nstate  open"
    assert table(items, width=37).count("\n") == 2


def test_figures_stand_before_their_lists_and_objects_in_columns() -> None:
    shown = {
        "share": "0.4689",
        "founded": ["mill", "soap"],
        "greedy": {"keeps": "1.00", "candidates": []},
        "buyers": [
            {"buyer": "bakery", "before": {"share": "0.0938", "turnover": "3000.00"}, "after": {"share": "0.8438"}},
            {"buyer": "mill", "before": None, "after": {"share": "1.0000"}},
        ],
        "evidence": [],
    }
    assert show_figures(shown).splitlines() == [
        "share    0.4689",
        "founded  mill, soap",
        "greedy   keeps=1.00",
        "",
        "buyers",
        "buyer   before share  before turnover  after share",
        "bakery        0.0938          3000.00       0.8438",
        "mill                                        1.0000",
    ]
