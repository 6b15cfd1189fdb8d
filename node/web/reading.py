# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people typed, read by the types of lists and wishes: what they mean, or what is wrong with which field."""

from collections.abc import Mapping, Sequence
from typing import Any

from node.http.components import Misread
from node.http.jsonbytes import dump
from node.http.problems import Denied
from node.http.resources import wish_reader
from node.http.schema import form
from node.web.fields import FieldMisread, form_json
from node.web.visits import PageRequest
from protocol.book.declaration import Act, Create


def typed_question(
    visit: PageRequest, kind: type[Any], typed: Mapping[str, Sequence[str]]
) -> tuple[Any, dict[str, str]]:
    """Return what a list or figures were asked with, or what is wrong with which field."""
    try:
        return form(kind).read(form_json(kind, typed, visit.words)), {}
    except FieldMisread as mistyped:
        return None, {mistyped.name: mistyped.expected}
    except Misread as misread:
        figures = misread.refused().figures
        return None, {str(figures.get("field", "")): str(figures.get("expected", ""))}


async def typed_wish(
    visit: PageRequest, operation: Create | Act, subject: str, leave: Sequence[str]
) -> tuple[Any, dict[str, str]]:
    """Return the wish that a form sent, or what is wrong with which field; raises Denied."""
    try:
        body = form_json(operation.wish, visit.typed, visit.words, leave=leave)
    except FieldMisread as mistyped:
        return None, {mistyped.name: mistyped.expected}
    try:
        return await wish_reader(operation)(dump(body), subject), {}
    except Denied as denied:
        where = str(denied.figures.get("field", ""))
        if not where:
            raise
        return None, {where: str(denied.figures.get("expected", ""))}
