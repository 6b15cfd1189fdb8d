# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures that a command prints or writes in another form than its own: a picture, a table, a page."""

import sys
from argparse import Namespace
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from contextlib import suppress
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
DRAWN = ("svg", "html")
"""Forms of which people at a terminal want a file to open, not the signs that it is written in."""
_FILES_TRIED = 1_000


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
    is_seen = output is None and not args.json and sys.stdout.isatty()
    if name is None and is_seen and made.forms and made.forms[0] in DRAWN:
        name = made.forms[0]
    if name is None:
        return False
    if name not in made.forms:
        raise Misuse(f"{output} does not end in {' or '.join(made.forms)}: say it by --format")
    text = client.text(path_of(made.noun, made.verb), {**parameters(body), "format": name})
    if is_seen and name in DRAWN:
        _write_new(f"{made.noun}-{body.get('which', made.verb)}", name, text.encode())
        return True
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


def _write_new(name: str, form: str, content: bytes) -> None:
    """Write a file of this name to the current folder, with a number where there is one already."""
    for number in range(1, _FILES_TRIED):
        output = f"{name}.{form}" if number == 1 else f"{name}-{number}.{form}"
        with suppress(FileExistsError):
            return _write(output, content, "xb")
    raise Misuse(f"{name}.{form} is there already, many times: name another file by --output")


def _write(output: str, content: bytes, mode: str = "wb") -> None:
    try:
        with Path(output).open(mode) as file:
            file.write(content)
    except FileExistsError:
        raise
    except OSError as error:
        raise Misuse(f"{output} cannot be written: {error.strerror}") from None
    put(f"written: {output}", sys.stderr)
