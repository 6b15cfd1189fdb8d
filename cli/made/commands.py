# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands made from the declarations: for each noun its verbs, for each verb its fields."""

import sys
from argparse import Namespace
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from cli import own
from cli.arguments import Parser, choose, read_count, read_text
from cli.client import path_of
from cli.ending import DONE, Misuse
from cli.made.asking import asked_for
from cli.made.fields import Field, add_field, fields_of, given, parameters, said_of, usage_of
from cli.made.signing import SIGNINGS
from cli.made.wished import Wished
from cli.made.wishes import SIGNED, beside, is_signed_here, own_fields, sign_and_send
from cli.output import plain, put, put_json, record, table, terminal_width
from cli.session import Session, connect
from protocol.book.declaration import (
    PAGE_ITEMS_DEFAULT,
    Act,
    Create,
    List,
    ListOf,
    Operation,
    Role,
    Show,
    operation_name,
)
from protocol.practices import PRACTICES

Fill = Callable[[Session], Any]
"""Finds the field of a wish that a command lets people leave out."""

OPERATIONS: Mapping[str, Operation] = {
    operation_name(operation): operation for practice in PRACTICES for operation in practice.operations
}


OWN_VERBS: Sequence[tuple[str, str, str, Callable[[Sequence[str]], int]]] = (
    ("members", "export", "all that the node holds of a member, as one JSON object", own.export),
)
"""Verbs of a noun that the node answers by itself: noun, verb, what it does, and how it is done."""


def nouns() -> dict[str, dict[str, Operation]]:
    """Return every noun with its verbs."""
    found: dict[str, dict[str, Operation]] = {}
    for name, operation in OPERATIONS.items():
        noun, _, verb = name.partition(".")
        found.setdefault(noun, {})[verb] = operation
    return found


def noun_of(word: str) -> str | None:
    """Return the noun that a word means: itself, or its singular; None where it means none."""
    known = nouns()
    for noun in (word, f"{word}s", f"{word.removesuffix('y')}ies"):
        if noun in known:
            return noun
    return None


def run(word: str, argv: Sequence[str]) -> int:
    """Do what a noun's verb asks for; raises Misuse where there is no such noun."""
    noun = noun_of(word)
    if noun is None:
        raise Misuse(f"there is no command {word!r}: see mutirao --help, and mutirao resources")
    verbs = nouns()[noun]
    more = {verb: said for of, verb, said, _ in OWN_VERBS if of == noun}
    summaries = {verb: summary_of(operation) for verb, operation in verbs.items()} | more
    verb, rest = choose(word, f"What can be done with {noun}.", summaries, argv)
    if verb in more:
        return next(run for of, name, _, run in OWN_VERBS if (of, name) == (noun, verb))(rest)
    return operate(verbs[verb], rest, command=f"{word} {verb}")


def list_resources(argv: Sequence[str]) -> int:
    """Print every noun with its verbs."""
    parser = Parser(
        "resources", "Everything that the API can do, as NOUN and VERB.", example="mutirao resources", asks=False
    )
    args = parser.parse_args(argv)
    found = {noun: list(verbs) for noun, verbs in sorted(nouns().items())}
    if args.json:
        put_json(found)
    else:
        put("\n".join(f"{noun:<{max(map(len, found))}}  {', '.join(verbs)}" for noun, verbs in found.items()))
    return DONE


def operate(
    operation: Operation,
    argv: Sequence[str],
    *,
    command: str,
    bare: Sequence[str] = (),
    fills: Mapping[str, Fill] | None = None,
    example: str = "",
) -> int:
    """Read one operation's options, ask the node, and print what it shows.

    `bare` are the fields that are written without their options; `fills` finds those that are left out.
    """
    fills = fills or {}
    args = parser_of(operation, command, bare=bare, filled=fills, example=example).parse_args(argv)
    body = given(args)
    if isinstance(operation, Act):
        body |= asked_for(operation, args, body)
    session = connect(args, signed_in=Role.ANYONE not in operation.who)
    client = session.client
    match operation:
        case Create() | Act():
            subject = getattr(args, "id", "")
            parts = (subject, operation.verb) if isinstance(operation, Act) else ()
            wished = Wished(session, path_of(operation.noun, *parts), subject, body, args)
            body |= {name: fill(session) for name, fill in fills.items() if name not in body}
            signing = SIGNINGS.get(operation_name(operation))
            if signing is not None and signing.applies(wished):
                shown = signing.perform(wished)
            elif is_signed_here(operation, wished):
                shown = sign_and_send(wished, operation)
            else:
                shown = _plainly(wished, operation)
        case Show(noun):
            shown = client.get(path_of(noun, args.id))
        case List(noun):
            return _page(args, client.list(path_of(noun), parameters(body), most=_most(args), cursor=args.cursor))
        case ListOf(noun, what):
            return _page(args, client.list(path_of(noun, args.id, what), most=_most(args), cursor=args.cursor))
    if args.json:
        put_json(shown)
    else:
        put(record(shown))
    return DONE


