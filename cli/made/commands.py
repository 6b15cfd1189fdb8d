# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands made from the declarations: for each noun its verbs, for each verb its fields."""

import sys
from argparse import SUPPRESS, Namespace
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from cli import own
from cli.arguments import Parser, choose, read_count, read_text
from cli.client import path_of
from cli.ending import DONE, Misuse, WishRefused
from cli.made.asking import SURE, asked_for, end_of, is_sure
from cli.made.command import Command, FieldForm, nouns
from cli.made.forms import add_forms, put_in_form, put_picture
from cli.made.options import PLACE, Field, add_field, given, parameters, usage_of
from cli.made.signing import SIGNINGS
from cli.made.wished import SIGNED_FIELD, CommandWished, beside, is_signed_here
from cli.output import plain, put, put_json, show_figures, show_record, table, terminal_width
from cli.session import CommandSession, connect

_PAGE_ITEMS_DEFAULT = 50
"""As protocol.book.operations has it."""

OF_ONE = (FieldForm.ACT, FieldForm.SHOW, FieldForm.LIST_OF)
"""What names one of a noun."""

Fill = Callable[[CommandSession], Any]
"""Finds the field of a wish that a command lets people leave out."""

OWN_VERBS: Sequence[tuple[str, str, str, Callable[[Sequence[str]], int]]] = (
    ("members", "export", "all that the node holds of a member, as one JSON object", own.export),
)
"""Verbs of a noun that the node answers by itself: noun, verb, what it does, and how it is done."""

NO_VERBS: Mapping[str, str] = {}


def noun_of(word: str, known: Container[str]) -> str | None:
    """Return the noun that a word means: itself, or its singular; None where it means none."""
    return next((noun for noun in (word, f"{word}s", f"{word.removesuffix('y')}ies") if noun in known), None)


def run_verb(word: str, argv: Sequence[str], *, beside: Mapping[str, str] = NO_VERBS) -> int:
    """Do what a noun's verb asks for; raises Misuse where there is no such noun.

    `beside` are verbs that are commands of their own, and what each does: they are told of, and not run here.
    """
    known = nouns()
    noun = noun_of(word, known)
    if noun is None:  # of a practice that the index does not know yet
        known = nouns(declared=True)
        noun = noun_of(word, known)
    if noun is None:
        raise Misuse(f"there is no command {word!r}: see mutirao --help, and mutirao resources")
    verbs = known[noun]
    more = {verb: said for of, verb, said, _ in OWN_VERBS if of == noun}
    summaries = {verb: one.summary for verb, one in verbs.items()} | more | dict(beside)
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
    found = {noun: list(verbs) for noun, verbs in sorted(nouns(declared=True).items())}
    if args.json:
        put_json(found)
    else:
        put("\n".join(f"{noun:<{max(map(len, found))}}  {', '.join(verbs)}" for noun, verbs in found.items()))
    return DONE


