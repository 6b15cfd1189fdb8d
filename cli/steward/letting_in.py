# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a steward comes in again whose last token is lost."""

import asyncio
import os
from collections.abc import Sequence

from cli.arguments import Parser
from cli.ending import DONE
from cli.steward.machine import attempt, clock_ms, home_option, show_result


def steward_token(argv: Sequence[str]) -> int:
    """Make a steward's token in the home of a stopped node; it is told this once."""
    parser = Parser(
        "steward-token",
        "Make a new steward's token in the home of a stopped node, where all others are lost. It is told this once;\n"
        "revoke the lost ones afterwards: mutirao tokens list, mutirao tokens revoke.",
        example="mutirao steward-token --home riacho",
        asks=False,
    )
    home_option(parser)
    args = parser.parse_args(argv)
    from node.keeping.stewards import let_steward_in

    token = attempt(lambda: asyncio.run(let_steward_in(args.home, now=clock_ms, chance=os.urandom)))
    show_result(args, {"steward_token": token})
    return DONE
