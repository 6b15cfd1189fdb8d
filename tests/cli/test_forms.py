# SPDX-License-Identifier: AGPL-3.0-or-later
"""A picture that is shown is written to a file, if one is named; and help tells what else a short command does."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.ending import Misuse
from cli.made.forms import put_picture

SHOWN = {"id": "o", "jpeg": "_9j_4A"}


def test_a_picture_is_written_to_the_file_that_is_named(tmp_path: Path) -> None:
    assert put_picture(Namespace(output=str(tmp_path / "cheese.jpg")), SHOWN)
    assert (tmp_path / "cheese.jpg").read_bytes() == b"\xff\xd8\xff\xe0"
    assert not put_picture(Namespace(output=None), SHOWN)
    assert not put_picture(Namespace(), {"id": "o"})
    with pytest.raises(Misuse, match="cannot be written"):
        put_picture(Namespace(output=str(tmp_path)), SHOWN)


def test_the_help_of_request_names_what_answers_one(mutirao: Callable[..., Any]) -> None:
    told = mutirao("request", "--help").out
    assert all(f"mutirao request {verb} ID" in told for verb in ("pay", "decline", "cancel"))
    assert "request pay ID" in mutirao("--help").out
    assert "by word of mouth" not in mutirao("request", "pay", "--help").out
    assert "--output FILE" in mutirao("offer-pictures", "show", "--help").out
