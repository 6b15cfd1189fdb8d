# SPDX-License-Identifier: AGPL-3.0-or-later
"""A barter club on real nodes: what it grants, what circulates, what the commons gets; over kills, at a replica too."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from processes.hands import keys_of
from processes.harness import Commune, Json, Node, mutirao, order_json, units, until
from processes.test_dues import serve_at

from protocol.book.signed import parse_uuid
from protocol.book.wishes import sign_wish
from protocol.practices.credit.grants.entries import SponsorGrant

pytestmark = [pytest.mark.timeout(120), pytest.mark.soak]


def typed(node: Node, *words: str, token: str | None = None, fails: str = "") -> Any:
    """Type a command; returns what it shows, or sees it fail with a code."""
    settings = {"MUTIRAO_NODE": node.url, "MUTIRAO_TOKEN": node.api.token or "" if token is None else token}
    done = mutirao(*words, "--json", **settings)
    if fails:
        assert done.returncode == 1 and fails in done.stderr, (words, done)
        return None
    assert done.returncode == 0, (words, done.stderr)
    return json.loads(done.stdout)


def decided(node: Node, *wishes: Json) -> datetime:
    """Let Ana and Bia carry a motion; returns when its vote is over."""
    closes = datetime.now(UTC) + timedelta(days=3)
    made = node.api.post("/v1/motions", {"text": "a club", "wishes": list(wishes), "closes": closes.isoformat()})
    for handle in ("ana", "caio"):
        node.api.post(f"/v1/motions/{made['id']}/vote", {"ballot": "yes", "member": handle})
    return closes


def test_a_club_grants_and_its_money_goes_round(commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA", limit="0")
    casa = commune.replica(riacho)
    commune.connect(casa, riacho)
    casa.start()
    for handle, keys in (("ana", None), ("caio", None), ("bia", keys_of("bia"))):
        riacho.join(handle, keys=keys)
    closes = decided(
        riacho,
        {"operation": "parameters.set", "subject": "circulation.base.HORA", "wish": {"value": "60"}},
        {"operation": "demurrage.set", "subject": "HORA", "wish": {"basis_points": 200}},
    )
    riacho.kill()
    serve_at(riacho, closes + timedelta(minutes=1))
    until(lambda: riacho.api.find("/v1/demurrage/HORA"), "the motion is carried out")

    ask = ("grants", "request", "--currency", "HORA", "--member", "caio", "--amount")
    typed(riacho, *ask, "50.00", fails="OFFER_NEEDED")
    riacho.api.post("/v1/offers", {"title": "Bread", "member": "caio", "prices": [units(2)]})
    typed(riacho, *ask, "61.00", fails="OVER_ISSUE: 60.00 HORA available\n  61.00 HORA would circulate more, and")
    grant = typed(riacho, *ask, "50.00")
    assert (grant["state"], grant["sponsors_missing"]) == ("requested", 2)
    assert riacho.api.refused(f"/v1/grants/{grant['id']}/sponsor", {"member": "caio"})["code"] == "FORBIDDEN"
    typed(riacho, "grants", "sponsor", grant["id"], "--member", "ana")
    # Her clock is not the node's: so she signs for as long as that says.
    name = parse_uuid(grant["id"]) or b""
    until_ms = int((closes + timedelta(days=1)).timestamp() * 1000)
    signed = sign_wish(
        keys_of("bia"), "grants.sponsor", SponsorGrant(name),
        network=riacho.network, order_seq=1, not_after_ms=until_ms,
    )  # fmt: skip
    issued = riacho.api.post(f"/v1/grants/{grant['id']}/sponsor", {"signed": order_json(signed)})
    assert (issued["state"], issued["sponsors"]) == ("issued", ["ana", "bia"])
    typed(riacho, *ask, "1.00", fails="GRANTED_BEFORE")
    riacho.api.post("/v1/payments", {"payer": "caio", "payee": "ana", "amount": units(10)})
    shown = typed(riacho, "circulation", "show", "HORA", token="")
    assert (shown["circulating"]["value"], shown["sellers"], shown["available"]["value"]) == ("5000", 1, "1000")

    riacho.kill()
    first = datetime.fromisoformat(riacho_due(casa, "/v1/demurrage/HORA"))
    serve_at(riacho, first + timedelta(seconds=1))
    until(lambda: riacho.api.get("/v1/demurrage/HORA")["taken"], "the first of the month has come")
    riacho.kill()
    serve_at(riacho, first + timedelta(hours=1))
    shown = typed(riacho, "circulation", "show", "HORA")
    assert (shown["circulating"]["value"], shown["granted"]["value"]) == ("4900", "5000")
    assert typed(riacho, "commons", "show", "HORA")["balance"]["value"] == "100"
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    until(lambda: casa.api.get("/v1/circulation/HORA") == shown, "the replica has heard the board, too")
    for node in (riacho, casa):
        node.kill()
        node.verify_book()


def riacho_due(node: Node, path: str) -> str:
    """Return when something falls due, as a replica knows it."""
    found: Json = until(lambda: node.api.find(path), "the replica knows of it")
    return found["next_at"]


def test_paper_is_presented_once_over_a_restart(commune: Commune, tmp_path: Path) -> None:
    riacho = commune.found("riacho", "HORA", limit="0")
    for handle in ("ana", "caio"):
        riacho.join(handle)
    typed(riacho, "vouchers", "issue", "--currency", "HORA", "--value", "5.00", "--count", "3", fails="OVER_ISSUE")
    closes = decided(
        riacho, {"operation": "parameters.set", "subject": "circulation.base.HORA", "wish": {"value": "20"}}
    )
    riacho.kill()
    serve_at(riacho, closes + timedelta(minutes=1))
    until(lambda: riacho.api.get("/v1/circulation/HORA")["cap"], "the motion is carried out")
    typed(riacho, "vouchers", "issue", "--currency", "HORA", "--value", "5.00", "--count", "3")
    first, second, third = typed(riacho, "vouchers", "sheet", "--batch", "1")["vouchers"]
    typed(riacho, "vouchers", "redeem", first["serial"], "--code", first["code"], "--member", "ana")
    (tmp_path / "batch.json").write_text(json.dumps(riacho.api.get("/v1/vouchers/1")))
    assert typed(riacho, "verify", "voucher", str(tmp_path / "batch.json"), "--voucher", second["text"])["number"] == 2
    typed(
        riacho, "verify", "voucher", str(tmp_path / "batch.json"), "--voucher", first["text"], fails="VOUCHER_INVALID"
    )

    riacho.kill()
    serve_at(riacho, closes + timedelta(minutes=2))
    again = riacho.api.refused(f"/v1/vouchers/{first['text']}/redeem", {"member": "caio"})
    assert (again["code"], again["heading"]) == ("DUPLICATE_VOUCHER", "1-001 was redeemed already")
    assert riacho.api.refused("/v1/vouchers/1-002/redeem", {"code": third["code"]})["code"] == "MALFORMED"
    wish = {"code": third["code"], "member": "caio"}
    assert riacho.api.refused("/v1/vouchers/1-002/redeem", wish)["code"] == "VOUCHER_FORGED"
    assert riacho.api.post(f"/v1/vouchers/{second['text']}/redeem", {"member": "caio"})["voucher"] == "redeemed"
    assert typed(riacho, "vouchers", "show", "1", token="")["on_paper"]["value"] == "500"
    page = riacho.api.ask("GET", "/v1/vouchers/sheet?batch=1&format=html")
    assert page.status == 200
    riacho.kill()
    riacho.verify_book()


def test_a_fair_is_typed_in_and_limits_grow(commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA", limit="30.00")
    ana, caio = riacho.join("ana"), riacho.join("caio")
    closes = decided(
        riacho,
        {"operation": "parameters.set", "subject": "limit-growth.months", "wish": {"value": "1"}},
        {"operation": "parameters.set", "subject": "limit-growth.step", "wish": {"value": "10%"}},
        {"operation": "parameters.set", "subject": "limit-growth.most.HORA", "wish": {"value": "40"}},
    )
    day = ("--date", closes.date().isoformat())
    fair = typed(riacho, "fairs", "hold", "--title", "Spring fair", *day, "--currency", "HORA")["id"]
    sheet = ("tallies", "enter", "--fair", fair, "--sheet", "1")

    def row(payer: str, payee: str, amount: int) -> tuple[str, str]:
        return "--rows", json.dumps({"payer": payer, "payee": payee, "amount": units(amount)})

    typed(riacho, *sheet, *row("ana", "caio", 20), *row("ana", "caio", 11), fails="TALLY_ROW_WRONG: Row 2 is wrong")
    entered = typed(riacho, *sheet, *row("ana", "caio", 20), *row("caio", "ana", 5))
    assert typed(riacho, *sheet, *row("ana", "caio", 20), *row("caio", "ana", 5)) == entered
    objects = {"agrees": False, "member": "caio"}
    assert riacho.api.post(f"/v1/tallies/{entered['id']}/answer", objects)["objected"] == ["caio"]
    agrees = ("tallies", "answer", entered["id"], "--agrees", "--member", "caio")
    assert typed(riacho, *agrees)["agreed"] == ["caio"]
    assert riacho.api.ask("GET", f"/v1/fairs/sheet?fair={fair}&format=html").status == 200

    riacho.kill()
    serve_at(riacho, closes + timedelta(days=1))
    until(lambda: ana.balance == -15_00, "the time to object is over")
    assert caio.balance == 15_00
    riacho.kill()
    serve_at(riacho, closes + timedelta(days=62))
    shown: Json = until(lambda: _grown(riacho), "a month has begun")
    assert (shown["limit"]["value"], shown["next_limit"]["value"]) == ("3300", "3630")
    riacho.kill()
    riacho.verify_book()


def _grown(node: Node) -> Json | None:
    shown = node.api.get("/v1/limit-growth/ana")
    return shown if shown["grown_at"] else None
