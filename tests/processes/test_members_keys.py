# SPDX-License-Identifier: AGPL-3.0-or-later
"""A member's key that was in a thief's hands for a minute, or lies in a till, on a real node and over restarts."""

import os
import time
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from processes.hands import ByCommand, ByHttp, keys_of
from processes.harness import Api, Commune, Member, mutirao, order_json, text_of, units, until

from protocol.book.money import Amount
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import sign_wish
from protocol.practices.money.schedules.entries import Rhythm, SchedulePayment
from protocol.practices.people.mandates import GiveMandate

pytestmark = pytest.mark.timeout(120)
A_DAY_MS = 86_400_000


def post_signed(member: Member, path: str, operation: str, wish: object) -> Any:
    """Ask, as the steward, for what a member's key signs."""
    assert member.keys is not None
    until_ms = round(time.time() * 1000) + 600_000
    signed = sign_wish(
        member.keys, operation, wish,
        network=member.node.network, order_seq=next(member.order_seqs), not_after_ms=until_ms,
    )  # fmt: skip
    return member.node.api.post(path, {"signed": order_json(signed)})


def follow(api: Api) -> HTTPResponse:
    """Return an open stream of events."""
    connection = HTTPConnection("127.0.0.1", api.port, timeout=30)
    connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {api.token}"})
    return connection.getresponse()


def test_with_a_revoked_key_ends_what_a_thief_has_made_by_it(commune: Commune, tmp_path: Path) -> None:
    """It was: API token 200, mandate pays 200.00, standing order 50.00, for as long as they like."""
    riacho, hand = commune.found("riacho", "HORA"), ByCommand(tmp_path)
    ana, gil = riacho.join("ana", keys=keys_of("ana")), riacho.join("gil")
    session = ByHttp().session(ana)
    thief = Api(riacho.http_port, session.post("/v1/tokens", {"label": "app"})["token"])
    now, mandate, order = round(time.time() * 1000), drawn_id(os.urandom), drawn_id(os.urandom)
    gils = gil.account.partition(".")[0]
    lent = GiveMandate(ana.account, gils, Amount(200_00, "HORA", 2), now + A_DAY_MS, mandate)
    post_signed(ana, "/v1/members/ana/mandate", "members.mandate", lent)
    standing = SchedulePayment(
        gil.account, Amount(50_00, "HORA", 2), now + A_DAY_MS, Rhythm.DAILY, 9, ana.account, order
    )
    post_signed(ana, "/v1/scheduled-payments", "scheduled-payments.create", standing)
    stolen = {"payer": ana.account, "payee": "gil", "amount": units(200), "mandate": uuid_text(mandate)}
    ordered = f"/v1/scheduled-payments/{uuid_text(order)}"
    stream = follow(thief)
    assert stream.readline() == b": here\n"

    first, second = (hand.write_key(name, keys_of(name)) for name in ("ana", "ana-laptop"))
    for words in (
        ("add-key", "ana", "--new", second, "--key", first),
        ("revoke-key", "ana", "--lost", text_of(keys_of("ana").public), "--key", second),
    ):
        done = mutirao("members", *words, MUTIRAO_NODE=riacho.url)
        assert done.returncode == 0, done.stderr

    def nothing_is_left() -> None:
        assert [one.ask("GET", f"/v1/accounts/{ana.account}").status for one in (session, thief)] == [401, 401]
        refused = riacho.api.refused("/v1/payments", stolen)
        assert (refused["code"], refused["figures"]) == ("STATE_CONFLICT", {"state": "revoked"})
        assert riacho.api.get(ordered)["state"] == "cancelled"
        assert [one["live"] for one in riacho.api.all("/v1/tokens")] == [True, False]
        assert ana.balance == 0

    riacho.api.post("/v1/members/ana/set-limits", {"credit_limit": units(90)})
    assert b"member.limits-set" not in stream.read(), "the stream has ended"
    until(lambda: riacho.api.get(ordered)["state"] == "cancelled", "the standing order is cancelled")
    nothing_is_left()
    riacho.kill()
    riacho.start()
    nothing_is_left()


def test_a_till_gives_back_as_much_as_its_key_may_pay(commune: Commune, tmp_path: Path) -> None:
    riacho, hand = commune.found("riacho", "HORA"), ByCommand(tmp_path)
    ana, bia = riacho.join("ana", keys=keys_of("ana")), riacho.join("bia", keys=keys_of("bia"))
    first, till = (hand.write_key(name, keys_of(name)) for name in ("ana", "ana-till"))
    done = mutirao(
        "members", "add-key", "ana", "--new", till, "--cap", "10.00", "--key", first, MUTIRAO_NODE=riacho.url
    )
    assert done.returncode == 0, done.stderr
    large, small = (hand.pay(bia, "ana", amount)["id"] for amount in ("50.00", "9.00"))
    for payment, code, said in ((large, 1, "KEY_CAP_EXCEEDED"), (small, 0, ""), (large, 1, "1.00")):
        done = mutirao("payments", "reverse", payment, "--key", till, MUTIRAO_NODE=riacho.url)
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert ana.balance == 50_00
