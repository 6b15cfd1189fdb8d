# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families order together as it is typed at a real node: a cheese of which nobody knows the weight, over a restart."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.cli.test_cli_governance import Home, command

pytestmark = pytest.mark.timeout(120)
FAMILIES = ("ana", "bia", "caio")


@pytest.fixture(scope="module")
def vale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    path = tmp_path_factory.mktemp("nodes") / "vale"
    words = ("--handle", "vale", "--currency", "HORA", "--default-limit", "900.00", "--json")
    told = json.loads(subprocess.check_output(command("init", "--home", path, *words), text=True))
    home = Home(path, told["steward_token"])
    home.serve()
    yield home
    home.stop()


def test_families_order_a_cheese_together(mutirao: Callable[..., Any], vale: Home, tmp_path: Path) -> None:
    key = tmp_path / "ana.key"
    assert mutirao("keys", "new", "--out", key).code == 0
    for handle in (*FAMILIES, "rosa"):
        code = mutirao("invitations", "create", *vale.steward).shown["code"]
        own = ("--key", key) if handle == "ana" else ()
        assert mutirao("join", code, "--handle", handle, "--node", vale.url, "--json", *own).code == 0
        assert mutirao("members", "approve", handle, *vale.steward).code == 0
    terms = ("--title", "Cheese", "--currency", "HORA", "--closes-at", "2101-05-02T18:00:00Z", "--referent", "rosa")
    item = ("--items", "name=cheese,box=15,price=30.00,portion=200 g")
    made = mutirao("order-cycles", "open", *terms, *item, *vale.steward)
    assert made.code == 0, made.err
    cycle = made.shown["id"]
    assert (made.shown["state"], made.shown["items"][0]["portion"]) == ("open", "200 g")

    for handle, line in zip(FAMILIES, ("item=1,quantity=7", "item=1,quantity=5", "item=1,quantity=2"), strict=True):
        by = ("--node", vale.url, "--key", key) if handle == "ana" else ("--member", handle, *vale.steward)
        joined = mutirao("order-cycles", "join", cycle, "--lines", line, *by)
        assert joined.code == 0, joined.err
    shown = mutirao("order-cycles", "show", cycle, *vale.steward).shown["items"][0]
    assert (shown["wanted"], shown["say"]) == (14, "0 boxes, 1 short of a first")
    more = ("order-cycles", "join", cycle, "--lines", "item=1,quantity=2,tolerance=1", "--member", "caio")
    assert mutirao(*more, *vale.steward).shown["items"][0]["say"] == "1 box"
    assert mutirao("order-cycles", "close", cycle, *vale.steward).shown["held"]["value"] == "3000"
    vale.stop()
    vale.serve()
    assert mutirao("order-cycles", "order", cycle, *vale.steward).shown["state"] == "ordered"
    receive = ("order-cycles", "receive", cycle)
    dear = mutirao(*receive, "--items", "item=1,bill=33.01", *vale.steward)
    assert dear.code == 1 and "COST_ABOVE_ORDER: At most 33.00 HORA for cheese" in dear.err
    came = mutirao(*receive, "--items", "item=1,bill=30.50", *vale.steward).shown
    assert sum(int(line["share"]["value"]) for line in came["lines"]) == 30_50
    sheet = ("order-cycles", "pick-up", "--cycle", cycle, "--output", "pick-up.html", *vale.steward)
    assert mutirao(*sheet).code == 0
    page = Path("pick-up.html").read_text()
    assert "Cheese: pick-up" in page and "<td>ana<td>7" in page
    early = mutirao("order-cycles", "settle", cycle, *vale.steward)
    assert early.code == 1 and "NOT_COLLECTED: 3 have not collected yet" in early.err
    assert mutirao("order-cycles", "collect", cycle, *vale.steward).code == 0
    settled = mutirao("order-cycles", "settle", cycle, *vale.steward).shown
    assert (settled["state"], settled["held"]["value"]) == ("settled", "0")
    vale.stop()
    vale.serve()
    for line in settled["lines"]:
        entries = mutirao("accounts", "entries", line["member"], *vale.steward).shown["items"]
        shares = [one["amount"]["value"] for one in entries if one["kind"] == "purchase"]
        assert shares == [f"-{line['share']['value']}"]
    rosa = mutirao("accounts", "entries", "rosa", *vale.steward).shown["items"]
    assert [one["amount"]["value"] for one in rosa] == ["3050"]
    since = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
    events = ("deliveries", "events", "--since", since)
    assert mutirao(*events, "--output", "came.jsonld", *vale.steward).code == 0
    [came] = json.loads(Path("came.jsonld").read_text())["epcisBody"]["eventList"]
    assert [(one["quantity"], one["uom"]) for one in came["quantityList"]] == [(3_000, "GRM")]
    [delivery] = mutirao(*events, *vale.steward).shown["deliveries"]
    assert delivery["events"] == [came["eventID"]] and came["eventID"].startswith("ni:///sha-256;")
    asked = Request(f"{vale.url}/v1/deliveries/events?since={since}")  # noqa: S310
    asked.add_header("Authorization", f"Bearer {vale.token}")
    asked.add_header("Accept", "application/ld+json")
    with urlopen(asked) as answer:  # noqa: S310
        assert answer.headers["Content-Type"] == "application/ld+json; charset=utf-8"
        assert json.loads(answer.read())["epcisBody"]["eventList"] == [came]
    late = mutirao("deliveries", "events", "--since", since, "--until", "2020-01-01", *vale.steward)
    assert late.code == 1 and "MALFORMED" in late.err
    listed = mutirao("order-cycles", "list", "--state", "settled", *vale.steward).shown["items"]
    assert [one["id"] for one in listed] == [cycle]


