# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bad wishes to a live node: each is refused by its stable code, and nothing has changed."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import cbor2
import pytest
from processes.hands import ByHttp
from processes.harness import SCALE, Commune, Json, Member, Node, link_up, order_json, units

from protocol.book.money import Amount
from protocol.book.signed import Signed
from protocol.wire.keys import KeyPair

TEN_MEGABYTES = 10 * 1024 * 1024
INT64_MAX = 2**63 - 1


@dataclass
class Town:
    """Riacho, where Ana and Caio have keys of their own and Bia has none, linked to Serra, where Edna has one."""

    riacho: Node
    serra: Node
    ana: Member
    bia: Member
    caio: Member
    edna: Member

    def seen(self) -> tuple[dict[str, int], dict[str, int], int, int]:
        """Return all that a payment would change: balances, and the entries that were signed."""
        return (
            self.riacho.balances(),
            self.serra.balances(),
            len(self.riacho.entries()),
            len(self.serra.entries()),
        )


@pytest.fixture(scope="module")
def town(lasting: Commune) -> Iterator[Town]:
    riacho, serra = lasting.riacho_and_serra()
    ana, caio = (riacho.join(handle, keys=keys_of(handle)) for handle in ("ana", "caio"))
    edna = serra.join("edna", keys=keys_of("edna"))
    bia = riacho.join("bia")
    link_up(riacho, serra, 100)
    town = Town(riacho, serra, ana, bia, caio, edna)
    assert ana.pay("bia", 10)["state"] == "posted"
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    yield town
    # After all of it both still serve, and their books are whole.
    assert ana.pay("bia", 1)["state"] == "posted"
    assert ana.pay_through("edna@serra", 1)["state"] == "posted"
    for node in (riacho, serra):
        assert node.is_zero_sum
        node.stop()
        node.verify_book()


def keys_of(handle: str) -> KeyPair:
    return KeyPair.from_seed(handle.encode().ljust(32, b"."))


def refused(town: Town, body: object, *, key: str | None = None) -> tuple[int, str]:
    """Return the status and code by which a payment is refused, having seen that nothing has changed."""
    before = town.seen()
    reply = town.riacho.api.ask("POST", "/v1/payments", body, key=key)
    assert town.seen() == before
    return reply.status, reply.code


def ordered(signed: Signed) -> Json:
    return {"signed": order_json(signed)}


# Orders: each case takes a good price, and makes a bad order of it.

Order = Callable[[Town, Json], Signed]


def minor(value: int) -> Amount:
    return Amount(value, "HORA", SCALE)


def _signature_of_another(town: Town, price: Json) -> Signed:
    good = town.ana.sign(price)
    return Signed(good.data, town.caio.keys.sign("wish", good.data) if town.caio.keys else b"")


def _signature_with_a_bit_flipped(town: Town, price: Json) -> Signed:
    good = town.ana.sign(price)
    return Signed(good.data, good.signature[:-1] + bytes([good.signature[-1] ^ 1]))


def _payee_changed_after_signing(town: Town, price: Json) -> Signed:
    good = town.ana.sign(price)
    changed = good.data.replace(town.bia.account.encode(), town.caio.account.encode())
    assert changed != good.data
    return Signed(changed, good.signature)


def _by_a_stranger(town: Town, price: Json) -> Signed:
    return Member(town.riacho, "eva", town.ana.account, keys_of("eva")).sign(price)


def _of_a_new_number(town: Town, price: Json, back: int) -> Signed:
    newest = town.riacho.api.get("/v1/members/ana")["keys"][0]["order_seq"]
    return town.ana.sign(price, order_seq=newest - back)


def _with(**changed: Any) -> Order:
    return lambda town, price: town.ana.sign(price, **changed)


def _rewritten(rewrite: Callable[[bytes], bytes]) -> Order:
    """Return an order whose very bytes are another encoding of the same words, rightly signed."""

    def make(town: Town, price: Json) -> Signed:
        data = rewrite(town.ana.sign(price).data)
        assert town.ana.keys is not None
        return Signed(data, town.ana.keys.sign("wish", data))

    return make


