# SPDX-License-Identifier: AGPL-3.0-or-later
"""What clubs do on paper and by word: vouchers, fairs, typed payments, grants, baskets, voted rates, ethical banks."""

import re
from typing import TYPE_CHECKING

from tests.node.http.tried_credit import accounts_in, by_vote, worth

if TYPE_CHECKING:
    from tests.node.http.tried import Trial

NOW = "2027-06-01T10:00:00Z"


async def try_clubs(one: "Trial") -> None:
    """Do once what exchange clubs do."""
    await rates(one)
    await baskets(one)
    await typed(one)
    await fairs(one)
    credito = {"code": "CREDITO", "name": "Crédito", "credit_limit": worth(0, "CREDITO")}
    await one.ask("steward", "", "/v1/currencies", credito)
    await accounts_in(one, "CREDITO", "bia", "caio")
    cap = "/v1/parameters/circulation.base.CREDITO/set"
    await by_vote(one, "dora", "", cap, {"value": "1000"})
    await vouchers(one)
    await grants(one)


async def rates(one: "Trial") -> None:
    rate = {"currency": "HORA", "against": "BRL", "num": 45, "den": 2, "source": "what day labour costs in June"}
    await by_vote(one, "dora", "rates.create", "/v1/rates", rate)
    found = (await one.show("bia", "rates.list", "/v1/rates"))["items"][0]
    await one.show("bia", "rates.show", f"/v1/rates/{found['id']}")


async def baskets(one: "Trial") -> None:
    prices = [{"code": "23110", "price": worth(4_50, "HORA")}, {"code": "01111", "price": worth(2_00, "HORA")}]
    food = {"basket": "food", "currency": "HORA", "prices": prices}
    await one.ask("steward", "baskets.record", "/v1/baskets", food)
    await one.show("bia", "baskets.show", "/v1/baskets/food")


async def typed(one: "Trial") -> None:
    paper = {"account": "bia", "cap": worth(10_00, "HORA"), "count": 2}
    drawn = await one.ask("bia", "paper-codes.create", "/v1/paper-codes", paper)
    path = f"/v1/paper-codes/{drawn['id']}"
    taken = {"code": drawn["codes"][0], "amount": worth(2_00, "HORA"), "payee": "caio"}
    paid = await one.ask("caio", "typed-payments.create", "/v1/typed-payments", taken)
    await one.show("caio", "typed-payments.show", f"/v1/typed-payments/{paid['id']}")
    await one.show("bia", "paper-codes.show", path)
    await one.show("bia", "paper-codes.list", "/v1/paper-codes")
    await one.ask("bia", "paper-codes.withdraw", f"{path}/withdraw", {})
    await one.ask("caio", "pins.create", "/v1/pins", {"member": "caio", "pin": "4711"})
    await one.show("caio", "pins.show", "/v1/pins/caio")


async def fairs(one: "Trial") -> None:
    spring = {"title": "Spring fair", "date": NOW, "currency": "HORA", "stalls": ["Bread", "Jam"]}
    fair = await one.ask("steward", "fairs.hold", "/v1/fairs", spring)
    await one.show("bia", "fairs.show", f"/v1/fairs/{fair['id']}")
    await one.show("bia", "fairs.list", "/v1/fairs")
    rows = [{"payer": "bia", "payee": "caio", "amount": worth(5_00, "HORA")}]
    sheet = {"fair": fair["id"], "sheet": "1", "rows": rows}
    tally = await one.ask("steward", "tallies.enter", "/v1/tallies", sheet)
    path = f"/v1/tallies/{tally['id']}"
    await one.show("bia", "tallies.show", path)
    await one.show("bia", "tallies.list", "/v1/tallies")
    await one.ask("bia", "tallies.answer", f"{path}/answer", {"agrees": False})


async def vouchers(one: "Trial") -> None:
    batch = {"currency": "CREDITO", "value": worth(5_00, "CREDITO"), "count": 4}
    printed = await one.ask("steward", "vouchers.issue", "/v1/vouchers", batch)
    sheet = await one.show("steward", "", f"/v1/vouchers/sheet?batch={printed['id']}")
    code = re.findall(r"\b(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}\b", str(sheet))[0]
    await one.ask("bia", "vouchers.redeem", f"/v1/vouchers/{printed['id']}-001/redeem", {"code": code})
    await one.ask("steward", "vouchers.replace", f"/v1/vouchers/{printed['id']}-002/replace", {})
    await one.show("bia", "vouchers.show", f"/v1/vouchers/{printed['id']}")
    await one.show("bia", "vouchers.list", "/v1/vouchers?state=circulating")


async def grants(one: "Trial") -> None:
    await one.ask("caio", "", "/v1/offers", {"title": "Jam", "quantity": "4 kg", "prices": [worth(2_50, "CREDITO")]})
    begin = {"currency": "CREDITO", "amount": worth(20_00, "CREDITO")}
    asked = await one.ask("caio", "grants.request", "/v1/grants", begin)
    path = f"/v1/grants/{asked['id']}"
    await one.ask("bia", "grants.sponsor", f"{path}/sponsor", {"member": "bia"})
    await one.show("bia", "grants.show", path)
    await one.show("bia", "grants.list", "/v1/grants")
    await one.ask("caio", "grants.withdraw", f"{path}/withdraw", {})


async def ethical(one: "Trial", fund: str, loan: str) -> None:
    """Let a fund be an ethical bank, and tell what a loan of it does."""
    path = f"/v1/ethical-banks/{fund}"
    await by_vote(one, "steward", "ethical-banks.declare", f"{path}/declare", {})
    await one.ask("bia", "ethical-banks.prefer", f"{path}/prefer", {"sectors": ["A", "C"]})
    await one.ask("bia", "ethical-banks.notice", f"{path}/notice", {"amount": worth(5_00, "HORA")})
    await one.show("bia", "ethical-banks.show", path)
    await one.show("bia", "ethical-banks.list", "/v1/ethical-banks")
    scores = [{"criterion": "labour", "score": 80, "source": "a visit in May"}]
    told = f"/v1/ethical-loans/{loan}"
    await one.ask("steward", "ethical-loans.assess", f"{told}/assess", {"sector": "C", "scores": scores})
    await one.ask("ana", "ethical-loans.publish", f"{told}/publish", {"enterprise": "Vale bakery"})
    await one.show("steward", "ethical-loans.show", told)
