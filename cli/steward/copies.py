# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of a node's database: made, put back, and lookup tables made anew."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from cli.arguments import Parser
from cli.ending import DONE, Misuse
from cli.settings import said
from cli.steward.machine import attempt, home_option, show_result


def backup(argv: Sequence[str]) -> int:
    """Copy a node's database: over its API, or from its home."""
    parser = Parser(
        "backup",
        "Copy the database of a node, by its API or, with --home, on its own machine. It tells what is in the copy:\n"
        "names, notes and other items of so many members, so many entries. No keys are in it.",
        example="mutirao backup riacho-2026-12-01.backup",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the new file")
    parser.add_argument("--home", metavar="DIR", type=Path, help="the node's home, on this machine")
    args = parser.parse_args(argv)
    target: Path = args.file
    if target.exists():
        raise Misuse(f"{target} is already there, and nothing is written over it")
    from node.keeping import upkeep

    try:
        if args.home is None:
            from cli.session import connect

            connect(args).client.download("/v1/admin/backup", target)
        else:
            attempt(lambda: asyncio.run(upkeep.back_up(args.home, target)))
    except OSError as error:
        raise Misuse(f"{target} cannot be written: {said(error)}") from None
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    holds = attempt(lambda: upkeep.held_by(target))
    show_result(args, {"file": str(target), "bytes": target.stat().st_size, "made_at": made_at, **asdict(holds)})
    return DONE


_THEN = "start it while a replica or a partner runs; a group that has neither starts it with `mutirao serve --reopen`"


def restore_home(argv: Sequence[str]) -> int:
    """Put a backup in the place of a stopped node's database."""
    parser = Parser(
        "restore",
        "Put a backup in the place of a stopped node's database; keys and high-water mark stay.\n"
        "If entries were signed since, the node starts RECOVERING and signs nothing until it has them back.",
        example="mutirao restore riacho-2026-12-01.backup --home riacho",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup")
    home_option(parser)
    args = parser.parse_args(argv)
    from node.keeping import upkeep

    restored = attempt(lambda: upkeep.restore(args.file, args.home))
    show_result(
        args,
        {
            "restored": str(args.file),
            "starts": "RECOVERING" if restored.because else "READY",
            "because": restored.because,
            "then": restored.because and _THEN,
            "erased_anew": restored.erased_anew,
            **asdict(restored.holds),
        },
    )
    return DONE


def rebuild_home(argv: Sequence[str]) -> int:
    """Make a stopped node's lookup tables anew."""
    parser = Parser(
        "rebuild",
        "Make the lookup tables of a stopped node anew from the signed entries.",
        example="mutirao rebuild --home riacho",
        asks=False,
    )
    home_option(parser)
    args = parser.parse_args(argv)
    from node.keeping import upkeep

    show_result(args, {"statement_lines": attempt(lambda: asyncio.run(upkeep.rebuild(args.home)))})
    return DONE
