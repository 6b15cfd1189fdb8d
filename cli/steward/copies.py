# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of a node's database: made, put back, and lookup tables made anew."""

import asyncio
import os
from argparse import Namespace
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.arguments import Parser, read_text
from cli.ending import DONE, Misuse
from cli.settings import said
from cli.steward.machine import attempt, clock_ms, home_option, show_result


def backup(argv: Sequence[str]) -> int:
    """Copy a node's database: over its API, or from its home."""
    parser = Parser(
        "backup",
        "Copy the database of a node, by its API or, with --home, on its own machine. It tells what is in the copy:\n"
        "names, notes and other items of so many members, so many entries. No keys are in it.",
        example="mutirao backup riacho-2026-12-01.backup",
    )
    from node.keeping import upkeep

    args = _copied(parser, argv, "/v1/admin/backup", upkeep.back_up)
    target: Path = args.file
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    holds = attempt(lambda: upkeep.held_by(target))
    show_result(args, {"file": str(target), "bytes": target.stat().st_size, "made_at": made_at, **asdict(holds)})
    return DONE


def _copied(
    parser: Parser, argv: Sequence[str], path: str, of_home: Callable[[Path, Path], Coroutine[Any, Any, object]]
) -> Namespace:
    """Write what a node holds to a new file, by its API at a path or, with --home, from its home; returns the words."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the new file")
    parser.add_argument("--home", metavar="DIR", type=Path, help="the node's home, on this machine")
    args = parser.parse_args(argv)
    target: Path = args.file
    if target.exists():
        raise Misuse(f"{target} is already there, and nothing is written over it")
    try:
        if args.home is None:
            from cli.session import connect

            connect(args).client.download(path, target)
        else:
            attempt(lambda: asyncio.run(of_home(args.home, target)))
    except OSError as error:
        raise Misuse(f"{target} cannot be written: {said(error)}") from None
    return args


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


def export_whole(argv: Sequence[str]) -> int:
    """Write a whole network to one signed file: over its API, or from its home."""
    parser = Parser(
        "network export",
        "Write all that belongs to a network to one file that its key signs, by its API or, with --home, on its own\n"
        "machine: books, texts, pictures. No keys and no tokens are in it. Keep it where members' data may be kept.",
        example="mutirao network export riacho.export",
    )
    from node.keeping import exporting

    args = _copied(
        parser, argv, "/v1/admin/export", lambda home, target: exporting.export_network(home, target, clock_ms)
    )
    show_result(args, {"file": str(args.file), "bytes": args.file.stat().st_size})
    return DONE


def import_whole(argv: Sequence[str]) -> int:
    """Make a home of an exported network, or bring one that was imported before up to a newer export."""
    parser = Parser(
        "network import",
        "Make a home of a network that was exported elsewhere: every signature and rule in it is checked first.\n"
        "With a replica's invitation it then follows the home that is; `mutirao takeover` makes it the home.",
        example="mutirao network import riacho.export --home casa",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the export")
    home_option(parser)
    parser.add_argument("--network", metavar="ID", type=read_text, help="of which network it has to be")
    parser.add_argument(
        "--invitation", metavar="CODE", type=read_text, help="what `mutirao replicas invite` told, to follow the home"
    )
    args = parser.parse_args(argv)
    from node.keeping import exporting

    imported = exporting.import_network(
        args.file, args.home, network=args.network, invitation=args.invitation, now=clock_ms, chance=os.urandom
    )
    shown = asdict(attempt(lambda: asyncio.run(imported)))
    exported_at = datetime.fromtimestamp(shown.pop("exported_at_ms") / 1000, UTC)
    show_result(args, {**shown.pop("holds"), **shown, "exported_at": exported_at.isoformat(timespec="seconds")})
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
