# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is the node's own and no feature's: what it is, sessions, tokens, events, its API's description."""

import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cli import keys
from cli.arguments import Parser, choose, read_count, read_moment, read_text
from cli.client import path_of
from cli.ending import DONE, Misuse
from cli.output import cell, plain, put, put_json, show_record, table, terminal_width
from cli.session import connect
from cli.settings import said

ROLES = ("member", "auditor", "committee", "steward")

_TOKEN_VERBS = {
    "create": "make a token for an app, or for somebody who has no key",
    "list": "the tokens that you may revoke",
    "show": "a token without its secret",
    "revoke": "let a token open nothing any more",
}


def node(argv: Sequence[str]) -> int:
    """Print which node this is, and how it is."""
    _, rest = choose("node", "The node that is asked.", {"show": "which node this is, and how it is"}, argv)
    args = Parser("node show", "Which node this is, and how it is.", example="mutirao node show").parse_args(rest)
    shown = connect(args, signed_in=False).node
    if args.json:
        put_json(shown)
    else:
        put(show_record(shown))
    return DONE


def login(argv: Sequence[str]) -> int:
    """Sign in by key, and print or keep the session's token."""
    parser = Parser(
        "login",
        "Sign in with a key: the token that you get is good for an hour.",
        example="mutirao login --key ana.key --save ana.token",
    )
    parser.add_argument("--save", metavar="FILE", type=Path, help="keep the token in this file, for MUTIRAO_TOKEN_FILE")
    args = parser.parse_args(argv)
    opened = dict(connect(args, signed_in=False).sign_in())
    if args.save is not None:
        args.save.unlink(missing_ok=True)
        keys.write_secret(args.save, opened["token"])
        opened["token"] = None
        opened["token_file"] = str(args.save)
    if args.json:
        put_json(opened)
    else:
        put(show_record(opened))
    return DONE


def logout(argv: Sequence[str]) -> int:
    """End the session whose token asks."""
    parser = Parser("logout", "End the session of your token.", example="mutirao logout")
    args = parser.parse_args(argv)
    connect(args, signed_in=False).client.delete(path_of("sessions"))
    if args.json:
        put_json({"signed_out": True})
    else:
        put("signed out")
    return DONE


def tokens(argv: Sequence[str]) -> int:
    """Make, list, show and revoke tokens."""
    verb, rest = choose("tokens", "Tokens that open the API.", _TOKEN_VERBS, argv)
    examples = {"create": "create --label till --scopes payments:write", "list": "list"}
    parser = Parser(
        f"tokens {verb}",
        f"{_TOKEN_VERBS[verb].capitalize()}.",
        example=f"mutirao tokens {examples.get(verb, f'{verb} 3')}",
    )
    if verb == "create":
        parser.add_argument("--label", required=True, type=read_text, help="what it is for, as the list will show")
        parser.add_argument("--role", choices=ROLES, help="what its bearer is to the network; default: member")
        parser.add_argument("--member", type=read_text, help="whose it is: a handle; for a member: its own")
        parser.add_argument(
            "--scopes", action="append", type=read_text, help="what it allows, such as payments:write; several times"
        )
        parser.add_argument("--expires", metavar="TIME", type=read_moment, help="when it ends; default: when revoked")
    elif verb != "list":
        parser.add_argument("id", metavar="ID", type=read_text, help="the token's id, as the list tells it")
    args = parser.parse_args(rest)
    client = connect(args).client
    if verb == "list":
        page = client.list(path_of("tokens"))
        put_json(page) if args.json else put(table(page["items"], width=terminal_width()))
        return DONE
    if verb == "create":
        asked = {name: getattr(args, name) for name in ("label", "role", "member", "scopes", "expires")}
        body = {name: value for name, value in asked.items() if value is not None}
        shown = client.post_secret(path_of("tokens"), body)
    else:
        shown = client.get(path_of("tokens", args.id))
        if verb == "revoke":
            client.delete(path_of("tokens", args.id))
            shown = client.get(path_of("tokens", args.id))
    put_json(shown) if args.json else put(show_record(shown))
    return DONE


