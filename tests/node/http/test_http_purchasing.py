# SPDX-License-Identifier: AGPL-3.0-or-later
"""A purchasing group over HTTP: 17 wanted of boxes of 12 are one box, shared by what was wanted, and 18 are two."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.node.http.tried import Trial, amount, founded

pytestmark = pytest.mark.timeout(60)

FAMILIES = ("ana", "bia", "caio", "dora")


async def ordering(one: Trial, *lines: tuple[int, int]) -> Any:
    """Return an order cycle of flour in boxes of 12, of which each family wants so many and tolerates so many more."""
    flour = {"name": "flour", "box": 12, "price": amount(60_00), "portion": "1 kg"}
    terms = {
        "title": "Flour", "currency": "HORA", "closes_at": "2101-05-02T18:00:00Z", "items": [flour], "referent": "rosa",
    }  # fmt: skip
    cycle = await one.ask("steward", "", "/v1/order-cycles", terms)
    for member, (quantity, tolerance) in zip(FAMILIES, lines, strict=True):
        wanted = {"member": member, "lines": [{"item": 1, "quantity": quantity, "tolerance": tolerance}]}
        cycle = await one.ask("steward", "", f"/v1/order-cycles/{cycle['id']}/join", wanted)
    return cycle


async def test_17_wanted_are_one_box_and_one_short_of_a_second_and_18_are_two(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as one:
        for handle in (*FAMILIES, "rosa"):
            code = (await one.ask("steward", "", "/v1/invitations", {}))["code"]
            await one.ask("", "", "/v1/members", {"code": code, "handle": handle, "name": handle.title()})
            await one.ask("steward", "", f"/v1/members/{handle}/approve", {"currency": "HORA"})
        cycle = await ordering(one, (5, 2), (4, 2), (6, 1), (2, 1))
        [item] = cycle["items"]
        assert (item["wanted"], item["tolerance"], item["boxes"]) == (17, 6, 1)
        assert item["say"] == "1 box, 1 short of a second"
        closed = await one.ask("steward", "", f"/v1/order-cycles/{cycle['id']}/close", {})
        assert [line["portions"][0]["ordered"] for line in closed["lines"]] == [4, 3, 4, 1]
        assert closed["held"] == amount(60_00)
        cycle = await ordering(one, (5, 2), (4, 2), (7, 1), (2, 1))
        [item] = cycle["items"]
        assert (item["wanted"], item["boxes"], item["say"]) == (18, 2, "2 boxes")
        closed = await one.ask("steward", "", f"/v1/order-cycles/{cycle['id']}/close", {})
        assert sum(line["portions"][0]["ordered"] for line in closed["lines"]) == 24


async def joined(one: Trial, *handles: str) -> None:
    for handle in handles:
        code = (await one.ask("steward", "", "/v1/invitations", {}))["code"]
        await one.ask("", "", "/v1/members", {"code": code, "handle": handle, "name": handle.title()})
        await one.ask("steward", "", f"/v1/members/{handle}/approve", {"currency": "HORA"})


async def closed_with(one: Trial, item: Any, wants: dict[str, tuple[int, int]]) -> Any:
    """Return a closed cycle of one item, of which each wanted so many and tolerated so many more."""
    terms = {
        "title": "One",
        "currency": "HORA",
        "closes_at": "2101-05-02T18:00:00Z",
        "items": [item],
        "referent": "rosa",
    }
    path = f"/v1/order-cycles/{(await one.ask('steward', '', '/v1/order-cycles', terms))['id']}"
    for member, (quantity, tolerance) in wants.items():
        line = {"item": 1, "quantity": quantity, "tolerance": tolerance}
        await one.ask("steward", "", f"{path}/join", {"member": member, "lines": [line]})
    return await one.ask("steward", "", f"{path}/close", {})


def shares_of(cycle: Any) -> Sequence[int]:
    return sorted(int(line["share"]["value"]) for line in cycle["lines"])


async def test_a_wheel_that_weighs_more_is_shared_to_the_cent_and_a_box_is_filled_by_tolerance(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as one:
        families = [f"family{number:02}" for number in range(15)]
        await joined(one, *families, "rosa")
        wheel = {"name": "cheese", "box": 15, "price": amount(30_00), "portion": "200 g"}
        cycle = await closed_with(one, wheel, dict.fromkeys(families, (1, 0)))
        assert cycle["held"] == amount(30_00)
        path = f"/v1/order-cycles/{cycle['id']}"
        await one.ask("steward", "", f"{path}/order", {})
        came = await one.ask("steward", "", f"{path}/receive", {"items": [{"item": 1, "bill": amount(30_50)}]})
        assert shares_of(came) == [2_03] * 10 + [2_04] * 5
        await one.ask("steward", "", f"{path}/collect", {})
        await one.ask("steward", "", f"{path}/settle", {})
        owed = [(await one.show("steward", "", f"/v1/accounts/{one_of}"))["balance"] for one_of in families]
        assert sorted(-int(balance["value"]) for balance in owed) == [2_03] * 10 + [2_04] * 5
        assert (await one.show("steward", "", "/v1/accounts/rosa"))["balance"] == amount(30_50)
        eggs = {"name": "eggs", "box": 5, "price": amount(5_00), "portion": "6 pieces"}
        cycle = await closed_with(one, eggs, {"family00": (2, 2), "family01": (1, 1)})
        assert [line["portions"][0]["ordered"] for line in cycle["lines"]] == [3, 2], "not 4 and 1"
