# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying without a reader over HTTP: codes of a paper, number and PIN; keys of requests, refusals, a restart."""

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest

from node.keeping import home
from tests.node.http.test_http_riacho import BIAS_KEYS, Riacho, found_riacho, hours, riacho, serving

__all__ = ["riacho"]
pytestmark = pytest.mark.timeout(60)


async def take(one: Riacho, amount: str, *, as_: str = "caio", key: str = "", **typed: Any) -> Any:
    """Let a shop take what its customer types."""
    wish = {"amount": hours(amount), **typed}
    return await one.ask("POST", "/v1/typed-payments", wish, as_=as_, key=key)


async def balances(one: Riacho) -> dict[str, str]:
    found = {row["name"]: row["balance"]["value"] for row in (await one.ask("GET", "/v1/accounts"))["items"]}
    assert sum(map(int, found.values())) == 0
    return {name: found[name] for name in ("ana", "bia", "caio", "dora") if found.get(name, "0") != "0"}


async def tries_left(one: Riacho) -> int:
    return (await one.ask("GET", "/v1/pins/dora", as_="dora"))["tries_left"]


async def with_a_pin(one: Riacho) -> None:
    """Let Dora, who has no phone, have number 1001 and PIN 4711."""
    for handle in ("caio", "dora"):
        await one.join(handle, handle.title())
    shown = await one.ask("POST", "/v1/pins", {"pin": "4711", "member": "dora"})
    assert (shown["member"], shown["number"], shown["tries_left"]) == ("dora", 1001, 3)


async def test_a_code_pays_once_also_after_a_restart(tmp_path: Path) -> None:
    directory, ahead = tmp_path / "riacho", [0]
    founded = await found_riacho(directory)
    async with serving(directory, founded, ahead) as one:
        for handle in ("ana", "caio"):
            await one.join(handle, handle.title())
        wish = {"account": "ana", "cap": hours("10.00"), "count": 3}
        paper = await one.ask("POST", "/v1/paper-codes", wish, as_="ana", key="one-paper")
        first, second, _ = paper["codes"]
        again = await one.ask("POST", "/v1/paper-codes", wish, as_="ana", key="one-paper")
        assert (again["id"], again["codes"]) == (paper["id"], None), "codes are told once, whoever has the key"
        refused = await take(one, "10.01", code=first)
        assert (refused["status"], refused["code"], refused["heading"]) == (
            422,
            "CODE_CAP",
            "At most 10.00 HORA by one code",
        )
        paid = await take(one, "8.00", code=first.lower(), key="bread")
        assert (paid["payer"], paid["payee"], paid["auth"]) == ("ana", "caio", "custodial")
        tokens = one.tokens
    async with serving(directory, founded, ahead) as one:
        one.tokens = tokens
        assert await take(one, "8.00", code=first.lower(), key="bread") == paid, "its key brings its answer"
        assert await one.ask("GET", f"/v1/typed-payments/{paid['id']}", as_="ana") == paid
        used = await take(one, "1.00", code=first)
        assert (used["status"], used["code"], used["heading"]) == (409, "CODE_USED", "It has paid already")
        unknown = await take(one, "1.00", code="AAAA-BBBB")
        assert (unknown["status"], unknown["code"]) == (404, "CODE_UNKNOWN")
        assert (await take(one, "1.00", code=second, payee="ana"))["code"] == "FORBIDDEN"
        assert (await take(one, "1.00", as_="ana", code=second))["code"] == "SAME_ACCOUNT"
        assert (await take(one, "0", code=second))["code"] == "AMOUNT_NOT_POSITIVE"
        assert (await one.ask("GET", f"/v1/paper-codes/{paper['id']}", as_="caio"))["code"] == "NOT_FOUND"
        path = f"/v1/paper-codes/{paper['id']}/withdraw"
        assert (await one.ask("POST", path, {}, as_="caio"))["code"] == "NOT_FOUND"
        assert (await one.ask("POST", path, {}, as_="ana"))["withdrawn"]
        assert (await one.ask("POST", path, {}, as_="ana"))["code"] == "STATE_CONFLICT"
        expired = await take(one, "1.00", code=second)
        assert (expired["status"], expired["code"]) == (422, "CODE_EXPIRED")
        wish = {"account": "ana", "cap": hours("900.00")}
        assert (await one.ask("POST", "/v1/paper-codes", wish, as_="caio"))["code"] == "FORBIDDEN"
        beyond = (await one.ask("POST", "/v1/paper-codes", wish, as_="ana"))["codes"][0]
        assert (await take(one, "192.01", code=beyond))["code"] == "LIMIT_EXCEEDED"
        ahead[0] = 181 * 24 * 60 * 60 * 1_000
        assert (await take(one, "1.00", code=beyond))["code"] == "CODE_EXPIRED", "half a year is over"
        [listed, _] = (await one.ask("GET", "/v1/paper-codes", as_="ana"))["items"]
        assert (listed["left"], listed["codes"]) == (2, None)
        assert await balances(one) == {"ana": "-800", "caio": "800"}


