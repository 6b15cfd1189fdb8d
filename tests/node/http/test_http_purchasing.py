# SPDX-License-Identifier: AGPL-3.0-or-later
"""A purchasing group over HTTP: 17 wanted of boxes of 12 are one box, shared by what was wanted, and 18 are two."""

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
