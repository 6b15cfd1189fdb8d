# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changes of a network's keys: by rotation, with cold keys, on a replica, and by guardians."""

import asyncio
import os
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from cli.arguments import Parser, read_count, read_moment, read_number
from cli.ending import DONE, Misuse
from cli.output import put
from cli.steward.machine import attempt, clock_ms, home_option, show_result, written_anew

_DAY_MS = 24 * 3_600 * 1_000


def rotate_keys(argv: Sequence[str]) -> int:
    """Change a stopped node's signing key, or write what cold keys elsewhere have to sign for it."""
    parser = Parser(
        "rotate",
        "Change the signing key of a stopped node, after a theft or in time: the promised key takes its place.",
        example="mutirao rotate --home riacho --stolen --next stick/next.key --cold stick/cold.key",
        asks=False,
    )
    home_option(parser)
    parser.add_argument(
        "--next", metavar="FILE", type=Path, help="the promised key; default: keys/next.key of the home"
    )
    parser.add_argument(
        "--cold", metavar="FILE", type=Path, action="append", default=[], help="a cold key that signs; several times"
    )
    parser.add_argument(
        "--signature",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="what `mutirao sign` has written elsewhere; several times",
    )
    parser.add_argument("--stolen", action="store_true", help="replace the keys of wire and preimages too")
    parser.add_argument(
        "--before",
        metavar="TIME",
        type=read_moment,
        help="with --stolen: give up all that this home has taken in since its first entry of this time or later",
    )
    parser.add_argument(
        "--new-cold-keys", metavar="N", type=read_count, help="put so many new cold keys in the place of all there are"
    )
    parser.add_argument(
        "--cold-needed", metavar="K", type=read_count, help="how many of the new ones have to sign; default: over half"
    )
    parser.add_argument(
        "--hot-grant",
        metavar="N|all",
        type=_read_hot_grant,
        help="from then on the signing key alone grants N minor units on a link in all, cold keys whatever is more",
    )
    parser.add_argument(
        "--guardian",
        metavar="NETWORK",
        action="append",
        default=[],
        help="a network, by id, that may give this one new keys once all are lost; several times, in the place of all",
    )
    parser.add_argument(
        "--guardians-needed", metavar="K", type=read_count, help="how many of them it takes; default: over half"
    )
    parser.add_argument(
        "--recovery-days", metavar="DAYS", type=read_count, help="how long what they do is put off; default: 14"
    )
    parser.add_argument(
        "--to-sign", metavar="FILE", type=Path, help="change nothing yet, and write here what cold keys have to sign"
    )
    args = parser.parse_args(argv)
    if args.before is not None and not args.stolen:
        raise Misuse("--before goes with --stolen")
    if args.cold_needed is not None and args.new_cold_keys is None:
        raise Misuse("--cold-needed goes with --new-cold-keys")
    if not args.guardian and (args.guardians_needed, args.recovery_days) != (None, None):
        raise Misuse("--guardians-needed and --recovery-days go with --guardian")
    if args.to_sign is not None and (args.cold or args.signature):
        raise Misuse("--to-sign goes without --cold and --signature")
    from node.keeping import rotation

    before_ms = None if args.before is None else round(datetime.fromisoformat(args.before).timestamp() * 1_000)
    days = args.recovery_days
    change = rotation.Change(
        args.next,
        args.stolen,
        before_ms,
        args.new_cold_keys,
        args.cold_needed,
        args.hot_grant,
        guardians=tuple(args.guardian),
        guardians_needed=args.guardians_needed,
        recovery_delay_ms=rotation.RECOVERY_DELAY_MS if days is None else days * _DAY_MS,
    )
    if args.to_sign is not None:
        shown = written_anew(
            lambda: asyncio.run(rotation.to_sign(args.home, change, args.to_sign, chance=os.urandom)), args.to_sign
        )
        show_result(args, {"file": str(args.to_sign), **asdict(shown)})
        return DONE
    rotated = rotation.rotate(
        args.home, change, cold_keys=args.cold, signatures=args.signature, now=clock_ms, chance=os.urandom
    )
    show_result(args, asdict(attempt(lambda: asyncio.run(rotated))))
    return DONE


def _read_hot_grant(text: str) -> int:
    from protocol.lanes.claims import HOT_GRANT_MAX

    number = HOT_GRANT_MAX if text == "all" else read_number(text)
    if not 0 <= number <= HOT_GRANT_MAX:
        raise ArgumentTypeError(f"{text!r} is no number of minor units")
    return number


