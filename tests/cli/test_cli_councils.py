# SPDX-License-Identifier: AGPL-3.0-or-later
"""A communal bank typed at a real node: five are elected, a project is paid and reported, still so after a restart."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, decided, opened, until

pytestmark = [pytest.mark.timeout(240), pytest.mark.soak]

SOON_SECONDS = 4.0
BOARD = ("ana", "bia", "caio", "dora", "elio")
PEOPLE = (*BOARD, "flor", "gil")


@pytest.fixture
def riacho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def carry(mutirao: Callable[..., Any], riacho: Home, *wishes: dict[str, Any]) -> None:
    """Let four vote for wishes in a motion that closes soon, and wait until they are done."""
    closes = (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()
    told = [word for wish in wishes for word in ("--wishes", json.dumps(wish))]
    asked = mutirao("motions", "create", "--text", "The council", "--closes", closes, *told, *riacho.steward)
    assert asked.code == 0, asked.err
    for handle in PEOPLE[:4]:
        voted = mutirao("motions", "vote", asked.shown["id"], "--ballot", "yes", "--member", handle, *riacho.steward)
        assert voted.code == 0, voted.err
    assert until(lambda: decided(mutirao, riacho, asked.shown["id"]), "all to decide")["state"] == "executed"


def test_a_communal_bank_elects_five_and_pays_a_project(mutirao: Callable[..., Any], riacho: Home) -> None:
    def steward(*words: str) -> Any:
        done = mutirao(*words, *riacho.steward)
        assert done.code == 0, done.err
        return done.shown

    for handle in PEOPLE:
        code = steward("invitations", "create")["code"]
        assert mutirao("join", code, "--handle", handle, "--node", riacho.url, "--json").code == 0
        steward("members", "approve", handle)
    steward("parameters", "set", "motions.least_minutes", "--value", "0")
    carry(mutirao, riacho, {"operation": "councils.create", "subject": "", "wish": {"title": "Banco comunal"}})
    [council] = [one["id"] for one in steward("councils", "list")["items"]]
    carry(
        mutirao,
        riacho,
        {"operation": "councils.elect", "subject": council, "wish": {"members": BOARD[:4]}},
        {"operation": "councils.elect-comptroller", "subject": council, "wish": {"member": "flor"}},
    )
    tranches = ("--tranches", "60.00", "--tranches", "40.00")
    words = ("--council", council, "--title", "A pump", "--currency", "HORA", "--member", "gil", *tranches)
    project = steward("projects", "propose", *words)["id"]
    four = mutirao("projects", "endorse", project, "--member", "ana", *riacho.steward)
    assert four.code == 1 and "BOARD_INCOMPLETE: 4 of 5 seats are filled" in four.err
    carry(mutirao, riacho, {"operation": "councils.elect", "subject": council, "wish": {"members": ["elio"]}})
    for handle in BOARD[:3]:
        steward("projects", "endorse", project, "--member", handle)
    steward("payments", "create", "--payer", "gil", "--payee", "commons.HORA", "--amount", "100.00")
    assert steward("projects", "fund", project)["state"] == "funded"
    again = mutirao("projects", "review", project, "--tranche", "1", "--verdict", "accepted", "--member", "flor",
                    *riacho.steward)  # fmt: skip
    assert again.code == 1 and "STATE_CONFLICT" in again.err
    steward("projects", "report", project, "--tranche", "1", "--spent", "58.50", "--note", "dug", "--member", "gil")

    riacho.stop()
    riacho.serve()
    assert [one["member"] for one in steward("councils", "show", council)["board"]] == list(BOARD)
    reviewed = steward("projects", "review", project, "--tranche", "1", "--verdict", "accepted", "--member", "flor")
    assert (reviewed["tranches"][0]["state"], reviewed["tranches"][0]["note"]) == ("accepted", "dug")
    [sums] = steward("projects", "accounts")["currencies"]
    assert [sums[name]["value"] for name in ("approved", "paid", "reported", "accepted", "late")] == [
        "10000", "6000", "6000", "6000", "0",
    ]  # fmt: skip
    assert steward("projects", "fund", project)["paid"]["value"] == "10000"
