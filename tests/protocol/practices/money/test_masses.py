# SPDX-License-Identifier: AGPL-3.0-or-later
"""A benefit to thousands: one file, one go, paid once however often it is sent, and a report by row."""

from dataclasses import replace

import pytest

from protocol.book.issuer_groups import NOT_IN_GROUP
from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    NOT_FOUND,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.spreadsheet import figures_as_csv
from protocol.lanes.entry import encode_body
from protocol.practices.money.currencies.views import SetLevy
from protocol.practices.money.issuer_groups import AdmitIssuers, KeepCurrency, MakeIssuerGroup
from protocol.practices.money.masses import MassPaid, MassPaymentsWanted, PayMany
from protocol.practices.money.masses.entries import MASS_PAYEES_MAX, RowRefused
from protocol.practices.money.masses.reading import MassRow, read_rows
from protocol.practices.money.masses.rules import ROWS_REFUSED, view_preview
from protocol.practices.money.openings import OpenBalances, OpeningBalance
from protocol.practices.people.members.views import SetLimits, Suspend
from tests.protocol.practices.desk import Group, copy_of, snapshot

HANDLES = ("ana", "bia", "caio", "dora")


@pytest.fixture
def palmas() -> Group:
    """Return a group whose commons holds 100.00."""
    group = Group()
    group.currency()
    group.admit(*HANDLES, custodial=True)
    group.admit("elis")
    owed = (OpeningBalance("commons", hora(100_00)), OpeningBalance("elis", hora(-100_00)))
    group.do("steward", "openings.create", OpenBalances("HORA", owed))
    return group


