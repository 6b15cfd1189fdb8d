# SPDX-License-Identifier: AGPL-3.0-or-later
"""By-laws and secret ballots, typed at a real node, over a restart."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, decided, opened, until

pytestmark = pytest.mark.timeout(120)

SOON_SECONDS = 6.0
CAP = "payments.day_cap.HORA"
MEMBERS = ("ana", "bia", "caio", "dora", "elio", "fia")


@pytest.fixture(scope="module")
def riacho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()


def wishing(operation: str, subject: str, **wish: Any) -> tuple[str, str]:
    return "--wishes", json.dumps({"operation": operation, "subject": subject, "wish": wish})


def test_a_rule_changes_with_notice_and_a_committee_hurries(mutirao: Callable[..., Any], riacho: Home) -> None:
    steward = riacho.steward
    for handle in MEMBERS:
        code = mutirao("invitations", "create", *steward).shown["code"]
        assert mutirao("join", code, "--handle", handle, "--node", riacho.url, "--json").code == 0
        assert mutirao("members", "approve", handle, *steward).code == 0
    assert mutirao("parameters", "set", "motions.least_minutes", "--value", "0", *steward).code == 0
    seats = wishing("boards.seat", "committee", members=list(MEMBERS[:5]))
    chosen = mutirao("motions", "create", "--text", "Seats", "--closes", soon(), *seats, *steward).shown["id"]
    assert mutirao("motions", "vote", chosen, "--ballot", "yes", "--member", "fia", *steward).code == 0
    rules = (
        *wishing("bylaws.change", CAP, value="100.00", starts=None),
        *wishing("parameters.set", "bylaws.notice_days", value="30"),
    )
    motion = mutirao("motions", "create", "--text", "Rules", "--closes", soon(), *rules, *steward).shown["id"]
    for handle in MEMBERS[:4]:
        assert mutirao("motions", "vote", motion, "--ballot", "yes", "--member", handle, *steward).code == 0
    for one in (chosen, motion):
        assert until(lambda one=one: decided(mutirao, riacho, one), "the motion to be done")["state"] == "executed"
    held = until(lambda: has_value(mutirao, riacho, "100.00"), "the rule to come")
    assert (held["motion"], held["is_bylaw"], held["comes"]) == (motion, True, [])

    early = mutirao("bylaws", "change", CAP, "--value", "80.00", "--starts", soon(), *steward)
    assert early.code == 1 and "NOTICE_SHORT: 30 days' notice are needed" in early.err
    assert mutirao("pay", "bia", "90.00", "--from", "ana", *steward).code == 0
    over = mutirao("pay", "bia", "10.01", "--from", "ana", *steward)
    assert over.code == 1 and "RULE_CAP: At most 100.00 HORA a day, 10.00 HORA left" in over.err

    words = ("--name", CAP, "--value", "5.00", "--member", "ana")
    called = mutirao("emergencies", "create", *words, *steward).shown
    assert (called["state"], called["needed"], called["seated"]) == ("called", 3, 5)
    for handle in ("bia", "caio"):
        called = mutirao("emergencies", "back", called["id"], "--member", handle, *steward).shown
    assert (called["state"], called["backers"]) == ("in-force", ["ana", "bia", "caio"])
    riacho.stop()
    riacho.serve()
    held = mutirao("bylaws", "show", CAP, *riacho.steward).shown
    assert (held["value"], held["beneath"], held["emergency"]) == ("5.00", "100.00", called["id"])
    over = mutirao("pay", "bia", "5.01", "--from", "caio", *riacho.steward)
    assert over.code == 1 and "RULE_CAP: At most 5.00 HORA a day, 5.00 HORA left" in over.err


def test_ballots_are_secret_over_a_restart_and_in_every_export(mutirao: Callable[..., Any], riacho: Home) -> None:
    """Two yes and one no come out as sums; the node counts what it had kept before it was stopped."""
    words = ("--text", "Who leads?", "--secret", "--closes", soon())
    name = mutirao("motions", "create", *words, *riacho.steward).shown["id"]
    vote = ("motions", "vote-secretly", name)
    for handle, ballot in (("ana", "yes"), ("bia", "yes"), ("caio", "no")):
        shown = mutirao(*vote, "--ballot", ballot, "--member", handle, *riacho.steward).shown
        assert (shown["yes"], shown["no"], shown["my_vote"]) == (0, 0, None)
    again = mutirao(*vote, "--ballot", "no", "--member", "ana", *riacho.steward)
    assert again.code == 1 and "VOTED_ALREADY: ana has voted already" in again.err
    for handle in ("ana", "caio"):
        kept = mutirao("members", "export", handle, *riacho.steward)
        assert kept.code == 0 and "ballot" not in {one["kind"] for one in kept.shown["private"]}
    riacho.stop()
    time.sleep(SOON_SECONDS)
    riacho.serve()
    done = until(lambda: decided(mutirao, riacho, name), "the count")
    assert (done["state"], done["voted"]) == ("carried", 3)
    assert (done["yes"], done["no"], done["abstained"]) == (2, 1, 0)


def has_value(mutirao: Callable[..., Any], riacho: Home, value: str) -> Any:
    shown = mutirao("bylaws", "show", CAP, *riacho.steward).shown
    return shown if shown["value"] == value else None
