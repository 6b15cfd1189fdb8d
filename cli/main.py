# SPDX-License-Identifier: AGPL-3.0-or-later
"""The `mutirao` command: finds what is meant, loads no more than that, and ends with a code that tells how it went.

0 done, 1 refused by a rule, 2 wrong usage, 3 node not reachable, 4 refused for now: the same may do later.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cli.arguments import split_words
from cli.ending import DONE, WRONG_USAGE, Ending, Misuse, WishRefused

INTERRUPTED = 130
"""By the custom of shells: 128 and the number of SIGINT."""

COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Every day": {
        "pay": ("cli.pay:pay", "pay somebody, here or in another network"),
        "today": ("cli.errands:today", "what waits for you, and what settles it"),
        "week": ("cli.errands:week", "what waits for those who coordinate, the most urgent first"),
        "balance": ("cli.daily:balance", "what your accounts hold, and how much you can still pay"),
        "statement": ("cli.statements:statement", "every change of an account's balance"),
        "request": ("cli.daily:request", "ask to be paid; request pay ID, decline ID, cancel ID: answer what is asked"),
        "join": ("cli.daily:join", "join a network with an invitation's code"),
        "keys": ("cli.keys:make_or_show", "make a key of your own, or show its public half"),
        "card": ("cli.cards:card", "a card as a file: make one, take its certificate, let it sign, print it"),
        "terminal": ("cli.terminals:terminal", "a terminal without a node: bill, accept, log, sync"),
        "login": ("cli.own:login", "sign in with a key"),
        "logout": ("cli.own:logout", "end that session"),
    },
    "Between networks": {
        "link": ("cli.daily:link", "propose, accept, raise, give back, freeze and close credit lines"),
        "clear": ("cli.daily:clear", "clear debts that go round over several networks, and see what it came to"),
        "network": ("cli.daily:network", "status: this node, the networks it knows, the links with them"),
    },
    "A network's own node": {
        "init": ("cli.steward.founding:init", "make keys, database and first currency; tells the steward's token once"),
        "serve": ("cli.steward.serving:serve_home", "run the node: HTTP API and gossip"),
        "backup": ("cli.steward.copies:backup", "copy the database, also while the node runs"),
        "restore": ("cli.steward.copies:restore_home", "put a copy in place of a lost database"),
        "import": ("cli.steward.importing:import_books", "take in a group that kept its books elsewhere"),
        "chains import": ("cli.steward.sheets:import_sheets", "take in the figures of a productive chain, from CSV"),
        "chains export": ("cli.steward.sheets:export_sheets", "write them as CSV"),
        "verify": (
            "cli.steward.verifying:verify_alone",
            "check a receipt, or a whole book, without trusting any node",
        ),
        "network export": ("cli.steward.copies:export_whole", "write the whole network to one signed file"),
        "network import": ("cli.steward.copies:import_whole", "make a home of such a file, on another machine"),
        "rebuild": ("cli.steward.copies:rebuild_home", "make the lookup tables anew from the signed entries"),
        "steward-token": ("cli.steward.letting_in:steward_token", "let a steward in again whose last token is lost"),
        "rotate": ("cli.steward.keys:rotate_keys", "change the network's signing key"),
        "sign": ("cli.steward.keys:sign_cold", "sign that change, a grant or a checkpoint with a cold key"),
        "takeover": ("cli.steward.keys:takeover", "make a replica the home of its network"),
        "recover": ("cli.steward.keys:recover", "give a network that has lost all its keys new ones"),
        "kiosk": ("cli.steward.kiosk:kiosk", "issue and redeem out of reach of the node, within a kiosk's rights"),
        "demo": (
            "cli.demo:demo",
            "three networks on this machine that trade, part, meet, survive a crash and clear",
        ),
    },
    "For programs": {
        "node": ("cli.own:node", "which node this is, and how it is"),
        "browser": ("cli.own:browser", "let a browser in: a code, a link, a QR code"),
        "tokens": ("cli.own:tokens", "tokens for apps, and for members without a key"),
        "webhooks": ("cli.hooks:webhooks", "send what happens to a URL, signed, until it is taken"),
        "events": ("cli.own:events", "follow what happens, as it happens"),
        "source": ("cli.own:source", "take the source of the program that a node runs along"),
        "openapi": ("cli.own:openapi", "print the node's OpenAPI document"),
        "resources": ("cli.made.commands:list_resources", "all that the API can do, as NOUN and VERB"),
    },
}

_HEAD = """usage: mutirao COMMAND ...
       mutirao NOUN VERB ...        whatever the API can do: see `mutirao resources`

The node that a local exchange network runs, and its members' way to it."""

_TAIL = """Settings   --node URL --token TOKEN --key FILE, else MUTIRAO_NODE, MUTIRAO_TOKEN, MUTIRAO_TOKEN_FILE,
           MUTIRAO_KEY, else [client] in mutirao.toml with node, token_file, key
Output     tables and figures; --json prints the node's own object
Exit code  0 done, 1 refused by a rule, 2 wrong usage, 3 node not reachable, 4 refused for now (try again)

example:
  mutirao pay --key ana.key bia@serra 12.50 "bread"

More: mutirao COMMAND --help"""


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        code = _run(words)
        sys.stdout.flush()
    except Ending as ending:
        if isinstance(ending, WishRefused) and "--json" in words:
            from cli.output import put_json

            put_json(ending.problem)
        print(f"mutirao: {_line(str(ending))}", *(f"  {_line(one)}" for one in ending.more), sep="\n", file=sys.stderr)
        return ending.exit_code
    except SystemExit as done:  # argparse has printed help
        return done.code if isinstance(done.code, int) else WRONG_USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output wants no more of it; nor must the interpreter try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def help_text() -> str:
    """Return what `mutirao --help` tells."""
    width = max(len(name) for group in COMMANDS.values() for name in group)
    groups = (
        f"{title}\n" + "\n".join(f"  {name:<{width}}  {said}" for name, (_, said) in group.items())
        for title, group in COMMANDS.items()
    )
    return "\n\n".join((_HEAD, *groups, _TAIL))


def _run(words: Sequence[str]) -> int:
    word, rest = split_words(words)
    if word == "help":
        word, rest = split_words([*rest, "--help"])
    if not word:
        return _told(rest)
    verb, more = split_words(rest)
    if any(f"{word} {verb}" in group for group in COMMANDS.values()):
        word, rest = f"{word} {verb}", more
    for group in COMMANDS.values():
        if word in group:
            module, _, name = group[word][0].partition(":")
            return getattr(import_module(module), name)(rest)
    from cli.made import commands

    return commands.run_verb(word, rest, beside=_verbs_beside(word))


def _verbs_beside(noun: str) -> dict[str, str]:
    """Return what else can be done with a noun by commands of two words, with what each does."""
    told = ((name.split(" "), said) for group in COMMANDS.values() for name, (_, said) in group.items())
    return {words[1]: said for words, said in told if words[0] == noun and len(words) == 2}


def _told(options: Sequence[str]) -> int:
    """Answer what has no command: a call for help, for the version, or nothing at all."""
    if "--version" in options:
        from importlib.metadata import version

        print(f"mutirao {version('mutirao')}")
    elif "-h" in options or "--help" in options:
        print(help_text())
    else:
        raise Misuse("a command is missing (see mutirao --help)")
    return DONE


def _line(text: str) -> str:
    from cli.output import plain

    return plain(" ".join(text.split()))
