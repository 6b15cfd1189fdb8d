# SPDX-License-Identifier: AGPL-3.0-or-later
"""Coffee at its fair price: what it costs, what it is sold at elsewhere, and a premium that its growers spend."""

from typing import TYPE_CHECKING

from tests.node.http.tried_credit import by_vote, worth

if TYPE_CHECKING:
    from tests.node.http.tried import Json, Trial


async def try_fairtrade(one: "Trial") -> None:
    """Do once what fair trade is for."""
    noted: Json = {
        "title": "Coffee, New York", "code": "01610", "price": worth(4_10, "HORA"), "source": "ICO daily price",
        "unit": "kg", "at": "2027-02-01T00:00:00Z",
    }  # fmt: skip
    reference = await one.ask("steward", "reference-prices.note", "/v1/reference-prices", noted)
    await one.show("steward", "reference-prices.show", f"/v1/reference-prices/{reference['id']}")
    await one.show("steward", "reference-prices.list", "/v1/reference-prices?code=016")
    costs: Json = {
        "title": "Coffee", "unit": "kg", "code": "01610", "currency": "HORA", "fund": "5%", "advance": "50%",
        "member": "bia",
        "lines": [
            {"name": "seedlings", "kind": "inputs", "amount": worth(1_60, "HORA"), "source": "invoice 12"},
            {"name": "picking", "kind": "labour", "amount": worth(15_00, "HORA"), "hours": "0.12"},
            {"name": "dryer", "kind": "depreciation", "amount": worth(20, "HORA")},
            {"name": "bus", "kind": "transport", "amount": worth(15, "HORA")},
        ],
    }  # fmt: skip
    sheet = await one.ask("steward", "cost-sheets.publish", "/v1/cost-sheets", costs)
    path = f"/v1/cost-sheets/{sheet['id']}"
    await one.show("steward", "cost-sheets.show", path)
    await one.show("steward", "cost-sheets.list", "/v1/cost-sheets?member=bia")
    await one.ask("steward", "cost-sheets.withdraw", f"{path}/withdraw", {})
    growers: Json = {"title": "Growers", "currency": "HORA", "producers": ["bia", "elio"]}
    await by_vote(one, "steward", "premiums.open", "/v1/premiums", growers)
    [premium] = (await one.show("steward", "premiums.list", "/v1/premiums"))["items"]
    path = f"/v1/premiums/{premium['id']}"
    await one.ask("steward", "premiums.pay", f"{path}/pay", {"member": "caio", "amount": worth(5_00, "HORA")})
    roof: Json = {"payee": "caio", "amount": worth(4_00, "HORA"), "purpose": "a roof for the school"}
    await by_vote(one, "steward", "premiums.spend", f"{path}/spend", roof)
    await one.show("steward", "premiums.show", path)