def hora(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def benefit(text: str = "ana,10.00\nbia,20.00\n", **changed: object) -> PayMany:
    return replace(PayMany(text.encode(), "HORA", "Benefit of December"), **changed)


def told(group: Group, wish: PayMany, who: str = "steward") -> Refused:
    before = snapshot(group.book)
    shown = group.ask(who, "mass-payments.create", wish)
    assert isinstance(shown, Refused), shown
    assert snapshot(group.book) == before
    return shown


def test_all_are_paid_in_one_entry_and_the_report_says_so(palmas: Group) -> None:
    before = len(palmas.entries)
    shown = palmas.do("steward", "mass-payments.create", benefit("handle,amount\nana,10.00\n bia , 20 \ncaio,0.05"))
    assert len(palmas.entries) == before + 1
    assert [palmas.balance(one) for one in ("commons", *HANDLES)] == [69_95, 10_00, 20_00, 5, 0]
    assert (shown.total, shown.paid, shown.refused) == (hora(30_05), 3, 0)
    assert [(one.row, one.payee, one.amount, one.state) for one in shown.rows] == [
        (1, "ana", "10.00", "paid"),
        (2, "bia", "20.00", "paid"),
        (3, "caio", "0.05", "paid"),
    ]
    assert figures_as_csv(shown).splitlines()[:2] == ["row,payee,amount,state,reason", "1,ana,10.00,paid,"]
    [line] = palmas.statement("ana", palmas.account("ana").id)
    assert (line.kind, line.amount, line.counterpart) == ("mass-payment", hora(10_00), "commons")
    assert palmas.book.ledger.sums() == {"HORA": 0}
    assert palmas.view("ana", "mass-payments.show", shown.id).reason is FORBIDDEN


def test_the_same_file_is_paid_once_and_shows_the_same_report(palmas: Group) -> None:
    shown = palmas.do("steward", "mass-payments.create", benefit())
    count = len(palmas.entries)
    assert palmas.do("steward", "mass-payments.create", benefit()) == shown and len(palmas.entries) == count
    # The same of another month, or with one row changed, is another.
    palmas.do("steward", "mass-payments.create", benefit(title="Benefit of January"))
    palmas.do("steward", "mass-payments.create", benefit("ana,10.00\nbia,20.01\n"))
    assert palmas.balance("ana") == 30_00


def test_what_it_comes_to_is_seen_before_and_nothing_is_paid(palmas: Group) -> None:
    seen = view_preview(palmas.desk(), benefit("ana,10.00\nzoe,1.00"))
    assert not isinstance(seen, Refused)
    assert (seen.paid, seen.refused, seen.paid_at) == (1, 1, None)
    assert [(one.row, one.payee, one.state, one.reason) for one in seen.rows] == [
        (1, "ana", "paid", None),
        (2, None, "refused", "MEMBER_UNKNOWN"),
    ]
    assert palmas.balance("ana") == 0


def test_one_wrong_row_stops_all_unless_the_others_are_wanted(palmas: Group) -> None:
    palmas.do("steward", "members.suspend", Suspend(), "dora")
    palmas.do("steward", "members.set-limits", SetLimits(hora(100_00), hora(5_00)), "caio")
    text = "ana,1.00\nzoe,1.00\ndora,1.00\ncaio,5.01\nbia,1.005\nbia,=1\nana,2.00\nbia,x\nbia,0\nholds.HORA,1\nbia,-1\n"
    refused = told(palmas, benefit(text))
    assert refused.reason is ROWS_REFUSED
    assert {**refused.figures} == {"refused": 10, "rows": 11, "row": 2, "code": "MEMBER_UNKNOWN"}
    shown = palmas.do("steward", "mass-payments.create", benefit(text, skip_refused=True))
    assert [one.reason for one in shown.rows] == [
        None, "MEMBER_UNKNOWN", "MEMBER_NOT_ACTIVE", "PAYEE_LIMIT_EXCEEDED", "SCALE_EXCEEDED", "MALFORMED",
        "DUPLICATE", "AMOUNT_MALFORMED", "AMOUNT_NOT_POSITIVE", "ACCOUNT_UNKNOWN", "MALFORMED",
    ]  # fmt: skip
    assert palmas.balance("ana") == 1_00
    assert palmas.do("steward", "mass-payments.create", benefit(text, skip_refused=True)) == shown


def test_no_more_is_paid_than_the_payer_has_and_may(palmas: Group) -> None:
    refused = told(palmas, benefit("ana,60.00\nbia,40.01"))
    assert refused.reason is LIMIT_EXCEEDED and refused.figures["missing"] == 1
    assert told(palmas, benefit("bia,100.01", payer="ana")).reason is LIMIT_EXCEEDED


def test_a_member_without_a_key_pays_by_word_and_the_levy_is_taken(palmas: Group) -> None:
    palmas.do("steward", "currencies.set-levy", SetLevy(1_000, until_repaid=False), "HORA")
    wish = benefit("bia,10.00\ncaio,0.09", payer="ana")
    palmas.do("ana", "mass-payments.create", wish)
    assert [palmas.balance(one) for one in ("commons", "ana", "bia", "caio")] == [101_00, -10_09, 9_00, 9]
    assert told(palmas, benefit(payer="elis"), "elis").reason is FORBIDDEN
    assert told(palmas, benefit(payer="bia"), "ana").reason is FORBIDDEN
    assert told(palmas, benefit(), "ana").reason is FORBIDDEN
    assert told(palmas, benefit("ana,1", payer="ana"), "ana").figures["code"] == "SAME_ACCOUNT"
    assert told(palmas, benefit(currency="MIL")).reason is CURRENCY_UNKNOWN


def test_whoever_is_outside_the_group_of_a_currency_gets_none(palmas: Group) -> None:
    palmas.do("steward", "issuer-groups.create", MakeIssuerGroup("hora", "HORA"))
    palmas.do("steward", "issuer-groups.admit", AdmitIssuers(("ana", "elis")), "hora")
    palmas.do("steward", "issuer-groups.keep", KeepCurrency("HORA"), "hora")
    shown = palmas.do("steward", "mass-payments.create", benefit(skip_refused=True))
    assert [one.reason for one in shown.rows] == [None, NOT_IN_GROUP.code]


@pytest.mark.parametrize(
    "data", [b"", b"handle,amount\n", b"\xff\xfe", b'"ana,1', b"\n\n", b"ana,1\n" * 20_001], ids=range(6)
)
def test_what_is_no_file_of_payees_is_refused_whole(palmas: Group, data: bytes) -> None:
    assert told(palmas, benefit(file=data)).reason is MALFORMED


def test_a_file_of_a_spreadsheet_with_semicolons_has_commas_in_its_decimals() -> None:
    assert read_rows(b"\xef\xbb\xbfaccount;amount\r\nana;12,50\r\n", 2) == (MassRow(1, "ana", 12_50),)


def test_more_than_one_entry_holds_are_paid_together_or_not_at_all() -> None:
    group = Group()
    group.currency()
    group.admit(*HANDLES, custodial=True)
    body = MassPaid(bytes(16), f"{group.member('ana').id}.HORA", "t", bytes(32), 0, (), (), (), last=False)
    bia, caio = group.member("bia").id, group.member("caio").id
    first = replace(body, payees=(bia,), amounts=(1,))
    group.fold((entry := group.seal(first)), group.entered(entry))
    second = replace(first, part=1, payees=(caio,), refused=(RowRefused(3, "MALFORMED"),), last=True)
    for changed, reason in (
        ({"part": 0}, STATE_CONFLICT),
        ({"part": 2}, STATE_CONFLICT),
        ({"content": bytes([1] * 32)}, STATE_CONFLICT),
        ({"mass": bytes([1] * 16)}, NOT_FOUND),
        ({"payees": (bia,)}, DUPLICATE),
        ({"payees": (caio, caio), "amounts": (1, 1)}, MALFORMED),
        ({"payees": ()}, MALFORMED),
        ({"payees": (group.member("ana").id,)}, SAME_ACCOUNT),
        ({"payees": ("N" * 16,)}, ACCOUNT_UNKNOWN),
        ({"payer": "holds.HORA"}, ACCOUNT_UNKNOWN),
    ):
        assert group.check(replace(second, **changed)) is reason, changed
    group.fold((entry := group.seal(second)), group.entered(entry))
    assert group.check(replace(second, part=2)) is STATE_CONFLICT
    assert snapshot(copy_of(group.written)) == snapshot(group.book)
    listed = group.list("steward", "mass-payments.list", MassPaymentsWanted())
    assert isinstance(listed, list)
    [row] = listed
    assert (row.paid, row.refused, row.total) == (2, 1, hora(2))


def test_the_greatest_entry_fits() -> None:
    names = tuple(f"M{number:015}" for number in range(MASS_PAYEES_MAX))
    body = MassPaid(
        bytes(16), f"{names[0]}.ABCDEFGHIJKL", "t" * 100, bytes(32), 0, names, (2**62,) * 1_500, (), last=True
    )
    assert len(encode_body(body, 2**46)) < 60_000
