# SPDX-License-Identifier: AGPL-3.0-or-later
"""A farm certified by command at a real node: told, visited by those drawn, decided, still so after a restart."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, decided, opened, until

pytestmark = [pytest.mark.timeout(240), pytest.mark.soak]

SOON_SECONDS = 4.0
PEERS, CONSUMER = ("ana", "bia", "caio"), "gil"


@pytest.fixture
def riacho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()


def test_a_farm_is_certified_by_command(mutirao: Callable[..., Any], riacho: Home) -> None:
    def steward(*words: str) -> Any:
        done = mutirao(*words, *riacho.steward)
        assert done.code == 0, done.err
        return done.shown

    for handle in ("elio", *PEERS, CONSUMER):
        code = steward("invitations", "create")["code"]
        assert mutirao("join", code, "--handle", handle, "--node", riacho.url, "--json").code == 0
        steward("members", "approve", handle)
    for handle in PEERS:
        steward("certifiers", "enrol", "--kind", "peer", "--member", handle)
    steward("certifiers", "enrol", "--kind", "consumer", "--member", CONSUMER)
    steward("parameters", "set", "motions.least_minutes", "--value", "0")
    terms = ("--name", "Our own rules", "--rules", "ab" * 32, "--topic", "environment.biodiversity", "--owner", "ana")
    scheme = steward("label-schemes", "declare", *terms)["id"]

    def agreed(wish: dict[str, Any], *voters: str) -> None:
        words = ("--text", "As we said", "--closes", soon(), "--wishes", json.dumps(wish))
        motion = steward("motions", "create", *words)["id"]
        for handle in voters:
            steward("motions", "vote", motion, "--ballot", "yes", "--member", handle)
        assert until(lambda: decided(mutirao, riacho, motion), "all to decide")["state"] == "executed"

    chosen = {"operation": "parameters.set", "subject": "guarantee.scheme", "wish": {"value": scheme}}
    agreed(chosen, "elio", *PEERS, CONSUMER)
    words = ("--name", "hill-3", "--place", "geo:-23.55678,-46.63456", "--ares", "250", "--codes", "0123")
    plot = steward("plots", "register", *words, "--member", "elio")
    assert plot["place"] == "geo:-23.56,-46.63"
    steward("diaries", "note", "--plot", plot["id"], "--what", "fertilising", "--note", "two carts of manure")
    name = steward("certifications", "apply", "--plot", plot["id"], "--pledge", "ab" * 32, "--member", "elio")["id"]
    lottery = ("--source", "Federal lottery 5912", "--known", soon())
    visit = steward("visits", "call", "--certification", name, *lottery)["id"]
    early = mutirao("visits", "draw", visit, "--numbers", "48213 90772", *riacho.steward)
    assert early.code == 1 and "DRAW_NOT_HELD" in early.err

    def drawn() -> Any:
        done = mutirao("visits", "draw", visit, "--numbers", "48213 90772", *riacho.steward)
        return done.shown if done.code == 0 else None

    assert sorted(until(drawn, "the draw")["visitors"]) == sorted((*PEERS, CONSUMER))
    for handle in PEERS[:2]:
        steward("visits", "report", visit, "--kept", "--note", "healthy soil", "--member", handle)
    few = mutirao("certifications", "decide", name, "--verdict", "certified", *riacho.steward)
    assert few.code == 1 and "VISIT_INCOMPLETE: 2 of 4 visitors have reported" in few.err
    for handle in (PEERS[2], CONSUMER):
        steward("visits", "report", visit, "--kept", "--member", handle)
    steward("visits", "raise", visit, "--days", "60", "--note", "no hedge", "--member", CONSUMER)
    wish = {"operation": "certifications.decide", "subject": name, "wish": {"verdict": "certified"}}
    agreed(wish, *PEERS, CONSUMER)
    riacho.stop()
    riacho.serve()
    [label] = until(lambda: steward("labels", "list", "--holder", "elio")["items"], "the plot's label")
    assert (label["plots"], label["level"], label["state"]) == (["hill-3"], "membership", "standing")
    [kept] = steward("certifications", "list", "--holder", "elio", "--counts")["items"]
    assert (kept["id"], kept["state"], kept["counts"], kept["label"]) == (name, "certified", True, label["id"])
    [line] = steward("diaries", "list", "--plot", plot["id"])["items"]
    assert line["note"] == "two carts of manure"

    for days, state in ((59, "certified"), (61, "suspended")):
        riacho.stop()
        riacho.serve(days_ahead=days)
        mutirao("clocks", "accept", *riacho.steward)
        until(lambda state=state: steward("certifications", "show", name)["state"] == state, f"day {days}")
    ended = steward("certifications", "show", name)
    assert (ended["counts"], ended["label"]) == (False, None)
    assert steward("labels", "show", label["id"])["state"] == "revoked"
