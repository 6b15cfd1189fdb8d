# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions that a command puts at a terminal before it does what cannot be undone."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from cli.ending import Misuse
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


def _answers_yes(question: str, subject: str) -> bool:
    put(f"{question.replace('{id}', plain(subject))} [y/N] ", sys.stderr)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
