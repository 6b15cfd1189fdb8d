# SPDX-License-Identifier: AGPL-3.0-or-later
"""Without a card reader: a code pays once; number and PIN pay a little a day, and three wrong ones lock."""

import pytest

from protocol.book.payments import PaymentAuth
from protocol.book.refusals import FORBIDDEN, LIMIT_EXCEEDED, MALFORMED, NOT_FOUND, STATE_CONFLICT, Refused
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.credit.typed.codes import (
    CODE_CAP,
    CODE_EXPIRED,
    CODE_UNKNOWN,
    CODE_USED,
    CodePaid,
    IssueCodes,
    WithdrawCodes,
)
from protocol.practices.credit.typed.pins import PIN_CAP, PIN_LOCKED, PIN_WRONG, PinPaid, SetPin
from protocol.practices.credit.typed.taking import TakeTyped
from tests.protocol.practices.credit.cardholders import CardGroup, hours, shops
from tests.protocol.practices.desk import DAY_MS, copy_of, keys_of, snapshot


@pytest.fixture
def tepito() -> CardGroup:
    return shops()


def paper(group: CardGroup, cap: int = 10_00, count: int = 3) -> tuple[str, tuple[str, ...]]:
    """Let Ana have a paper, by her signature."""
    wish = IssueCodes(group.account("ana").id, hours(cap), count, drawn_id(group.chance))
    shown = group.do("ana", "paper-codes.create", Brought(group.sign("paper-codes.create", wish, keys_of("ana"))))
    return shown.id, shown.codes


def test_a_code_of_a_paper_pays_once_and_up_to_its_cap(tepito: CardGroup) -> None:
    name, codes = paper(tepito)
    assert len(codes) == 3
    refused = tepito.ask("bia", "typed-payments.create", TakeTyped(hours(10_01), codes[0]))
    assert refused == Refused(CODE_CAP, {"limit": 10_00, "currency": "HORA"})
    paid = tepito.do("bia", "typed-payments.create", TakeTyped(hours(8_00), codes[0].lower().replace("-", " ")))
    assert (paid.payer, paid.payee, paid.amount, paid.auth) == ("ana", "bia", hours(8_00), PaymentAuth.CUSTODIAL)
    assert (tepito.balance("ana"), tepito.balance("bia")) == (-8_00, 8_00)
    assert tepito.refusal("bia", "typed-payments.create", TakeTyped(hours(1_00), codes[0])) is CODE_USED
    assert tepito.refusal("bia", "typed-payments.create", TakeTyped(hours(1_00), "AAAA-BBBB")) is CODE_UNKNOWN
    assert tepito.view("ana", "paper-codes.show", name).left == 2
    assert tepito.view("ana", "paper-codes.show", name).codes is None, "codes are told once"
    assert tepito.view("bia", "paper-codes.show", name).reason is NOT_FOUND
    tepito.do("steward", "paper-codes.withdraw", WithdrawCodes(), name)
    assert tepito.refusal("bia", "typed-payments.create", TakeTyped(hours(1_00), codes[1])) is CODE_EXPIRED
    assert tepito.refusal("ana", "paper-codes.withdraw", WithdrawCodes(), name) is STATE_CONFLICT
    assert tepito.check(CodePaid(bytes(16), codes[1], tepito.account("bia").id, 1)) is CODE_EXPIRED
    assert snapshot(copy_of(tepito.written)) == snapshot(tepito.book)


def test_a_paper_ends_by_itself_and_pays_no_more_than_the_account_may(tepito: CardGroup) -> None:
    _, codes = paper(tepito, cap=900_00)
    assert tepito.refusal("bia", "typed-payments.create", TakeTyped(hours(600_00), codes[0])) is LIMIT_EXCEEDED
    assert tepito.refusal("bia", "typed-payments.create", TakeTyped(hours(1_00), codes[0], payee="caio")) is FORBIDDEN
    tepito.now += 181 * DAY_MS
    assert tepito.refusal("bia", "typed-payments.create", TakeTyped(hours(1_00), codes[0])) is CODE_EXPIRED


def test_who_has_no_phone_pays_by_number_and_pin_a_little_a_day(tepito: CardGroup) -> None:
    shown = tepito.do("dora", "pins.create", SetPin("4711"))
    assert (shown.member, shown.number, shown.tries_left) == ("dora", 1_001, 3)
    paid = tepito.do("bia", "typed-payments.create", TakeTyped(hours(30_00), number=1_001, pin="4711"))
    assert (paid.payer, paid.auth) == ("dora", PaymentAuth.CUSTODIAL)
    refused = tepito.ask("bia", "typed-payments.create", TakeTyped(hours(20_01), number=1_001, pin="4711"))
    assert refused == Refused(PIN_CAP, {"missing": 50_01, "limit": 50_00, "available": 20_00, "currency": "HORA"})
    tepito.now += DAY_MS
    tepito.do("caio", "typed-payments.create", TakeTyped(hours(50_00), number=1_001, pin="4711"))
    assert (tepito.balance("dora"), tepito.balance("bia"), tepito.balance("caio")) == (-80_00, 30_00, 50_00)
    assert snapshot(copy_of(tepito.written)) == snapshot(tepito.book)


def test_three_wrong_pins_lock_a_number_until_a_new_one_is_set(tepito: CardGroup) -> None:
    tepito.do("steward", "pins.create", SetPin("4711", "dora"))

    def typed(pin: str) -> object:
        found = tepito.ask("bia", "typed-payments.create", TakeTyped(hours(1_00), number=1_001, pin=pin))
        return (found.reason, found.figures.get("left")) if isinstance(found, Refused) else found.payer

    assert [typed("4712"), typed("4711")] == [(PIN_WRONG, 2), "dora"]
    assert [typed("0000"), typed("1111"), typed("2222")] == [(PIN_WRONG, 2), (PIN_WRONG, 1), (PIN_LOCKED, None)]
    assert typed("4711") == (PIN_LOCKED, None)
    assert tepito.view("dora", "pins.show", "dora").tries_left == 0
    tepito.do("dora", "pins.create", SetPin("8080"))
    assert [typed("4711"), typed("8080")] == [(PIN_WRONG, 2), "dora"]
    assert snapshot(copy_of(tepito.written)) == snapshot(tepito.book)


def test_what_no_pin_can_do(tepito: CardGroup) -> None:
    assert tepito.refusal("ana", "pins.create", SetPin("4711")) is FORBIDDEN, "who has a key pays by it"
    assert tepito.refusal("bia", "pins.create", SetPin("4711", "dora")) is FORBIDDEN
    for pin in ("123", "12a4", "١٢٣٤"):
        assert tepito.refusal("dora", "pins.create", SetPin(pin)) is MALFORMED
    wishes = (TakeTyped(hours(1)), TakeTyped(hours(1), "AAAA", 1_001, "4711"), TakeTyped(hours(1), number=1_001))
    for wish in wishes:
        assert tepito.refusal("bia", "typed-payments.create", wish) is MALFORMED
    wish = TakeTyped(hours(1), number=1_001, pin="4711")
    assert tepito.refusal("bia", "typed-payments.create", wish) is NOT_FOUND
    ana, bia = tepito.account("ana").id, tepito.account("bia").id
    assert tepito.check(PinPaid(bytes(16), ana, bia, 1)) is NOT_FOUND