def operate(
    made: Command,
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
    args = parser_of(made, command, bare=bare, filled=fills, example=example).parse_args(argv)
    body = given(args)
    if made.form is FieldForm.ACT:
        body |= asked_for(made, args, body)
    body |= end_of(made, body)
    session = connect(args, signed_in=not made.anyone)
    client = session.client
    match made.form:
        case FieldForm.CREATE | FieldForm.ACT:
            subject = getattr(args, "id", "")
            parts = (subject, made.verb) if made.form is FieldForm.ACT else ()
            wished = CommandWished(session, path_of(made.noun, *parts), subject, body, args)
            body |= {name: fill(session) for name, fill in fills.items() if name not in body}
            signing = SIGNINGS.get(made.name)
            if signing is not None and signing.applies(wished):
                shown = signing.perform(wished)
            elif is_signed_here(made, wished):
                from cli.made.wishes import sign_and_send

                shown = sign_and_send(wished, made.declared())
            else:
                shown = _plainly(wished, made)
        case FieldForm.SHOW:
            shown = client.get(path_of(made.noun, args.id))
        case FieldForm.LIST:
            return _page(args, client.list(path_of(made.noun), parameters(body), most=_most(args), cursor=args.cursor))
        case FieldForm.LIST_OF:
            path = path_of(made.noun, args.id, made.verb)
            return _page(args, client.list(path, parameters(body), most=_most(args), cursor=args.cursor))
        case FieldForm.RECKON:
            if put_in_form(made, args, client, body):
                return DONE
            shown = client.get(path_of(made.noun, made.verb), parameters(body))
        case FieldForm.RECKON_TOLD:
            shown = client.post_secret(path_of(made.noun, made.verb), body)
    if not put_picture(args, shown):
        _tell(made, args, shown)
    return DONE


def _tell(made: Command, args: Namespace, shown: Mapping[str, Any]) -> None:
    if args.json:
        put_json(shown)
    elif made.form in (FieldForm.RECKON, FieldForm.RECKON_TOLD):
        put(show_figures(shown, terminal_width()))
    else:
        put(show_record(shown))


def parser_of(
    made: Command, command: str, *, bare: Sequence[str] = (), filled: Container[str] = (), example: str = ""
) -> Parser:
    """Return what reads an operation's options; nobody need give those that are filled in."""
    parser = Parser(command, made.summary, example=example or _example(made, command), writes=made.writes)
    if made.form in OF_ONE:
        parser.add_argument("id", metavar="ID", type=read_text, help="which one: its id, or the handle of what has one")
    signing = SIGNINGS.get(made.name)
    declared = {field.name: field for field in _fields(made)}
    for name in bare:
        add_field(parser, declared.pop(name), bare=True)
    for field in declared.values():
        if field.name == SURE:
            dest = PLACE + SURE
            parser.add_argument("--yes", dest=dest, action="store_true", default=SUPPRESS, help=field.said)
            continue
        add_field(parser, field, optional=field.signed or field.name in filled or bool(made.signed))
    if signing is not None and signing.add_options is not None:
        signing.add_options(parser)
    if made.asks:
        parser.add_argument("--yes", action="store_true", help="do it without asking")
    if made.form in (FieldForm.LIST, FieldForm.LIST_OF):
        how_many = parser.add_mutually_exclusive_group()
        how_many.add_argument(
            "--limit", metavar="N", type=read_count, help=f"at most so many; default: {_PAGE_ITEMS_DEFAULT}"
        )
        how_many.add_argument("--all", action="store_true", help="all there are")
        parser.add_argument("--cursor", type=read_text, help="where an earlier list ended: its `next`")
    add_forms(parser, made)
    return parser


def _fields(made: Command) -> tuple[Field, ...]:
    signing = SIGNINGS.get(made.name)
    elsewhere = () if signing is None else signing.made
    return (*(one for one in made.own_fields if one.name not in elsewhere), *beside(made))


def _example(made: Command, command: str) -> str:
    if made.example:
        return made.example.replace(f"mutirao {made.name.replace('.', ' ')}", f"mutirao {command}")
    one = ("ID",) if made.form in OF_ONE else ()
    return " ".join(("mutirao", command, *one, *(usage_of(field) for field in _fields(made) if field.required)))


def _plainly(wished: CommandWished, made: Command) -> Mapping[str, Any]:
    """Send a wish as it was typed, once all is there that it needs."""
    missing = [field.option for field in made.own_fields if field.required and field.name not in wished.body]
    if missing and SIGNED_FIELD not in wished.body:
        raise Misuse(f"{missing[0]} is missing")
    try:
        return wished.post()
    except WishRefused as refusal:
        if not is_sure(made, wished.body, refusal):
            raise
    wished.body[SURE] = True
    return wished.post(again=True)


def _most(args: Namespace) -> int | None:
    return None if args.all else args.limit or _PAGE_ITEMS_DEFAULT


def _page(args: Namespace, page: Mapping[str, Any]) -> int:
    if args.json:
        put_json(page)
        return DONE
    put(table(page["items"], width=terminal_width()))
    if page["next"] is not None:
        put(f"there are more: --all, or --cursor {plain(page['next'])}", sys.stderr)
    return DONE
