# SPDX-License-Identifier: AGPL-3.0-or-later
"""Coffee at its fair price, typed at a real node: a sheet signed by a key, an advance, a premium, over a restart."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, decided, opened, until

pytestmark = [pytest.mark.timeout(240), pytest.mark.soak]

SOON_SECONDS = 4.0
LINES = (
    "--lines", "name=seedlings,kind=inputs,amount=1.60,source=invoice",
    "--lines", "name=picking,kind=labour,hours=0.12,amount=15.00",
    "--lines", "name=dryer,kind=depreciation,amount=0.20",
    "--lines", "name=bus,kind=transport,amount=0.15",
)  # fmt: skip


@pytest.fixture
def riacho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def test_coffee_is_sold_at_what_it_costs(mutirao: Callable[..., Any], riacho: Home, tmp_path: Path) -> None:
    steward, key = riacho.steward, tmp_path / "ana.key"
    assert mutirao("keys", "new", "--out", key).code == 0
    for handle in ("ana", "bia", "caio"):
        code = mutirao("invitations", "create", *steward).shown["code"]
        own = ("--key", key) if handle == "ana" else ()
        assert mutirao("join", code, "--handle", handle, "--node", riacho.url, "--json", *own).code == 0
        assert mutirao("members", "approve", handle, *steward).code == 0
    assert mutirao("parameters", "set", "motions.least_minutes", "--value", "0", *steward).code == 0
    assert mutirao("members", "set-limits", "caio", "--credit-limit", "2000.00", *steward).code == 0

    ana = ("--node", riacho.url, "--key", key, "--json")
    terms = ("--title", "Coffee", "--unit", "kg", "--fund", "5%", "--advance", "50%", *LINES)
    made = mutirao("cost-sheets", "publish", *terms, *ana)
    assert made.code == 0, made.err
    assert (made.shown["floor"]["value"], made.shown["by_key"]) == ("395", True)
    word = mutirao("cost-sheets", "publish", *terms, "--member", "ana", *steward)
    assert word.code == 1 and "FORBIDDEN" in word.err, "she has a key"
    told = mutirao("cost-sheets", "publish", *terms, "--member", "bia", *steward).shown
    offer = ("offers", "publish", "--title", "Coffee", "--unit", "kg", "--member", "bia", "--cost-sheet", told["id"])
    low = mutirao(*offer, "--prices", "3.60", *steward)
    assert low.code == 1 and "BELOW_COST: 3.95 HORA is the fair floor" in low.err
    offered = mutirao(*offer, "--prices", "5.00", *steward).shown
    order = mutirao("orders", "place", "--offer", offered["id"], "--quantity", "200", "--buyer", "caio", *steward).shown
    order = mutirao("orders", "accept", order["id"], *steward).shown
    assert order["advance"]["value"] == "50000"
    pay = ("payment-requests", "pay", order["advance_request"], "--payer", "caio", *steward)
    assert mutirao(*pay).code == 0
    riacho.stop()
    riacho.serve()
    steward = riacho.steward
    order = mutirao("orders", "deliver", order["id"], *steward).shown
    assert (order["due"]["value"], order["asked"]["value"], order["advance_paid"]) == ("100000", "50000", True)
    assert mutirao("orders", "list", "--late", *steward).shown["items"] == []

    producers = {"title": "Growers", "currency": "HORA", "producers": ["ana", "bia"]}
    carried(mutirao, riacho, key, "premiums.open", "", producers, "ana", "bia", "caio")
    [premium] = mutirao("premiums", "list", *steward).shown["items"]
    assert mutirao("premiums", "pay", premium["id"], "--amount", "20.00", "--member", "caio", *steward).code == 0
    spent = {"payee": "caio", "amount": {"value": "1500", "asset_scale": 2}, "purpose": "a roof"}
    carried(mutirao, riacho, key, "premiums.spend", premium["id"], spent, "ana", "bia")
    riacho.stop()
    riacho.serve()
    shown = mutirao("premiums", "show", premium["id"], *riacho.steward).shown
    assert (shown["held"]["value"], shown["spent"][0]["purpose"]) == ("500", "a roof")


def carried(
    mutirao: Callable[..., Any], home: Home, key: Path, operation: str, subject: str, wish: Any, *voters: str
) -> None:
    """Let these vote for it, ana by her key, until it is done."""
    closes = (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()
    told = {"operation": operation, "wish": wish} | ({"subject": subject} if subject else {})
    words = ("--text", "Growers", "--closes", closes, "--wishes", json.dumps(told))
    asked = mutirao("motions", "create", *words, *home.steward)
    assert asked.code == 0, asked.err
    assert asked.shown["members"] == len(voters)
    for handle in voters:
        by = ("--node", home.url, "--key", key) if handle == "ana" else ("--member", handle, *home.steward)
        voted = mutirao("motions", "vote", asked.shown["id"], "--ballot", "yes", *by)
        assert voted.code == 0, voted.err
    done = until(lambda: decided(mutirao, home, asked.shown["id"]), "the motion to be decided")
    assert done["state"] == "executed"
