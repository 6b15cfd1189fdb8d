# SPDX-License-Identifier: AGPL-3.0-or-later
"""A productive chain as a group works with it: typed at a real node, and the same after a restart."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.chains_figures import figures_of_chain
from cli.client import Client
from tests.cli.test_cli_governance import Home, command

pytestmark = pytest.mark.timeout(120)

WORKED = Path(__file__).parents[1] / "protocol" / "practices" / "chains" / "worked"


@pytest.fixture(scope="module")
def serra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    path = tmp_path_factory.mktemp("nodes") / "serra"
    words = ("--handle", "serra", "--currency", "HORA", "--default-limit", "200.00", "--json")
    told = json.loads(subprocess.check_output(command("init", "--home", path, *words), text=True))
    home = Home(path, told["steward_token"])
    home.serve()
    yield home
    home.stop()


def test_a_jar_of_jam_tells_what_it_is_made_of(mutirao: Callable[..., Any], serra: Home) -> None:
    member = ("--member", "bia")
    code = mutirao("invitations", "create", *serra.steward).shown["code"]
    assert mutirao("members", "join", "--code", code, "--handle", "bia", "--name", "Bia", *serra.steward).code == 0
    assert mutirao("members", "approve", "bia", *serra.steward).code == 0
    publish = ("open-prices", "publish", *member, *serra.steward)
    wages = "name=wages,amount=2.00,kind=work,source=hours of May"
    inputs = '{"name": "inputs", "amount": {"value": "12", "asset_scale": 1}, "kind": "outside", "source": "invoices"}'
    fruit = mutirao(*publish, "--title", "fruit", "--price", "3.20", "--parts", wages, "--parts", inputs).shown
    parts = [
        f"name=fruit,amount=1.60,of={fruit['id']}",
        "name=labour, amount=1.80, kind=work, source=0.12 h",
        "name=freight,amount=0.40",
    ]
    told = [word for one in parts for word in ("--parts", one)]
    short = mutirao(*publish, "--title", "jam", "--price", "5.00", *told)
    assert short.code == 1 and "PARTS_NOT_WHOLE" in short.err and "3.80 HORA" in short.err
    for wrong in ("fruit", "name=fruit,name=jam", "colour=red", "name=fruit,amount=much"):
        assert mutirao(*publish, "--title", "jam", "--price", "5.00", "--parts", wrong).code == 2
    jam = mutirao(*publish, "--title", "jam", "--price", "5.00", *told, "--rest-to-fund").shown
    assert jam["work_share"] == "0.5600"
    bought = ("--parts", "name=bread of the bakery,amount=80.00,kind=inside,source=invoice", "--rest-to-fund")
    sold = mutirao(*publish, "--title", "bread", "--price", "100.00", *bought).shown
    sums = {one["kind"]: one["amount"]["value"] for one in sold["sums"]}
    assert sums == {"inside": "8000", "fund": "2000"}, "the emporium's rule"
    below = mutirao(*publish, "--title", "bread", "--price", "79.00", *bought)
    assert below.code == 1 and "PARTS_NOT_WHOLE" in below.err
    serra.stop()
    serra.serve()
    assert mutirao("open-prices", "show", jam["id"], *serra.steward).shown == jam
    for_people = mutirao("open-prices", "show", jam["id"], *serra.steward[:-1]).out
    assert "fruit / wages" in for_people and "2.80 HORA" in for_people


FIGURES = {
    ("shares",): {"share": "0.4689", "leakage": "15350.00", "outside_items": 9},
    ("leaks", "--most", 1): {"leakage": "15350.00", "outside_items": 9},
    ("reinvest", "--fund", 8000): {"keeps": "1473.40", "left": "500.00"},
    ("calendar", "--months", 24): {"keeps": "44377.42", "keeps_by_rank": "40367.63"},
    ("simulate", "--candidates", "mill,soap"): {"keeps": "1800.00", "founded": ["mill", "soap"]},
    ("fragility",): {"share": "0.4689"},
}


def test_every_figure_is_a_command_and_stays_over_a_restart(mutirao: Callable[..., Any], serra: Home) -> None:
    empty = mutirao("chains", "shares", *serra.steward)
    assert empty.code == 1 and "CHAIN_EMPTY" in empty.err
    sheets = [word for one in sorted(WORKED.glob("*.csv")) for word in (f"--{one.stem}", one)]
    assert mutirao("chain-sheets", "take", *sheets, "--language", "pt", *serra.steward).code == 0
    for at in range(2):
        for words, told in FIGURES.items():
            shown = mutirao("chains", *words, *serra.steward)
            assert shown.code == 0, shown.err
            assert {name: shown.shown[name] for name in told} == told
        if not at:
            serra.stop()
            serra.serve()
    links = mutirao("chains", "missing-links", "--income", 700, *serra.steward).shown["links"]
    assert [(one["candidate"], one["retains"]) for one in links][:2] == [("mill", "1050.00"), ("soap", "750.00")]
    spenders = mutirao("chains", "retained", *serra.steward).shown["spenders"]
    assert spenders[0]["spender"] == "households" and spenders[0]["lm3"] == "1.7717"
    nobody = mutirao("chains", "least-bad", "--weights", "labour=1", *serra.steward)
    assert nobody.code == 1 and "NOTHING_TO_CHOOSE" in nobody.err
    for words, code in (
        (("simulate", "--candidates", "mine"), "CANDIDATE_UNKNOWN"),
        (("reinvest", "--fund", "-5"), "FUND_NEGATIVE"),
        (("reinvest", "--fund", "8.000"), "FIGURE_UNCLEAR"),
        (("least-bad", "--weights", "labour=2"), "SHARE_BEYOND_ONE"),
    ):
        refused = mutirao("chains", *words, *serra.steward)
        assert refused.code == 1 and code in refused.err


def test_people_read_figures_before_tables(mutirao: Callable[..., Any], serra: Home) -> None:
    told = mutirao("chains", "shares", *serra.steward[:-1]).out.splitlines()
    assert told[0].split() == ["share", "0.4689"]
    at = told.index("buyers")
    assert told[at + 1].split()[:4] == ["buyer", "inside", "outside", "share"]
    assert told[at + 2].split()[:4] == ["households", "10000.00", "10000.00", "0.5000"]


def test_all_figures_of_the_worked_network_are_gathered(serra: Home) -> None:
    told = figures_of_chain(Client(serra.url, serra.token))
    assert set(told) >= {
        "shares", "retained", "lm3", "missing_links", "least_bad", "match", "funds", "calendar", "fragility", "freed",
    }  # fmt: skip
    assert told["retained"] == {"bakery": "0.5017", "emporium": "0.4727", "growers": "0.7000"}
    assert told["lm3"]["full"]["households"] == "2.0748"
    assert told["funds"]["8000"]["candidates"] == ["mill", "biofertiliser"]
    assert told["calendar"]["12"]["keeps"] == "13736.60"
    assert told["before_after"]["mill+biofertiliser"]["keeps"] == "1473.40"
    assert told["match"] == {
        "ways": {"O1 to C": 40, "O1 to D": 60, "O2 to C": 50}, "quantity": 150, "cost": "792.00",
    }  # fmt: skip
    assert told["freed"] == {"C buys for 60 from A": 180, "A buys for 60 from C": 0}
    assert told["least_bad"] is None, "nobody outside has been entered here"


def test_pictures_and_a_sheet_are_written_to_files(mutirao: Callable[..., Any], serra: Home, tmp_path: Path) -> None:
    tree = tmp_path / "tree.svg"
    words = ("chains", "picture", "--which", "tree", "--root", "emporium", "--language", "pt")
    assert mutirao(*words, *serra.steward[:-1], "--output", tree).code == 0
    drawn = tree.read_text(encoding="utf-8")
    assert "1,00 gasto em Empório da Praça, seguido até a origem" in drawn
    assert "De 1,00 ficam 0,4727 com pessoas da rede" in drawn
    assert mutirao("enterprises", "correct", "emporium", "--name", "Mercearia", *serra.steward).code == 0
    serra.stop()
    serra.serve()
    asked = (*words, *serra.steward[:-1])
    again = mutirao(*asked, "--format", "svg").out
    assert "1,00 gasto em Mercearia, seguido até a origem" in again and "Praça" not in again
    table = mutirao(*asked, "--format", "csv").out.splitlines()
    assert table[0] == "passo,quem,valor,o quê"
    sheet = tmp_path / "sheet.html"
    told = ("chains", "sheet", "--fund", 8000, "--income", 700, "--language", "en", *serra.steward[:-1])
    assert mutirao(*told, "--output", sheet).code == 0
    said = sheet.read_text(encoding="utf-8")
    assert (
        "With 8,000: Mill, Biofertiliser. 1,473.40 less leave each month." in said
        and "for the assembly of serra" in said
    )
    network = next(one["id"] for one in mutirao("networks", "list", *serra.steward).shown["items"] if one["own"])
    renamed = mutirao("networks", "set-profile", network, "--name", "Serra Solidária", *serra.steward)
    assert renamed.code == 0, renamed.err
    assert "Serra Solidária" in mutirao(*told, "--format", "html").out, "a name, where there is one"
    assert (
        json.loads(mutirao("chains", "flows", "--format", "jsonld", *serra.steward[:-1]).out)["@context"]["@version"]
        == 1.1
    )
    for wrong, code in (
        ((*asked, "--output", tmp_path / "tree.png"), 2),
        ((*asked, "--output", tmp_path / "nowhere" / "tree.svg"), 2),
        (("chains", "picture", "--width", 20, *serra.steward), 1),
        (("chains", "picture", "--which", "tree", "--root", "nobody", *serra.steward), 1),
    ):
        assert mutirao(*wrong).code == code, wrong


def test_at_a_terminal_a_picture_and_a_sheet_become_files_of_their_own(
    mutirao: Callable[..., Any], serra: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    who = serra.steward[:-1]
    (tmp_path / "chains-tree.svg").write_text("mine")
    drawn = mutirao("chains", "picture", "--which", "tree", *who)
    assert (drawn.code, drawn.out, drawn.err) == (0, "", "written: chains-tree-2.svg\n")
    assert (tmp_path / "chains-tree-2.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (tmp_path / "chains-tree.svg").read_text() == "mine"
    for words, file in ((("sheet",), "sheet.html"), (("picture", "--format", "html"), "picture.html")):
        assert mutirao("chains", *words, *who).err == f"written: chains-{file}\n"
        assert (tmp_path / f"chains-{file}").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert mutirao("chains", "picture", "--format", "csv", *who).out.startswith("who"), "a table is read where it is"
    assert "svg" in json.loads(mutirao("chains", "picture", "--json", *who).out)
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    assert mutirao("chains", "picture", "--format", "svg", *who).out.startswith("<svg")
    files = {"chains-tree.svg", "chains-tree-2.svg", "chains-sheet.html", "chains-picture.html"}
    assert {one.name for one in tmp_path.glob("chains-*")} == files
