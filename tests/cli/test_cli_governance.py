# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a group decides, typed at a real node, and still decided after a restart."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.processes.hours import AT_ANOTHER_HOUR

pytestmark = pytest.mark.timeout(120)

STOP_SECONDS = 10.0
SOON_SECONDS = 8.0
PATIENCE_SECONDS = 20.0
DAY_MS = 24 * 60 * 60 * 1_000
CREDIT = {"value": "100", "asset_code": "HORA", "asset_scale": 2}
PLACES = ("--http", "127.0.0.1:0", "--p2p", "/ip4/127.0.0.1/tcp/0")


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "cli", *map(str, words)]


@dataclass
class Home:
    """A home, its steward's token, and the node that serves it."""

    path: Path
    token: str
    url: str = ""
    process: "subprocess.Popen[str] | None" = field(default=None)

    def serve(self, *, days_ahead: int = 0) -> None:
        """Serve, by a clock that is so many days ahead; its steward has to say then that it is right."""
        words = ["serve", "--home", self.path, *PLACES, "--json"]
        ahead = [sys.executable, "-c", AT_ANOTHER_HOUR.format(shift=days_ahead * DAY_MS), *map(str, words)]
        with (self.path.parent / "node.log").open("a") as log:
            self.process = subprocess.Popen(
                ahead if days_ahead else command(*words),
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]

    def stop(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        self.process.terminate()
        self.process.wait(STOP_SECONDS)
        self.process.stdout.close()

    @property
    def steward(self) -> tuple[str, ...]:
        return ("--node", self.url, "--token", self.token, "--json")


def opened(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return the home of a new network, which its node serves."""
    path = tmp_path_factory.mktemp("nodes") / "riacho"
    words = ("--handle", "riacho", "--currency", "HORA", "--default-limit", "200.00", "--json")
    told = json.loads(subprocess.check_output(command("init", "--home", path, *words), text=True))
    home = Home(path, told["steward_token"])
    home.serve()
    return home


@pytest.fixture(scope="module")
def riacho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def test_a_group_sets_its_time_zone_and_due_day_and_keeps_them_over_a_restart(
    mutirao: Callable[..., Any], riacho: Home
) -> None:
    zone = mutirao("parameters", "show", "group.time_zone", *riacho.steward).shown
    assert (zone["value"], zone["is_set"], zone["changed_by"]) == ("UTC", False, ["steward"])
    wrong = mutirao("parameters", "set", "group.time_zone", "--value", "Brazil", *riacho.steward)
    assert wrong.code == 1 and "value: expected a time zone such as America/Sao_Paulo" in wrong.err
    assert mutirao("parameters", "set", "group.zone", "--value", "UTC", *riacho.steward).code == 1
    told = mutirao("parameters", "set", "group.time_zone", "--value", "America/Sao_Paulo", *riacho.steward)
    assert told.code == 0 and told.shown["value"] == "America/Sao_Paulo"
    code = mutirao("currencies", "list", *riacho.steward).shown["items"][0]["code"]
    day = mutirao("due-days", "set", code, "--day", "25", *riacho.steward)
    assert day.code == 0 and (day.shown["day"], day.shown["held_at"]) == (25, None), day.err
    assert mutirao("due-days", "set", code, "--day", "32", *riacho.steward).code != 0
    riacho.stop()
    riacho.serve()
    assert mutirao("due-days", "show", code, *riacho.steward).shown == day.shown
    kept = mutirao("parameters", "list", "--practice", "group", *riacho.steward).shown["items"]
    assert [(one["id"], one["value"], one["is_set"]) for one in kept] == [
        ("group.time_zone", "America/Sao_Paulo", True),
        ("group.language", "en", False),
        ("group.pigment", "drawn", False),
    ]


def test_members_decide_and_the_node_does_it_by_itself(mutirao: Callable[..., Any], riacho: Home) -> None:
    """Of three members two must vote; whom it is about does not; over a restart nothing is forgotten."""
    steward = riacho.steward
    for handle in ("ana", "bia", "caio"):
        code = mutirao("invitations", "create", *steward).shown["code"]
        assert mutirao("join", code, "--handle", handle, "--node", riacho.url, "--json").code == 0
        assert mutirao("members", "approve", handle, *steward).code == 0
    assert mutirao("parameters", "set", "motions.least_minutes", "--value", "0", *steward).code == 0

    asked = mutirao("parameters", "set", "motions.quorum", "--value", "60%", *steward).shown
    assert (asked["state"], asked["title"], asked["needed"]) == ("open", "parameters.set motions.quorum", 2)

    closes = (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()
    levy = {"operation": "currencies.set-levy", "subject": "HORA", "wish": {"basis_points": 100}}
    limits = {"operation": "members.set-limits", "subject": "caio", "wish": {"credit_limit": CREDIT}}
    wishes = [word for one in (levy, limits) for word in ("--wishes", json.dumps(one))]
    shown = mutirao("motions", "create", "--text", "A levy", "--closes", closes, *wishes, *steward).shown
    # Of two wishes one is about Caio: he does not vote, and half of all three have to.
    assert (shown["recused"], shown["members"], shown["needed"]) == (["caio"], 2, 2)
    vote = ("motions", "vote", shown["id"], "--ballot", "yes")
    assert mutirao(*vote, "--member", "ana", *steward).shown["yes"] == 1
    assert mutirao(*vote, "--member", "bia", *steward).shown["yes"] == 2
    refused = mutirao(*vote, "--member", "caio", *steward)
    assert refused.code == 1 and "RECUSED: It is about caio\n  The motion is about caio.\n" in refused.err
    wrong = mutirao("motions", "create", "--text", "It", "--wishes", '{"operation": "members.vote"}', *steward)
    assert wrong.code == 1 and "MALFORMED" in wrong.err

    riacho.stop()
    time.sleep(SOON_SECONDS)
    riacho.serve()
    done = until(lambda: decided(mutirao, riacho, shown["id"]), "the motion to be done")
    assert (done["state"], done["yes"], done["text"]) == ("executed", 2, "A levy")
    assert mutirao("currencies", "show", "HORA", *riacho.steward).shown["levy_basis_points"] == 100
    closed = mutirao(*vote, "--member", "bia", *riacho.steward)
    assert (
        closed.code == 1
        and "MOTION_CLOSED: The motion is executed\n  The motion is executed: nobody votes." in closed.err
    )
    assert mutirao("motions", "show", "x", *riacho.steward).code == 1


def test_what_waits_is_told_with_the_command_that_settles_it(
    mutirao: Callable[..., Any], riacho: Home, tmp_path: Path
) -> None:
    code = mutirao("invitations", "create", *riacho.steward).shown["code"]
    mutirao("keys", "new", "--out", "lia.key")
    assert mutirao("join", code, "--handle", "lia", "--node", riacho.url, "--key", "lia.key").code == 0
    lia = ("--node", riacho.url, "--key", "lia.key")
    week = mutirao("week", "--node", riacho.url, "--token", riacho.token).out
    [line] = [line for line in week.splitlines() if line.startswith("lia ")]
    settle = line[line.index("mutirao ") :].split()[1:]
    assert settle[:2] == ["members", "approve"] and mutirao(*settle, *riacho.steward).code == 0
    assert mutirao("today", *lia).out == "All settled.\n"

    asked = mutirao("motions", "create", "--text", "A shed", "--public", *riacho.steward).shown
    [errand] = mutirao("today", *lia, "--json").shown["items"]
    assert (errand["verb"], errand["id"], errand["who"]) == ("motions.vote", asked["id"], "A shed")
    assert mutirao("motions", "vote", asked["id"], "--ballot", "no", *lia).code == 0
    assert mutirao("today", *lia).out == "All settled.\n"
    assert mutirao("today", *riacho.steward).code == 1 and mutirao("week", *lia).code == 1


def decided(mutirao: Callable[..., Any], riacho: Home, name: str) -> Any:
    shown = mutirao("motions", "show", name, *riacho.steward).shown
    return None if shown["state"] == "open" else shown


def until(look: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited in vain for {what}")
