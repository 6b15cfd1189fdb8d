# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a command can end other than well: refused by a rule, used wrongly, or with no node to talk to."""

from collections.abc import Mapping
from typing import Any

DONE = 0
REFUSED = 1
WRONG_USAGE = 2
NOT_REACHABLE = 3


class Ending(Exception):
    """Ends a command with one line on stderr and an exit code."""

    exit_code = REFUSED


class Refused(Ending):
    """A rule refused it; `problem` is the node's document about that (RFC 9457), or one of the same form."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        said = problem.get("detail") or problem.get("title") or ""
        super().__init__(f"{problem.get('code', 'REFUSED')}: {said}")
        self.problem = problem


class Misuse(Ending):
    """The command was written in a way that cannot be meant."""

    exit_code = WRONG_USAGE


class Unreachable(Ending):
    """No node answered there, or none that one can talk to."""

    exit_code = NOT_REACHABLE


def refused(code: str, detail: str) -> Refused:
    """Return a refusal that was found before any node was asked."""
    return Refused({"code": code, "detail": detail})
