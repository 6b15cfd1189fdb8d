# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a network is founded, or the home of a replica."""

import asyncio
import os
from argparse import Namespace
from collections.abc import Coroutine, Sequence
from dataclasses import asdict
from typing import Any

from cli.arguments import Parser, read_count, read_number, read_text
from cli.ending import DONE, Misuse
from cli.output import put
from cli.steward.machine import attempt, clock_ms, home_option, show_result


def init(argv: Sequence[str]) -> int:
    """Found a network in an empty directory, or make the home of a replica of one."""
    parser = Parser(
        "init",
        "Found a network: keys, settings, database, first currency. The steward's token is told this once.",
        example='mutirao init --home riacho --handle riacho --name "Riacho" --currency HORA --default-limit 100.00',
        asks=False,
    )
    home_option(parser)
    parser.add_argument("--handle", type=read_text, help="what stands behind @ in addresses: riacho")
    parser.add_argument("--name", type=read_text, help="the network's name; default: the handle")
    parser.add_argument("--currency", metavar="CODE", type=read_text, help="the first currency's code: HORA")
    parser.add_argument("--currency-name", type=read_text, help="its full name; default: the code")
    parser.add_argument("--unit-word", metavar="WORD", type=read_text, help="the group's own word for one unit")
    parser.add_argument("--scale", metavar="N", type=read_number, default=2, help="its decimals; default: 2")
    parser.add_argument("--default-limit", metavar="DECIMAL", default="100", help="how far a member may owe: 100.00")
    parser.add_argument(
        "--cold-keys", metavar="N", type=read_count, default=1, help="how many cold keys there are; default: 1"
    )
    parser.add_argument(
        "--cold-needed",
        metavar="K",
        type=read_count,
        help="how many of them change the key; default: over half",
    )
    parser.add_argument("--replica-of", metavar="NETWORK", help="keep a copy of this network's books instead: its id")
    parser.add_argument("--invitation", metavar="CODE", help="with --replica-of: what `mutirao replicas invite` told")
    args = parser.parse_args(argv)
    founded = attempt(lambda: asyncio.run(_founded(args)))
    show_result(args, asdict(founded))
    if not args.json and args.replica_of is None:
        from node.keeping.home import cold_names

        keys = args.home / "keys"
        *names, last = (keys / f"{name}.key" for name in ("next", *cold_names(args.cold_keys)))
        put(f"\nKeep {', '.join(map(str, names))} and {last} away from this machine: they bring the network back.")
        if args.cold_keys == 1:
            put("One cold key is enough for a small group. Where more depends on it: --cold-keys 3, of which 2 sign.")
    return DONE


def _founded(args: Namespace) -> Coroutine[Any, Any, Any]:
    from node.keeping import home

    times = {"now": clock_ms, "chance": os.urandom}
    if args.replica_of is not None:
        if args.handle or args.currency or not args.invitation:
            raise Misuse("--replica-of goes with --invitation, and without --handle and --currency")
        return home.found_replica(args.home, args.replica_of, args.invitation, **times)
    if not args.handle or not args.currency:
        raise Misuse(f"--{'currency' if args.handle else 'handle'} is missing (see mutirao init --help)")
    if "," in args.default_limit:
        raise Misuse(f"{args.default_limit!r} has a comma: write 100.00, with a point")
    founding = home.Founding(
        args.handle,
        args.name or args.handle,
        args.currency,
        args.scale,
        args.default_limit,
        args.currency_name,
        args.unit_word,
        args.cold_keys,
        args.cold_needed,
    )
    return home.found(args.home, founding, **times)
