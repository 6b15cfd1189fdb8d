# SPDX-License-Identifier: AGPL-3.0-or-later
"""Days and hours as people write them: a day is meant by the group's clock, from its beginning to its end."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Doc
from protocol.book.parameters import TIME_ZONE
from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.book.timezones import YEARS, LocalTime
from protocol.lanes.entry import Millis
from protocol.wire.shape import AtMost

HOUR_CHARS_MAX = 40
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HOUR = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[-+][0-9]{2}:[0-9]{2})?"
)

SinceText = Annotated[
    str | None,
    AtMost(HOUR_CHARS_MAX),
    Doc(
        "from when on it is to be had: a day such as 2026-12-20 by the group's clock, or an hour: 2026-12-20T09:00:00Z"
    ),
]
UntilText = Annotated[
    str | None,
    AtMost(HOUR_CHARS_MAX),
    Doc("until when it is to be had: a day such as 2026-12-20, to its end by the group's clock, or an hour, such as"
        " 2026-12-20T18:00:00Z"),
]  # fmt: skip


def hour_meant(book: Book, field: str, text: str | None, *, is_end: bool) -> Millis | Refused | None:
    """Return when a text means: of a day its beginning or its last moment, of an hour without an offset the group's."""
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=is_end)
            at_ms = _by_clock(book, datetime(day.year, day.month, day.day)) - is_end  # noqa: DTZ001
        else:
            at = datetime.fromisoformat(text) if _HOUR.fullmatch(text) else None
            at_ms = -1 if at is None else _by_clock(book, at) if at.tzinfo is None else _ms(at)
    except (ValueError, OverflowError):
        at_ms = -1
    return at_ms if at_ms >= 0 else refuse(MALFORMED, field=field, expected="a day, such as 2026-12-20, or an hour")


def clock_text(book: Book, at_ms: Millis) -> str:
    """Return an hour as the group's clocks show it: 2026-12-20 18:00."""
    at = book.parameter(TIME_ZONE).local(at_ms)
    hours, minutes = divmod(at.of_day_ms // 60_000, 60)
    return f"{at.year}-{at.month:02}-{at.day:02} {hours:02}:{minutes:02}"


def _by_clock(book: Book, at: datetime) -> Millis:
    if at.year not in YEARS:
        raise ValueError(at.year)
    of_day = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
    local = LocalTime(at.year, at.month, at.day, of_day // timedelta(milliseconds=1))
    return book.parameter(TIME_ZONE).moment(local)


def _ms(at: datetime) -> Millis:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
