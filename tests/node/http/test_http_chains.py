# SPDX-License-Identifier: AGPL-3.0-or-later
"""The worked network typed into sheets and sent over HTTP: every figure to the printed digit, and what is refused."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from node.http.values import bytes_text
from protocol.practices.chains.engine import solving
from protocol.practices.chains.figures.basis import ChainBasis
from protocol.practices.chains.figures.sharing import shares_shown
from tests.node.http.test_http_riacho import Riacho, riacho

__all__ = ["riacho"]
pytestmark = pytest.mark.timeout(60)

WORKED = Path(__file__).parents[2] / "protocol" / "practices" / "chains" / "worked"
SUPPLIERS = "id;status\nx;outside\ny;outside\nz;outside\n"
RELATIONS = "buyer;item;supplier;value\n" + "".join(f"households;soap powder;{one};1\n" for one in "xyz")
CRITERIA = """enterprise;criterion;value
x;labour;0.4
x;ecology;0.8
x;ownership;0
x;nearness;0.3
x;openness;0.6
y;labour;
y;ecology;0.4
y;ownership;0.5
y;nearness;0.9
y;openness;0.3
z;labour;0.8
z;ecology;0.3
z;ownership;0.2
z;nearness;0.5
z;openness;0.7
"""
WEIGHTS = "labour=.30,ecology=.25,ownership=.20,nearness=.15,openness=.10"


def sheet(text: str) -> str:
    return bytes_text(text.encode())


async def take_in(riacho: Riacho, **sheets: str) -> Any:
    return await riacho.ask("POST", "/v1/chain-sheets", {name: sheet(text) for name, text in sheets.items()})


async def worked(riacho: Riacho) -> None:
    """Send the sheets of the worked network, as a group has filled them in, in Portuguese."""
    body = {one.stem: sheet(one.read_text()) for one in sorted(WORKED.glob("*.csv"))}
    taken = await riacho.ask("POST", "/v1/chain-sheets", {**body, "language": "pt"})
    assert "id" in taken, taken


async def figures(riacho: Riacho, path: str, **asked: Any) -> Any:
    shown = await riacho.ask("GET", f"/v1/chains/{path}", **asked)
    assert "code" not in shown, shown
    return shown


async def refused(riacho: Riacho, path: str, body: Any = None, **asked: Any) -> tuple[int, str]:
    shown = await riacho.ask("GET" if body is None else "POST", f"/v1/chains/{path}", body, **asked)
    return shown["status"], shown["code"]


async def test_shares_leaks_and_what_stays(riacho: Riacho) -> None:
    await worked(riacho)
    shares = await figures(riacho, "shares")
    assert (shares["share"], shares["leakage"], shares["outside_items"]) == ("0.4689", "15350.00", 9)
    assert (shares["inside"], shares["bought"]) == ("13550.00", "28900.00")
    assert {one["buyer"]: one["share"] for one in shares["buyers"]} == {
        "households": "0.5000", "emporium": "0.5313", "bakery": "0.0938", "growers": "0.0000",
    }  # fmt: skip
    told = {one["evidence"]: one["value"] for one in shares["evidence"]}
    assert told == {"declared": "25300.00", "invoice": "3600.00"}
    bakery = next(one for one in shares["buyers"] if one["buyer"] == "bakery")
    assert bakery["rests_on"] == {"declared": "0.2500", "invoice": "0.7500"}
    leaks = await figures(riacho, "leaks?most=2")
    assert [(one["item"], one["leaks"]) for one in leaks["items"]] == [("rent", "3000.00"), ("cleaning", "2500.00")]
    retained = {one["spender"]: one for one in (await figures(riacho, "retained"))["spenders"]}
    assert [retained[one]["stays"] for one in ("emporium", "bakery", "growers")] == ["0.4727", "0.5017", "0.7000"]
    assert {one: told["lm3"] for one, told in retained.items()} == {
        "households": "1.7717", "emporium": "1.8821", "bakery": "1.6300", "growers": "1.9000",
    }  # fmt: skip
    assert retained["households"]["full"] == "2.0748"


async def test_missing_links_funds_and_the_calendar(riacho: Riacho) -> None:
    await worked(riacho)
    links = (await figures(riacho, "missing-links?income=700"))["links"]
    columns = ("candidate", "stays", "retains", "keeps", "jobs", "investment", "payback_months")
    assert [tuple(one[column] for column in columns) for one in links] == [
        ("mill", "0.7500", "1050.00", "1050.00", "0.50", "6000.00", "28.6"),
        ("soap", "0.5000", "750.00", "750.00", "0.75", "2700.00", "12.0"),
        ("biofertiliser", "0.7400", "333.00", "343.30", "0.26", "1500.00", "16.7"),
        ("sewing", "0.5500", "330.00", "330.00", "0.39", "1800.00", "30.0"),
    ]
    assert links[0]["jobs_elsewhere"] == "0.60", "at the growers"
    assert links[0]["rests_on"] == {"declared": "0.1429", "invoice": "0.8571"}
    found = {}
    for fund in (6_000, 8_000, 10_500):
        shown = await figures(riacho, f"reinvest?fund={fund}")
        found[fund] = sorted(shown["candidates"]), shown["keeps"], shown["greedy"]["keeps"]
    assert found == {
        6_000: (["biofertiliser", "sewing", "soap"], "1423.30", "1423.30"),
        8_000: (["biofertiliser", "mill"], "1473.40", "1423.30"),
        10_500: (["biofertiliser", "mill", "soap"], "2223.40", "1423.30"),
    }
    for months, keeps, by_rank in ((12, "13736.60", "9726.80"), (24, "44377.42", "40367.63")):
        shown = await figures(riacho, f"calendar?months={months}")
        assert (shown["monthly"], shown["orders"]) == ("1000.00", 24)
        assert (shown["keeps"], shown["keeps_by_rank"]) == (keeps, by_rank)
        assert [(one["month"], one["candidate"]) for one in shown["openings"]] == [
            (3, "soap"), (4, "biofertiliser"), (6, "sewing"), (10, "mill"),
        ]  # fmt: skip
    assert (await figures(riacho, "calendar"))["keeps_at_worst"] == "9423.40"


async def test_before_and_after_and_what_breaks(riacho: Riacho) -> None:
    await worked(riacho)
    before = await figures(riacho, "shares")
    mill = await figures(riacho, "simulate?candidates=mill")
    assert (mill["after"]["leakage"], mill["after"]["share"]) == ("14300.00", "0.5225")
    buyers = {one["buyer"]: one["after"] for one in mill["buyers"]}
    assert (buyers["bakery"]["share"], buyers["bakery"]["stays"], buyers["bakery"]["lm3"]) == (
        "0.8438", "0.8017", "2.3337",
    )  # fmt: skip
    assert buyers["households"]["full"] == "2.3149"
    both = await figures(riacho, "simulate?candidates=mill,soap")
    assert (both["after"]["leakage"], both["after"]["share"]) == ("13550.00", "0.5586")
    households = next(one["after"] for one in both["buyers"] if one["buyer"] == "households")
    assert (households["lm3"], households["full"]) == ("1.9136", "2.4975")
    assert (await figures(riacho, "simulate?candidates=mill,biofertiliser"))["keeps"] == "1473.40"
    assert (await figures(riacho, "simulate?candidates=mill%3D0.5"))["keeps"] == "525.00"
    assert await figures(riacho, "shares") == before, "nothing was written"
    stops = (await figures(riacho, "fragility"))["stops"]
    assert [(one["enterprise"], one["share"], one["inside"], one["bought"]) for one in stops] == [
        ("emporium", "0.0956", "2150.00", "22500.00"),
        ("bakery", "0.3810", "10400.00", "27300.00"),
        ("growers", "0.3929", "11000.00", "28000.00"),
    ]
    assert [(one["warnings"], one["alone_with"]) for one in stops[1:]] == [
        (["SINGLE_SUPPLIER"], ["bread"]), (["SINGLE_SUPPLIER"], ["eggs", "vegetables"]),
    ]  # fmt: skip


async def test_the_least_bad_supplier_and_what_to_ask(riacho: Riacho) -> None:
    await worked(riacho)
    taken = await take_in(riacho, enterprises=SUPPLIERS, relations=RELATIONS, criteria=CRITERIA)
    assert "id" in taken, taken
    wish = {"weights": WEIGHTS, "item": "soap powder", "boycotted": "x"}
    card = await riacho.ask("POST", "/v1/chains/least-bad", wish)
    assert card["chosen"] == "z"
    assert [(one["supplier"], one["low"], one["high"], one["excluded"]) for one in card["ranked"]] == [
        ("z", "0.5000", "0.5000", None), ("y", "0.3650", "0.6650", None), ("x", "0.4250", "0.4250", "BOYCOTTED"),
    ]  # fmt: skip
    assert [one["said"] for one in card["questions"]] == ["y overtakes if labour >= .45: ask"]
    assert await refused(riacho, "least-bad", {**wish, "weights": "labour=.3"}) == (400, "SHARE_BEYOND_ONE")
    assert await refused(riacho, "least-bad", {**wish, "item": "bread"}) == (422, "OFFERED_INSIDE")
    assert await refused(riacho, "least-bad", {**wish, "item": "gold"}) == (404, "NOTHING_TO_CHOOSE")


async def test_what_is_refused(riacho: Riacho) -> None:
    await riacho.join("ana", "Ana")
    for path in ("shares", "leaks", "retained", "missing-links", "reinvest?fund=1", "calendar", "fragility"):
        assert await refused(riacho, path, as_="ana") == (404, "CHAIN_EMPTY")
    await worked(riacho)
    for path, code in {
        "reinvest": "MALFORMED",
        "reinvest?fund=much": "MALFORMED",
        "reinvest?fund=-1": "FUND_NEGATIVE",
        "reinvest?fund=8.000": "FIGURE_UNCLEAR",
        "calendar?monthly=1.000": "FIGURE_UNCLEAR",
        "missing-links?income=1,500": "FIGURE_UNCLEAR",
        "sheet?fund=8.000": "FIGURE_UNCLEAR",
        "calendar?months=0": "MALFORMED",
        "calendar?months=121": "MALFORMED",
        "calendar?monthly=-0.01": "FUND_NEGATIVE",
        "missing-links?income=-1": "FUND_NEGATIVE",
        "simulate?candidates=mine": "CANDIDATE_UNKNOWN",
        "simulate?candidates=mill%3D2": "SHARE_BEYOND_ONE",
        "reinvest?fund=1&candidates=mine": "CANDIDATE_UNKNOWN",
    }.items():
        assert (await refused(riacho, path, as_="ana"))[1] == code, path
    more = "".join(f"mill-{number};flour;10%;;50%;50%;10\n" for number in range(4))
    taken = await take_in(riacho, recipes="id;item;pledged;buys;wages;surplus;investment\n" + more)
    assert "id" in taken, taken
    assert (await figures(riacho, "reinvest?fund=8.000,50", as_="ana"))["fund"] == "8000.50"
    assert await refused(riacho, "calendar", as_="ana") == (422, "TOO_MANY_CANDIDATES")
    few = await figures(riacho, "calendar?candidates=soap,sewing", as_="ana")
    assert few["orders"] == 2
    twice = "simulate?candidates=mill%3D.6,mill-0%3D.6"
    assert await refused(riacho, twice, as_="ana") == (422, "BUYERS_TAKEN_TWICE")


async def test_jobs_are_counted_by_what_the_group_has_decided(riacho: Riacho) -> None:
    await worked(riacho)
    assert (await figures(riacho, "missing-links?most=1"))["links"][0]["jobs"] is None
    await riacho.ask("POST", "/v1/parameters/chains.monthly_income/set", {"value": "700"})
    assert (await figures(riacho, "missing-links?most=1"))["links"][0]["jobs"] == "0.50"


def value(text: str) -> dict[str, Any]:
    return {"value": str(int(text.replace(".", ""))), "asset_code": "HORA", "asset_scale": 2}


async def test_an_open_price_along_the_chain_and_the_emporiums_fund(riacho: Riacho) -> None:
    for handle in ("ana", "bia"):
        await riacho.join(handle, handle.title())

    def told(name: str, text: str, kind: str = "unknown", source: str = "", of: str | None = None) -> Any:
        return {"name": name, "amount": value(text), "kind": kind, "source": source, "of": of}

    fruit = {
        "title": "fruit",
        "price": value("1.60"),
        "parts": [
            told("wages", "1.00", "work", "hours"),
            told("inputs", "0.40", "outside", "invoices"),
            told("surplus", "0.20", "surplus", "the assembly"),
        ],
    }
    of = (await riacho.ask("POST", "/v1/open-prices", fruit, as_="bia"))["id"]
    jam = {
        "title": "jam",
        "price": value("5.00"),
        "parts": [
            told("fruit", "1.60", of=of),
            told("sugar", "0.40", "outside", "invoice"),
            told("labour", "1.80", "work", "h"),
            told("jar", "0.30", "deposit", "it comes back"),
            told("fund", "0.50", "fund", "the assembly"),
            told("transport", "0.40"),
        ],
    }
    shown = await riacho.ask("POST", "/v1/open-prices", jam, as_="ana")
    assert (shown["work"], shown["work_share"]) == (value("2.80"), "0.5600")
    assert [one["part"] for one in shown["parts"] if not one["is_known"]] == ["transport"]
    assert await riacho.ask("GET", f"/v1/open-prices/{shown['id']}", as_="bia") == shown
    bread = {
        "title": "bread",
        "price": value("100.00"),
        "rest_to_fund": True,
        "parts": [told("bread", "80.00", "inside", "bill")],
    }
    sold = await riacho.ask("POST", "/v1/open-prices", bread, as_="ana")
    assert {one["kind"]: one["amount"] for one in sold["sums"]} == {"inside": value("80.00"), "fund": value("20.00")}
    short = await riacho.ask("POST", "/v1/open-prices", {**bread, "price": value("79.00")}, as_="ana")
    assert (short["code"], short["figures"]["parts"]) == ("PARTS_NOT_WHOLE", 8_000)


async def test_payments_go_on_while_something_is_reckoned(riacho: Riacho, monkeypatch: pytest.MonkeyPatch) -> None:
    await worked(riacho)
    for handle in ("ana", "bia"):
        await riacho.join(handle, handle.title())
    may = threading.Event()
    reckoned: list[ChainBasis] = []

    def slowly(basis: ChainBasis) -> Any:
        assert may.wait(20)
        reckoned.append(basis)
        return shares_shown(basis)

    monkeypatch.setattr("protocol.practices.chains.figures.views.shares_shown", slowly)
    asked = [asyncio.create_task(figures(riacho, "shares")) for _ in range(3)]
    await asyncio.sleep(0.05)
    paid = await riacho.ask("POST", "/v1/payments", {"payee": "bia", "amount": value("1.00")}, as_="ana")
    assert paid["state"] == "posted" and not any(one.done() for one in asked)
    may.set()
    assert [shown["share"] for shown in await asyncio.gather(*asked)] == ["0.4689"] * 3
    await figures(riacho, "shares")
    assert len(reckoned) == 1, "the payment has changed no chain, so it is reckoned once"
    bread = {"buyer": "households", "item": "bread", "value": {"value": "100", "asset_scale": 0}}
    assert "id" in await riacho.ask("POST", "/v1/supply", bread)
    assert (await figures(riacho, "shares"))["leakage"] == "15450.00"
    assert len(reckoned) == 2


async def test_nobody_keeps_what_somebody_holds_important(riacho: Riacho, caplog: pytest.LogCaptureFixture) -> None:
    await worked(riacho)
    assert "id" in await take_in(riacho, enterprises=SUPPLIERS, relations=RELATIONS, criteria=CRITERIA)
    card = await riacho.ask("POST", "/v1/chains/least-bad", {"weights": "labour=.7,quietude=.3"})
    assert card["ranked"][0]["unknown"] == ["quietude"]
    kept = [one for one in riacho.home.rglob("*") if one.is_file()]
    assert kept and not any(b"quietude" in one.read_bytes() for one in kept)
    assert "quietude" not in caplog.text


async def test_a_chain_beyond_what_is_installed_is_told_so(riacho: Riacho, monkeypatch: pytest.MonkeyPatch) -> None:
    await worked(riacho)
    for name in ("EXACT_ROWS_MAX", "BARE_ROWS_MAX"):
        monkeypatch.setattr(solving, name, 2)
    monkeypatch.setattr(solving, "has_scipy", lambda: False)
    assert await refused(riacho, "retained") == (422, "CHAIN_TOO_LARGE")
    assert (await figures(riacho, "shares"))["share"] == "0.4689", "that takes no equations"


async def test_payments_in_the_book_are_evidence_and_called_entries(riacho: Riacho) -> None:
    await worked(riacho)
    for handle in ("ana", "bia"):
        await riacho.join(handle, handle.title())
    assert "id" in await riacho.ask("POST", "/v1/enterprises/growers/correct", {"member": "bia"})
    assert "id" in await riacho.ask("POST", "/v1/parameters/supply.unit_worth.HORA/set", {"value": "1.00"})
    await riacho.ask("POST", "/v1/payments", {"payee": "bia", "amount": value("40.00")}, as_="ana")
    shares = await figures(riacho, "shares")
    assert {one["evidence"]: one["value"] for one in shares["evidence"]} == {
        "declared": "25300.00", "entry": "40.00", "invoice": "3600.00",
    }  # fmt: skip
    households = shares["buyers"][0]
    assert (households["inside"], households["rests_on"]["entry"]) == ("10040.00", "0.0020")


async def test_members_see_sums_and_who_coordinates_single_rows(riacho: Riacho) -> None:
    await riacho.join("ana", "Ana")
    await worked(riacho)
    for path in ("shares", "leaks", "retained", "picture?which=segments", "sheet"):
        assert "code" not in await riacho.ask("GET", f"/v1/chains/{path}", as_="ana"), path
    assert await refused(riacho, "flows", as_="ana") == (403, "FORBIDDEN")
    assert (await riacho.ask("GET", "/v1/supply", as_="ana"))["code"] == "FORBIDDEN"