def _backwards(data: bytes) -> bytes:
    fields = cbor2.loads(data)
    return cbor2.dumps(dict(reversed(fields.items())))


def _with_a_long_number(data: bytes) -> bytes:
    # The first key, 1, in two bytes instead of one.
    assert data[1] == 1
    return data[:1] + b"\x18\x01" + data[2:]


def _with_a_huge_number(data: bytes) -> bytes:
    return cbor2.dumps({number: 2**64 if number == 5 else value for number, value in cbor2.loads(data).items()})


def _with_another_wish(data: bytes) -> bytes:
    return cbor2.dumps({number: b"\xa0" if number == 3 else value for number, value in cbor2.loads(data).items()})


ORDERS: dict[str, tuple[Order, int, str]] = {
    "forged: another's signature": (_signature_of_another, 403, "SIGNATURE_INVALID"),
    "forged: one bit of it": (_signature_with_a_bit_flipped, 403, "SIGNATURE_INVALID"),
    "forged: another payee than was signed": (_payee_changed_after_signing, 403, "SIGNATURE_INVALID"),
    "a key that is nobody's": (_by_a_stranger, 403, "KEY_UNKNOWN"),
    "another's account": (lambda town, price: town.caio.sign(price), 403, "FORBIDDEN"),
    "replayed number": (lambda town, price: _of_a_new_number(town, price, 0), 409, "ORDER_REPLAYED"),
    "stale number": (lambda town, price: _of_a_new_number(town, price, 1), 409, "ORDER_STALE"),
    "another network": (
        lambda town, price: town.ana.sign(price, network=town.serra.network),
        422,
        "WRONG_NETWORK",
    ),
    "expired": (_with(not_after_ms=round(time.time() * 1000) - 60_000), 422, "ORDER_EXPIRED"),
    "amount 0": (_with(amount=minor(0)), 400, "AMOUNT_NOT_POSITIVE"),
    "negative amount": (_with(amount=minor(-5_00)), 400, "AMOUNT_NOT_POSITIVE"),
    "more than allowed": (_with(max_debit=minor(99)), 422, "MAX_DEBIT_EXCEEDED"),
    "beyond the limit": (_with(amount=minor(1_000_00), max_debit=None), 422, "LIMIT_EXCEEDED"),
    "beyond any limit": (_with(amount=minor(INT64_MAX), max_debit=None), 400, "AMOUNT_TOO_LARGE"),
    "unknown payee": (_with(payee="nobody"), 404, "MEMBER_UNKNOWN"),
    "unknown payer": (_with(payer="NOBODY2222222222.HORA"), 404, "ACCOUNT_UNKNOWN"),
    "keys in the wrong order": (_rewritten(_backwards), 400, "MALFORMED"),
    "a number in a long form": (_rewritten(_with_a_long_number), 400, "MALFORMED"),
    "a number above int64": (_rewritten(_with_a_huge_number), 400, "MALFORMED"),
    "a wish that is none": (_rewritten(_with_another_wish), 400, "MALFORMED"),
    "another operation's wish": (_with(operation="payments.reverse"), 400, "MALFORMED"),
    "a number far ahead": (_with(order_seq=2**53), 422, "ORDER_AHEAD"),
    "bytes after the end": (_rewritten(lambda data: data + b"\0"), 400, "MALFORMED"),
    "no CBOR at all": (_rewritten(lambda _: b"pay me"), 400, "MALFORMED"),
}


@pytest.mark.parametrize("case", ORDERS)
def test_an_order_that_does_not_count(town: Town, case: str) -> None:
    make, status, code = ORDERS[case]
    price = town.ana.price("bia", 1)
    assert refused(town, ordered(make(town, price))) == (status, code)


def test_an_order_sent_again_pays_once(town: Town) -> None:
    body = ordered(town.ana.sign(town.ana.price("bia", 1)))
    first = town.riacho.api.post("/v1/payments", body)
    before = town.seen()
    assert town.riacho.api.post("/v1/payments", body)["id"] == first["id"]
    assert town.riacho.api.post("/v1/payments", body, key="another-key")["id"] == first["id"]
    assert town.seen() == before


