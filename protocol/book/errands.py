# SPDX-License-Identifier: AGPL-3.0-or-later
"""Errands: what waits for a member today, and for a coordinator this week; each practice declares its own.

An errand is one row: who or what, a sentence, a figure, one verb that helps. Its sentence is a key, so that pages can
say it in each language; `said` is the English of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from protocol.book.money import Amount

if TYPE_CHECKING:
    from protocol.lanes.entry import Millis


class Urgency(IntEnum):
    """In which order errands stand: first what has stopped, last what is good to know."""

    STOPPED = 1
    WAITED_FOR = 2
    NEAR_LIMIT = 3
    PEOPLE = 4
    DATE = 5
    NEWS = 6


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to settle: `verb` is the operation that settles it, asked for of the resource with `id`.

    `who` is the handle of whom, or the name of what, it is about; `figure` is an amount and `count` a number that the
    sentence speaks of; `until_ms` is the hour after which it is too late, None where there is none.
    """

    id: str
    who: str
    sentence: str
    said: str
    verb: str
    urgency: Urgency
    figure: Amount | None = None
    count: int | None = None
    until_ms: Millis | None = None
