# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sheets of a chain: the worked network comes in as it is printed, and whatever is wrong is told with its place."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from protocol.book.declaration import Actor, Plan, Role
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, Refused
from protocol.practices.chains.book_chain import candidates_of, chain_of
from protocol.practices.chains.refusals import MONTHS_MIXED
from protocol.practices.chains.sheets.columns import COLUMN_NAMES, SHEETS, WORD_NAMES, column_of, meant_by
from protocol.practices.chains.sheets.declaration import SheetLanguage, TakeSheets
from protocol.practices.chains.state import text_owner
from protocol.practices.chains.supply import EnterSupply, SupplyWanted
from tests.protocol.practices.chains import mance
from tests.protocol.practices.desk import STEWARD, Group, copy_of, snapshot

WORKED = Path(__file__).parent / "worked"


def worked(**changed: bytes) -> TakeSheets:
    """Return the sheets of the worked network, some of them changed."""
    files: dict[str, Any] = {path.stem: path.read_bytes() for path in WORKED.glob("*.csv")}
    files.update(changed, language=SheetLanguage.PT)
    return TakeSheets(**files)


def told(**sheets: str) -> TakeSheets:
    """Return sheets in English."""
    files: dict[str, Any] = {name: text.encode() for name, text in sheets.items()}
    return TakeSheets(**files)


def group() -> Group:
    made = Group()
    made.admit("ana")
    return made


def test_the_worked_network_comes_in_as_it_is_printed() -> None:
    told = group()
    shown = told.do("steward", "chain-sheets.take", worked())
    assert (shown.enterprises, shown.relations, shown.recipes, shown.households) == (3, 8, 4, 32)
    assert chain_of(told.book) == mance.network()
    assert candidates_of(told.book) == mance.candidates()
    assert snapshot(copy_of(told.written)) == snapshot(told.book)


def test_sheets_sent_twice_say_everything_once() -> None:
    told = group()
    for _ in range(2):
        told.do("steward", "chain-sheets.take", worked())
    assert chain_of(told.book) == mance.network()
    assert candidates_of(told.book) == mance.candidates()


ENTERPRISES = "id,turnover,wages,surplus\nshop,1000,100,50\nmill,500,100,50\n"
RECIPES = "id,item,pledged,wages,surplus,investment"
SURVEY = "household,item,value"
RELATIONS = "buyer,item,supplier,quantity,unit,value\n"
MARKS = "\u0301\u0323" * 16

