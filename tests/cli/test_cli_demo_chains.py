# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sheets of `mutirao demo --chains`: made by a script from a seed, true in sums and codes, and taken in whole."""

import csv
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cli.chains_demo import DEMO_SHEETS, LANGUAGES_OF_SHEETS, is_as_worked
from protocol.practices.chains.book_chain import candidates_of, chain_of
from protocol.practices.chains.engine.shares import shares_of
from protocol.practices.chains.sheets.declaration import SheetLanguage, TakeSheets
from protocol.practices.market.item_codes import ITEM_CODES
from tests.cli.made_chains import FOLDER, PRICES, all_sheets
from tests.protocol.practices.chains import mance
from tests.protocol.practices.desk import Group

DEMO = ("riacho", "serra", "encants")
# Of CPC 2.1, and not in the starter list: fuel, computers, loans, telephones, yarn, logs, cleaning agents.
OTHER_CODES = {"33311", "45250", "71135", "84120", "26360", "03110", "35310"}


def rows(network: str, sheet: str) -> list[dict[str, str]]:
    text = (DEMO_SHEETS / network / f"{sheet}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(StringIO(text), delimiter=";"))


def taken(network: str) -> tuple[Group, Any]:
    """Return a group that has taken a network's sheets, and what it was told."""
    group = Group()
    group.admit("ana")
    files: dict[str, Any] = {path.stem: path.read_bytes() for path in (DEMO_SHEETS / network).glob("*.csv")}
    shown = group.do(
        "steward", "chain-sheets.take", TakeSheets(**files, language=SheetLanguage(LANGUAGES_OF_SHEETS[network]))
    )
    return group, shown


def test_the_sheets_are_those_that_the_script_makes() -> None:
    made = all_sheets()
    there = {str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8") for path in FOLDER.glob("*/*.csv")}
    assert {place for place in there if not place.startswith("worked/")} == set(made)
    for place, text in made.items():
        assert there[place] == text, f"{place}: python -m tests.cli.made_chains makes it anew"


def test_some_120_enterprises_and_600_relations_are_taken_in_whole() -> None:
    counts = [taken(network)[1] for network in DEMO]
    assert sum(one.enterprises for one in counts) == 120 + 9, "nine are suppliers outside"
    assert 600 <= sum(one.relations for one in counts) <= 700
    assert [one.recipes for one in counts] == [6, 6, 6]


@pytest.mark.parametrize("network", DEMO)
def test_they_read_like_life(network: str) -> None:
    names = {name for one in rows(network, "enterprises") for key, name in one.items() if key in ("nome", "nombre")}
    assert len(names) == 43
    relations = rows(network, "relations")
    item, much, unit, value = list(relations[0])[1], *list(relations[0])[3:6]
    for one in relations:
        kind, price = PRICES[one[item]]
        quantity = int(one[much].replace(".", ""))
        assert one[unit] == kind and quantity > 0
        assert float(one[value].replace(".", "").replace(",", ".")) == pytest.approx(quantity * float(price))
    codes = {one[item] for one in relations} | {one[list(one)[1]] for one in rows(network, "households")}
    assert codes <= ITEM_CODES.keys() | OTHER_CODES
    group, _ = taken(network)
    share = shares_of(chain_of(group.book)).all
    assert 0.2 < share < 0.5
    abroad = [one for one in relations if "/" in one[list(one)[2]]]
    assert abroad and all(one[list(one)[2]].partition("/")[0] in {*DEMO} - {network} for one in abroad)


def test_the_worked_network_is_the_one_of_the_book() -> None:
    group, _ = taken("worked")
    assert chain_of(group.book) == mance.network()
    assert candidates_of(group.book) == mance.candidates()


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_the_demo_of_chains_says_what_the_book_says() -> None:
    root = Path(__file__).parents[2]
    told = subprocess.check_output(
        [sys.executable, "-m", "cli", "demo", "--chains", "--json"], cwd=root, env=os.environ, text=True
    )
    figures = json.loads(told)
    assert is_as_worked(figures)
    assert set(figures) >= {
        "shares", "retained", "lm3", "missing_links", "least_bad", "match", "funds", "calendar", "fragility", "freed",
    }  # fmt: skip
    assert [(one["candidate"], one["retains"]) for one in figures["missing_links"]] == [
        ("mill", "1050.00"), ("soap", "750.00"), ("biofertiliser", "333.00"), ("sewing", "330.00"),
    ]  # fmt: skip
    assert figures["least_bad"]["chosen"] == "z"
    assert figures["least_bad"]["questions"][0]["said"] == "y overtakes if labour >= .45: ask"
    assert len(figures["demo"]["best_links"]) == 3
