# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paper vouchers: each serial is presented once, by the signature that it bears; paper counts toward the cap."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    STATE_CONFLICT,
    Refused,
)
from protocol.practices.credit.circulation import OVER_ISSUE
from protocol.practices.credit.vouchers.alone import voucher_fault
from protocol.practices.credit.vouchers.entries import VoucherRedeemed, VouchersIssued, VouchersLapsed
from protocol.practices.credit.vouchers.rules import DUPLICATE_VOUCHER, VOUCHER_EXPIRED, VOUCHER_FORGED
from protocol.practices.credit.vouchers.sheet import VoucherSheetWanted, page_of_vouchers, view_voucher_sheet
from protocol.practices.credit.vouchers.state import VoucherState, read_voucher, voucher_text
from protocol.practices.credit.vouchers.views import IssueVouchers, RedeemVoucher, ReplaceVoucher, VouchersWanted
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import to_map
from tests.protocol.practices.credit.club import CODE, Club, club, credits_of
from tests.protocol.practices.desk import DAY_MS, copy_of, snapshot


@pytest.fixture
def feira() -> Club:
    """A club in which 100.00 may circulate; 12 vouchers of 5.00 are printed."""
    told = club()
    told.set("circulation.base", "100", CODE)
    printed = issued(told, 5_00, 12)
    assert (printed.id, printed.on_paper, printed.count) == ("1", credits_of(60_00), 12)
    return told


def issued(told: Club, minor: int, count: int, days: int = 365) -> Any:
    return told.ask("steward", "vouchers.issue", IssueVouchers(CODE, credits_of(minor), count, days))


def sheet(told: Club, batch: str = "1") -> Any:
    return view_voucher_sheet(told.desk(), VoucherSheetWanted(batch))


def brought(told: Club, who: str, name: str, code: str | None = None) -> Any:
    return told.ask(who, "vouchers.redeem", RedeemVoucher(code), name)


def test_the_second_presentation_of_a_serial_is_refused(feira: Club) -> None:
    one = sheet(feira).vouchers[6]
    assert one.serial == "1-007"
    shown = brought(feira, "ana", one.text)
    assert (shown.id, shown.voucher, shown.on_paper) == ("1-007", VoucherState.REDEEMED, credits_of(55_00))
    assert (feira.balance("ana", CODE), feira.balance("commons", CODE)) == (5_00, -60_00)
    for again in (brought(feira, "bia", one.text), brought(feira, "bia", one.serial, one.code)):
        assert again.reason is DUPLICATE_VOUCHER
        assert (again.figures["serial"], again.figures["state"]) == ("1-007", "redeemed")
    assert feira.balance("bia", CODE) == 0
    [line] = feira.statement("ana", "ana")
    assert (line.kind, line.amount, line.counterpart) == ("voucher", credits_of(5_00), "vouchers")
    assert snapshot(copy_of(feira.written)) == snapshot(feira.book)


def test_paper_counts_toward_the_cap(feira: Club) -> None:
    shown = feira.circulation()
    assert shown.circulating == shown.paper == credits_of(60_00) and shown.available == credits_of(40_00)
    refused = issued(feira, 5_00, 9)
    assert refused.reason is OVER_ISSUE and refused.figures["available"] == 40_00
    assert issued(feira, 5_00, 8).id == "2"
    one = sheet(feira).vouchers[0]
    brought(feira, "ana", one.serial, one.code.lower().replace("-", ""))
    assert feira.circulation().circulating == credits_of(100_00), "it went from paper to an account"


def test_a_forged_voucher_is_told_from_a_genuine_one(feira: Club) -> None:
    one = sheet(feira).vouchers[0]
    said, signed = read_voucher(one.text) or (None, None)
    assert said is not None and signed is not None
    keys = KeyPair.from_seed(bytes(32))
    worth_more = encode(to_map(replace(said, value=500_00)))
    forged = [
        voucher_text(signed.data, keys.sign("voucher", signed.data)),
        voucher_text(worth_more, keys.sign("voucher", worth_more)),
        voucher_text(worth_more, signed.signature),
    ]
    for text in forged:
        assert brought(feira, "ana", text).reason is VOUCHER_FORGED
    assert brought(feira, "ana", "1-001", "AAAA-BBBB-CCCC-DDDD").reason is VOUCHER_FORGED
    assert brought(feira, "ana", "1-001").reason is VOUCHER_FORGED
    for unknown in ("1-013", "2-001", "1", "nonsense", "MUTIRAO1.AAAA", voucher_text(b"", bytes(64))):
        assert brought(feira, "ana", unknown).reason is NOT_FOUND
    entry = VoucherRedeemed(said.batch, 1, bytes(64), feira.account("ana", CODE).id)
    assert feira.check(entry) is VOUCHER_FORGED
    assert feira.check(replace(entry, number=13)) is VOUCHER_FORGED
    assert feira.check(replace(entry, signature=signed.signature)) is None
    assert feira.refusal("bia", "vouchers.redeem", RedeemVoucher(member="ana"), one.text) is FORBIDDEN


