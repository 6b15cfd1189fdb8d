# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a command can end other than well: refused by a rule, used wrongly, or with no node to talk to."""

from collections.abc import Mapping
from typing import Any

DONE = 0
REFUSED = 1
WRONG_USAGE = 2
NOT_REACHABLE = 3
REFUSED_FOR_NOW = 4


class Ending(Exception):
    """Ends a command with a line on stderr, what more there is to say in lines below it, and an exit code."""

    exit_code = REFUSED
    more: tuple[str, ...] = ()


class WishRefused(Ending):
    """A rule refused it; `problem` is the node's document about that (RFC 9457), or one of the same form.

    One that passes by itself has an exit code of its own: the same command may do later.
    """

    def __init__(self, problem: Mapping[str, Any]) -> None:
        code, detail = problem.get("code", "REFUSED"), problem.get("detail") or problem.get("title") or ""
        super().__init__(f"{code}: {problem.get('heading') or detail}")
        self.problem = problem
        ways = problem.get("ways")
        self.more = (
            *([detail] if problem.get("heading") not in (None, "", detail) else ()),
            *(f"- {way}" for way in (ways if isinstance(ways, list) else ())),
        )
        if problem.get("transient") is True:
            self.exit_code = REFUSED_FOR_NOW
            self.more = (*self.more, "It passes by itself: try again later.")


class Misuse(Ending):
    """The command was written in a way that cannot be meant."""

    exit_code = WRONG_USAGE


class Unreachable(Ending):
    """No node answered there, or none that one can talk to."""

    exit_code = NOT_REACHABLE


def refused(code: str, detail: str) -> WishRefused:
    """Return a refusal that was found before any node was asked."""
    return WishRefused({"code": code, "detail": detail})
