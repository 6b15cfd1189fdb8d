# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a group decides by a figure or a word: declared by practices, set in one place, read by rules."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.book import Book
from protocol.book.declaration import READERS, Parameter, Practice
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.parameters import TIME_ZONE, Choice, Flag, Money, Number, Percentage, Stored, declared
from protocol.book.refusals import CURRENCY_UNKNOWN, FORBIDDEN, MALFORMED, NOT_FOUND, Reason, Refused
from protocol.practices import PRACTICES
from protocol.practices.governance.parameters import ParameterSet, ParametersWanted, SetParameter
from tests.protocol.practices.desk import NETWORK, Group, copy_of, snapshot

GRACE = Parameter("shelf.grace_days", Number(0, 365, "days"), 30, "how long dues may wait")
PART = Parameter("shelf.late_most", Percentage(), 10_00, "above it no loan is granted", changed_by=READERS)
OPEN = Parameter("shelf.open", Flag(), True, "whether dues are taken at all")
WHO = Parameter("shelf.of", Choice(("all", "present")), "all", "who pays them")
LIMIT = Parameter("shelf.steward_limit", Money(), 0, "what a steward may pay out at once")
DUES = Practice("shelf", (), parameters=(GRACE, PART, OPEN, WHO, LIMIT))


@pytest.fixture
def riacho() -> Group:
    group = Group(book=Book(NETWORK, (*PRACTICES, DUES)))
    group.currency()
    return group


def put(group: Group, name: str, value: str | None) -> Any:
    return group.ask("steward", "parameters.set", SetParameter(value), name)


@pytest.mark.parametrize(
    ("parameter", "typed", "value", "shown"),
    [
        (GRACE, "0", 0, "0"),
        (GRACE, "365", 365, "365"),
        (PART, "12.5%", 12_50, "12.5%"),
        (PART, "100%", 100_00, "100%"),
        (PART, "0.01%", 1, "0.01%"),
        (OPEN, "no", False, "no"),
        (WHO, "present", "present", "present"),
    ],
)
def test_a_value_is_written_as_it_is_shown_and_read_by_rules(
    riacho: Group, parameter: Parameter[Any], typed: str, value: Any, shown: str
) -> None:
    assert riacho.book.parameter(parameter) == parameter.default
    told = put(riacho, parameter.name, typed)
    assert (told.id, told.value, told.is_set) == (parameter.name, shown, True)
    assert riacho.book.parameter(parameter) == value


