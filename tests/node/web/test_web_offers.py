# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page of an offer: why it has its price, as one bar with the fair floor, and in figures beside it."""

import re
from typing import Any

import pytest

from tests.node.web.conftest import Town

pytestmark = pytest.mark.timeout(120)


def hora(minor: int) -> dict[str, Any]:
    return {"value": str(minor), "asset_code": "HORA", "asset_scale": 2}


async def test_the_page_of_an_offer_tells_why_it_has_its_price(town: Town) -> None:
    await town.join("bia", "Bia")
    lines = [
        {"name": "seedlings", "kind": "inputs", "amount": hora(1_95)},
        {"name": "picking", "kind": "labour", "amount": hora(15_00), "hours": "0.12"},
    ]
    sheet = await town.ask(
        "POST", "/v1/cost-sheets", {"title": "Coffee", "lines": lines, "fund": "5%", "member": "bia"}
    )
    wish: dict[str, Any] = {"title": "Coffee", "prices": [hora(4_20)], "member": "bia"}
    offer = await town.ask("POST", "/v1/offers", {**wish, "cost_sheet": sheet["id"]})
    plain = await town.ask("POST", "/v1/offers", wish)
    bia = await town.signed_in(member="bia")
    page = await bia.get(f"/offers/{offer['id']}")
    assert page.status == 200
    assert "Why this price" in page.text and "3.95 fair floor" in page.text
    assert "2.04 stays with who makes it" in page.text, "1.80 of labour, and 0.24"
    widths = [float(one) for one in re.findall(r'<rect class="\w+" x="[\d.]+%" y="12" width="([\d.]+)%"', page.html)]
    assert len(widths) == 4 and sum(widths) == pytest.approx(100, abs=0.05)
    assert 'x1="94.05%"' in page.html, "the floor is at 3.95 of 4.20"
    assert 'aria-label="Inputs 46.42%, Labour 42.85%, Surplus 5.71%, Fund 5%"' in page.html
    assert "fair floor" not in (await bia.get(f"/offers/{plain['id']}")).text