async def test_a_wrong_pin_sent_again_with_its_key_is_one_try_and_a_right_one_does_not_pass_by_it(
    riacho: Riacho,
) -> None:
    await with_a_pin(riacho)
    wrong, right = {"number": 1001, "pin": "0000"}, {"number": 1001, "pin": "4711"}
    first = await take(riacho, "5.00", key="sale-1", **wrong)
    assert (first["status"], first["code"], first["heading"]) == (403, "PIN_WRONG", "Wrong PIN: 2 tries left")
    for _ in range(5):
        assert await take(riacho, "5.00", key="sale-1", **wrong) == first
    assert await tries_left(riacho) == 2, "one try, however often it is sent"
    reused = await take(riacho, "5.00", key="sale-1", **right)
    assert (reused["status"], reused["code"]) == (422, "IDEMPOTENCY_REUSED")
    assert await balances(riacho) == {} and await tries_left(riacho) == 2
    paid = await take(riacho, "5.00", key="sale-2", **right)
    assert paid["auth"] == "custodial" and await tries_left(riacho) == 3
    # The key of what was paid opens nothing for a wrong PIN, and its answer stays its own.
    assert (await take(riacho, "5.00", key="sale-2", **wrong))["code"] == "IDEMPOTENCY_REUSED"
    assert await take(riacho, "5.00", key="sale-2", **right) == paid
    # A new key is a new try, and so is another shop's same key.
    await riacho.join("bia", "Bia")
    assert (await take(riacho, "5.00", key="sale-3", **wrong))["figures"]["left"] == 2
    assert (await take(riacho, "5.00", as_="bia", key="sale-3", **wrong))["figures"]["left"] == 1
    assert await balances(riacho) == {"dora": "-500", "caio": "500"}


async def test_three_wrong_pins_lock_a_number_and_no_restart_gives_new_tries(tmp_path: Path) -> None:
    directory, ahead = tmp_path / "riacho", [0]
    founded = await found_riacho(directory)
    async with serving(directory, founded, ahead) as one:
        await with_a_pin(one)
        assert (await take(one, "30.00", number=1001, pin="4711"))["payer"] == "dora"
        left = [(await take(one, "1.00", number=1001, pin=pin))["figures"]["left"] for pin in ("1111", "2222")]
        assert left == [2, 1]
        tokens = one.tokens
    async with serving(directory, founded, ahead) as one:
        one.tokens = tokens
        assert await tries_left(one) == 1
        locked = await take(one, "1.00", number=1001, pin="3333")
        assert (locked["status"], locked["code"], locked["heading"]) == (403, "PIN_LOCKED", "This number is locked")
        assert (await take(one, "1.00", number=1001, pin="4711"))["code"] == "PIN_LOCKED"
    async with serving(directory, founded, ahead) as one:
        one.tokens = tokens
        assert (await take(one, "1.00", number=1001, pin="4711"))["code"] == "PIN_LOCKED"
        shown = await one.ask("POST", "/v1/pins", {"pin": "8080"}, as_="dora")
        assert (shown["number"], shown["tries_left"]) == (1001, 3)
        beyond = await take(one, "20.01", number=1001, pin="8080")
        assert (beyond["status"], beyond["code"], beyond["heading"]) == (
            422,
            "PIN_CAP",
            "50.01 HORA > 50.00 HORA a day",
        )
        assert (beyond["figures"]["available"], beyond["figures"]["limit"]) == (20_00, 50_00)
        ahead[0] = 24 * 60 * 60 * 1_000
        assert (await take(one, "50.00", number=1001, pin="8080"))["payee"] == "caio"
        assert await balances(one) == {"dora": "-8000", "caio": "8000"}


async def test_what_is_no_pin_and_no_typed_payment_is_refused_and_changes_nothing(riacho: Riacho) -> None:
    await with_a_pin(riacho)
    await riacho.join("bia", "Bia", BIAS_KEYS)
    for as_, wish, code in (
        ("bia", {"pin": "4711"}, "FORBIDDEN"),
        ("caio", {"pin": "4711", "member": "dora"}, "FORBIDDEN"),
        ("dora", {"pin": "123"}, "MALFORMED"),
        ("dora", {"pin": "12a4"}, "MALFORMED"),
        ("", {"pin": "4711", "member": "zoe"}, "MEMBER_UNKNOWN"),
    ):
        assert (await riacho.ask("POST", "/v1/pins", wish, as_=as_))["code"] == code, wish
    halves: tuple[dict[str, Any], ...] = (
        {},
        {"number": 1001},
        {"pin": "4711"},
        {"number": 1001, "pin": "4711", "code": "AAAA"},
    )
    for typed in halves:
        assert (await take(riacho, "1.00", **typed))["code"] == "MALFORMED", typed
    assert (await take(riacho, "1.00", number=1002, pin="4711"))["code"] == "NOT_FOUND"
    assert (await take(riacho, "1.00", as_="dora", number=1001, pin="4711"))["code"] == "SAME_ACCOUNT"
    assert (await take(riacho, "1.00", number=1001, pin="4711", payee="dora"))["code"] == "FORBIDDEN"
    assert (await riacho.ask("GET", "/v1/pins/dora", as_="caio"))["code"] == "NOT_FOUND"
    assert (await riacho.ask("GET", "/v1/typed-payments/none", as_="caio"))["code"] == "PAYMENT_UNKNOWN"
    assert await balances(riacho) == {} and await tries_left(riacho) == 3


async def test_what_is_remembered_of_a_request_tells_no_pin(riacho: Riacho) -> None:
    """A copy of the database, without the key that the client drew, is no list of PINs to try out."""
    await with_a_pin(riacho)
    key = token_urlsafe(16)
    assert (await take(riacho, "5.00", key=key, number=1001, pin="0000"))["code"] == "PIN_WRONG"
    with closing(sqlite3.connect(riacho.home / home.DATABASE)) as database:
        stored = {bytes(request) for (request,) in database.execute("SELECT request FROM answers")}
    assert stored
    for pin in range(10_000):
        body = json.dumps({"amount": hours("5.00"), "number": 1001, "pin": f"{pin:04}"}).encode()
        assert sha256(b"POST /v1/typed-payments\0" + body).digest() not in stored, "the PIN is known by what was stored"