def sign_cold(argv: Sequence[str]) -> int:
    """Sign a change of keys, a grant or a checkpoint with a cold key; no home and no network are needed for it."""
    parser = Parser(
        "sign",
        "Sign a change of a network's key, a grant on a link or a checkpoint with a cold key, on whatever machine it\n"
        "is: no home is needed. It prints what was signed: compare it with what the other keepers see.",
        example="mutirao sign rotation.claim --cold cold-2.key rotation.signed-2",
        asks=False,
    )
    parser.add_argument(
        "claim",
        metavar="CLAIM",
        type=Path,
        help="what `mutirao rotate --to-sign` wrote, or what `mutirao links sign LINK --granted AMOUNT --json` or\n"
        "`mutirao checkpoints show ID --json` told",
    )
    parser.add_argument("target", metavar="FILE", type=Path, help="where the signature goes")
    parser.add_argument("--cold", metavar="FILE", type=Path, required=True, help="the cold key")
    args = parser.parse_args(argv)
    from node.keeping import cold

    shown = written_anew(lambda: cold.sign_file(args.claim, args.cold, args.target), args.target)
    show_result(args, {"file": str(args.target), **asdict(shown)})
    return DONE


def takeover(argv: Sequence[str]) -> int:
    """Make a stopped replica the home of its network."""
    parser = Parser(
        "takeover",
        "Make a stopped replica the home of its network, once the home that was is gone for good.\n"
        "The promised key takes its place here; what the old home may sign yet counts nowhere. If there are several\n"
        "replicas, take the one with the most entries.",
        example="mutirao takeover --home casa --next stick/next.key --cold stick/cold.key",
        asks=False,
    )
    home_option(parser)
    parser.add_argument("--next", metavar="FILE", type=Path, required=True, help="the promised key")
    parser.add_argument(
        "--cold", metavar="FILE", type=Path, action="append", required=True, help="a cold key that signs; several times"
    )
    args = parser.parse_args(argv)
    from node.keeping.takeover import take_over

    taken = take_over(args.home, next_key=args.next, cold_keys=args.cold, now=clock_ms, chance=os.urandom)
    show_result(args, asdict(attempt(lambda: asyncio.run(taken))))
    if not args.json:
        kept = args.home / "keys" / "next.key"
        put(f"\nKeep {kept} away from this machine. Members without a key need new tokens.")
    return DONE


def recover(argv: Sequence[str]) -> int:
    """Give a network whose keys are all lost new ones, in a stopped copy of its books, by its guardians' word."""
    parser = Parser(
        "recover",
        "Make a copy of a network's books, stopped, its home under new keys, once all of its own are lost.\n"
        "First --propose, and let its guardians back what it writes; then, once it is due, --finish.",
        example="mutirao recover --home casa --propose recovery.claim",
        asks=False,
    )
    home_option(parser)
    parser.add_argument(
        "--propose", metavar="FILE", type=Path, help="make new keys, and write here what guardians back"
    )
    parser.add_argument(
        "--cold-keys", metavar="N", type=read_count, default=1, help="how many cold keys there will be; default: 1"
    )
    parser.add_argument(
        "--cold-needed", metavar="K", type=read_count, help="how many of them have to sign; default: over half"
    )
    parser.add_argument(
        "--finish", metavar="FILE", type=Path, help="what `mutirao recoveries show RECOVERY --json` gave at a guardian"
    )
    args = parser.parse_args(argv)
    if (args.propose is None) == (args.finish is None):
        raise Misuse("either --propose or --finish")
    from node.keeping import recovery

    if args.propose is not None:
        proposed = recovery.propose(
            args.home, args.propose, cold_keys=args.cold_keys, cold_needed=args.cold_needed, chance=os.urandom
        )
        shown = written_anew(lambda: asyncio.run(proposed), args.propose)
        show_result(args, {"file": str(args.propose), **asdict(shown)})
        return DONE
    finished = recovery.finish(args.home, args.finish, now=clock_ms, chance=os.urandom)
    show_result(args, asdict(attempt(lambda: asyncio.run(finished))))
    if not args.json:
        keys = args.home / "keys"
        put(f"\nKeep next.key and the cold keys in {keys} elsewhere. Members without a key need new tokens.")
    return DONE