def browser(argv: Sequence[str]) -> int:
    """Make a code that lets a browser in, and print the link to its page, or that as a QR code."""
    parser = Parser(
        "browser",
        "Let a browser in, once and within 15 minutes: as yourself, or as a member without a key.",
        example="mutirao browser --member ana --qr",
    )
    parser.add_argument("--member", type=read_text, help="whom it lets in: a handle; for a member: itself")
    parser.add_argument("--role", choices=ROLES, help="what it lets in as; default: member")
    parser.add_argument("--qr", action="store_true", help="print the link as a QR code too, for a telephone")
    args = parser.parse_args(argv)
    client = connect(args).client
    asked = {name: getattr(args, name) for name in ("member", "role")}
    body = {name: value for name, value in asked.items() if value is not None}
    shown = dict(client.post_secret(path_of("sign-in-codes"), body))
    shown["link"] = f"{client.url}{shown.pop('path')}"
    if args.json:
        put_json(shown)
        return DONE
    put(show_record(shown))
    if args.qr:
        import segno

        segno.make_qr(shown["link"]).terminal(compact=True)
    return DONE


def events(argv: Sequence[str]) -> int:
    """Print what happens, as it happens, until the node ends it or so many have come."""
    parser = Parser(
        "events",
        "Follow what happens, as it happens; --json prints one object for each.",
        example="mutirao events --types payment.posted,payment.voided",
    )
    parser.add_argument("--types", type=read_text, help="only these types, joined by commas")
    parser.add_argument("--after", metavar="ID", type=read_text, help="begin behind this event instead of now")
    parser.add_argument("--limit", metavar="N", type=read_count, help="end after so many")
    args = parser.parse_args(argv)
    for count, event in enumerate(connect(args).client.events(args.types, args.after), 1):
        if args.json:
            put_json(event)
        else:
            put(f"{plain(event['id'])}  {plain(event['type'])}  {plain(event['resource'])}  {cell(event['figures'])}")
        sys.stdout.flush()
        if count == args.limit:
            break
    return DONE


def export(argv: Sequence[str]) -> int:
    """Print all that the node holds of a member."""
    parser = Parser(
        "members export",
        "Print all that the node holds of a member, as one JSON object: for the member itself, and for stewards.",
        example="mutirao members export ana >ana.json",
    )
    parser.add_argument("id", metavar="ID", type=read_text, help="which member: its id or handle")
    args = parser.parse_args(argv)
    put_json(connect(args).client.get(path_of("members", args.id, "export")))
    return DONE


def openapi(argv: Sequence[str]) -> int:
    """Print the OpenAPI document of the node."""
    parser = Parser(
        "openapi", "Print the node's OpenAPI 3.1 document, for programs.", example="mutirao openapi >openapi.json"
    )
    args = parser.parse_args(argv)
    put_json(connect(args, signed_in=False).client.get("/openapi.json"))
    return DONE


def source(argv: Sequence[str]) -> int:
    """Write the source of the program that a node runs to a file."""
    parser = Parser(
        "source",
        "Take along the source of the program that the node runs: one tar archive, the same bytes from every node\n"
        "that runs the same program. Its licence is the GNU Affero General Public License 3.0.",
        example="mutirao source --output mutirao.tar",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="the new file")
    args = parser.parse_args(argv)
    target: Path = args.output
    asked = connect(args, signed_in=False)
    try:
        size = asked.client.download("/v1/source", target)
    except OSError as error:
        raise Misuse(f"{target} cannot be written: {said(error)}") from None
    digest = sha256(target.read_bytes()).hexdigest()
    shown = {"file": str(target), "bytes": size, "sha256": digest, "version": asked.node["version"]}
    if args.json:
        put_json(shown)
    else:
        put(show_record(shown))
    return DONE
