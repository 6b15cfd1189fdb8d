# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bugs of ours that a batch met: each is logged, and a process that meets one after the other has to end."""

import logging
import traceback
from pathlib import Path

BUGS_IN_A_ROW_MAX = 3

log = logging.getLogger(__name__)


class BrokenForGood(Exception):
    """One bug followed the other: the process has to end."""


class Bugs:
    """Counts the bugs that came one after the other."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._newest = ""

    def note(self, error: Exception) -> str:
        """Log a bug; returns what it is called."""
        # Its message could hold what members wrote.
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        name = type(error).__name__
        log.critical("a bug", extra={"bug": name, "where": where})
        self._in_a_row += 1
        self._newest = f"{name} at {where[-1]}"
        return name

    def end_if_broken(self) -> None:
        """Raise BrokenForGood where too many came in a row."""
        if self._in_a_row >= BUGS_IN_A_ROW_MAX:
            raise BrokenForGood(f"{BUGS_IN_A_ROW_MAX} bugs in a row, the last a {self._newest}")

    def passed(self) -> None:
        """Know that a batch met none."""
        self._in_a_row = 0
