# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures that a command prints or writes in another form than its own: a picture, a table, a page."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.arguments import Parser, read_text
from cli.client import Client, path_of
from cli.ending import Misuse
from cli.made.command import Command
from cli.made.options import parameters
from cli.output import put


def add_forms(parser: Parser, made: Command) -> None:
    """Give a command the options of its other forms, if it has any."""
    if made.forms:
        names = "|".join(made.forms)
        parser.add_argument("--format", choices=made.forms, metavar=names, help="in this form instead of as figures")
        parser.add_argument(
            "--output", metavar="FILE", type=read_text, help="write it to a file, in the form that its name ends in"
        )


def put_in_form(made: Command, args: Namespace, client: Client, body: Mapping[str, Any]) -> bool:
    """Print or write figures in the form that is asked for; tell whether one was."""
    output = getattr(args, "output", None)
    name = getattr(args, "format", None) or (output and Path(output).suffix.removeprefix("."))
    if name is None:
        return False
    if name not in made.forms:
        raise Misuse(f"{output} does not end in {' or '.join(made.forms)}: say it by --format")
    text = client.text(path_of(made.noun, made.verb), {**parameters(body), "format": name})
    if output is None:
        put(text.removesuffix("\n"))
        return True
    try:
        # As the node wrote it: a table of it has lines that end as spreadsheets want them.
        Path(output).write_bytes(text.encode())
    except OSError as error:
        raise Misuse(f"{output} cannot be written: {error.strerror}") from None
    put(f"written: {output}", sys.stderr)
    return True