WRONG = {
    "a column that nobody knows": ({"enterprises": "id,turnover,wages,surplus,mood\nshop,1,0,0,good\n"},
        "COLUMN_UNKNOWN", 1, "mood"),
    "a column that is missing": ({"relations": "buyer,value\nshop,3\n"}, "COLUMN_MISSING", 1, "item"),
    "a column twice": ({"enterprises": "id,id,turnover,wages,surplus\n"}, "COLUMN_TWICE", 1, "id"),
    "a figure that is missing": ({"enterprises": "id,turnover,wages,surplus\nshop,1000,,50\n"},
        "FIGURE_MISSING", 2, "wages"),
    "a value that is missing": ({"relations": RELATIONS + "shop,oil,,,,\n"}, "FIGURE_MISSING", 2, "value"),
    "a value below zero": ({"relations": RELATIONS + "shop,oil,,,,-3\n"}, "FIGURE_NEGATIVE", 2, "value"),
    "a quantity below zero": ({"relations": RELATIONS + "shop,oil,,-2,l,3\n"}, "FIGURE_NEGATIVE", 2, "quantity"),
    "a quantity with the minus of a typesetter": ({"relations": RELATIONS + "shop,oil,,\u22122,l,3\n"},
        "FIGURE_NEGATIVE", 2, "quantity"),
    "a formula in a quantity": ({"relations": RELATIONS + "shop,oil,,=400,kg,3\n"}, "CELL_FORMULA", 2, "quantity"),
    "a quantity that is missing": ({"relations": RELATIONS + "shop,oil,,,l,3\n"}, "FIGURE_MISSING", 2, "quantity"),
    "a unit that is missing": ({"relations": RELATIONS + "shop,oil,,2,,3\n"}, "FIGURE_MISSING", 2, "unit"),
    "a unit that nobody knows": ({"relations": RELATIONS + "shop,oil,,2,buckets,3\n"}, "UNIT_UNKNOWN", 2, "unit"),
    "units that do not convert": ({"relations": RELATIONS + "shop,oil,,2,l,3\n\nshop,oil,mill,2,kg,3\n"},
        "UNITS_DIFFER", 4, "unit"),
    "a number of two meanings": ({"relations": RELATIONS + 'shop,oil,,,,"1.200,50"\n'}, "NUMBER_UNCLEAR", 2, "value"),
    "an enterprise twice": ({"enterprises": ENTERPRISES + "shop,1,0,0\n"}, "ENTERPRISE_TWICE", 4, "id"),
    "a buyer that is not there": ({"relations": RELATIONS + "farm,oil,,,,3\n"}, "ENTERPRISE_UNKNOWN", 2, "buyer"),
    "a supplier that is not there": ({"relations": RELATIONS + "shop,oil,farm,,,3\n"},
        "ENTERPRISE_UNKNOWN", 2, "supplier"),
    "a share above one": ({"recipes": "id,item,pledged,wages,surplus,investment\nsoap,oil,120%,50%,50%,1\n"},
        "SHARE_ABOVE_ONE", 2, "pledged"),
    "shares that are not the whole": ({"recipes": "id,item,pledged,wages,surplus,investment\nsoap,oil,1,50%,40%,1\n"},
        "SHARE_ABOVE_ONE", 2, ""),
    "who spends more than it turns over": ({"relations": RELATIONS + "mill,oil,,,,351\n"},
        "SHARE_ABOVE_ONE", 2, "value"),
    "who only buy from each other": ({
        "enterprises": "id,turnover,wages,surplus\na,100,0,0\nb,100,0,0\nc,100,1,0\n",
        "relations": RELATIONS + "a,oil,b,,,100\nb,oil,a,,,100\n"}, "CLOSED_GROUP", 2, "turnover"),
    "a formula in a text": ({"enterprises": 'id,name,turnover,wages,surplus\nshop,"=HYPERLINK(1)",1,0,0\n'},
        "CELL_FORMULA", 2, "name"),
    "a formula in a figure": ({"relations": RELATIONS + "shop,oil,,,,=1+1\n"}, "CELL_FORMULA", 2, "value"),
    "an item that begins as a formula": ({"relations": RELATIONS + "shop,@oil,,,,1\n"}, "CELL_FORMULA", 2, "item"),
    "a status that nobody knows": ({"enterprises": "id,status,turnover,wages,surplus\nshop,odd,1,0,0\n"},
        "CELL_MALFORMED", 2, "status"),
    "a class that ISIC does not have": ({"enterprises": "id,isic,turnover,wages,surplus\nshop,1072x,1,0,0\n"},
        "CELL_MALFORMED", 2, "isic"),
    "a short name in capitals with a space": ({"enterprises": "id,turnover,wages,surplus\nMy shop,1,0,0\n"},
        "CELL_MALFORMED", 2, "id"),
    "a month 13": ({"relations": "buyer,item,value,month\nshop,oil,3,2026-13\n"}, "CELL_MALFORMED", 2, "month"),
    "a currency without a rate": ({"relations": "buyer,item,value,currency\nshop,oil,3,USD\n"},
        "RATE_UNKNOWN", 2, "currency"),
    "a criterion of nobody": ({"criteria": "enterprise,criterion,value\nfarm,labour,1\n"},
        "ENTERPRISE_UNKNOWN", 2, "enterprise"),
    "a criterion above one": ({"criteria": "enterprise,criterion,value\nshop,labour,1.5\n"},
        "SHARE_ABOVE_ONE", 2, "value"),
    "more hours than are counted": ({"recipes": f"{RECIPES},hours\nsoap,oil,1,50%,50%,1,{'9' * 40}\n"},
        "CELL_MALFORMED", 2, "hours"),
    "a thousand blanks in what is bought": ({"recipes": f"{RECIPES},buys\nsoap,oil,1,50%,50%,1,a{' ' * 1_900}b\n"},
        "CELL_MALFORMED", 2, "buys"),
    "households that buy more than is counted": ({"households": f"{SURVEY},times\na,oil,9999999999999,999\n"},
        "CELL_MALFORMED", 2, "value"),
    "households that buy a greater quantity than is counted": ({
        "households": f"{SURVEY},quantity,unit\n" + "a,oil,1,600000000,kg\n" * 3}, "CELL_MALFORMED", 3, "quantity"),
    "more marks on a letter than anybody writes": ({"relations": RELATIONS + f"shop,o{MARKS}il,,,,3\n"},
        "SHEET_UNREADABLE", 2, "item"),
    "a cell of a page": ({"relations": RELATIONS + f"shop,{'oil ' * 600},,,,3\n"}, "SHEET_UNREADABLE", 2, "item"),
    "nothing at all": ({"relations": "\n\n"}, "SHEET_UNREADABLE", 1, ""),
    "more cells than columns": ({"relations": "buyer,item,value\nshop,oil,3,4\n"}, "SHEET_UNREADABLE", 2, ""),
    "a quote that is never closed": ({"relations": 'buyer,item,value\nshop,"oil,3\n'}, "SHEET_UNREADABLE", 2, ""),
    "a NUL": ({"relations": "buyer,item,value\nshop,o\0il,3\n"}, "SHEET_UNREADABLE", 2, ""),
    "two megabytes": ({"relations": RELATIONS + "shop,oil,,,,3\n" * 160_000}, "SHEET_UNREADABLE", 1, ""),
    "more lines than a chain holds": ({"relations": "buyer,item,value\n" + "\n" * 20_002},
        "SHEET_UNREADABLE", 20_001, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_taken_in(case: str) -> None:
    sheets, code, line, column = WRONG[case]
    group = Group()
    group.do("steward", "chain-sheets.take", told(enterprises=ENTERPRISES))
    before = snapshot(group.book)
    refused = group.ask("steward", "chain-sheets.take", told(**sheets))
    assert isinstance(refused, Refused), refused
    figures = refused.figures
    assert (refused.reason.code, figures["line"], figures["column"]) == (code, line, column)
    assert figures["file"] == f"{next(iter(sheets))}.csv"
    assert snapshot(group.book) == before
    assert refused.reason.texts.sentence.format(**figures)


@pytest.mark.parametrize("data", ["Empório".encode("latin-1"), "id;turnover\n".encode("utf-16")])
def test_another_encoding_is_told(data: bytes) -> None:
    refused = Group().ask("steward", "chain-sheets.take", TakeSheets(b"id,turnover,wages,surplus\n" + data))
    assert isinstance(refused, Refused) and (refused.reason.code, refused.figures["line"]) == ("SHEET_UNREADABLE", 2)


def test_texts_that_write_an_accent_as_a_character_of_its_own_are_taken_in_as_any_other() -> None:
    composed, taken = group(), group()
    sheets = {
        "enterprises": "id,name,turnover,wages,surplus\nshop,Empório São João,1000,100,50\n",
        "relations": RELATIONS + "shop,pão,,,,3\n",
        "households": f"{SURVEY}\nConceição,feijão,3\nMamã,feijão,2\nAvô,feijão,1\n",
    }
    composed.do("steward", "chain-sheets.take", told(**sheets))
    apart = {name: normalize("NFD", text) for name, text in sheets.items()}
    assert apart != sheets
    taken.do("steward", "chain-sheets.take", told(**apart))
    assert chain_of(taken.book) == chain_of(composed.book)
    assert "Empório São João" in taken.texts.values()


def test_who_coordinates_takes_sheets_in_and_nobody_else() -> None:
    group = Group()
    group.admit("ana")
    assert group.refusal("ana", "chain-sheets.take", worked()) is FORBIDDEN
    assert group.refusal(Actor(Role.AUDITOR), "chain-sheets.take", worked()) is FORBIDDEN
    group.do(Actor(Role.COMMITTEE), "chain-sheets.take", worked())


def test_what_is_told_of_each_month_and_of_single_months_too_is_refused_with_its_line() -> None:
    group = Group()
    group.do("steward", "chain-sheets.take", told(enterprises=ENTERPRISES))
    head = "buyer,item,supplier,value,month\n"
    by_month = told(relations=head + "shop,oil,mill,30,2026-11\nshop,oil,,5,\n")
    group.do("steward", "chain-sheets.take", by_month)
    for wrong, line, about in (
        (told(relations="buyer,item,supplier,value\nshop,oil,mill,30\n"), 2, "shop, oil, mill"),
        (told(relations=head + "shop,salt,,1,2026-11\nshop,salt,,1,\n"), 2, "shop, salt, outside"),
        (told(households="household,item,value,month\na,tea,1,\nb,tea,1,2026-10\nc,tea,1,\n"), 2, "households, tea"),
    ):
        refused = group.ask("steward", "chain-sheets.take", wrong)
        assert isinstance(refused, Refused), refused
        assert (refused.reason, refused.figures["line"]) == (MONTHS_MIXED, line)
        assert str(refused.figures["about"]).startswith(about)
    enter = EnterSupply("shop", "oil", Amount(1), supplier="mill")
    assert group.refusal("steward", "supply.create", enter) is MONTHS_MIXED
    group.do("steward", "supply.create", replace(enter, period=202_610))
    group.do("steward", "chain-sheets.take", by_month)
    assert chain_of(group.book).inside == {("shop", "mill"): Fraction(31, 2)}, "over two months"


def test_a_survey_is_summed_and_no_household_is_kept() -> None:
    group = Group()
    survey = "household,item,value,times\nSilva,rent,300,\nSouza,rent,200,2\n"
    two = "household,item,value,times\nSilva,rent,300,\nSilva,oil,3,\nSouza,rent,200,1\n"
    few = group.ask("steward", "chain-sheets.take", told(households=two))
    assert isinstance(few, Refused) and few.reason.code == "SURVEY_TOO_SMALL"
    assert few.reason.texts.sentence.format(**few.figures).startswith("households.csv speaks for 2 households; a")
    group.do("steward", "chain-sheets.take", told(households=survey + "Lima,rent,0.50,\n"))
    assert chain_of(group.book).outside == {("households", "rent"): Fraction("700.50")}
    # Two rows that stand for three households are a survey of three.
    group.do("steward", "chain-sheets.take", told(households=survey))
    assert chain_of(group.book).outside == {("households", "rent"): Fraction(700)}
    wires = b"".join(entry.wire for entry in group.entries)
    assert not any(name in wires for name in (b"Silva", b"Souza", b"Lima")) and not group.texts


def test_units_and_currencies_are_converted_and_rows_of_a_month_are_summed() -> None:
    group = Group()
    rates = "currency,rate,source,date\nUSD,5.25,central bank,2026-11-30\n"
    relations = (
        "buyer,item,supplier,quantity,unit,value,currency,period,evidence,source\n"
        "shop,oil,mill,2,dozen,10,USD,2026-10,invoice,17\n"
        "shop,oil,mill,6,pieces,20,,10/2026,invoice,18\n"
        "shop,oil,outside,1 dozen,,8.005,,202611,,\n"
        "shop,rent,,,,5,,,,\n"
    )
    group.do("steward", "chain-sheets.take", told(enterprises=ENTERPRISES, rates=rates, relations=relations))
    chain = chain_of(group.book)
    # Of two months: 52.50 + 20 of the mill and 8.01 outside; the rent is of each month.
    assert chain.inside == {("shop", "mill"): Fraction("36.25")}
    assert chain.outside == {("shop", "oil"): Fraction("4.005"), ("shop", "rent"): Fraction(5)}
    shown = group.list("steward", "supply.list", SupplyWanted())
    assert not isinstance(shown, Refused)
    assert [(one.quantity, one.row) for one in shown] == [("2 DZN", 2), ("0.5 DZN", 3), ("1 DZN", 4), (None, 5)]


def test_what_leads_the_cells_of_others_is_no_formula() -> None:
    """A text that a spreadsheet would reckon is taken in with the apostrophe that guards it, and kept without."""
    group = Group()
    group.do("steward", "chain-sheets.take", told(enterprises="id,name,turnover,wages,surplus\nshop,'=1+1,1,0,0\n"))
    assert list(group.texts.values()) == ["=1+1"]


def test_what_sheets_correct_is_erased() -> None:
    group = Group()
    first = told(enterprises="id,name,turnover,wages,surplus\nshop,Old name,1,0,0\n")
    group.do("steward", "chain-sheets.take", first)
    [old] = group.texts
    again = told(enterprises="id,name,turnover,wages,surplus\nshop,New name,2,0,0\n")
    planned = group.plan("chain-sheets.take", STEWARD, again)
    assert isinstance(planned, Plan) and planned.erases == (text_owner(old),)


def test_every_name_that_is_told_is_understood() -> None:
    for sheet, (_, known) in SHEETS.items():
        for column in known:
            *called, others = COLUMN_NAMES[column]
            for name in filter(None, (*called, *others.split(", "))):
                assert column_of(sheet, name.upper()) == column, name
    for kind, names in WORD_NAMES.items():
        for meant, (*called, others) in names.items():
            for name in filter(None, (*called, *others.split(", "))):
                assert meant_by(kind, name.capitalize()) is meant, name


@pytest.mark.parametrize(
    ("sheets", "code", "about", "expected"),
    [
        ({"households": "Família;Produto;Valor;Quantos\n"}, "COLUMN_UNKNOWN", "Quantos", "domicílio, fornecedor"),
        ({"relations": "acheteur,produit\n"}, "COLUMN_MISSING", "valeur", ""),
        (
            {"enterprises": "chave,segmentos,faturamento,salários,excedente\nloja,distribuição,1,0,0\n"},
            "CELL_MALFORMED", "segmentos", "one of consumo, comércio, serviço, produção, crédito",
        ),
    ],
)  # fmt: skip
def test_what_a_sheet_may_have_is_told_in_its_language(
    sheets: dict[str, str], code: str, about: str, expected: str
) -> None:
    refused = group().ask("steward", "chain-sheets.take", told(**sheets))
    assert isinstance(refused, Refused)
    assert (refused.reason.code, refused.figures["column"]) == (code, about)
    assert str(refused.figures.get("expected", "")).startswith(expected)
