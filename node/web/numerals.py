# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures as people type them: comma and point are both taken, by the habits of the language."""

import re

_SPACES = re.compile(r"[\s\u00a0\u202f']")
_FIGURE = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,18})?", re.ASCII)


def read_numeral(text: str, decimal_mark: str) -> tuple[int, int] | None:
    """Return a figure as a whole number, and how many of its digits are decimals: 12,50 is (1250, 2); None if none.

    Of two marks the last is the decimal one. A single mark that is not the language's own and stands before exactly
    three digits separates thousands: 1.000 is a thousand in Portuguese and one in English.
    """
    plain = _SPACES.sub("", text).replace("\u2212", "-")
    marks = [one for one in plain if one in ".,"]
    if len(set(marks)) > 1:
        last = marks[-1]
        plain = plain.replace("," if last == "." else ".", "")
        if plain.count(last) > 1:
            return None
    elif len(marks) > 1 or (marks and marks[0] != decimal_mark and len(plain.rpartition(marks[0])[2]) == 3):
        groups = plain.lstrip("-").split(marks[0])
        if any(len(one) != 3 for one in groups[1:]) or not 1 <= len(groups[0]) <= 3:
            return None
        plain = plain.replace(marks[0], "")
    plain = plain.replace(",", ".")
    if not _FIGURE.fullmatch(plain):
        return None
    whole, _, decimals = plain.partition(".")
    return int(whole + decimals), len(decimals)
