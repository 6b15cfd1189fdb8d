# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every command explains itself with an example that works, and help loads nothing heavy."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from cli.arguments import split
from cli.made.commands import OPERATIONS, nouns, parser_of
from cli.made.fields import fields_of
from cli.made.signing import SIGNINGS
from cli.made.wishes import own_fields
from cli.main import COMMANDS
from protocol.book.declaration import Act, Create, List, operation_name

HEAVY = ("aiohttp", "aiosqlite", "asyncio", "cbor2", "libp2p", "nacl", "protocol", "node", "ssl", "trio")
"""What a call for help must not wait for."""

OWN = [
    *(name for group in COMMANDS.values() for name in group if name not in ("demo", "keys", "link", "node")),
    *("keys new", "keys show", "link propose", "link accept", "network status", "node show", "tokens create"),
    *("tokens list", "tokens show", "tokens revoke", "verify receipt", "verify proof", "verify fault", "verify book"),
]
OWN = [name for name in OWN if name not in ("network", "tokens", "verify")]


def help_of(mutirao: Callable[..., Any], command: str) -> str:
    ended = mutirao(*command.split(), "--help")
    assert (ended.code, ended.err) == (0, "")
    return ended.out


@pytest.mark.parametrize("command", OWN)
def test_each_short_form_explains_itself_with_an_example(mutirao: Callable[..., Any], command: str) -> None:
    told = help_of(mutirao, command)
    assert told.startswith(f"usage: mutirao {command}")
    assert f"example:\n  mutirao {command}" in told


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=operation_name)
def test_each_operation_explains_itself_with_an_example_that_it_can_read(
    mutirao: Callable[..., Any], operation: Any
) -> None:
    noun, _, verb = operation_name(operation).partition(".")
    told = " ".join(help_of(mutirao, f"{noun} {verb}").split())
    if isinstance(operation, Create | Act):
        made = SIGNINGS[operation_name(operation)].made if operation_name(operation) in SIGNINGS else ()
        declared = [field for field in own_fields(operation) if field.name not in made]
    else:
        declared = fields_of(operation.wanted) if isinstance(operation, List) else ()
    for field in declared:
        assert " ".join(field.said.split()) in told
    example = told.partition("example: ")[2]
    program, found_noun, *words = shlex.split(example)
    found_verb, rest = split(words)
    assert (program, found_noun, found_verb) == ("mutirao", noun, verb)
    parser_of(operation, f"{noun} {verb}").parse_args(rest)


def test_each_noun_lists_its_verbs(mutirao: Callable[..., Any]) -> None:
    for noun, verbs in nouns().items():
        told = help_of(mutirao, noun)
        assert all(f"\n  {verb}" in told for verb in verbs)


def test_every_operation_is_listed_among_the_resources(mutirao: Callable[..., Any]) -> None:
    shown = mutirao("resources", "--json").shown
    assert {f"{noun}.{verb}" for noun, verbs in shown.items() for verb in verbs} == set(OPERATIONS)


def test_no_noun_is_hidden_by_a_short_form() -> None:
    hidden = {noun for noun in nouns() for group in COMMANDS.values() if noun in group}
    assert hidden == set()


def test_lists_can_be_limited_and_changes_be_repeated(mutirao: Callable[..., Any]) -> None:
    for name, operation in OPERATIONS.items():
        told = help_of(mutirao, name.replace(".", " "))
        assert ("--idempotency-key" in told) is isinstance(operation, Create | Act)
        assert ("--all" in told) is (isinstance(operation, List) or hasattr(operation, "what"))
    assert "--idempotency-key" not in help_of(mutirao, "tokens create"), "the node remembers no secret"


@pytest.mark.parametrize("words", ["--help", "", "--version", "payments", "keys --help"])
def test_help_loads_nothing_heavy(words: str) -> None:
    heavy = [name for name in HEAVY if not (words == "payments" and name in ("protocol", "nacl", "cbor2", "ssl"))]
    program = (
        "import sys; from cli.main import main; code = main(sys.argv[1:]);"
        f"print('loaded:', *sorted(set({heavy!r}) & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    ended = subprocess.run([sys.executable, "-c", program, *words.split()], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "loaded:"


def test_the_whole_help_names_every_command_and_every_exit_code(mutirao: Callable[..., Any]) -> None:
    told = help_of(mutirao, "")
    assert all(f"\n  {name} " in told for group in COMMANDS.values() for name in group)
    assert "0 done, 1 refused by a rule, 2 wrong usage, 3 node not reachable, 4 refused for now (try again)" in told
    assert mutirao("help").out == told
    assert mutirao("help", "pay").out.startswith("usage: mutirao pay")
