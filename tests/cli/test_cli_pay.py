# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying signs no more than what was asked and shown, pays once, and says what became of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import keys, pay
from protocol.book.money import Amount
from protocol.book.personal import text_digest
from protocol.book.signed import Envelope, Signed, is_authentic, read_signed
from protocol.practices.money.payments.entries import Pay
from protocol.wire.keys import id_text
from protocol.wire.pattern import reader

RIACHO, SERRA = bytes(range(32)), bytes(range(32, 64))
INVOICE, CONDITION, HEAD = b"i" * 32, b"c" * 32, b"h" * 32
EXPIRES_MS = 1_795_000_000_123

NODE = {"network_id": id_text(RIACHO), "handle": "riacho"}
PRICE = {
    "id": "Q",
    "payer": "ANA.HORA",
    "payee_network": id_text(RIACHO),
    "payee": "BIA.HORA",
    "payee_handle": "bia@riacho",
    "amount": {"value": "1250", "asset_code": "HORA", "asset_scale": 2},
    "debit": {"value": "1250", "asset_code": "HORA", "asset_scale": 2},
    "expires_at": "2026-11-18T11:06:40.123Z",
    "invoice": None,
    "condition": None,
    "head": keys.text_of(HEAD),
    "paths": [],
}
ABROAD = {
    **PRICE,
    "payee_network": id_text(SERRA),
    "payee": "BIA.FLOR",
    "payee_handle": "bia@serra",
    "amount": {"value": "1250", "asset_code": "FLOR", "asset_scale": 2},
    "debit": {"value": "834", "asset_code": "HORA", "asset_scale": 2},
    "invoice": keys.text_of(INVOICE),
    "condition": keys.text_of(CONDITION),
}


def payment(state: str = "posted", reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "P",
        "state": state,
        "reason": reason,
        "payee": "bia",
        "amount": PRICE["amount"],
        "debit": PRICE["debit"],
        "route": [],
    }


@pytest.fixture
def node(stub: Any) -> Any:
    """A node that prices 12.50 at home and lets everybody pay."""
    stub.shows("GET", "/v1/node", NODE)
    stub.shows("POST", "/v1/challenges", {"challenge": keys.text_of(RIACHO + bytes(32))}, 201)
    stub.shows("POST", "/v1/sessions", {"token": "mt_ana"}, 201)
    return stub


@pytest.fixture
def ana(tmp_path: Path) -> Path:
    keys.write_new(tmp_path / "ana.key")
    return tmp_path / "ana.key"


def orders(node: Any) -> list[tuple[Envelope, Pay, dict[str, Any]]]:
    found: list[tuple[Envelope, Pay, dict[str, Any]]] = []
    for one in node.asked("POST", "/v1/payments"):
        signed = Signed(*(keys.bytes_of(one.body["signed"][name]) for name in ("data", "signature")))
        envelope = read_signed(signed)
        assert envelope is not None and is_authentic(signed, envelope)
        assert envelope.operation == "payments.create"
        found.append((envelope, reader(Pay)(envelope.fields), one.body))
    return found


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def way(debit: int, *handles: str | None) -> dict[str, Any]:
    hops = [{"network": f"n{at}", "handle": handle, "link": "l", "amount": 1} for at, handle in enumerate(handles)]
    return {"hops": hops, "debit": {**ABROAD["debit"], "value": str(debit)}}


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        ([way(834, "serra")], []),
        ([way(834, "encants", None, "serra")], ["by way of encants, n1"]),
        ([way(500, "encants", "serra"), way(334, "serra")], ["5.00 HORA by way of encants", "3.34 HORA directly"]),
    ],
    ids=["directly", "over two", "two ways"],
)
def test_who_forwards_a_payment_is_told_with_its_price(
    mutirao: Callable[..., Any], node: Any, ana: Path, ways: list[dict[str, Any]], told: list[str]
) -> None:
    node.shows("POST", "/v1/quotes", {**ABROAD, "paths": ways}, 201)
    node.shows("POST", "/v1/payments", payment(), 201)
    ended = mutirao("pay", "--key", ana, "bia@serra", "12.50")
    assert ended.out.splitlines() == ["bia@serra gets 12.50 FLOR, you pay 8.34 HORA", *told, "posted", "payment P"]


