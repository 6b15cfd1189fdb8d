# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fair trade over HTTP: a floor, an advance, a premium; refusals that change nothing, and the same after a restart."""

from pathlib import Path
from typing import Any

import pytest

from tests.node.http.test_http_riacho import Riacho, found_riacho, hours, riacho, serving

__all__ = ["riacho"]
pytestmark = pytest.mark.timeout(60)


def lines(inputs: str) -> list[dict[str, Any]]:
    return [
        {"name": "seedlings", "kind": "inputs", "amount": hours(inputs), "source": "invoice 12"},
        {"name": "picking", "kind": "labour", "amount": hours("15.00"), "hours": "0.12"},
        {"name": "dryer", "kind": "depreciation", "amount": {**hours("1.00"), "value": "20"}},
        {"name": "bus", "kind": "transport", "amount": {**hours("1.00"), "value": "15"}},
    ]


async def test_a_price_covers_what_it_costs_and_half_is_paid_before(tmp_path: Path) -> None:
    directory, ahead = tmp_path / "riacho", [0]
    founded = await found_riacho(directory)
    async with serving(directory, founded, ahead) as one:
        for handle in ("ana", "bia"):
            await one.join(handle, handle.title())
        limit = {"credit_limit": hours("2000.00"), "currency": "HORA"}
        await one.ask("POST", "/v1/members/ana/set-limits", limit)
        wish = {"title": "Coffee", "lines": lines("1.60"), "unit": "kg", "fund": "5%", "advance": "50%"}
        sheet = await one.ask("POST", "/v1/cost-sheets", wish, as_="bia")
        assert [sheet[name]["value"] for name in ("cost", "floor")] == ["375", "395"]

        def offers(price: str, **more: Any) -> Any:
            wish = {"title": "Coffee", "unit": "kg", "prices": [hours(price)], "cost_sheet": sheet["id"], **more}
            return one.ask("POST", "/v1/offers", wish, as_="bia")

        low = await offers("3.60")
        assert (low["status"], low["code"], low["heading"]) == (422, "BELOW_COST", "3.95 HORA is the fair floor")
        assert (await one.ask("GET", "/v1/offers"))["items"] == []
        half = await one.ask("POST", "/v1/cost-sheets", {**wish, "advance": "49%"}, as_="bia")
        assert (half["status"], half["code"]) == (400, "MALFORMED")
        offer = await offers("5.00")
        assert (offer["why"]["maker"]["value"], offer["why"]["advance"]) == ("280", "50%")
        place = {"offer": offer["id"], "quantity": "200"}
        order = await one.ask("POST", "/v1/orders", place, as_="ana")
        order = await one.ask("POST", f"/v1/orders/{order['id']}/accept", {}, as_="bia")
        assert (order["advance"]["value"], order["advance_paid"]) == ("50000", False)
        paid = await one.ask("POST", f"/v1/payment-requests/{order['advance_request']}/pay", {}, as_="ana")
        assert paid["state"] == "paid"
        dearer = {**wish, "lines": lines("3.00"), "sheet": sheet["id"]}
        assert (await one.ask("POST", "/v1/cost-sheets", dearer, as_="bia"))["floor"]["value"] == "543"
        refused = await one.ask("POST", "/v1/orders", place, as_="ana")
        assert (refused["status"], refused["code"], refused["figures"]["floor"]) == (422, "BELOW_COST", 543)
        stopped = (await one.ask("GET", "/v1/errands", as_="bia"))["items"][0]
        assert (stopped["sentence"], stopped["verb"]) == ("fairtrade.below_cost", "offers.replace")
        tokens = one.tokens
    async with serving(directory, founded, ahead) as one:
        one.tokens = tokens
        assert (await one.ask("GET", f"/v1/cost-sheets/{sheet['id']}"))["versions"] == 2
        order = await one.ask("POST", f"/v1/orders/{order['id']}/deliver", {}, as_="bia")
        assert [order[name]["value"] for name in ("due", "asked")] == ["100000", "50000"]
        await one.ask("POST", f"/v1/payment-requests/{order['request']}/pay", {}, as_="ana")
        order = await one.ask("GET", f"/v1/orders/{order['id']}", as_="ana")
        assert (order["paid"], order["days_late"]) == (True, 0)
        assert (await one.ask("GET", "/v1/orders?late=true", as_="ana"))["items"] == []


async def test_a_premium_is_paid_and_spent_by_vote_alone(riacho: Riacho) -> None:
    for handle in ("ana", "bia", "caio"):
        await riacho.join(handle, handle.title())
    opening = {"title": "Growers", "currency": "HORA", "producers": ["ana", "bia"]}
    motion = await riacho.ask("POST", "/v1/premiums", opening, as_="caio")
    assert motion["state"] == "open"
    missing = "0198c6a0-0000-7000-8000-000000000000"
    wrong = await riacho.ask("POST", f"/v1/premiums/{missing}/pay", {"amount": hours("1.00")}, as_="caio")
    assert (wrong["status"], wrong["code"]) == (404, "NOT_FOUND")
    noted = {
        "title": "Coffee, New York", "code": "01610", "price": hours("4.10"), "source": "ICO", "unit": "kg",
        "at": "2024-05-01T00:00:00Z",
    }  # fmt: skip
    assert (await riacho.ask("POST", "/v1/reference-prices", noted, as_="caio"))["code"] == "FORBIDDEN"
    reference = await riacho.ask("POST", "/v1/reference-prices", noted)
    wish = {"title": "Coffee", "lines": lines("1.60"), "unit": "kg", "code": "01610"}
    sheet = await riacho.ask("POST", "/v1/cost-sheets", wish, as_="bia")
    assert sheet["reference"] == reference
