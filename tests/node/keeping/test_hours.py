# SPDX-License-Identifier: AGPL-3.0-or-later
"""What shows at a start that a clock has leapt: the hour that was kept, or the newest entry."""

from pathlib import Path

import pytest

from node.keeping.hours import AWAY_MS_MAX, CLOCK, QUIET_MS_MAX, Hour, ahead_of, keep_hour, read_hour
from protocol.book.clock import Clock

NOW, DAY_MS, YEAR_MS = 1_795_000_000_000, 86_400_000, 365 * 86_400_000


@pytest.mark.parametrize(
    ("now", "steady_ms", "boot", "ahead_ms"),
    [
        (NOW + 5_000, 6_000, "one", 0),
        (NOW + 9 * DAY_MS, 1_000 + 9 * DAY_MS, "one", 0),
        (NOW + DAY_MS, 1_000, "one", DAY_MS),
        (NOW - DAY_MS, 1_000, "one", -DAY_MS),
        (NOW + AWAY_MS_MAX, 10, "two", 0),
        (NOW + AWAY_MS_MAX + 1, 10, "two", AWAY_MS_MAX + 1),
        (NOW + 30 * YEAR_MS, 10, "two", 30 * YEAR_MS),
        (NOW - YEAR_MS, 10, "two", -YEAR_MS),
        (NOW + 400 * DAY_MS, 5_000, "", 400 * DAY_MS),
    ],
)
def test_what_a_clock_is_ahead_by_the_hour_that_was_kept(now: int, steady_ms: int, boot: str, ahead_ms: int) -> None:
    assert ahead_of(Hour(NOW, 1_000, "one"), None, now, steady_ms, boot) == ahead_ms


def test_without_one_the_newest_entry_tells_and_a_quiet_month_is_none() -> None:
    assert ahead_of(None, None, NOW, 5, "one") == 0
    assert ahead_of(None, NOW, NOW + QUIET_MS_MAX, 5, "one") == 0
    assert ahead_of(None, NOW, NOW + QUIET_MS_MAX + 1, 5, "one") == QUIET_MS_MAX + 1


def test_the_hour_that_is_believed_is_kept_and_no_other(tmp_path: Path) -> None:
    clock = Clock()
    keep_hour(tmp_path, clock, "one")
    assert read_hour(tmp_path) is None
    clock.tick(NOW, 1_000)
    clock.tick(NOW + 30 * YEAR_MS, 2_000)
    keep_hour(tmp_path, clock, "one")
    assert read_hour(tmp_path) == Hour(NOW, 1_000, "one")
    clock.accept()
    clock.tick(NOW + 30 * YEAR_MS + 1_000, 3_000)
    keep_hour(tmp_path, clock, "one")
    assert read_hour(tmp_path) == Hour(NOW + 30 * YEAR_MS + 1_000, 3_000, "one")
    assert [path.name for path in tmp_path.iterdir()] == [CLOCK]
    assert (tmp_path / CLOCK).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"now_ms": "x", "steady_ms": 1, "boot": "b"}'])
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / CLOCK).write_text(text)
    assert read_hour(tmp_path) is None
