# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every command explains itself with an example that works, and help loads nothing heavy."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.arguments import split_words
from cli.made import wished
from cli.made.command import INDEX, Command, all_commands, commands, index_of, nouns
from cli.made.commands import parser_of
from cli.made.signing import SIGNINGS
from cli.main import COMMANDS
from protocol.book.declaration import PAGE_ITEMS_DEFAULT, Signing
from protocol.practices import OPERATIONS

HEAVY = ("aiohttp", "aiosqlite", "asyncio", "cbor2", "libp2p", "nacl", "protocol", "node", "ssl", "trio")
"""What a call for help must not wait for."""

OWN = [
    *(name for group in COMMANDS.values() for name in group if name not in ("demo", "keys", "link", "node")),
    *(
        "keys new",
        "keys show",
        "keys replace",
        "link propose",
        "link accept",
        "network status",
        "node show",
        "tokens create",
        "webhooks create",
        "webhooks deliveries",
        "webhooks list",
        "webhooks remove",
        "webhooks replay",
        "webhooks show",
        "webhooks test",
    ),
    *(
        "tokens list",
        "tokens show",
        "tokens revoke",
        "verify receipt",
        "verify proof",
        "verify voucher",
        "verify label",
        "verify fault",
        "verify book",
    ),
]
OWN += [f"card {verb}" for verb in ("new", "take", "sign", "print")]
OWN += [f"terminal {verb}" for verb in ("new", "take", "bill", "accept", "log", "export", "send", "sync")]
OWN += [f"kiosk {verb}" for verb in ("new", "load", "show", "issue", "slip", "redeem", "send", "export", "sync")]
OWN = [name for name in OWN if name not in ("card", "kiosk", "network", "terminal", "tokens", "verify", "webhooks")]


def help_of(mutirao: Callable[..., Any], command: str) -> str:
    ended = mutirao(*command.split(), "--help")
    assert (ended.code, ended.err) == (0, "")
    return ended.out


@pytest.mark.parametrize("command", OWN)
def test_each_short_form_explains_itself_with_an_example(mutirao: Callable[..., Any], command: str) -> None:
    told = help_of(mutirao, command)
    assert told.startswith(f"usage: mutirao {command}")
    assert f"example:\n  mutirao {command}" in told


@pytest.mark.parametrize("made", commands().values(), ids=commands())
def test_each_operation_explains_itself_with_an_example_that_it_can_read(
    mutirao: Callable[..., Any], made: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ana.jpg", "cheese.jpg", "enterprises.csv", "relations.csv", "benefit.csv", "offer.jsonld"):
        Path(name).touch()  # the files that examples name
    told = " ".join(help_of(mutirao, f"{made.noun} {made.verb}").split())
    elsewhere = SIGNINGS[made.name].made if made.name in SIGNINGS else ()
    for field in made.own_fields:
        if field.name not in elsewhere:
            assert " ".join(field.said.split()) in told
    example = told.partition("example: ")[2]
    program, found_noun, *words = shlex.split(example)
    found_verb, rest = split_words(words)
    assert (program, found_noun, found_verb) == ("mutirao", made.noun, made.verb)
    parser_of(made, f"{made.noun} {made.verb}").parse_args(rest)


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


def test_a_nouns_help_tells_of_commands_of_two_words_too(mutirao: Callable[..., Any]) -> None:
    told = mutirao("chains", "--help").out
    for group in COMMANDS.values():
        for name in group:
            assert not name.startswith("chains ") or f"\n  {name.removeprefix('chains ')} " in told
    assert "\n  import " in told


def test_lists_can_be_limited_and_changes_be_repeated(mutirao: Callable[..., Any]) -> None:
    for name, made in commands().items():
        told = help_of(mutirao, name.replace(".", " "))
        assert ("--idempotency-key" in told) is made.writes
        assert ("--all" in told) is made.form.value.startswith("list")
    assert "--idempotency-key" not in help_of(mutirao, "tokens create"), "the node remembers no secret"


@pytest.mark.parametrize("words", ["--help", "", "--version", "payments", "keys --help"])
def test_help_loads_nothing_heavy(words: str) -> None:
    found = loaded(words)
    assert found == [] or (found == ["ssl"] and words == "payments"), "HTTP loads ssl"


def test_no_noun_with_its_verb_loads_anything_heavy() -> None:
    """Reading and asking need neither the rules nor what a node runs on; no wall clock tells that so well."""
    assert {made.name for made in commands().values()} == set(OPERATIONS)
    assert loaded(*(f"{made.noun} {made.verb} --help" for made in commands().values())) == ["ssl"]


@pytest.mark.parametrize("words", ["members list", "members show ana", "currencies set-levy HORA --basis-points 100"])
def test_asking_a_node_loads_nothing_heavy(stub: Any, words: str) -> None:
    shown = {"items": [], "next": None, "code": "HORA"}
    for method, path in (
        ("GET", "/v1/members"),
        ("GET", "/v1/members/ana"),
        ("POST", "/v1/currencies/HORA/set-levy"),
    ):
        stub.shows(method, path, shown)
    assert loaded(f"{words} --node {stub.url} --token mt_t") == ["ssl"]


def loaded(*lines: str) -> list[str]:
    """Return what of HEAVY one process has loaded once it has carried out these commands."""
    program = (
        "import sys; from cli.main import main\n"
        "for line in sys.argv[1:]: main(line.split())\n"
        f"print('loaded:', *sorted(set({HEAVY!r}) & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    ended = subprocess.run([sys.executable, "-c", program, *lines], capture_output=True, text=True, check=True)
    assert "not reachable" not in ended.stderr and "broke" not in ended.stderr, ended.stderr
    return ended.stdout.splitlines()[-1].split()[1:]


def test_the_index_says_what_the_declarations_say() -> None:
    assert INDEX.read_text() == index_of(all_commands()), "renew it: python -m cli.made >cli/made/index.json"
    assert dict(commands()) == dict(all_commands())


def test_what_a_command_repeats_of_the_rules_is_as_they_have_it(mutirao: Callable[..., Any]) -> None:
    assert f"at most so many; default: {PAGE_ITEMS_DEFAULT}\n" in help_of(mutirao, "members list")
    assert Signing.KEY.value == wished.BY_KEY_ALONE


def test_the_whole_help_names_every_command_and_every_exit_code(mutirao: Callable[..., Any]) -> None:
    told = help_of(mutirao, "")
    assert all(f"\n  {name} " in told for group in COMMANDS.values() for name in group)
    assert "0 done, 1 refused by a rule, 2 wrong usage, 3 node not reachable, 4 refused for now (try again)" in told
    assert mutirao("help").out == told
    assert mutirao("help", "pay").out.startswith("usage: mutirao pay")
