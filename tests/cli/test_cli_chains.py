# SPDX-License-Identifier: AGPL-3.0-or-later
"""A productive chain as a group works with it: typed at a real node, and the same after a restart."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, command

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def serra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    path = tmp_path_factory.mktemp("nodes") / "serra"
    words = ("--handle", "serra", "--currency", "HORA", "--default-limit", "200.00", "--json")
    told = json.loads(subprocess.check_output(command("init", "--home", path, *words), text=True))
    home = Home(path, told["steward_token"])
    home.serve()
    yield home
    home.stop()


def part(name: str, minor: int, **more: str) -> str:
    return json.dumps({"name": name, "amount": {"value": str(minor), "asset_scale": 2}, **more})


def test_a_jar_of_jam_tells_what_it_is_made_of(mutirao: Callable[..., Any], serra: Home) -> None:
    member = ("--member", "bia")
    code = mutirao("invitations", "create", *serra.steward).shown["code"]
    assert mutirao("members", "join", "--code", code, "--handle", "bia", "--name", "Bia", *serra.steward).code == 0
    assert mutirao("members", "approve", "bia", *serra.steward).code == 0
    publish = ("open-prices", "publish", *member, *serra.steward)
    wages = part("wages", 200, kind="work", source="hours of May")
    inputs = part("inputs", 120, kind="outside", source="invoices of May")
    fruit = mutirao(*publish, "--title", "fruit", "--price", "3.20", "--parts", wages, "--parts", inputs).shown
    parts = [part("fruit", 160, of=fruit["id"]), part("labour", 180, kind="work", source="0.12 h"), part("freight", 40)]
    told = [word for one in parts for word in ("--parts", one)]
    short = mutirao(*publish, "--title", "jam", "--price", "5.00", *told)
    assert short.code == 1 and "PARTS_NOT_WHOLE" in short.err
    jam = mutirao(*publish, "--title", "jam", "--price", "5.00", *told, "--rest-to-fund").shown
    assert jam["work_share"] == "0.5600"
    serra.stop()
    serra.serve()
    assert mutirao("open-prices", "show", jam["id"], *serra.steward).shown == jam
    for_people = mutirao("open-prices", "show", jam["id"], *serra.steward[:-1]).out
    assert "fruit / wages" in for_people and "2.80 HORA" in for_people
