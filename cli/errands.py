# SPDX-License-Identifier: AGPL-3.0-or-later
"""What waits for a member today, and for those who coordinate this week, with the command that settles each."""

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

from cli.arguments import Parser
from cli.client import path_of
from cli.ending import DONE
from cli.output import figure, put, put_json, table
from cli.session import connect

_COLUMNS = ("who", "figure", "said", "until", "settle")


def today(argv: Sequence[str]) -> int:
    """Print what waits for whoever asks."""
    return _list("today", "What waits for you: what others wait for first.", argv)


def week(argv: Sequence[str]) -> int:
    """Print what waits for those who coordinate."""
    return _list("week", "What waits for those who coordinate, the most urgent first.", argv)


def _list(span: str, says: str, argv: Sequence[str]) -> int:
    args = Parser(span, says, example=f"mutirao {span}").parse_args(argv)
    page = connect(args).client.list(path_of("errands"), {"span": span})
    if args.json:
        put_json(page)
    elif page["items"]:
        put(table([_row(one) for one in page["items"]], _COLUMNS))
    else:
        put("All settled.")
    return DONE


def _row(errand: Mapping[str, Any]) -> dict[str, Any]:
    """Return an errand as a line: its figure, and the command that settles it."""
    shown = errand["count"] if errand["figure"] is None else figure(errand["figure"])
    return {**errand, "figure": shown, "settle": settled_by(errand)}


def settled_by(errand: Mapping[str, Any]) -> str:
    """Return the command that settles an errand."""
    noun, _, verb = errand["verb"].partition(".")
    if errand["verb"] == "quotes.create":
        # Who it is another network has said.
        return f"mutirao pay {quote(errand['who'])} {figure(errand['figure'])} --request {errand['id']}"
    if errand["verb"] == "payments.create":
        return f"mutirao pay {quote(errand['who'])} {figure(errand['figure'])} --refunds {errand['id']}"
    more = " --outcome OUTCOME" if errand["verb"] == "orders.settle" else ""
    return f"mutirao {noun} {verb} {errand['id']}{more}"
