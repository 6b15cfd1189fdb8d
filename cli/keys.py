# SPDX-License-Identifier: AGPL-3.0-or-later
"""Key files: a member's own Ed25519 key, in a file that only its owner may read."""

import json
import os
import re
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import Parser, choose
from cli.ending import DONE, Misuse
from cli.output import put, put_json, show_record
from cli.settings import said

if TYPE_CHECKING:
    from protocol.wire.keys import KeyPair

KEY_FORM = "mutirao-key-1"
FILE_BYTES_MAX = 4_096
_SEED_BYTES = 32

_VERBS = {
    "new": "make a key of your own",
    "show": "show the public half of a key",
    "replace": "put a new key in the place of one of yours, which counts no more from then on",
    "prove": "print what a new key signs to become a member's, for those who put it in place",
}


def make_or_show(argv: Sequence[str]) -> int:
    """Make a key, or show its public half."""
    verb, rest = choose("keys", "Keys of members.", _VERBS, argv)
    if verb == "prove":
        return _prove(rest)
    if verb == "replace":
        from cli.replacing import replace_key as replace

        return replace(rest)
    example = f"mutirao keys {'new --out' if verb == 'new' else 'show'} ana.key"
    parser = Parser(f"keys {verb}", f"{_VERBS[verb].capitalize()}.", example=example, asks=False)
    if verb == "new":
        parser.add_argument(
            "--out", dest="file", metavar="FILE", type=Path, required=True, help="the new file that keeps it"
        )
    else:
        parser.add_argument("file", metavar="FILE", type=Path, help="the file that keeps it")
    args = parser.parse_args(rest)
    public = write_new(args.file) if verb == "new" else text_of(read(args.file).public)
    shown = {"file": str(args.file), "public_key": public}
    if args.json:
        put_json(shown)
    else:
        put(show_record(shown))
    return DONE


def _prove(argv: Sequence[str]) -> int:
    """Print the joining that a key signs: no node learns of it by that."""
    from protocol.practices.people.joinings import sign_joining
    from protocol.wire.keys import parse_id

    parser = Parser(
        "keys prove", f"{_VERBS['prove'].capitalize()}.",
        example="mutirao keys prove new.key --handle ana --network ID", asks=False,
    )  # fmt: skip
    parser.add_argument("file", metavar="FILE", type=Path, help="the file that keeps the new key")
    parser.add_argument("--handle", metavar="HANDLE", required=True, help="whose key it is to be")
    parser.add_argument("--network", metavar="ID", required=True, help="the network's id: `mutirao node` shows it")
    args = parser.parse_args(argv)
    network = parse_id(args.network)
    if network is None:
        raise Misuse(f"{args.network} is no network's id")
    signed = sign_joining(read(args.file), network, args.handle)
    put_json({"data": text_of(signed.data), "signature": text_of(signed.signature)})
    return DONE


def write_new(path: Path) -> str:
    """Make a key in a new file, durably, and return its public half; raises Misuse where the file is there."""
    from protocol.wire.keys import KeyPair

    seed = os.urandom(_SEED_BYTES)
    public = text_of(KeyPair.from_seed(seed).public)
    write_secret(path, json.dumps({"form": KEY_FORM, "public_key": public, "secret_seed": text_of(seed)}, indent=1))
    return public


def read(path: Path) -> "KeyPair":
    """Return the key that a file holds; raises Misuse."""
    from protocol.wire.keys import KeyPair

    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                put(f"mutirao: others can read {path}: chmod 600 {path}", sys.stderr)
            held = json.loads(file.read(FILE_BYTES_MAX))
        if held["form"] != KEY_FORM:
            raise ValueError(f"the form {held['form']} is unknown")
        keys = KeyPair.from_seed(bytes_of(held["secret_seed"]))
        if text_of(keys.public) != held["public_key"]:
            raise ValueError("its halves do not belong together")
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise Misuse(f"{path} holds no key that can be read: {said(error)}") from None
    return keys


def write_secret(path: Path, text: str) -> None:
    """Write a new file that only its owner may read, durably; raises Misuse where one is there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise Misuse(f"{path} is already there, and nothing is written over it") from None
    except OSError as error:
        raise Misuse(f"{path} cannot be written: {said(error)}") from None


def text_of(data: bytes) -> str:
    """Return bytes as the API writes them: base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def bytes_of(text: str) -> bytes:
    """Return the bytes that text_of writes so; raises ValueError."""
    if not re.fullmatch("[A-Za-z0-9_-]*", text):
        raise ValueError("not base64url")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
