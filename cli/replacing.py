# SPDX-License-Identifier: AGPL-3.0-or-later
"""A key that gives way to a new one: a device is sold, a program has spoiled its numbers, somebody has seen it."""

from collections.abc import Sequence
from pathlib import Path

from cli import keys
from cli.arguments import Parser
from cli.ending import DONE, Misuse, WishRefused
from cli.output import put, put_json, show_record
from cli.session import CommandSession
from cli.settings import settings


def replace_key(argv: Sequence[str]) -> int:
    """Make a new key, and let it take the place of the key at hand, or of another of the same member's."""
    from cli.client import path_of
    from cli.made.command import commands
    from cli.made.wished import CommandWished
    from cli.made.wishes import sign_and_send
    from protocol.practices.people.joinings import sign_joining

    parser = Parser(
        "keys replace",
        "Put a new key in the place of one of yours, which counts no more from then on.",
        example="mutirao keys replace --key ana.key --out new.key",
        writes=True,
    )
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the new file that keeps the new key")
    parser.add_argument(
        "--gives-way", metavar="KEY", help="which of your keys gives way, as `members show` tells it; default: --key"
    )
    args = parser.parse_args(argv)
    session = CommandSession(settings(args), args.timeout)
    member = session.client.get(path_of("members", session.sign_in()["member"]))
    keys.write_new(args.out)
    joining = sign_joining(keys.read(args.out), session.network, member["handle"])
    body = {} if args.gives_way is None else {"gives_way": args.gives_way}
    wished = CommandWished(session, path_of("members", member["id"], "rebind-key"), member["id"], body, args)
    try:
        shown = sign_and_send(wished, commands()["members.rebind-key"].declared(), {"joining": joining})
    except (WishRefused, Misuse):
        args.out.unlink()  # it is nobody's; where the node gave no answer it may be the member's own by now
        raise
    if args.json:
        put_json(shown)
    else:
        put(show_record({"file": str(args.out), "keys": [one["key"] for one in shown["keys"]]}))
    return DONE