def test_17_wanted_of_boxes_of_12_are_one_box_and_18_are_two(mutirao: Callable[..., Any], vale: Home) -> None:
    families = ("dora", "elio", "fia", "gil")
    for handle in (*families, "sara"):
        code = mutirao("invitations", "create", *vale.steward).shown["code"]
        assert mutirao("join", code, "--handle", handle, "--node", vale.url, "--json").code == 0
        assert mutirao("members", "approve", handle, *vale.steward).code == 0
    terms = ("--title", "Flour", "--currency", "HORA", "--closes-at", "2101-05-02T18:00:00Z", "--referent", "sara")
    cycle = mutirao(
        "order-cycles", "open", *terms, "--items", "name=flour,box=12,price=60.00,portion=1 kg", *vale.steward
    ).shown["id"]
    lines = ("quantity=5,tolerance=2", "quantity=4,tolerance=2", "quantity=6,tolerance=1", "quantity=2,tolerance=1")

    def join(handle: str, line: str) -> Any:
        joined = mutirao("order-cycles", "join", cycle, "--lines", f"item=1,{line}", "--member", handle, *vale.steward)
        assert joined.code == 0, joined.err
        return joined.shown["items"][0]

    for handle, line in zip(families, lines, strict=True):
        item = join(handle, line)
    assert (item["wanted"], item["tolerance"], item["say"]) == (17, 6, "1 box, 1 short of a second")
    assert join("fia", "quantity=7,tolerance=1")["say"] == "2 boxes", "18 wanted"
    assert join("fia", "quantity=6,tolerance=1")["say"] == "1 box, 1 short of a second"
    closed = mutirao("order-cycles", "close", cycle, *vale.steward).shown
    ordered = {line["member"]: line["portions"][0]["ordered"] for line in closed["lines"]}
    assert [ordered[handle] for handle in families] == [4, 3, 4, 1]


@pytest.mark.soak
def test_a_wheel_that_weighs_more_is_shared_to_the_cent_as_it_is_typed(mutirao: Callable[..., Any], vale: Home) -> None:
    families = [f"family{number:02}" for number in range(15)]
    for handle in (*families, "tia"):
        code = mutirao("invitations", "create", *vale.steward).shown["code"]
        assert mutirao("join", code, "--handle", handle, "--node", vale.url, "--json").code == 0
        assert mutirao("members", "approve", handle, *vale.steward).code == 0
    terms = ("--title", "Wheel", "--currency", "HORA", "--closes-at", "2101-05-02T18:00:00Z", "--referent", "tia")
    item = ("--items", "name=cheese,box=15,price=30.00,portion=200 g")
    cycle = mutirao("order-cycles", "open", *terms, *item, *vale.steward).shown["id"]
    for handle in families:
        line = ("--lines", "item=1,quantity=1", "--member", handle)
        assert mutirao("order-cycles", "join", cycle, *line, *vale.steward).code == 0
    for verb, words in (("close", ()), ("order", ()), ("receive", ("--items", "item=1,bill=30.50")), ("collect", ())):
        assert mutirao("order-cycles", verb, cycle, *words, *vale.steward).code == 0
    settled = mutirao("order-cycles", "settle", cycle, *vale.steward).shown
    assert sorted(int(line["share"]["value"]) for line in settled["lines"]) == [2_03] * 10 + [2_04] * 5


def test_a_box_of_5_is_filled_by_tolerance_and_not_by_the_time_of_order(
    mutirao: Callable[..., Any], vale: Home
) -> None:
    for handle in ("uma", "vera", "xica"):
        code = mutirao("invitations", "create", *vale.steward).shown["code"]
        assert mutirao("join", code, "--handle", handle, "--node", vale.url, "--json").code == 0
        assert mutirao("members", "approve", handle, *vale.steward).code == 0
    terms = ("--title", "Eggs", "--currency", "HORA", "--closes-at", "2101-05-02T18:00:00Z", "--referent", "xica")
    item = ("--items", "name=eggs,box=5,price=5.00,portion=6 pieces")
    opened = mutirao("order-cycles", "open", *terms, *item, *vale.steward)
    assert opened.code == 0, opened.err
    cycle = opened.shown["id"]
    for handle, line in (("uma", "quantity=2,tolerance=2"), ("vera", "quantity=1,tolerance=1")):
        wanted = ("--lines", f"item=1,{line}", "--member", handle)
        assert mutirao("order-cycles", "join", cycle, *wanted, *vale.steward).code == 0
    closed = mutirao("order-cycles", "close", cycle, *vale.steward).shown
    assert {line["member"]: line["portions"][0]["ordered"] for line in closed["lines"]} == {"uma": 3, "vera": 2}
