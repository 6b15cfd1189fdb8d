# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dues on real nodes: decided by vote, taken by the node itself on the day, once, over kills and at a replica."""

import json
import subprocess
import sys
import time
from calendar import monthrange
from datetime import UTC, datetime, timedelta

import pytest
from processes.harness import Commune, Node, environment, mutirao, units, until

AT_ANOTHER_HOUR = """
import node.clock as clock
real = clock.now_ms
clock.now_ms = lambda: real() + {shift}
from cli.main import main
raise SystemExit(main())
"""


def serve_at(node: Node, when: datetime) -> None:
    """Serve with a clock that says so."""
    shift = round((when.timestamp() - time.time()) * 1000)
    words = ["serve", "--home", str(node.home), "--http", f"127.0.0.1:{node.http_port}"]
    words += ["--p2p", f"/ip4/127.0.0.1/tcp/{node.p2p_port}"]
    node.process = subprocess.Popen(
        [sys.executable, "-c", AT_ANOTHER_HOUR.format(shift=shift), *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    node.wait_ready()
    # Its steward has looked at the clock, which has leapt.
    assert node.api.ask("POST", "/v1/clocks").status in (201, 409)


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_group_votes_for_dues_and_the_node_takes_them_on_the_last_day(commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA")
    casa = commune.replica(riacho)
    commune.connect(casa, riacho)
    casa.start()
    ana, bia, caio = (riacho.join(handle) for handle in ("ana", "bia", "caio"))
    steward = {"MUTIRAO_NODE": riacho.url, "MUTIRAO_TOKEN": riacho.api.token or ""}
    # Two weeks on, the vote is over; the last day of that month is when they are taken.
    later = datetime.now(UTC) + timedelta(days=14)
    last = later.replace(day=monthrange(later.year, later.month)[1], hour=0, minute=0, second=0, microsecond=0)
    until_then = (last + timedelta(days=9)).isoformat()
    assert mutirao("absences", "set", "caio", "--until", until_then, **steward).returncode == 0
    first = str(last.year * 100 + last.month)
    words = ("--title", "the hall", "--currency", "HORA", "--amount", "2.00", "--first", first, "--json")
    made = mutirao("dues", "create", *words, **steward)
    assert made.returncode == 0, made.stderr
    motion = json.loads(made.stdout)
    assert motion["state"] == "open" and riacho.api.all("/v1/dues") == []
    for handle in ("ana", "bia"):
        riacho.api.post(f"/v1/motions/{motion['id']}/vote", {"ballot": "yes", "member": handle})
    refused = riacho.api.refused("/v1/dues", {"title": "", "currency": "FLOR", "amount": units(1)})
    assert refused["code"] == "CURRENCY_UNKNOWN"

    riacho.kill()
    serve_at(riacho, last - timedelta(seconds=15))
    until(lambda: riacho.api.all("/v1/dues"), "the motion is carried out")
    assert ana.balance == 0, "it is the day before"
    until(lambda: ana.balance == -2_00, "the day has come")
    riacho.kill()
    serve_at(riacho, last + timedelta(hours=12))
    [shown] = riacho.api.all("/v1/dues")
    assert (shown["taken"], shown["missed"]) == (int(first), [])
    assert (ana.balance, bia.balance, caio.balance) == (-2_00, -2_00, 0)
    listed = mutirao("commons", "show", "HORA", "--json", **steward)
    assert json.loads(listed.stdout)["balance"]["value"] == "400"
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    assert casa.api.all("/v1/dues") == [shown]
    for node in (riacho, casa):
        node.kill()
        node.verify_book()
