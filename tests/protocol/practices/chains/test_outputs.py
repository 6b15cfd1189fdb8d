# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a chain gives out: pictures by names, a sheet of one page, flows for a spreadsheet and as linked data."""

import csv
import json
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest

from protocol.book.declaration import Reckon, Reckoning, TextRef
from protocol.book.refusals import MALFORMED, Reason, Refused
from protocol.book.spreadsheet import csv_text, figures_as_csv
from protocol.practices.chains.entries import MissingLinkState
from protocol.practices.chains.figures.linking import MissingLinksWanted
from protocol.practices.chains.figures.sharing import LeaksWanted
from protocol.practices.chains.outputs import FLOW_FORMS
from protocol.practices.chains.outputs.assembly import ChainSheetShown, ChainSheetWanted, page_of_sheet
from protocol.practices.chains.outputs.drawing import CHAIN_PICTURE_FORMS, ChainPictureKind, ChainPictureWanted
from protocol.practices.chains.outputs.flowing import FlowsShown, FlowsWanted
from protocol.practices.chains.outputs.linked import linked_text
from protocol.practices.chains.refusals import ENTERPRISE_UNKNOWN
from protocol.practices.chains.sheets.declaration import SheetLanguage
from protocol.practices.chains.state import inputs_of
from protocol.practices.governance.parameters import SetParameter
from tests.protocol.practices.chains.pictured import HOSTILE, overlaps, read, texts_of
from tests.protocol.practices.chains.test_sheets import told as sheets_told
from tests.protocol.practices.chains.test_sheets import worked
from tests.protocol.practices.desk import Group

NAMES = {"mill": "Moinho do Vale", "emporium": "Empório da Praça"}


def group() -> Group:
    made = Group()
    made.admit("ana")
    made.do("steward", "chain-sheets.take", worked())
    return made


def shown(group: Group, what: str, wanted: Any, names: dict[str, str | None] | None = None, who: str = "ana") -> Any:
    """Ask for what is reckoned, and reckon it."""
    operation = group.operations[f"chains.{what}"]
    assert isinstance(operation, Reckon)
    found = operation.view(group.desk(group.actor(who)), wanted)
    return found.work(found.of, names or {}) if isinstance(found, Reckoning) else found


def refused(group: Group, what: str, wanted: Any) -> Reason:
    found = shown(group, what, wanted)
    assert isinstance(found, Refused)
    return found.reason


def test_the_tree_of_the_worked_network_as_it_was_taken_in() -> None:
    found = shown(group(), "picture", ChainPictureWanted(ChainPictureKind.TREE, language=SheetLanguage.PT), dict(NAMES))
    texts = texts_of(read(found.svg))
    assert "1,00 gasto em Empório da Praça, seguido até a origem" in texts
    assert "De 1,00 ficam 0,4727 com pessoas da rede e saem 0,5273." in texts
    assert "0,30 Growers" in texts, "who has no name is called by its short key"
    assert found.table[0] == ("passo", "quem", "valor", "o quê")


def test_what_the_mill_changes_and_what_two_change() -> None:
    one = group()
    found = shown(one, "picture", ChainPictureWanted(ChainPictureKind.BEFORE_AFTER), dict(NAMES))
    texts = texts_of(read(found.svg))
    assert "What changes with Moinho do Vale" in texts, "without any it is the first of the missing links"
    assert "46.89% → 52.25%" in texts
    both = shown(one, "picture", ChainPictureWanted(ChainPictureKind.BEFORE_AFTER, candidates="mill, soap"))
    assert "46.89% → 55.86%" in texts_of(read(both.svg))


def test_what_cannot_be_drawn_is_refused() -> None:
    one = group()
    unknown = (
        ChainPictureWanted(ChainPictureKind.TREE, root="nobody"),
        ChainPictureWanted(ChainPictureKind.BEFORE_AFTER, candidates="oven"),
    )
    assert [refused(one, "picture", wanted) for wanted in unknown] == [ENTERPRISE_UNKNOWN] * 2
    for written in ("mill,mill", "a,b,c,d,e,f"):
        assert (
            refused(one, "picture", ChainPictureWanted(ChainPictureKind.BEFORE_AFTER, candidates=written)) is MALFORMED
        )
    for wanted in (ChainSheetWanted(fund="much"), ChainSheetWanted(fund="-1"), ChainSheetWanted(income="-1")):
        assert refused(one, "sheet", wanted) is MALFORMED


def test_purchases_in_other_networks_are_on_the_map() -> None:
    one = Group()
    one.admit("ana")
    one.do("steward", "chain-sheets.take", sheets_told(
        enterprises="key,turnover,wages,surplus\nemporium,1000,100,10\nbakery,1000,100,10\n",
        relations="buyer,item,value,supplier\nbakery,flour,300,serra/mill\nemporium,honey,50,encants/bees\n"
                  "emporium,cheese,25,serra/dairy\nemporium,oil,99,outside\n",
    ))  # fmt: skip
    found = shown(one, "picture", ChainPictureWanted(ChainPictureKind.MAP, width=360))
    assert {row[1:] for row in found.table[1:]} == {("serra", "325"), ("encants", "50")}


