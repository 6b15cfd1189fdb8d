# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the node is and who asks: by command line, then environment, then mutirao.toml.

Of a token and a key, the first of the three that holds either decides about both, so that a key typed
for one payment does not go out under a token that lay in the environment.
"""

import os
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.ending import Misuse

NODE_URL = "http://127.0.0.1:8081"
TOKEN_BYTES_MAX = 4_096
_FILE_NAME = "mutirao.toml"
TABLE = "client"
"""The table of mutirao.toml that is the command's own."""


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """The node's URL; a token and a key file, where there are such."""

    node: str
    token: str | None
    key: Path | None


def settings(args: Namespace, environ: Mapping[str, str] = os.environ) -> CommandSettings:
    """Return the settings that count for a command; raises Misuse where a file of theirs cannot be read."""
    token = environ.get("MUTIRAO_TOKEN")
    token_file = environ.get("MUTIRAO_TOKEN_FILE")
    by_environment = {
        "node": environ.get("MUTIRAO_NODE"),
        "token": token or (read_token(Path(token_file)) if token_file else None),
        "key": environ.get("MUTIRAO_KEY"),
    }
    by_command = {"node": args.node, "token": args.token, "key": args.key}
    sources: list[Mapping[str, str | None]] = [by_command, by_environment]
    if not (args.node or by_environment["node"]) or not any(one["token"] or one["key"] for one in sources):
        sources.append(_of_file(environ))
    who = next((one for one in sources if one.get("token") or one.get("key")), {})
    node = next((url for one in sources if (url := one.get("node"))), NODE_URL)
    key = who.get("key")
    return CommandSettings(node, who.get("token") or None, Path(key) if key else None)


def read_token(path: Path) -> str:
    """Return the token that a file holds; raises Misuse where it holds none."""
    try:
        with path.open("rb") as file:
            token = file.read(TOKEN_BYTES_MAX).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path} holds no token that can be read: {said(error)}") from None
    if not token:
        raise Misuse(f"{path} holds no token")
    return token


def said(error: Exception) -> str:
    """Return what an error says, in one line."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]


def _of_file(environ: Mapping[str, str]) -> Mapping[str, str | None]:
    """Return the settings of the nearest mutirao.toml: here, or in the user's configuration."""
    home = environ.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    for path in (Path(_FILE_NAME), Path(home, "mutirao", _FILE_NAME)):
        if path.is_file():
            return _of_table(path)
    return {}


def _of_table(path: Path) -> Mapping[str, str | None]:
    from tomllib import TOMLDecodeError, loads

    try:
        table: Any = loads(path.read_text("utf-8")).get(TABLE, {})
    except (OSError, UnicodeDecodeError, TOMLDecodeError) as error:
        raise Misuse(f"{path} cannot be read: {said(error)}") from None
    known = {"node", "token_file", "key"}
    if not isinstance(table, dict) or not table.keys() <= known:
        raise Misuse(f"{path}: [{TABLE}] may hold {', '.join(sorted(known))}")
    if not all(isinstance(value, str) for value in table.values()):
        raise Misuse(f"{path}: [{TABLE}] holds texts")
    token_file, key = table.get("token_file"), table.get("key")
    return {
        "node": table.get("node"),
        "token": read_token(path.parent / token_file) if token_file else None,
        "key": str(path.parent / key) if key else None,
    }
