# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a node is run."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

from cli.arguments import Parser
from cli.ending import DONE, Misuse, refused
from cli.output import put
from cli.settings import said
from cli.steward.machine import home_option, show_result


def serve_home(argv: Sequence[str]) -> int:
    """Serve a home until SIGTERM or SIGINT."""
    parser = Parser(
        "serve",
        "Run the node: the HTTP API, and the gossip with other nodes. SIGTERM ends it cleanly.\n"
        "In a new, empty home it first lets a network be founded in a browser, by a code that it prints here.",
        example="mutirao serve --home riacho --http 127.0.0.1:8081 --p2p /ip4/127.0.0.1/tcp/4001",
        asks=False,
    )
    home_option(parser)
    parser.add_argument("--http", metavar="HOST:PORT", help="where the API listens; default: 127.0.0.1:8081")
    parser.add_argument(
        "--p2p", metavar="MULTIADDR", action="append", help="where other nodes reach it; may be given several times"
    )
    parser.add_argument(
        "--peer", dest="peers", metavar="MULTIADDR", action="append", help="a node to connect to; several times"
    )
    parser.add_argument("--behind-proxy", action="store_true", default=None, help="a proxy on this machine brings TLS")
    parser.add_argument("--tls-certificate", metavar="FILE", help="the certificate's chain, as PEM")
    parser.add_argument("--tls-key", metavar="FILE", help="its key, as PEM")
    parser.add_argument("--source-url", metavar="URL", help="where the source of a changed mutirao is to be had")
    parser.add_argument("--log-level", metavar="LEVEL", help="debug, info, warning or error")
    parser.add_argument(
        "--reopen", action="store_true", default=None, help="recovering, go on at once and give up what is lost"
    )
    parser.add_argument("--audit", action="store_true", default=None, help="check every member's signature")
    parser.add_argument(
        "--private-hooks", action="store_true", default=None, help="webhooks may go to this machine and its network"
    )
    args = parser.parse_args(argv)
    from node import main
    from node.keeping import config

    try:
        settings = config.load(args.home, vars(args), os.environ)
    except config.ConfigFault as fault:
        raise Misuse(str(fault)) from None

    def serving(url: str, addresses: Sequence[str]) -> None:
        show_result(args, {"url": url, "addresses": list(addresses)})
        sys.stdout.flush()

    def setup_told(told: Mapping[str, str]) -> None:
        show_result(args, told)
        if "code" in told and not args.json:
            put("\nOpen that page in a browser, and type the code: it is good once, for 15 minutes.")
        sys.stdout.flush()

    try:
        asyncio.run(main.serve(args.home, settings, serving, setup_told))
    except main.UNUSABLE as error:
        raise refused("HOME_UNUSABLE", str(error)) from None
    except OSError as error:
        raise refused("CANNOT_LISTEN", said(error)) from None
    return DONE
