# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures that a command prints or writes in another form than its own: a picture, a table, a page."""

import sys
from argparse import Namespace
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.arguments import Parser, read_text
from cli.client import Client, path_of
from cli.ending import Misuse
from cli.made.command import Command
from cli.made.options import parameters
from cli.output import put

WITH_PICTURE = ("offer-pictures.show", "pictures.show")
"""Operations that show a picture, in base64url as `jpeg`."""


def add_forms(parser: Parser, made: Command) -> None:
    """Give a command the options of its other forms, if it has any."""
    if made.name in WITH_PICTURE:
        parser.add_argument("--output", metavar="FILE", type=read_text, help="write the picture, a JPEG, to a file")
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
    # As the node wrote it: a table of it has lines that end as spreadsheets want them.
    _write(output, text.encode())
    return True


def put_picture(args: Namespace, shown: Mapping[str, Any]) -> bool:
    """Write the picture that is shown to a file; tell whether one was named."""
    output, jpeg = getattr(args, "output", None), shown.get("jpeg")
    if output is None or jpeg is None:
        return False
    _write(output, urlsafe_b64decode(jpeg + "=" * (-len(jpeg) % 4)))
    return True


def _write(output: str, content: bytes) -> None:
    try:
        Path(output).write_bytes(content)
    except OSError as error:
        raise Misuse(f"{output} cannot be written: {error.strerror}") from None
    put(f"written: {output}", sys.stderr)