def parser_of(
    operation: Operation, command: str, *, bare: Sequence[str] = (), filled: Container[str] = (), example: str = ""
) -> Parser:
    """Return what reads an operation's options; nobody need give those that are filled in."""
    writes = isinstance(operation, Create | Act)
    example = example or _example(operation, command)
    parser = Parser(command, summary_of(operation), example=example, writes=writes)
    if not isinstance(operation, Create | List):
        parser.add_argument("id", metavar="ID", type=read_text, help="which one: its id, or the handle of what has one")
    signing = SIGNINGS.get(operation_name(operation)) if isinstance(operation, Create | Act) else None
    is_signed = isinstance(operation, Create | Act) and operation.signed is not None
    declared = {field.name: field for field in _fields(operation)}
    for name in bare:
        add_field(parser, declared.pop(name), bare=True)
    for field in declared.values():
        add_field(parser, field, optional=field.signed or field.name in filled or is_signed)
    if signing is not None and signing.add_options is not None:
        signing.add_options(parser)
    if isinstance(operation, Act) and operation.asks:
        parser.add_argument("--yes", action="store_true", help="do it without asking")
    if isinstance(operation, List | ListOf):
        how_many = parser.add_mutually_exclusive_group()
        how_many.add_argument(
            "--limit", metavar="N", type=read_count, help=f"at most so many; default: {PAGE_ITEMS_DEFAULT}"
        )
        how_many.add_argument("--all", action="store_true", help="all there are")
        parser.add_argument("--cursor", type=read_text, help="where an earlier list ended: its `next`")
    return parser


def summary_of(operation: Operation) -> str:
    """Return what an operation does, in its declaration's own words."""
    match operation:
        case Create() | Act():
            return said_of(operation.wish)
        case Show(shown=shown):
            return f"Show one: {said_of(shown)}"
        case List():
            return said_of(operation.wanted)
        case ListOf(item=item):
            return f"List the {operation.what} of one: {said_of(item)}"


def _fields(operation: Operation) -> tuple[Field, ...]:
    match operation:
        case Create() | Act():
            signing = SIGNINGS.get(operation_name(operation))
            made = () if signing is None else signing.made
            return (*(one for one in own_fields(operation) if one.name not in made), *beside(operation))
        case List():
            return fields_of(operation.wanted)
        case _:
            return ()


def _example(operation: Operation, command: str) -> str:
    if operation.example:
        return operation.example.replace(f"mutirao {operation_name(operation).replace('.', ' ')}", f"mutirao {command}")
    one = () if isinstance(operation, Create | List) else ("ID",)
    return " ".join(("mutirao", command, *one, *(usage_of(field) for field in _fields(operation) if field.required)))


def _plainly(wished: Wished, operation: Create | Act) -> Mapping[str, Any]:
    """Send a wish as it was typed, once all is there that it needs."""
    missing = [field.option for field in own_fields(operation) if field.required and field.name not in wished.body]
    if missing and SIGNED not in wished.body:
        raise Misuse(f"{missing[0]} is missing")
    return wished.post()


def _most(args: Namespace) -> int | None:
    return None if args.all else args.limit or PAGE_ITEMS_DEFAULT


def _page(args: Namespace, page: Mapping[str, Any]) -> int:
    if args.json:
        put_json(page)
        return DONE
    put(table(page["items"], width=terminal_width()))
    if page["next"] is not None:
        put(f"there are more: --all, or --cursor {plain(page['next'])}", sys.stderr)
    return DONE