def test_names_are_texts_that_may_have_been_erased() -> None:
    one = group()
    operation = one.operations["chains.picture"]
    assert isinstance(operation, Reckon)
    found = operation.view(one.desk(one.actor("ana")), ChainPictureWanted())
    assert isinstance(found, Reckoning) and found.texts is not None
    assert [name for name, _ in found.texts] == ["emporium", "bakery", "growers"]
    assert all(isinstance(text, TextRef) for _, text in found.texts)
    assert "Praça" not in repr(found.of)
    erased = found.work(found.of, {"emporium": None})
    assert "Emporium: 8,000" in texts_of(read(erased.svg))


@pytest.mark.parametrize("language", list(SheetLanguage))
def test_the_sheet_says_what_mission_says(language: SheetLanguage) -> None:
    found = shown(group(), "sheet", ChainSheetWanted(language, "8000", "700"), dict(NAMES))
    assert isinstance(found, ChainSheetShown)
    digits = ["".join(filter(str.isdigit, one)) for one in (found.links[0].keeps, found.links[0].cost, found.fund)]
    assert digits == ["1050", "6000", "8000147340"]
    assert "".join(filter(str.isdigit, found.links[0].jobs)) in ("11", "110"), (
        "0.50 at the mill and 0.60 at the growers"
    )
    assert [link.candidate for link in found.links] == ["Moinho do Vale", "Soap", "Biofertiliser", "Sewing"]
    assert (found.leakage, found.share) == ("15350.00", "0.4689")
    page = page_of_sheet(found)
    assert page.count("<li><i></i>") == 3 == len(found.questions)
    assert "<script" not in page and " style=" not in page and "http" not in page.replace("http://www.w3.org", "")
    assert "@page{size:A4" in page and f'lang="{language.value}"' in page
    assert overlaps(read(found.svg)) == []


def test_a_link_that_is_missing_no_more_is_not_proposed() -> None:
    one = group()
    for name in ("mill", "soap"):
        recipe = next(held for held in inputs_of(one.book).recipes.values() if held.said.key == name)
        recipe.state = MissingLinkState.FAILED if name == "soap" else MissingLinkState.STABLE
    found = shown(one, "sheet", ChainSheetWanted(fund="8000"))
    assert [link.candidate for link in found.links] == ["Biofertiliser", "Sewing"]
    assert "Jobs: nobody has said what a member lives on in a month." in page_of_sheet(found)
    assert found.sentence.startswith("Of every 100 that households and enterprises spend, 47 are spent inside the")
    one.do("steward", "parameters.set", SetParameter("700"), "chains.monthly_income")
    counted = shown(one, "sheet", ChainSheetWanted())
    assert counted.links == shown(one, "sheet", ChainSheetWanted(income="700")).links != found.links
    assert counted.links[1].jobs == "0.39" and "nobody has said" not in page_of_sheet(counted)
    assert found.fund == "With 8,000: Biofertiliser, Sewing. 673.30 less leave each month."
    drawn = shown(one, "picture", ChainPictureWanted(ChainPictureKind.BEFORE_AFTER))
    assert "What changes with Biofertiliser" in texts_of(read(drawn.svg))
    flow = texts_of(read(shown(one, "picture", ChainPictureWanted()).svg))
    assert "missing: Sewing" in flow and "missing: Mill" not in flow


def test_the_sheet_of_a_group_that_has_written_nothing_yet() -> None:
    found = shown(Group(), "sheet", ChainSheetWanted(), who="steward")
    assert found.links == () and len(found.questions) == 1 and found.fund == ""
    assert "Nobody has proposed a missing link yet." in page_of_sheet(found)


def test_the_sheet_fits_its_page_whatever_is_in_it() -> None:
    """What may grow is bounded: four links, names of one line, one drawing no higher than its style allows."""
    one = group()
    rows = "".join(f"c{at},item{at},50%,various 100%,0,0,{at + 1}\n" for at in range(30))
    one.do("steward", "chain-sheets.take", sheets_told(
        recipes=f"key,item,pledged,buys,wages,surplus,investment\n{rows}"
    ))  # fmt: skip
    found = shown(one, "sheet", ChainSheetWanted(fund="8000"), {"mill": "長" * 200, "soap": "W" * 200})
    assert len(found.links) == 4
    assert max(len(link.candidate) for link in found.links) < 40
    assert all(len(question) < 120 for question in found.questions)


def test_flows_for_a_spreadsheet_have_no_formulas() -> None:
    rows = [
        ["who", "value"],
        *([name, "-1,050"] for name in (*HOSTILE[:3], "=1+1", "+A1", "@sum", "-A1", "-12.5%", "\tx")),
    ]
    read_back = list(csv.reader(StringIO(csv_text(rows), newline="")))
    cells = [row[0] for row in read_back[1:]]
    assert cells[3:] == ["'=1+1", "'+A1", "'@sum", "'-A1", "-12.5%", "'\tx"]
    assert cells[:3] == list(HOSTILE[:3]) and {row[1] for row in read_back[1:]} == {"-1,050"}


