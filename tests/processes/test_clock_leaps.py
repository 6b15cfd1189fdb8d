# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home is started with a clock that is years ahead, and then with a right one: nothing was paid meanwhile."""

import json
import time
from datetime import UTC, datetime

import pytest
from processes.harness import Commune, Node, mutirao, units, until
from processes.hours import serve_at

from node.keeping.hours import CLOCK

DAY_SECONDS = 86_400
LOOKED_SECONDS = 3.0


def at(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


def told(node: Node) -> list[str]:
    return [one["code"] for one in node.api.get("/readyz")["troubles"]]


@pytest.mark.soak
@pytest.mark.timeout(90)
def test_a_leap_over_a_restart_pays_nothing_until_a_steward_has_looked(commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA")
    ana, beto = riacho.join("ana"), riacho.join("beto")
    order = {"payer": ana.account, "payee": "beto", "amount": units(1), "first_at": at(time.time() + DAY_SECONDS)}
    riacho.api.post("/v1/scheduled-payments", {**order, "rhythm": "daily", "times": 60})
    until((riacho.home / CLOCK).exists, "the hour is kept")
    riacho.stop()
    serve_at(riacho, time.time() + 30 * 365 * DAY_SECONDS, trusted=False)
    assert told(riacho) == ["CLOCK_LEAPT"]
    time.sleep(LOOKED_SECONDS)
    assert beto.balance == 0
    errands = mutirao("week", "--json", MUTIRAO_NODE=riacho.url, MUTIRAO_TOKEN=riacho.api.token or "")
    assert "clocks.leapt" in errands.stdout, errands
    riacho.kill()
    riacho.start()
    assert told(riacho) == [] and beto.balance == 0
    assert riacho.api.refused("/v1/clocks")["code"] == "CLOCK_RIGHT"
    riacho.stop()

    # A week has passed indeed, as the steward says: one payment of the order is made, the six before it are told.
    serve_at(riacho, time.time() + 7.5 * DAY_SECONDS, trusted=False)
    done = mutirao("clocks", "accept", "--json", MUTIRAO_NODE=riacho.url, MUTIRAO_TOKEN=riacho.api.token or "")
    assert done.returncode == 0 and json.loads(done.stdout)["held"] is False, done
    until(lambda: beto.balance == 1_00, "the newest is paid")
    [shown] = riacho.api.all("/v1/scheduled-payments")
    assert (shown["paid"], shown["missed"]) == (1, 6)
    riacho.stop()
