# SPDX-License-Identifier: AGPL-3.0-or-later
"""A company of four, typed at a real node: hours, a vote on the surplus, and who got what, still so after a restart."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, decided, opened, until

pytestmark = [pytest.mark.timeout(240), pytest.mark.soak]

SOON_SECONDS = 4.0
HOURS = {"ana": "160", "bia": "120", "caio": "80", "dora": "40"}


@pytest.fixture
def riacho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def test_workers_share_a_surplus_of_3000_out(mutirao: Callable[..., Any], riacho: Home) -> None:
    steward = riacho.steward
    for handle in ("oficina", "elio", *HOURS):
        code = mutirao("invitations", "create", *steward).shown["code"]
        assert mutirao("join", code, "--handle", handle, "--node", riacho.url, "--json").code == 0
        assert mutirao("members", "approve", handle, *steward).code == 0
    assert mutirao("parameters", "set", "motions.least_minutes", "--value", "0", *steward).code == 0
    assert mutirao("members", "set-limits", "elio", "--credit-limit", "5000.00", *steward).code == 0
    paid = mutirao("payments", "create", "--payer", "elio", "--payee", "oficina", "--amount", "3000.00", *steward)
    assert paid.code == 0
    workers = [word for one in HOURS for word in ("--workers", one)]
    made = mutirao("companies", "create", "--currency", "HORA", "--member", "oficina", *workers, *steward)
    assert made.code == 0 and made.shown["pay_spread_most"] == "300%"
    again = mutirao("companies", "create", "--currency", "HORA", "--member", "oficina", *workers, *steward)
    assert again.code == 1 and "DUPLICATE" in again.err
    for handle, hours in HOURS.items():
        logged = mutirao("work", "create", "--company", "oficina", "--hours", hours, "--member", handle, *steward)
        assert (logged.shown["state"], logged.code) == ("waiting", 0)
        colleague = "bia" if handle == "ana" else "ana"
        done = mutirao("work", "confirm", logged.shown["id"], "--member", colleague, *steward)
        assert (done.shown["state"], done.shown["confirmed_by"]) == ("counted", colleague)

    closes = (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()
    surplus = {"value": "300000", "asset_code": "HORA", "asset_scale": 2}
    wish = {"operation": "companies.allocate", "subject": "oficina", "wish": {"surplus": surplus}}
    words = ("--text", "The month", "--closes", closes, "--wishes", json.dumps(wish))
    asked = mutirao("motions", "create", *words, *steward)
    assert (asked.shown["members"], asked.shown["electorate"]) == (4, f"workers:{made.shown['id']}")
    for handle in HOURS:
        voted = mutirao("motions", "vote", asked.shown["id"], "--ballot", "yes", "--member", handle, *steward)
        assert voted.code == 0, voted.err
    stranger = mutirao("motions", "vote", asked.shown["id"], "--ballot", "no", "--member", "elio", *steward)
    assert stranger.code == 1 and "FORBIDDEN" in stranger.err
    assert until(lambda: decided(mutirao, riacho, asked.shown["id"]), "the workers to decide")["state"] == "executed"

    riacho.stop()
    riacho.serve()
    shown = mutirao("companies", "show", "oficina", *riacho.steward).shown
    [month] = shown["months"]
    assert {one["member"]: one["share"]["value"] for one in month["shares"]} == {
        "ana": "78000", "bia": "58500", "caio": "39000", "dora": "19500",
    }  # fmt: skip
    assert [month[part]["value"] for part in ("reserve", "network", "education")] == ["60000", "30000", "15000"]
    works = mutirao("work", "list", "--company", "oficina", *riacho.steward).shown["items"]
    assert [one["worker"] for one in works] == list(HOURS)
    assert mutirao("balance", "dora", *riacho.steward).code == 0
