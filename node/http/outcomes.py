# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the document says of answers: statuses, problems and their codes."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from node.http.codes import reasons_for
from node.http.components import Schema, hints_of
from node.http.problems import PROBLEM_TYPE, REASONS
from node.http.refusals import (
    BODY_TOO_LARGE,
    CHALLENGE_UNKNOWN,
    CONTENT_TYPE_UNSUPPORTED,
    CURSOR_UNKNOWN,
    INTERNAL,
    LAST_STEWARD_TOKEN,
    NOT_READY,
    PRECONDITION_FAILED,
    RATE_LIMITED,
    SCOPE_MISSING,
    SOURCE_CHANGED,
    UNAUTHENTICATED,
)
from node.http.routes import MOVED, Route
from node.http.samples import tried
from node.loop.refusals import (
    IDEMPOTENCY_IN_FLIGHT,
    IDEMPOTENCY_REUSED,
    RECKONINGS_UNDER_WAY,
    SEARCH_UNAVAILABLE,
    STORAGE_DAMAGED,
    STORAGE_FAILED,
)
from protocol.book.declaration import Reckon
from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    AMOUNT_TOO_LARGE,
    FORBIDDEN,
    KEY_UNACCEPTABLE,
    KEY_UNKNOWN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    OVERLOADED,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
    Reason,
)

DOOR = (UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED, MALFORMED, INTERNAL, STORAGE_FAILED, OVERLOADED)
"""What the door may say to whatever is asked."""
OWN: Mapping[str, tuple[Reason, ...]] = {
    "challenges.create": (KEY_UNACCEPTABLE,),
    "sessions.create": (CHALLENGE_UNKNOWN, SIGNATURE_INVALID, KEY_UNKNOWN),
    "tokens.create": (MEMBER_UNKNOWN, MEMBER_NOT_ACTIVE, STATE_CONFLICT),
    "tokens.revoke": (LAST_STEWARD_TOKEN,),
    "health.ready": (NOT_READY,),
    "source.show": (SOURCE_CHANGED,),
}
"""What the node's own resources refuse besides."""

TITLES = {
    304: "It is as you have it.",
    400: "The request cannot be read.",
    401: "It needs a valid token.",
    403: "Your role or your token does not allow it.",
    404: "Something named does not exist.",
    409: "It stands against what is there already.",
    412: "It has changed since you saw it.",
    413: "The body is too large.",
    415: "The body is not uncompressed JSON.",
    422: "A rule of the network refuses it.",
    429: "Too much at once, from this address or for you; see Retry-After.",
    500: "A mistake of the node.",
    503: "The node cannot take it now; see Retry-After.",
}


def statuses_of(route: Route) -> tuple[int, ...]:
    """Return the statuses of all problems that a route can answer with, in order."""
    found = {400, 401, 403, 429, 500, 503}
    if "{id}" in route.path or route.wish is not None or route.wanted is not None:
        found.add(404)
    if route.method == "POST":
        found |= {409, 413, 415, 422}
        if "{id}" in route.path:
            found.add(412)
    if route.wanted is not None or route.paged:
        found |= {404, 422}
    return tuple(sorted(found | {reason.status for reason in reasons_of_route(route)} | set(route.statuses)))


def reasons_by_status() -> Mapping[int, Sequence[Reason]]:
    """Return every reason under its status."""
    found: dict[int, list[Reason]] = {}
    for reason in REASONS.values():
        found.setdefault(reason.status, []).append(reason)
    return dict(sorted(found.items()))