def test_an_order_is_for_exactly_the_price_that_was_shown(mutirao: Callable[..., Any], node: Any, ana: Path) -> None:
    node.shows("POST", "/v1/quotes", ABROAD, 201)
    node.shows("POST", "/v1/payments", payment(), 201)
    ended = mutirao("pay", "--key", ana, "bia@serra", "12.50", "bread", "--via", "encants", "--max-debit", "8.34")
    assert ended.out == "bia@serra gets 12.50 FLOR, you pay 8.34 HORA\nposted\npayment P\n"
    amount = {"value": "1250", "asset_scale": 2}
    quote = node.asked("POST", "/v1/quotes")[0]
    assert quote.body == {"payee": "bia@serra", "amount": amount, "note": "bread", "via": ["encants"]}
    assert quote.headers["Authorization"] == "Bearer mt_ana"
    [(envelope, wish, body)] = orders(node)
    assert (envelope.network, envelope.not_after_ms, envelope.head) == (RIACHO, EXPIRES_MS, HEAD)
    assert envelope.key == keys.read(ana).public
    assert (wish.payer, wish.payee) == ("ANA.HORA", f"mutirao:{id_text(SERRA)}/BIA.FLOR")
    assert (wish.amount, wish.max_debit) == (Amount(1250, "FLOR", 2), hours(834))
    assert (wish.invoice, wish.condition, wish.pending) == (INVOICE, CONDITION, False)
    assert wish.note == text_digest(keys.bytes_of(body["note_salt"]), "bread")
    assert body.keys() == {"signed", "note", "note_salt"}


def test_an_order_may_allow_more_than_the_price(mutirao: Callable[..., Any], node: Any, ana: Path) -> None:
    node.shows("POST", "/v1/quotes", ABROAD, 201)
    node.shows("POST", "/v1/payments", payment(), 201)
    mutirao("pay", "--key", ana, "bia@serra", "12.50", "--max-debit", "9")
    mutirao("pay", "--key", ana, "bia@serra", "12.50", "--max-debit", "9.009")
    assert [wish.max_debit for _, wish, _ in orders(node)] == [hours(900), hours(900)]


def test_without_a_key_the_node_pays_on_the_token_s_word(mutirao: Callable[..., Any], node: Any) -> None:
    node.shows("POST", "/v1/quotes", PRICE, 201)
    node.shows("POST", "/v1/quotes", ABROAD, 201)
    node.shows("POST", "/v1/payments", payment(), 201)
    mutirao("pay", "bia", "12.50", "--token", "mt_t", "--pending")
    mutirao("pay", "bia@serra", "12.50", "--token", "mt_t", "--from", "caro", "--mandate", "M")
    here, abroad = (one.body for one in node.asked("POST", "/v1/payments"))
    amount = {"value": "1250", "asset_scale": 2}
    assert here == {
        "payer": "ANA.HORA", "payee": "bia", "amount": amount, "payment": here["payment"], "pending": True,
    }  # fmt: skip
    assert (abroad["invoice"], abroad["mandate"], abroad["payee"]) == (ABROAD["invoice"], "M", "bia@serra")
    assert here["payment"] != abroad["payment"]


@pytest.mark.parametrize(
    ("typed", "price"),
    [
        ("12.50", {"value": "12500", "asset_code": "HORA", "asset_scale": 2}),
        ("12.50", {"value": "1251", "asset_code": "HORA", "asset_scale": 2}),
        ("12.50 FLOR", PRICE["amount"]),
        ("12.49 HORA", PRICE["amount"]),
    ],
)
def test_a_price_for_something_else_is_not_signed(
    mutirao: Callable[..., Any], node: Any, ana: Path, typed: str, price: Any
) -> None:
    node.shows("POST", "/v1/quotes", {**PRICE, "amount": price, "debit": price}, 201)
    ended = mutirao("pay", "--key", ana, "bia", typed)
    assert ended.code == 1
    assert "ORDER_MISMATCH" in ended.err
    assert node.asked("POST", "/v1/payments") == []


@pytest.mark.parametrize(
    ("typed", "code"), [("12.5", 0), ("12.500 HORA", 0), ("12.50HORA", 0), ("8.34 HORA", 0), ("8.33 HORA", 1)]
)
def test_an_amount_may_be_meant_in_either_currency(
    mutirao: Callable[..., Any], node: Any, ana: Path, typed: str, code: int
) -> None:
    """What the payer names in its own currency is the most that it gives."""
    node.shows("POST", "/v1/quotes", ABROAD if typed.startswith("8") else PRICE, 201)
    node.shows("POST", "/v1/payments", payment(), 201)
    assert mutirao("pay", "--key", ana, "bia@serra", typed).code == code