def test_one_that_has_expired_is_replaced_for_90_days_and_then_the_commons_has_it(feira: Club) -> None:
    one, other = sheet(feira).vouchers[:2]
    feira.now += 365 * DAY_MS + 1
    refused = brought(feira, "ana", one.text)
    assert refused.reason is VOUCHER_EXPIRED and refused.figures["days"] == 90
    [errand] = [
        found
        for found in feira.listed("steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
        if found.sentence == "vouchers.expiring"
    ]
    assert (errand.id, errand.figure) == ("1", credits_of(60_00))
    new = feira.do("steward", "vouchers.replace", ReplaceVoucher(), one.serial)
    assert (new.id, new.count, new.on_paper) == ("2", 1, credits_of(5_00))
    assert brought(feira, "ana", one.text).reason is DUPLICATE_VOUCHER
    assert feira.refusal("steward", "vouchers.replace", ReplaceVoucher(), one.serial) is DUPLICATE_VOUCHER
    brought(feira, "ana", sheet(feira, "2").vouchers[0].text)
    assert feira.balance("ana", CODE) == 5_00
    feira.pass_time(feira.now + 90 * DAY_MS)
    shown = feira.view("ana", "vouchers.show", other.serial)
    assert (shown.voucher, shown.on_paper) == (VoucherState.LAPSED, credits_of(0))
    assert (feira.balance("commons", CODE), feira.circulation().paper) == (-5_00, credits_of(0))
    assert feira.refusal("steward", "vouchers.replace", ReplaceVoucher(), other.serial) is VOUCHER_EXPIRED
    assert snapshot(copy_of(feira.written)) == snapshot(feira.book)


def test_a_damaged_one_is_replaced_by_its_serial(feira: Club) -> None:
    assert feira.refusal("ana", "vouchers.replace", ReplaceVoucher(), "1-003") is FORBIDDEN
    assert feira.do("steward", "vouchers.replace", ReplaceVoucher(30), "1-003").id == "2"
    assert feira.circulation().paper == credits_of(60_00)
    assert [one.serial for one in sheet(feira).vouchers][:3] == ["1-001", "1-002", "1-004"]


def test_the_sheet_prints_each_with_its_code_and_picture(feira: Club) -> None:
    shown = sheet(feira)
    page = page_of_vouchers(shown)
    assert page.count("<section>") == page.count("<svg") == 12
    assert all(f"No. {one.serial}<" in page and one.code in page for one in shown.vouchers)
    assert "5.00 Credito" in page or "5.00 CREDITO" in page
    assert len({one.text for one in shown.vouchers}) == 12
    assert sheet(feira, "7").reason is NOT_FOUND
    feira.secret = b"another home's"
    assert sheet(feira).reason is STATE_CONFLICT


def test_what_is_not_printed(feira: Club) -> None:
    wish = IssueVouchers("FLOR", credits_of(1_00), 1)
    assert feira.refusal("steward", "vouchers.issue", wish) is CURRENCY_UNKNOWN
    assert feira.refusal("ana", "vouchers.issue", replace(wish, currency=CODE)) is FORBIDDEN
    batch = feira.listed("ana", "vouchers.list", VouchersWanted())[0]
    said = next(one.body for one in feira.written if isinstance(one.body, VouchersIssued))
    assert batch.key == said.key.hex()
    assert feira.check(said) is DUPLICATE
    assert feira.check(replace(said, batch=bytes(16), expires_ms=feira.now)) is MALFORMED
    assert feira.check(VouchersLapsed(said.batch)) is STATE_CONFLICT
    assert feira.check(VouchersLapsed(bytes(16))) is NOT_FOUND
    assert isinstance(issued(feira, 0, 1), Refused)
    assert read_voucher(voucher_text(b"\xa0", bytes(64))) is None


def test_a_voucher_is_checked_without_any_node(feira: Club) -> None:
    def published() -> dict[str, Any]:
        shown = feira.view("ana", "vouchers.show", "1")
        return {"network": shown.network, "batch": shown.batch, "key": shown.key, "spent": list(shown.spent)}

    one, told = sheet(feira).vouchers[3], published()
    voucher, fault = voucher_fault(told, one.text, feira.now)
    assert voucher is not None and (voucher.number, voucher.value, fault) == (4, 5_00, "")
    signed = (read_voucher(one.text) or (None, None))[1]
    assert signed is not None
    assert (
        voucher_fault(told, voucher_text(signed.data, bytes(64)), feira.now)[1] == "its signature is not the network's"
    )
    assert voucher_fault({**told, "key": "none"}, one.text, feira.now)[1] == "the key cannot be read"
    assert voucher_fault({**told, "batch": "2"}, one.text, feira.now)[1] == "it is of another batch"
    assert voucher_fault(told, "MUTIRAO1.AAAA", feira.now) == (None, "it is no voucher")
    assert voucher_fault(told, one.text, feira.now + 366 * DAY_MS)[1] == "it has expired"
    brought(feira, "ana", one.text)
    assert voucher_fault(published(), one.text, feira.now)[1] == "it was presented before"