def test_flows_are_for_those_who_coordinate() -> None:
    one = group()
    operation = one.operations["chains.flows"]
    assert operation.who.isdisjoint({one.actor("ana").role})
    found = shown(one, "flows", FlowsWanted(), who="steward")
    assert isinstance(found, FlowsShown)
    assert len(found.flows) == 5 + 11
    assert sum(float(flow.value) for flow in found.flows) == 28_900
    by_name = {form.name: form for form in FLOW_FORMS}
    table = list(csv.reader(StringIO(by_name["csv"].write(found), newline="")))
    assert table[0] == ["buyer", "supplier", "item", "value"]
    assert ["emporium", "growers", "", "2400.00"] in table and ["households", "outside", "rent", "3000.00"] in table


def test_flows_as_linked_data_have_texts_for_figures() -> None:
    found = shown(group(), "flows", FlowsWanted(), who="steward")
    linked = json.loads(linked_text(found))
    context = linked["@context"]
    assert context["@vocab"] == "https://w3id.org/valueflows/ont/vf#"
    assert context["hasNumericalValue"]["@type"] == "xsd:decimal"
    events = [one for one in linked["@graph"] if one["@type"] == "EconomicEvent"]
    agents = {one["@id"] for one in linked["@graph"] if one["@type"] == "Organization"}
    assert len(events) == len(found.flows) and len(agents) == 5
    for event in events:
        assert {event["provider"], event["receiver"]} <= agents
        assert isinstance(event["resourceQuantity"]["hasNumericalValue"], str)
    terms = {key for one in linked["@graph"] for key in one} | {
        key for one in events for key in one["resourceQuantity"]
    }
    assert {one for one in terms if not one.startswith("@")} <= context.keys()


def test_every_form_of_a_picture_says_the_same() -> None:
    found = shown(group(), "picture", ChainPictureWanted(language=SheetLanguage.FR))
    by_name = {form.name: form for form in CHAIN_PICTURE_FORMS}
    assert by_name["svg"].write(found) == found.svg
    page = by_name["html"].write(found)
    assert found.svg in page and page.count("<tr>") == len(found.table)
    assert len(list(csv.reader(StringIO(by_name["csv"].write(found), newline="")))) == len(found.table)


def test_figures_are_tables_too() -> None:
    one = group()
    operation = one.operations["chains.missing-links"]
    assert isinstance(operation, Reckon)
    found = operation.view(one.desk(one.actor("ana")), MissingLinksWanted())
    table = list(csv.reader(StringIO(operation.forms[0].write(found.work(found.of)), newline="")))
    keeps = table[0].index("keeps")
    assert [(row[0], row[keeps]) for row in table[1:]] == [
        ("mill", "1050.00"), ("soap", "750.00"), ("biofertiliser", "343.30"), ("sewing", "330.00"),
    ]  # fmt: skip
    assert figures_as_csv(SheetsTold("x", None, True, ("=a", "b"))) == (
        "name,value\r\nsaid,x\r\nnothing,\r\nis_so,yes\r\nseveral,'=a b\r\n"
    )


@dataclass(frozen=True)
class SheetsTold:
    said: str
    nothing: str | None
    is_so: bool
    several: tuple[str, ...]


@pytest.mark.parametrize("language", list(SheetLanguage))
def test_cells_of_a_picture_are_numbers_to_any_spreadsheet(language: SheetLanguage) -> None:
    by_name = {form.name: form for form in CHAIN_PICTURE_FORMS}
    flow, change = (
        list(csv.reader(StringIO(by_name["csv"].write(shown(group(), "picture", wanted)))))
        for wanted in (
            ChainPictureWanted(ChainPictureKind.SEGMENTS, language=language),
            ChainPictureWanted(ChainPictureKind.BEFORE_AFTER, language=language, candidates="mill"),
        )
    )
    assert sum(float(row[2]) for row in flow[1:]) > 28_900 and "8000" in {row[2] for row in flow[1:]}
    assert [row[2:] for row in change[1:3]] == [["13550", "15350", "0.4689"], ["15650", "14300", "0.5225"]]


def test_figures_that_rest_on_words_have_a_column_for_each() -> None:
    one = group()
    operation = one.operations["chains.leaks"]
    assert isinstance(operation, Reckon)
    found = operation.view(one.desk(one.actor("ana")), LeaksWanted())
    table = list(csv.reader(StringIO(operation.forms[0].write(found.work(found.of)), newline="")))
    assert table[0] == ["item", "leaks", "share", "rests_on_declared", "rests_on_invoice"]
    assert table[1] == ["rent", "3000.00", "0.1954", "1.0000", ""]
