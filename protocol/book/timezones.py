# SPDX-License-Identifier: AGPL-3.0-or-later
"""A group's time zone as a rule in its own lane, so that every node tells the same hour whatever it has installed.

A rule is written as in POSIX (IEEE 1003.1, chapter 8.3, TZ): "CET-1CEST,M3.5.0,M10.5.0/3". Offsets in it count west,
here they count east.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple

from protocol.book.zones import ZONES
from protocol.lanes.entry import Millis

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
ZONE_CHARS_MAX = 100
"""A name of at most 40 characters, a space and a rule of at most 59: the longest have 32 and 43."""
YEARS = range(1970, 9_999)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME = r"(?:<[-+0-9A-Za-z]{3,8}>|[A-Za-z]{3,8})"
_HOURS = r"([-+]?[0-9]{1,3}(?::[0-5][0-9])?)"
_CHANGE = rf",M([0-9]{{1,2}})\.([1-5])\.([0-6])(?:/{_HOURS})?"
_RULE = re.compile(rf"{_NAME}{_HOURS}(?:{_NAME}{_HOURS}?{_CHANGE}{_CHANGE})?")
_ZONE = re.compile(r"[A-Za-z][-+_/0-9A-Za-z]{0,39}")


class LocalTime(NamedTuple):
    """An hour as the clocks of a place show it; `of_day_ms` are milliseconds since midnight on that clock."""

    year: int
    month: int
    day: int
    of_day_ms: int


class ClockChange(NamedTuple):
    """When clocks are changed: in a month, on the nth of a weekday (0: Sunday; 5th: its last), at a minute of it."""

    month: int
    week: int
    weekday: int
    minute: int

    def at(self, year: int) -> int:
        """Return when that is in a year, in minutes since 1970 on the clock that is changed."""
        first = date(year, self.month, 1)
        day = first + timedelta(days=(self.weekday - first.isoweekday()) % 7 + 7 * (self.week - 1))
        while day.month != self.month:
            day -= timedelta(days=7)
        return (day - date(1970, 1, 1)).days * 24 * 60 + self.minute


@dataclass(frozen=True, slots=True)
class TimeZone:
    """A place's name and its rule: minutes east of UTC, and where clocks are changed twice a year, when and to what."""

    name: str
    rule: str
    standard: int
    summer: int | None = None
    begins: ClockChange | None = None
    ends: ClockChange | None = None

    def offset(self, at_ms: Millis) -> int:
        """Return by how many minutes clocks are ahead of UTC at an hour."""
        if self.begins is None or self.ends is None or self.summer is None:
            return self.standard
        year = (_EPOCH + timedelta(days=at_ms // DAY_MS)).year
        changes = _changes(self, year)
        before = bisect_right(changes, (at_ms, 1_000_000)) - 1
        return changes[before][1]

    def local(self, at_ms: Millis) -> LocalTime:
        """Return what clocks show at an hour."""
        days, of_day_ms = divmod(at_ms + self.offset(at_ms) * MINUTE_MS, DAY_MS)
        day = _EPOCH + timedelta(days=days)
        return LocalTime(day.year, day.month, day.day, of_day_ms)

    def moment(self, local: LocalTime) -> Millis:
        """Return when clocks show this: first where they show it twice; where they leap over it, as much later."""
        days = (date(local.year, local.month, local.day) - date(1970, 1, 1)).days
        told = days * DAY_MS + local.of_day_ms
        offsets = (self.standard,) if self.summer is None else (self.standard, self.summer)
        found = [at for offset in offsets if self.offset(at := told - offset * MINUTE_MS) == offset]
        # In a gap neither fits: the clock that was in force before it goes on.
        return min(found) if found else told - min(offsets) * MINUTE_MS


@cache
def zone_of(text: str) -> TimeZone | None:
    """Return the zone of a stored text such as "Europe/Madrid CET-1CEST,M3.5.0,M10.5.0/3", None where it is none."""
    name, _, rule = text.partition(" ")
    found = _RULE.fullmatch(rule)
    if len(text) > ZONE_CHARS_MAX or not _ZONE.fullmatch(name) or found is None:
        return None
    standard, summer, *changes = found.groups()
    east = -_minutes(standard)
    if abs(east) > 24 * 60:
        return None
    if changes[0] is None:
        return TimeZone(name, rule, east)
    begins, ends = (_change(changes[at : at + 4]) for at in (0, 4))
    ahead = east + 60 if summer is None else -_minutes(summer)
    if begins is None or ends is None or begins.month == ends.month or abs(ahead) > 24 * 60 or ahead == east:
        return None
    return TimeZone(name, rule, east, ahead, begins, ends)


def known_zone(name: str) -> TimeZone | None:
    """Return the zone by this name of the IANA database as this program knows it."""
    rule = RULES.get(name)
    return None if rule is None else zone_of(f"{name} {rule}")


RULES = {name: rule for rule, names in ZONES.items() for name in names.split()}
"""The rule of each name."""


@cache
def _changes(zone: TimeZone, year: int) -> tuple[tuple[Millis, int], ...]:
    """Return the changes of three years, (when in UTC, minutes east from then on), in order."""
    assert zone.begins is not None and zone.ends is not None and zone.summer is not None
    found: list[tuple[Millis, int]] = []
    for one in (year - 1, year, year + 1):
        held = min(max(one, YEARS.start), YEARS.stop)
        found.append(((zone.begins.at(held) - zone.standard) * MINUTE_MS, zone.summer))
        found.append(((zone.ends.at(held) - zone.summer) * MINUTE_MS, zone.standard))
    found.sort()
    # What holds before the first change is what the last one brings.
    return ((-(2**63), found[-1][1]), *found)


def _minutes(text: str) -> int:
    hours, _, minutes = text.lstrip("+-").partition(":")
    count = int(hours) * 60 + int(minutes or 0)
    return -count if text.startswith("-") else count


def _change(parts: list[str | None]) -> ClockChange | None:
    month, week, weekday, at = parts
    minute = 120 if at is None else _minutes(at)
    if month is None or week is None or weekday is None or not 1 <= int(month) <= 12 or abs(minute) > 167 * 60:
        return None
    return ClockChange(int(month), int(week), int(weekday), minute)


UTC_ZONE = TimeZone("UTC", "UTC0", 0)