def test_an_order_of_one_network_counts_nowhere_else(town: Town) -> None:
    signed = town.ana.sign(town.ana.price("bia", 1))
    before = town.seen()
    # Who pays is no member there.
    assert town.serra.api.refused("/v1/payments", ordered(signed))["code"] == "KEY_UNKNOWN"
    # Nor does it help to say that Serra's own member is the payee.
    to_edna = town.ana.sign(town.ana.price("bia", 1), payee=town.edna.account)
    assert town.serra.api.refused("/v1/payments", ordered(to_edna))["code"] == "KEY_UNKNOWN"
    assert town.seen() == before


# Words: payments without a signature.


def word(payee: str = "ana", **changed: object) -> Json:
    return {"payer": "bia", "payee": payee, "amount": units(1), **changed}


def amount(value: str, scale: int = SCALE, **more: str) -> Json:
    return {"value": value, "asset_scale": scale, **more}


WORDS: dict[str, tuple[Json, int, str]] = {
    "amount 0": (word(amount=amount("0")), 400, "AMOUNT_NOT_POSITIVE"),
    "negative amount": (word(amount=amount("-100")), 400, "AMOUNT_NOT_POSITIVE"),
    "above int64": (word(amount=amount(str(2**63))), 400, "AMOUNT_TOO_LARGE"),
    "above int64 in minor units": (word(amount=amount(str(2**62), 0)), 400, "AMOUNT_TOO_LARGE"),
    "more decimals than the scale": (word(amount=amount("1005", 3)), 400, "SCALE_EXCEEDED"),
    "a number where digits in a text are": (word(amount={"value": 100, "asset_scale": SCALE}), 400, "AMOUNT_MALFORMED"),
    "no word of its decimals": (word(amount={"value": "3"}), 400, "AMOUNT_MALFORMED"),
    "a float": (word(amount=amount("1.5")), 400, "AMOUNT_MALFORMED"),
    "unknown payee": (word("nobody"), 404, "MEMBER_UNKNOWN"),
    "unknown payer": (word(payer="nobody"), 404, "MEMBER_UNKNOWN"),
    "a currency that the account is not in": (word(amount=amount("100", asset_code="GOLD")), 422, "CURRENCY_MISMATCH"),
    "to oneself": (word("bia"), 422, "SAME_ACCOUNT"),
    "of a member with a key": (word("bia", payer="ana"), 403, "FORBIDDEN"),
    "half a surrogate pair": (word(note="\ud83c"), 400, "MALFORMED"),
    "a field that there is not": (word(amout=units(1)), 400, "MALFORMED"),
    "a payment id that is no UUID": (word(payment="1"), 400, "MALFORMED"),
    "abroad, without a price": (word("edna@serra"), 404, "QUOTE_UNKNOWN"),
    "abroad, at a price that nobody gave": (word("edna@serra", invoice="A" * 43), 404, "QUOTE_UNKNOWN"),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_word_that_does_not_count(town: Town, case: str) -> None:
    body, status, code = WORDS[case]
    assert refused(town, body) == (status, code)


def test_what_nobody_here_has_heard_of(town: Town) -> None:
    before = town.seen()
    api = town.riacho.api
    for path, body, code in (
        ("/v1/quotes", {"payer": "bia", "payee": "edna@atlantis", "amount": units(1)}, "NETWORK_UNKNOWN"),
        ("/v1/quotes", {"payer": "bia", "payee": "nobody@serra", "amount": units(1)}, "MEMBER_UNKNOWN"),
        ("/v1/members/bia/approve", {"currency": "GOLD"}, "CURRENCY_UNKNOWN"),
        ("/v1/members/nobody/suspend", {}, "MEMBER_UNKNOWN"),
        ("/v1/links", {"partner": "atlantis", "limit": units(1), "currency": "HORA"}, "NETWORK_UNKNOWN"),
        ("/v1/links", {"partner": "serra", "limit": units(1), "currency": "GOLD"}, "CURRENCY_UNKNOWN"),
        ("/v1/currencies/GOLD/close", {}, "CURRENCY_UNKNOWN"),
        ("/v1/members", {"code": "AAAA-BBBB-CCCC-DDDD", "handle": "mau"}, "INVITATION_UNKNOWN"),
    ):
        problem = api.refused(path, body)
        assert (problem["status"], problem["code"]) == (404, code), path
    assert town.seen() == before


def test_a_body_that_is_no_wish(town: Town) -> None:
    for body in (b"", b"{", b"[]", b"\xff\xfe", b'{"payer":"bia","payer":"ana"}', b'{"amount":NaN}', b"[" * 30_000):
        assert refused(town, body) == (400, "MALFORMED")


def test_a_time_beyond_all_that_can_be_signed(town: Town) -> None:
    before = town.seen()
    late = "9999-12-31T23:59:59Z"
    for path, body in (
        ("/v1/invitations", {"not_after": late}),
        ("/v1/payment-requests", {"payee": "bia", "amount": units(1), "not_after": late}),
        ("/v1/scheduled-payments", {"payer": "bia", "payee": "ana", "amount": units(1), "first_at": late}),
        ("/v1/members/bia/mandate", {"helper": "ana", "cap": units(1), "not_after": late}),
    ):
        problem = town.riacho.api.refused(path, body)
        assert (problem["status"], problem["code"]) == (400, "MALFORMED"), path
    assert town.seen() == before


def test_ten_megabytes(town: Town) -> None:
    before = town.riacho.rss_bytes
    body = json.dumps(word(note="x" * TEN_MEGABYTES)).encode()
    assert refused(town, body) == (413, "BODY_TOO_LARGE")
    assert town.riacho.rss_bytes - before < 5 * 1024 * 1024


def test_an_idempotency_key_stands_for_one_wish_alone(town: Town) -> None:
    first = town.riacho.api.ask("POST", "/v1/payments", word(), key="bread-1")
    assert first.status == 201
    before = town.seen()
    again = town.riacho.api.ask("POST", "/v1/payments", word(), key="bread-1")
    assert (again.status, again.body) == (201, first.body) and again.headers["idempotency-replayed"] == "true"
    assert refused(town, word(amount=units(2)), key="bread-1") == (422, "IDEMPOTENCY_REUSED")
    assert refused(town, word("caio"), key="bread-1") == (422, "IDEMPOTENCY_REUSED")
    assert town.seen() == before


def test_a_key_of_small_order_is_nobodys(town: Town) -> None:
    code = town.riacho.api.post("/v1/invitations")["code"]
    before = town.seen()
    for small in (bytes(32), b"\x01" + bytes(31), bytes.fromhex("ec" + "ff" * 30 + "7f")):
        joining = _joining(town.riacho, "mau", small)
        problem = town.riacho.api.refused("/v1/members", {"code": code, "handle": "mau", "joining": joining})
        assert problem["code"] == "KEY_UNACCEPTABLE"
    assert town.seen() == before


def _joining(node: Node, handle: str, key: bytes) -> Json:
    from protocol.practices.people.joinings import Joining
    from protocol.wire.codec import encode
    from protocol.wire.shape import to_map

    data = encode(to_map(Joining(node.network, handle, key)))
    # A small-order key verifies R of small order with S = 0 for some messages: nobody can tell beforehand.
    return order_json(Signed(data, key + bytes(32)))


def test_who_may_not_may_not(town: Town) -> None:
    before = town.seen()
    api = town.riacho.api
    for token, status, code in ((None, 401, "UNAUTHENTICATED"), (_token("guessed"), 401, "UNAUTHENTICATED")):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        reply = type(api)(api.port, None).ask("POST", "/v1/payments", word(), headers=headers)
        assert (reply.status, reply.code) == (status, code)
    made = api.refused("/v1/tokens", {"label": "Ana's till", "role": "member", "member": "ana"})
    assert made["figures"] == {"allowed": "the member itself by its own key"}
    door = ByHttp().session(town.ana)
    assert door.refused("/v1/payments", word())["code"] == "FORBIDDEN"
    assert door.refused("/v1/members/bia/suspend", {})["code"] == "FORBIDDEN"
    assert door.ask("GET", "/v1/accounts/bia").code == "FORBIDDEN"
    assert town.seen() == before


def _token(word: str) -> str:
    return "mt_" + sha256(word.encode() + os.urandom(8)).hexdigest()[:43]
