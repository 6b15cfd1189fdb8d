# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every wish that a practice declares has a form, and what a form sends is read as the wish."""

from typing import Any

import pytest

from node.http.schema import form
from node.http.signed import about_of
from node.web.fields import FieldMisread, form_fields, form_json, with_typed
from node.web.shown import PieceMaker
from node.web.words import PageWords
from protocol.book.declaration import Act, Create
from protocol.book.money import Amount
from protocol.book.timezones import known_zone
from protocol.practices import OPERATIONS
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.schedules.entries import SchedulePayment

ZONE = known_zone("Europe/Madrid")
assert ZONE is not None
SPANISH = PageWords("es", ZONE)
WISHES = {name: one for name, one in OPERATIONS.items() if isinstance(one, Create | Act)}


@pytest.mark.parametrize("name", sorted(WISHES))
def test_every_wish_has_a_form(name: str) -> None:
    operation = WISHES[name]
    about = about_of(operation)
    fields = form_fields(operation.wish, SPANISH, ["HORA"], leave=(about,) if about else ())
    assert all(one.label and one.kind for one in fields)
    assert form_json(operation.wish, {}, SPANISH) == {}
    assert len({one.name for one in fields}) == len(fields)


def test_a_form_is_read_as_the_wish_that_its_words_mean() -> None:
    typed = {"payee": ["bia"], "amount": ["1.204,50"], "amount.unit": ["HORA"], "note": ["pan\ny vino"], "payer": [""]}
    wish = form(Pay).read(form_json(Pay, typed, SPANISH))
    assert wish == Pay("bia", Amount(12045, "HORA", 1), note="pan\ny vino")


def test_a_day_and_hour_are_those_of_the_groups_clocks() -> None:
    names = {one.name: one for one in form_fields(SchedulePayment, SPANISH, ["HORA"])}
    [moment] = [name for name, one in names.items() if one.kind == "moment" and one.required]
    read: Any = form_json(SchedulePayment, {moment: ["2026-07-01T09:30"]}, SPANISH)
    assert read[moment] == "2026-07-01T07:30:00.000Z"


LONG = "9" * 5_000
"""More digits than Python reads as a number."""


@pytest.mark.parametrize(("name", "typed"), [("times", LONG), ("times", "--1"), ("first_at", f"{LONG}-01-01")])
def test_a_number_of_thousands_of_digits_is_told_at_its_field(name: str, typed: str) -> None:
    with pytest.raises(FieldMisread) as caught:
        form_json(SchedulePayment, {name: [typed]}, SPANISH)
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"amount": ["12,5O"]}, "amount"),
        ({"amount": ["1,2,3"]}, "amount"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(typed: dict[str, list[str]], wrong: str) -> None:
    with pytest.raises(FieldMisread) as caught:
        form_json(Pay, typed, SPANISH)
    assert caught.value.name == wrong
    [field] = [one for one in with_typed(form_fields(Pay, SPANISH, ["HORA"]), typed, {wrong: "x"}) if one.error]
    assert (field.name, field.value) == (wrong, typed[wrong][0])


def test_backed_money_looks_otherwise_than_what_members_issue_by_owing_it() -> None:
    maker = PieceMaker(SPANISH, {}, {"HORA": 2, "CONCHA": 2}, frozenset({"CONCHA"}))
    mutual, backed = (maker.part(Amount(12_50, code, 2), Amount) for code in ("HORA", "CONCHA"))
    assert (mutual.kind, mutual.text, mutual.unit) == ("amount", "12,50", "HORA")
    assert (backed.kind, backed.text, backed.unit) == ("backed", "12,50", "CONCHA")
