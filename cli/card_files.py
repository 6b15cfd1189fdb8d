# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files of cards and terminals: a key, what the network has signed for it, and how far it has come."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.ending import Misuse, WishRefused
from cli.keys import bytes_of, text_of, write_secret
from cli.settings import said

if TYPE_CHECKING:
    from protocol.book.refusals import Refused
    from protocol.book.signed import Signed

CARD_FORM, TERMINAL_FORM = "mutirao-card-1", "mutirao-terminal-1"
STATE_FILE_BYTES_MAX = 64 * 1_024 * 1_024
_SEED_BYTES = 32
_AMOUNTS = ("available", "missing", "limit", "balance")

FileShown = Mapping[str, Any]


def make_file(path: Path, form: str) -> str:
    """Make a key in a new file of a card or a terminal, and return its public half."""
    from protocol.wire.keys import KeyPair

    seed = os.urandom(_SEED_BYTES)
    public = text_of(KeyPair.from_seed(seed).public)
    write_secret(path, json.dumps({"form": form, "public_key": public, "secret_seed": text_of(seed)}, indent=1))
    return public


def read_kept(path: Path, form: str) -> dict[str, Any]:
    """Return what a file of a card or a terminal holds; raises Misuse."""
    found = read_carried(path)
    if found.get("form") != form:
        raise Misuse(f"{path} is no file of the form {form}")
    return found


def read_carried(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file; raises Misuse."""
    try:
        with path.open("rb") as file:
            found: Any = json.loads(file.read(STATE_FILE_BYTES_MAX))
    except (OSError, ValueError) as error:
        raise Misuse(f"{path} cannot be read: {said(error)}") from None
    if not isinstance(found, dict):
        raise Misuse(f"{path} holds no JSON object")
    return found


def write_file(path: Path, state: FileShown) -> None:
    """Put a new state in a file's place, durably: whoever is told of it finds it there after a power cut."""
    beside = path.with_name(f"{path.name}.new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(json.dumps(state, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Misuse(f"{path} cannot be written: {said(error)}") from None


def signed_of(shown: Any, what: str) -> "Signed":
    """Return signed bytes from the JSON that shows them; raises Misuse."""
    from protocol.book.signed import Signed

    try:
        return Signed(bytes_of(shown["data"]), bytes_of(shown["signature"]))
    except (TypeError, ValueError, KeyError):
        raise Misuse(f"{what} cannot be read") from None


def shown_of(signed: "Signed") -> FileShown:
    """Return signed bytes as JSON shows them."""
    return {"data": text_of(signed.data), "signature": text_of(signed.signature)}


def refusal(refused: "Refused", scale: int) -> WishRefused:
    """Return a refusal that no node has told, in the form of one: amounts as members write them."""
    from protocol.book.money import decimal

    texts = refused.reason.texts
    figures = {
        name: decimal(figure, scale) if name in _AMOUNTS and isinstance(figure, int) else figure
        for name, figure in refused.figures.items()
    }

    def filled(text: str) -> str:
        try:
            return text.format_map(figures)
        except KeyError:
            return ""

    return WishRefused(
        {
            "code": refused.reason.code,
            "title": texts.title,
            "heading": filled(texts.heading) or texts.title,
            "detail": filled(texts.sentence) or texts.title,
            "ways": [way for one in texts.ways if (way := filled(one))],
            "figures": dict(refused.figures),
        }
    )