@pytest.mark.parametrize(
    ("name", "typed", "reason"),
    [
        ("shelf.grace_days", "366", MALFORMED),
        ("shelf.grace_days", "-1", MALFORMED),
        ("shelf.grace_days", "thirty", MALFORMED),
        ("shelf.grace_days", "٣", MALFORMED),
        ("shelf.grace_days", "9" * 40, MALFORMED),
        ("shelf.late_most", "10", MALFORMED),
        ("shelf.late_most", "100.01%", MALFORMED),
        ("shelf.late_most", "0.001%", MALFORMED),
        ("shelf.open", "true", MALFORMED),
        ("shelf.of", "absent", MALFORMED),
        ("group.time_zone", "Europe/Riacho", MALFORMED),
        ("shelf.steward_limit.HORA", "1.005", MALFORMED),
        ("shelf.steward_limit.FLOR", "1.00", CURRENCY_UNKNOWN),
        ("shelf.steward_limit", "1.00", NOT_FOUND),
        ("shelf.grace_days.HORA", "1", NOT_FOUND),
        ("shelf.unheard_of", "1", NOT_FOUND),
        ("", "1", NOT_FOUND),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(riacho: Group, name: str, typed: str, reason: Reason) -> None:
    before = snapshot(riacho.book)
    told = put(riacho, name, typed)
    assert isinstance(told, Refused) and told.reason is reason
    assert snapshot(riacho.book) == before


def test_each_currency_has_its_own_amount(riacho: Group) -> None:
    riacho.currency("FLOR", scale=0)
    assert put(riacho, "shelf.steward_limit.HORA", "25.00").value == "25.00"
    assert put(riacho, "shelf.steward_limit.FLOR", "7").value == "7"
    assert [riacho.book.parameter(LIMIT, code) for code in ("HORA", "FLOR")] == [25_00, 7]
    found = riacho.list("steward", "parameters.list", ParametersWanted("shelf", "FLOR"))
    assert not isinstance(found, Refused)
    assert [(one.id, one.value, one.currency) for one in found] == [("shelf.steward_limit.FLOR", "7", "FLOR")]


def test_the_default_comes_back_where_nothing_is_named(riacho: Group) -> None:
    put(riacho, "shelf.grace_days", "7")
    told = put(riacho, "shelf.grace_days", None)
    assert (told.value, told.is_set, riacho.book.parameter(GRACE)) == ("30", False, 30)


def test_who_may_set_it_is_declared_with_it(riacho: Group) -> None:
    riacho.admit("ana")
    assert riacho.refusal("ana", "parameters.set", SetParameter("1"), "shelf.grace_days") is FORBIDDEN
    refused = riacho.ask("ana", "parameters.set", SetParameter("1%"), "shelf.late_most")
    assert refused == Refused(FORBIDDEN, {"allowed": "auditor, committee, steward"})


def test_the_group_has_a_time_zone_and_its_rule_is_in_the_lane(riacho: Group) -> None:
    assert put(riacho, "group.time_zone", "Europe/Madrid").value == "Europe/Madrid"
    body = riacho.written[-1].body
    assert isinstance(body, ParameterSet)
    assert body == ParameterSet("group.time_zone", None, None, "Europe/Madrid CET-1CEST,M3.5.0,M10.5.0/3")
    # Another program may know another rule for Madrid; what counts is the one that was written.
    riacho.fold(*_written(riacho, replace(body, text="Europe/Madrid CET-1")))
    assert riacho.book.parameter(TIME_ZONE).offset(1_814_400_000_000) == 60
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_node_that_does_not_know_a_parameter_keeps_its_value(riacho: Group) -> None:
    put(riacho, "shelf.grace_days", "7")
    older = copy_of(riacho.written)
    assert snapshot(older) == snapshot(riacho.book)


@pytest.mark.parametrize(("number", "text"), [(366, None), (None, "7")])
def test_a_value_that_does_not_fit_counts_as_not_set_on_every_node(
    riacho: Group, number: int | None, text: str | None
) -> None:
    put(riacho, "shelf.grace_days", "7")
    riacho.fold(*_written(riacho, ParameterSet("shelf.grace_days", None, number, text)))
    assert riacho.book.parameter(GRACE) == 30
    assert not riacho.view("steward", "parameters.show", "shelf.grace_days").is_set


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (ParameterSet("Dues", None, 1, None), MALFORMED),
        (ParameterSet("dues", None, 1, None), MALFORMED),
        (ParameterSet("shelf.grace_days", None, 1, "1"), MALFORMED),
        (ParameterSet("shelf.fee", "FLOR", 1, None), CURRENCY_UNKNOWN),
    ],
)
def test_every_node_refuses_what_has_no_form(riacho: Group, body: ParameterSet, reason: Reason) -> None:
    assert riacho.check(body) is reason


def test_the_greatest_amount_can_be_set_and_no_greater_one() -> None:
    assert Money().read("92233720368547758.07", 2) == Stored(AMOUNT_MINOR_MAX)
    assert Money().read("92233720368547758.08", 2) is None


def test_a_declaration_whose_default_does_not_fit_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="its default 400 is not a whole number"):
        declared([replace(GRACE, default=400)])
    with pytest.raises(AssertionError, match="two parameters have one name"):
        declared([GRACE, GRACE])


def _written(group: Group, body: ParameterSet) -> Any:
    entry = group.seal(body)
    return entry, group.entered(entry)
