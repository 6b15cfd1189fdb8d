# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the commands at a node's own machine have in common: its home, how they end, and what they tell."""

import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from cli.arguments import Parser
from cli.ending import Misuse, refused
from cli.output import put, put_json, show_record
from cli.settings import said

T = TypeVar("T")


def written_anew(step: Callable[[], T], target: Path) -> T:
    """Return what a step gives that writes a new file."""
    if target.exists():
        raise Misuse(f"{target} is already there, and nothing is written over it")
    try:
        return attempt(step)
    except OSError as error:
        raise Misuse(f"{target} cannot be written: {said(error)}") from None


def home_option(parser: Parser) -> None:
    parser.add_argument("--home", metavar="DIR", type=Path, required=True, help="the node's home directory")


def attempt(step: Callable[[], T]) -> T:
    """Return what a step in a home gives; raises WishRefused where the home cannot be used so."""
    from node.keeping.home import HomeUnusable

    try:
        return step()
    except HomeUnusable as error:
        raise refused(error.code, str(error)) from None


def show_result(args: Namespace, shown: Mapping[str, Any]) -> None:
    if args.json:
        put_json(shown)
    else:
        put(show_record(shown))


def clock_ms() -> int:
    return time.time_ns() // 1_000_000
