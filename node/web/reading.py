# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was typed into a form, read as the wish or the question that it means; what cannot be read is told by field."""

from collections.abc import Mapping, Sequence
from typing import Any

from node.http.components import Misread
from node.http.jsonbytes import dump
from node.http.problems import Denied
from node.http.resources import wish_reader
from node.http.schema import form
from node.http.signed import SALT, SIGNED
from node.web.fields import FieldMisread, form_json
from node.web.visits import SIGNATURE_FIELD, SIGNED_DATA_FIELD, TEXT_SALT_FIELD, PageRequest
from protocol.book.declaration import KEY, Act, Create
from protocol.book.wishes import private_fields


def typed_question(
    visit: PageRequest, kind: type[Any], typed: Mapping[str, Sequence[str]]
) -> tuple[Any, dict[str, str]]:
    """Return what a list or figures were asked with, or what is wrong with which field."""
    try:
        return form(kind).read(form_json(kind, typed, visit.words)), {}
    except FieldMisread as mistyped:
        return None, {mistyped.name: mistyped.expected}
    except Misread as misread:
        return None, _by_field(misread.refused().figures)


async def typed_wish(
    visit: PageRequest, operation: Create | Act, subject: str, leave: Sequence[str]
) -> tuple[Any, dict[str, str]]:
    """Return the wish that a form sent, or what is wrong with which field; raises Denied."""
    try:
        body = form_json(operation.wish, visit.typed, visit.words, leave=leave)
    except FieldMisread as mistyped:
        return None, {mistyped.name: mistyped.expected}
    try:
        if operation.signed is KEY:  # its bytes come with the next step alone
            return form(operation.wish).read({**body, **dict.fromkeys(leave, subject)}), {}
        return await wish_reader(operation)(dump(body), subject), {}
    except Misread as misread:
        return None, _by_field(misread.refused().figures)
    except Denied as denied:
        if not denied.figures.get("field"):
            raise
        return None, _by_field(denied.figures)


async def brought_wish(visit: PageRequest, operation: Create | Act, subject: str) -> Any:
    """Return the wish that a browser's key has signed, None where it has signed none; raises Denied."""
    data = visit.first(SIGNED_DATA_FIELD)
    if operation.signed is None or not data:
        return None
    private = [name for name in private_fields(operation.wish) if visit.first(name)]
    body = {
        SIGNED: {"data": data, "signature": visit.first(SIGNATURE_FIELD)},
        **{name: visit.first(name) for name in private},
        **{name + SALT: visit.first(TEXT_SALT_FIELD + name) for name in private},
    }
    return await wish_reader(operation)(dump(body), subject)


def _by_field(figures: Mapping[str, object]) -> dict[str, str]:
    return {str(figures.get("field", "")): str(figures.get("expected", ""))}
