# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions that a command puts at a terminal before it does what cannot be undone."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from cli.ending import Misuse, WishRefused
from cli.made.command import Command
from cli.output import plain, put


def asked_for(made: Command, args: Namespace, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a wish that were asked for; raises Misuse where what cannot be undone is not wanted.

    Without a terminal nothing is asked: a field stays out, and what cannot be undone needs --yes.
    """
    if made.asks and not args.yes:
        if not sys.stdin.isatty():
            raise Misuse("this cannot be undone: say --yes")
        if not _answers_yes(made.asks, args.id):
            raise Misuse("nothing was done")
    questions = [one for one in made.fields if one.asked is not None and one.name not in body]
    if not sys.stdin.isatty():
        return {}
    return {one.name: _answers_yes(one.asked[0], args.id) for one in questions if one.asked is not None}


def end_of(made: Command, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how often a payment with a rhythm is made where nothing has said so; raises Misuse if nobody answers."""
    has_rhythm = made.name == "scheduled-payments.create" and body.get("rhythm", "once") != "once"
    if not has_rhythm or "times" in body:
        return {}
    if sys.stdin.isatty() and _answers_yes("Without --times: is it paid until you cancel it?", ""):
        return {"times": 0}
    raise Misuse("how many times is it paid? --times 12, or --times 0: until it is cancelled")


SURE = "sure"
"""The field by which a wish says once more what it was asked back for."""
ASKED_BACK = frozenset({"RATE_LEAPS"})
"""The codes of refusals that end where the wish says that it is sure."""


def is_sure(made: Command, body: Mapping[str, Any], refusal: WishRefused) -> bool:
    """Tell whether what was refused is meant all the same: asked at a terminal, where nothing has said so."""
    has_field = any(one.name == SURE for one in made.fields) and SURE not in body
    if not has_field or refusal.problem.get("code") not in ASKED_BACK or not sys.stdin.isatty():
        return False
    return _answers_yes(str(refusal.problem.get("heading")), "")


def _answers_yes(question: str, subject: str) -> bool:
    put(f"{question.replace('{id}', plain(subject))} [y/N] ", sys.stderr)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