def test_nothing_is_paid_above_the_most_that_is_allowed(mutirao: Callable[..., Any], node: Any, ana: Path) -> None:
    node.shows("POST", "/v1/quotes", ABROAD, 201)
    ended = mutirao("pay", "--key", ana, "bia@serra", "12.50", "--max-debit", "8.33")
    assert ended.code == 1
    assert ended.err == "mutirao: MAX_DEBIT_EXCEEDED: It would cost 8.34 HORA, more than the 8.33 you allowed.\n"
    assert mutirao("pay", "--key", ana, "bia@serra", "12.50", "--max-debit", "13 FLOR").code == 2
    assert node.asked("POST", "/v1/payments") == []


def test_an_order_goes_behind_the_newest_one_of_a_device_whose_clock_is_ahead(
    mutirao: Callable[..., Any], node: Any, ana: Path
) -> None:
    ahead = 2**52
    node.shows("POST", "/v1/quotes", PRICE, 201)
    node.refuses("POST", "/v1/payments", "ORDER_STALE", status=409, order_seq=ahead)
    node.shows("POST", "/v1/payments", payment(), 201)
    assert mutirao("pay", "--key", ana, "bia", "12.50").code == 0
    (first, wish, _), (second, again, _) = orders(node)
    assert first.order_seq < ahead < second.order_seq == ahead + 1
    assert wish.payment == again.payment is not None
    ids = [one.headers["Idempotency-Key"] for one in node.asked("POST", "/v1/payments")]
    assert ids[0] != ids[1]


def test_the_same_key_finds_the_payment_that_it_made(mutirao: Callable[..., Any], node: Any, ana: Path) -> None:
    path = f"/v1/payments/{pay.id_text_of(pay.id_of('rent-may', 'payments'))}"
    node.refuses("GET", path, "PAYMENT_UNKNOWN", status=404)
    node.shows("GET", path, payment())
    node.shows("POST", "/v1/quotes", PRICE, 201)
    node.shows("POST", "/v1/payments", payment(), 201)
    words = ("pay", "--key", ana, "bia", "12.50", "--idempotency-key", "rent-may", "--json")
    assert mutirao(*words).shown == mutirao(*words).shown == payment()
    [(_, wish, _)] = orders(node)
    assert path.endswith(pay.id_text_of(wish.payment or b""))


@pytest.mark.parametrize(
    ("payee", "amount"), [("bia", "12.51"), ("bia", "13.00 HORA"), ("bia", "12.50 FLOR"), ("caio", "12.50")]
)
def test_a_key_that_paid_something_else_is_told_so_and_pays_nothing(
    mutirao: Callable[..., Any], node: Any, ana: Path, payee: str, amount: str
) -> None:
    node.shows("GET", f"/v1/payments/{pay.id_text_of(pay.id_of('rent-may', 'payments'))}", payment())
    ended = mutirao("pay", "--key", ana, payee, amount, "--idempotency-key", "rent-may")
    assert (ended.code, ended.out) == (1, "") and "IDEMPOTENCY_REUSED" in ended.err and "12.50 HORA to bia" in ended.err
    assert not node.asked("POST", "/v1/payments")


@pytest.mark.parametrize(
    ("payee", "amount"),
    [("bia@riacho", "12.5"), ("BIA.HORA", "12.50 HORA"), (f"mutirao:{id_text(RIACHO)}/bia", "12.50")],
)
def test_a_key_finds_its_payment_in_other_words_too(
    mutirao: Callable[..., Any], node: Any, ana: Path, payee: str, amount: str
) -> None:
    node.shows("GET", f"/v1/payments/{pay.id_text_of(pay.id_of('rent-may', 'payments'))}", payment())
    assert mutirao("pay", "--key", ana, payee, amount, "--idempotency-key", "rent-may").code == 0


def test_a_payment_on_its_way_is_watched_until_it_arrives(mutirao: Callable[..., Any], node: Any, ana: Path) -> None:
    node.shows("POST", "/v1/quotes", ABROAD, 201)
    node.shows("POST", "/v1/payments", payment("pending"), 201)
    node.shows("GET", "/v1/payments/P", payment("pending"))
    node.shows("GET", "/v1/payments/P", payment("posted"))
    ended = mutirao("pay", "--key", ana, "bia@serra", "12.50")
    assert (ended.code, ended.out.splitlines()[1:]) == (0, ["posted", "payment P"])


