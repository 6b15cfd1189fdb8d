# SPDX-License-Identifier: AGPL-3.0-or-later
"""Webhooks by command: where events go, what waits, what was given up."""

from collections.abc import Sequence

from cli.arguments import Parser, choose, read_text
from cli.client import path_of
from cli.ending import DONE
from cli.output import put, put_json, show_record, table, terminal_width
from cli.session import connect

_VERBS = {
    "create": "send events to a URL; the secret that signs them is shown this once",
    "list": "where events go",
    "show": "one of these",
    "deliveries": "what waits for its next try, and what was given up",
    "replay": "try anew what was given up",
    "test": "send a message of the type webhook.test",
    "remove": "send nothing there any more",
}


def webhooks(argv: Sequence[str]) -> int:
    """Make, list, show, test, replay and remove webhooks."""
    verb, rest = choose("webhooks", "URLs to which events go, for stewards.", _VERBS, argv)
    examples = {"create": "create --url https://till.example/hook --types payment.posted", "list": "list"}
    parser = Parser(
        f"webhooks {verb}",
        f"{_VERBS[verb][0].upper()}{_VERBS[verb][1:]}.",
        example=f"mutirao webhooks {examples.get(verb, f'{verb} 1')}",
    )
    if verb == "create":
        parser.add_argument("--url", required=True, type=read_text, help="where to")
        parser.add_argument(
            "--types", action="append", type=read_text, help="only this type of event; several times; default: all"
        )
        parser.add_argument("--label", type=read_text, help="what it is for, as the list will show")
    elif verb != "list":
        parser.add_argument("id", metavar="ID", type=read_text, help="the webhook's id, as the list tells it")
    if verb == "replay":
        parser.add_argument(
            "--deliveries", action="append", metavar="ID", type=read_text, help="only this one; several times"
        )
    args = parser.parse_args(rest)
    client = connect(args).client
    if verb in ("list", "deliveries"):
        page = client.list(path_of("webhooks") if verb == "list" else path_of("webhooks", args.id, verb))
        put_json(page) if args.json else put(table(page["items"], width=terminal_width()))
        return DONE
    if verb == "create":
        asked = {name: getattr(args, name) for name in ("url", "types", "label")}
        body = {name: value for name, value in asked.items() if value is not None}
        shown = client.post_secret(path_of("webhooks"), body)
    elif verb == "replay":
        body = {} if args.deliveries is None else {"deliveries": args.deliveries}
        shown = client.post_secret(path_of("webhooks", args.id, verb), body)
    elif verb == "test":
        shown = client.post_secret(path_of("webhooks", args.id, verb), {})
    else:
        shown = client.get(path_of("webhooks", args.id))
        if verb == "remove":
            client.delete(path_of("webhooks", args.id))
    put_json(shown) if args.json else put(show_record(shown))
    return DONE
