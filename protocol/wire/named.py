# SPDX-License-Identifier: AGPL-3.0-or-later
"""Constants whose text is their own name, as a code that people and programs are told."""

from enum import StrEnum


class OwnNamed(StrEnum):
    """A set of codes: `UNREADABLE = auto()` has the text UNREADABLE."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        del start, count, last_values
        return name