def test_a_payment_that_comes_back_is_a_refusal_with_its_reason(
    mutirao: Callable[..., Any], node: Any, ana: Path
) -> None:
    node.shows("POST", "/v1/quotes", ABROAD, 201)
    node.shows("POST", "/v1/payments", payment("pending"), 201)
    node.shows("GET", "/v1/payments/P", payment("voided", "PAYEE_LIMIT_EXCEEDED"))
    ended = mutirao("pay", "--key", ana, "bia@serra", "12.50")
    assert ended.code == 1
    assert ended.err == "mutirao: PAYEE_LIMIT_EXCEEDED: The payment came back; nothing was paid.\n"
    ended = mutirao("pay", "--key", ana, "bia@serra", "12.50", "--json")
    assert ended.code == 1
    assert (ended.shown["state"], ended.shown["code"]) == ("voided", "PAYEE_LIMIT_EXCEEDED")


def test_a_payment_still_on_its_way_when_the_wait_is_over_is_said_to_be(
    mutirao: Callable[..., Any], node: Any, ana: Path
) -> None:
    node.shows("POST", "/v1/quotes", ABROAD, 201)
    node.shows("POST", "/v1/payments", payment("pending"), 201)
    node.shows("GET", "/v1/payments/P", payment("pending"))
    ended = mutirao("pay", "--key", ana, "bia@serra", "12.50", "--wait", "0.15")
    assert ended.code == 0
    assert "still pending: it is on its way" in ended.out


def test_a_payment_that_the_payee_has_yet_to_take_is_not_waited_for(
    mutirao: Callable[..., Any], node: Any, ana: Path
) -> None:
    node.shows("POST", "/v1/quotes", PRICE, 201)
    node.shows("POST", "/v1/payments", payment("pending"), 201)
    ended = mutirao("pay", "--key", ana, "bia", "12.50", "--pending")
    assert "pending: held until the payee takes it" in ended.out
    [(_, wish, _)] = orders(node)
    assert wish.pending
    assert node.asked("GET", "/v1/payments/P") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"payer": 7},
        {"payee_network": "riacho"},
        {"expires_at": "soon"},
        {"invoice": "zz"},
        {"condition": "00"},
        {"head": 5},
        {"debit": {"value": "1", "asset_code": "HORA"}},
        {"amount": None},
    ],
)
def test_a_price_that_is_none_is_not_signed(mutirao: Callable[..., Any], node: Any, ana: Path, wrong: Any) -> None:
    node.shows("POST", "/v1/quotes", {**PRICE, **wrong}, 201)
    ended = mutirao("pay", "--key", ana, "bia", "12.50")
    assert ended.code == 3
    assert ended.err.count("\n") == 1
    assert node.asked("POST", "/v1/payments") == []


def test_payments_create_with_a_key_does_what_pay_does(mutirao: Callable[..., Any], node: Any, ana: Path) -> None:
    node.shows("POST", "/v1/quotes", PRICE, 201)
    node.shows("POST", "/v1/payments", payment(), 201)
    words = ("payments", "create", "--key", ana, "--payee", "bia", "--amount", "12.50", "--note", "bread")
    assert mutirao(*words, "--json").shown == payment()
    assert [wish.amount for _, wish, _ in orders(node)] == [hours(1250)]


def test_the_most_that_can_be_sent_is_told_and_nothing_is_paid(mutirao: Callable[..., Any], stub: Any) -> None:
    def amount(value: str, code: str) -> dict[str, Any]:
        return {"value": value, "asset_code": code, "asset_scale": 2}

    most = {"payer": "A.HORA", "debit": amount("6667", "HORA"), "amount": amount("10000", "FLOR"),
            "one_way": amount("5000", "HORA"), "bounded_by": "the links"}  # fmt: skip
    stub.shows("GET", "/v1/node", {"network_id": id_text(bytes(32)), "handle": "riacho"})
    stub.shows("GET", "/v1/quotes/most", most)
    ended = mutirao("pay", "--most", "bia@serra", "--from", "ana", "--token", "mt_x")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "at most 66.67 HORA, of which bia@serra gets 100.00 FLOR; what bounds it: the links",
        "over one way alone 50.00 HORA: a larger payment is split by itself",
    ]
    [asked] = stub.asked("GET", "/v1/quotes/most")
    assert asked.path.endswith("?payee=bia%40serra&payer=ana")
    assert {one.method for one in stub.heard} == {"GET"}
    ended = mutirao("pay", "bia@serra", "--token", "mt_x")
    assert ended.code == 2 and "--most" in ended.err