def reasons_of_route(route: Route) -> Sequence[Reason]:
    """Return why a route may refuse, in the order of stages: the door, its form, and the rules behind it."""
    found = set(DOOR)
    if route.method == "POST":
        found |= {BODY_TOO_LARGE, CONTENT_TYPE_UNSUPPORTED, MALFORMED}
    if route.wish is not None or route.wanted is not None:
        found |= {MALFORMED, TEXT_NOT_NFC, AMOUNT_MALFORMED, AMOUNT_TOO_LARGE}
    if route.remembers:
        found |= {IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_REUSED}
    if route.remembers and "{id}" in route.path:
        found.add(PRECONDITION_FAILED)
    if "{id}" in route.path:
        found.add(NOT_FOUND)
    if route.scope is not None:
        found.add(SCOPE_MISSING)
    if route.wanted is not None and "search" in hints_of(route.wanted):
        found.add(SEARCH_UNAVAILABLE)
    if route.method == "GET" and route.operation is not None:
        found.add(STORAGE_DAMAGED)
    if isinstance(route.operation, Reckon):
        found.add(RECKONINGS_UNDER_WAY)
    if route.paged or route.resumes:
        found.add(CURSOR_UNKNOWN)
    if route.operation is None:
        found |= set(OWN.get(route.name, ()))
    else:
        found |= reasons_for(route.operation)
    return sorted(found, key=lambda reason: (reason.stage, reason.code))


def answers_of(route: Route, answer: Schema | None, moved: Schema | None) -> Schema:
    success: Schema = {"description": HTTPStatus(route.status).phrase}
    if answer is not None:
        schema = _page_schema(answer) if route.paged else answer
        shown = tried().get(route.name, {})
        true = {"example": shown["answer"]} if "answer" in shown and shown["status"] == route.status else {}
        success["content"] = {route.produces: {"schema": schema, **true}}
        success["content"] |= {
            one.media: {"schema": {"type": "object" if one.media.endswith("json") else "string"}} for one in route.forms
        }
    elif route.status != HTTPStatus.NO_CONTENT:
        text: Schema = {"type": "string"}
        if route.event is not None:
            text["x-event"] = {"$ref": f"#/components/schemas/{route.event.__name__}"}
        success["content"] = {route.produces: {"schema": text}}
    headers: Schema = {}
    if route.tagged or route.remembers:
        headers["ETag"] = {"schema": {"type": "string"}}
    if route.remembers:
        replayed = {"schema": {"type": "string", "enum": ["true"]}, "description": "There only on a replay."}
        headers["Idempotency-Replayed"] = replayed
        if route.status == HTTPStatus.CREATED:
            headers["Location"] = {"schema": {"type": "string"}}
    if headers:
        success["headers"] = headers
    answers = {str(route.status): success}
    if moved is not None:
        answers[str(MOVED)] = {
            "description": "Put to the vote: the motion that it became.",
            "content": {route.produces: {"schema": moved}},
            "headers": {"Location": {"schema": {"type": "string"}}},
        }
    if route.tagged:
        answers["304"] = {"description": TITLES[304]}
    for status in statuses_of(route):
        if str(status) not in answers:
            answers[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    return dict(sorted(answers.items()))


def _page_schema(item: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": item},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
        },
        "required": ["items", "next"],
    }


def responses() -> Schema:
    found: Schema = {}
    for status, reasons in reasons_by_status().items():
        codes = "\n".join(
            f"- `{reason.code}`{' (passes by itself)' if reason.transient else ''}: {reason.title}"
            for reason in reasons
        )
        retry = {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}}
        found[f"Problem{status}"] = {
            "description": f"{TITLES.get(status, HTTPStatus(status).phrase)}\n\n{codes}",
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **({"headers": retry} if status in (429, 503) else {}),
        }
    return found


def problem_schema() -> Schema:
    text: Schema = {"type": "string"}
    return {
        "type": "object",
        "description": "Why it was not done (RFC 9457).",
        "properties": {
            "type": {
                "type": "string",
                "format": "uri-reference",
                "description": "Where this node explains the code.",
            },
            "title": {**text, "description": "What this code always means."},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": sorted(REASONS), "description": "Stable: branch on this."},
            "heading": {**text, "description": "What is missing, with its figure: for people, to be shown first."},
            "detail": {**text, "description": "What it means here, in a sentence for people."},
            "ways": {
                "type": "array",
                "items": text,
                "description": "What can be done now, the best first.",
            },
            "transient": {
                "type": "boolean",
                "description": "Whether the same may be granted later: try again.",
                "x-codes": sorted(code for code, reason in REASONS.items() if reason.transient),
            },
            "figures": {
                "type": "object",
                "description": "What explains it; amounts in minor units.",
                "additionalProperties": {"type": ["integer", "string"]},
            },
        },
        "required": ["type", "title", "status", "code", "heading", "detail", "ways", "transient", "figures"],
    }
