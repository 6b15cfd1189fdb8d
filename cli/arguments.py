# SPDX-License-Identifier: AGPL-3.0-or-later
"""How commands are written: the options that all share, and how a typed text becomes what the API takes."""

import re
from argparse import Action, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from cli.ending import Misuse

VALUELESS = frozenset({"--json", "-h", "--help"})
"""Shared options that no value follows; before a command, any other takes one."""

AMOUNT_HELP = 'write an amount as 12.50 or "12.50 HORA"'

_AMOUNT = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,40})(\.(?P<part>[0-9]{1,40}))?"
    r"(\s+(?P<apart>[A-Z0-9]{1,12})|(?P<joined>[A-Z][A-Z0-9]{0,11}))?"
)
_BASE64URL = re.compile("[A-Za-z0-9_-]*")


class Parser(ArgumentParser):
    """One command's options; what cannot be read of them is a Misuse, told in one line."""

    def __init__(self, command: str, says: str, *, example: str, asks: bool = True, writes: bool = False) -> None:
        """`asks` adds the options of a command that asks a node, `writes` those of one that changes things."""
        super().__init__(
            f"mutirao {command}",
            description=says,
            epilog=f"example:\n  {example}",
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        shared = self.add_argument_group("for every command")
        shared.add_argument("--json", action="store_true", help="print one JSON object")
        if not asks:
            return
        shared.add_argument("--node", metavar="URL", help="the node to ask; else MUTIRAO_NODE")
        shared.add_argument("--token", help="the token to ask with; else MUTIRAO_TOKEN, or the file MUTIRAO_TOKEN_FILE")
        shared.add_argument(
            "--key", metavar="FILE", help="a member's key, to sign in and to sign orders with; else MUTIRAO_KEY"
        )
        shared.add_argument(
            "--timeout", metavar="SECONDS", type=read_seconds, help="how long to wait for an answer; default: 30"
        )
        if writes:
            shared.add_argument(
                "--idempotency-key",
                metavar="KEY",
                type=read_public_key,
                help="a key of your own: the same one never does it twice",
            )

    def format_help(self) -> str:
        """Return what --help prints; its first line names what is needed and leaves the rest to the list."""
        bare = [_named_in_usage(action) for action in self._actions if not action.option_strings]
        needed = [action for action in self._actions if action.option_strings and action.required]
        options = [f"{action.option_strings[0]} {action.metavar or action.dest.upper()}" for action in needed]
        self.usage = " ".join((self.prog, *bare, *options, "[options]"))
        return super().format_help()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Read options as always, but let a value begin with one dash: -12.50HORA, or a public key."""
        words: list[str] = []
        for word in args:
            action = self._option_string_actions.get(words[-1]) if words else None
            if action is not None and action.nargs is None and re.match("-[^-]", word) and word != "-h":
                words[-1] += f"={word}"
            else:
                words.append(word)
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what cannot be read."""
        raise Misuse(f"{message} (see {self.prog} --help)")


def split_words(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return the first word that is neither an option nor its value ("": there is none), and all the others."""
    at = 0
    while at < len(argv) and argv[at].startswith("-"):
        at += 1 if argv[at] in VALUELESS or "=" in argv[at] else 2
    return (argv[at], [*argv[:at], *argv[at + 1 :]]) if at < len(argv) else ("", list(argv))


def _named_in_usage(action: Action) -> str:
    name = str(action.metavar or action.dest).upper()
    return name if action.required else f"[{name}]"


def choose(command: str, says: str, verbs: Mapping[str, str], argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return which of a command's verbs is meant, and the rest; raises Misuse where none is."""
    verb, rest = split_words(argv)
    if verb in verbs:
        return verb, rest
    if not verb and {"-h", "--help"}.intersection(rest):
        width = max(map(len, verbs))
        told = "\n".join(f"  {one:<{width}}  {what}" for one, what in verbs.items())
        print(f"usage: mutirao {command} VERB ...\n\n{says}\n\n{told}\n\nMore: mutirao {command} VERB --help")
        raise SystemExit(0)
    wrong = f"there is no {verb!r}" if verb else "a verb is missing"
    raise Misuse(f"{command}: {wrong}: write one of {', '.join(verbs)}")


def read_text(text: str) -> str:
    """Return a text that UTF-8 can carry, made NFC before anything is signed: é may be typed as two characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ArgumentTypeError("this is not UTF-8") from None
    if text.isascii():
        return text
    from unicodedata import normalize

    return normalize("NFC", text)


def read_public_key(text: str) -> str:
    """Return an idempotency key."""
    if not re.fullmatch(r"[\x21-\x7e]{1,255}", text):
        raise ArgumentTypeError("an idempotency key has 1 to 255 visible ASCII characters")
    return text


def read_amount(text: str) -> dict[str, Any]:
    """Return an amount of the API with the decimals that were typed: "12.50 HORA" has scale 2."""
    if "," in text:
        raise ArgumentTypeError(f"{text!r} has a comma: {AMOUNT_HELP}, with a point and no thousands marks")
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no amount: {AMOUNT_HELP}")
    part = found["part"] or ""
    amount: dict[str, Any] = {"value": str(int(found["sign"] + found["whole"] + part)), "asset_scale": len(part)}
    code = found["apart"] or found["joined"]
    return amount if code is None else {**amount, "asset_code": code}


def read_moment(text: str) -> str:
    """Return a time as the API takes it; a day is its beginning, and what has no offset is local time."""
    from datetime import UTC, datetime

    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text!r} is no time: write 2026-12-01 or 2026-12-01T18:00:00Z") from None
    return f"{at.isoformat()[:19]}.{at.microsecond // 1000:03}Z"


def read_file(text: str) -> str:
    """Return what a file holds as the API takes bytes; raises ArgumentTypeError."""
    try:
        with open(text, "rb") as file:  # noqa: PTH123 - pathlib takes long to load
            return urlsafe_b64encode(file.read()).decode().rstrip("=")
    except OSError as error:
        raise ArgumentTypeError(f"{text} cannot be read: {error.strerror}") from None


def read_bytes(text: str) -> str:
    """Return bytes as the API takes them: base64url without padding."""
    if not _BASE64URL.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is not base64url without padding")
    return text


def read_number(text: str) -> int:
    """Return a whole number."""
    if not re.fullmatch("-?[0-9]{1,19}", text):
        raise ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def read_count(text: str) -> int:
    """Return a whole number of one or more."""
    count = read_number(text)
    if count < 1:
        raise ArgumentTypeError(f"{text!r} is not at least 1")
    return count


def read_seconds(text: str) -> float:
    """Return how long, in seconds."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text):
        raise ArgumentTypeError(f"{text!r} is no number of seconds")
    return float(text)


def read_object(text: str) -> dict[str, Any]:
    """Return a JSON object."""
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ArgumentTypeError(f"{text!r} is no JSON object")
    return value
