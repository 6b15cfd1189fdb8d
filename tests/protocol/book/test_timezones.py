# SPDX-License-Identifier: AGPL-3.0-or-later
"""A group's hours: the same on every node, because the rule stands in the lane."""

from datetime import UTC, datetime
from importlib.resources import files
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.book.timezones import RULES, ZONE_CHARS_MAX, LocalTime, TimeZone, known_zone, zone_of

HOUR_MS = 3_600_000


def zone(name: str) -> TimeZone:
    found = known_zone(name)
    assert found is not None
    return found


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000


def test_clocks_in_madrid_go_forward_and_back() -> None:
    madrid = zone("Europe/Madrid")
    assert madrid.local(at("2027-03-28T00:59:59Z")) == LocalTime(2027, 3, 28, 2 * HOUR_MS - 1_000)
    assert madrid.local(at("2027-03-28T01:00:00Z")) == LocalTime(2027, 3, 28, 3 * HOUR_MS)
    assert madrid.local(at("2027-10-31T00:59:59Z")) == LocalTime(2027, 10, 31, 3 * HOUR_MS - 1_000)
    assert madrid.local(at("2027-10-31T01:00:00Z")) == LocalTime(2027, 10, 31, 2 * HOUR_MS)


def test_the_first_of_each_month_at_eight_is_at_eight_in_winter_too() -> None:
    madrid = zone("Europe/Madrid")
    first = [madrid.moment(LocalTime(2027, month, 1, 8 * HOUR_MS)) for month in (7, 11)]
    assert first == [at("2027-07-01T06:00:00Z"), at("2027-11-01T07:00:00Z")]


def test_an_hour_that_comes_twice_is_the_first_and_one_that_never_comes_is_as_much_later() -> None:
    madrid = zone("Europe/Madrid")
    assert madrid.moment(LocalTime(2027, 10, 31, 2 * HOUR_MS)) == at("2027-10-31T00:00:00Z")
    assert madrid.moment(LocalTime(2027, 3, 28, 2 * HOUR_MS)) == at("2027-03-28T01:00:00Z")
    dublin = zone("Europe/Dublin")
    assert dublin.moment(LocalTime(2027, 3, 28, 1 * HOUR_MS)) == at("2027-03-28T01:00:00Z")


def test_the_table_says_what_the_database_says() -> None:
    names = [name for name in (files("tzdata") / "zones").read_text().split() if name != "Factory"]
    assert sorted(RULES) == sorted(names), "the locked database has other names: make protocol/book/zones.py anew"
    dice = Random(1)
    # Beyond 2037 the database itself goes by its rules; before, some places have changes decided one by one.
    first, last = at("2090-01-01T00:00:00Z"), at("2100-01-01T00:00:00Z")
    for name in names:
        with (files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
            told, known = ZoneInfo.from_file(file), zone(name)
        for _ in range(40):
            moment = dice.randrange(first, last, 1_000)
            shown = datetime.fromtimestamp(moment // 1_000, UTC).astimezone(told)
            offset = shown.utcoffset()
            assert offset is not None
            assert known.offset(moment) * 60 == offset.total_seconds(), (name, moment)


@given(st.sampled_from(sorted(RULES)), st.integers(0, 2**47))
def test_what_clocks_show_leads_back_to_the_hour_or_to_the_first_that_shows_it(name: str, moment: int) -> None:
    known = zone(name)
    back = known.moment(known.local(moment))
    assert known.local(back) == known.local(moment)
    assert back <= moment


@given(
    st.text(max_size=ZONE_CHARS_MAX)
    | st.from_regex(r"A/B C-[0-9]{1,3}D,M[0-9]{1,2}\.5\.0,M[0-9]\.[0-9]\.0", fullmatch=True)
)
def test_any_text_is_a_zone_that_tells_every_hour_or_none(text: str) -> None:
    found = zone_of(text)
    if found is not None:
        for moment in (0, 2**40, 2**47, at("2027-03-28T01:00:00Z")):
            assert isinstance(found.moment(found.local(moment)), int)


@pytest.mark.parametrize(
    "text", ["", "UTC", "UTC UTC", "Mars UTC-25", "A/B CET-1CEST", "A/B CET-1CEST,M13.5.0,M10.5.0", "a b c", "x" * 101]
)
def test_what_is_no_zone_is_none(text: str) -> None:
    assert zone_of(text) is None
