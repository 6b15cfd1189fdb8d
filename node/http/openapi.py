# SPDX-License-Identifier: AGPL-3.0-or-later
"""The OpenAPI 3.1 document, made from the routes: what it says is what the node does."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from node.http.components import Components, Schema, docs_of, hints_of, required_of
from node.http.idempotency import KEY_CHARS_MAX
from node.http.problems import PROBLEM_TYPE, REASONS
from node.http.resources import id_field_of
from node.http.routes import JSON_TYPE, MOVED, Route
from node.http.schema import describe, form
from node.http.signed import about_of, describe_body, describe_signed, plain_required
from protocol.book.declaration import KEY, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX, Act, Create, Role, Show
from protocol.book.money import Amount
from protocol.book.refusals import Reason
from protocol.book.signed import Signed
from protocol.practices import OPERATIONS

DESCRIPTION = """\
One node keeps one network's books. Every resource has the same few verbs; every refusal is a problem
document (RFC 9457) with a stable `code`, and `figures` in minor units that explain it.

- **Amounts** are whole minor units in a text, with the currency's code and scale: never floats.
- **Times** are RFC 3339 in UTC. **Bytes** are base64url without padding. **Texts** are Unicode and made NFC.
- **Idempotency-Key** is honoured on every POST that changes the book, and kept for a week: the same key and
  body get the stored answer with `Idempotency-Replayed: true`. A request without a key is accepted, and may
  be carried out twice if it is sent twice. Secrets are told once: a replay shows null in their place.
- **What a member signs** is the wish itself, in one envelope for all operations: `x-signed` tells its fields by
  number. The body is then `{"signed": {"data", "signature"}}`, with the texts beside that the wish names by digest.
- **Lists** follow arrival; `next` is an opaque cursor, null on the last page.
- **ETag** is on every answer that shows a resource or a list; `If-None-Match` gets 304. `If-Match` on an
  action is compared with what the resource looks like just before the action.
- A request is checked in this order: path, method, token, scope, form, and then the network's rules.
- HEAD is answered wherever GET is. Other methods get 405 with `Allow`.
"""

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
    429: "Too many attempts from this address; see Retry-After.",
    500: "A mistake of the node.",
    503: "The node cannot take it now; see Retry-After.",
}

EXAMPLES: Mapping[str, Any] = {
    "account": "ana.HORA",
    "code": "HORA",
    "currency": "HORA",
    "handle": "ana",
    "label": "The shop's till",
    "member": "ana",
    "name": "Ana Souza",
    "note": "bread",
    "payee": "bia@serra",
    "payer": "ana",
    "role": "member",
    "scopes": ["payments:write", "accounts:read"],
    "unit_word": "hora",
}


def document(routes: Iterable[Route], version: str) -> Schema:
    """Return the document for these routes."""
    routes = tuple(routes)
    shown = Components(wished=False)
    answers = {route.name: describe(route.answer, shown) for route in routes if route.answer is not None}
    shown.schemas["Problem"] = _problem_schema()
    wished = Components(wished=True, taken=shown.schemas)
    paths: dict[str, Schema] = {}
    for route in routes:
        moved = None if route.moved is None else describe(route.moved, shown)
        operation = _operation(route, answers.get(route.name), moved, wished)
        if route.status == HTTPStatus.CREATED and (links := _links(route, routes)):
            operation["responses"]["201"]["links"] = links
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mutirao",
            "version": version,
            "summary": "The node of a local exchange network.",
            "description": DESCRIPTION,
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(map(_tag, routes))],
        "paths": paths,
        "components": {
            "schemas": {**shown.schemas, **wished.schemas},
            "responses": _responses(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A session's token (POST /v1/sessions) or one made by POST /v1/tokens.",
                }
            },
        },
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
    return tuple(sorted(found | set(route.statuses)))


def reasons_by_status() -> Mapping[int, Sequence[Reason]]:
    """Return every reason under its status."""
    found: dict[int, list[Reason]] = {}
    for reason in REASONS.values():
        found.setdefault(reason.status, []).append(reason)
    return dict(sorted(found.items()))


def _operation(route: Route, answer: Schema | None, moved: Schema | None, wished: Components) -> Schema:
    operation: Schema = {
        "operationId": _identity(route),
        "summary": route.summary or route.name,
        "tags": [_tag(route)],
        "description": _said(route),
        "parameters": _parameters(route, wished),
        "responses": _answers(route, answer, moved),
    }
    if route.signed is not None:
        content: Schema = {"schema": describe_body(route.signed, wished), "example": _example_of_signed(route.signed)}
        required = bool(plain_required(route.signed))
        operation["requestBody"] = {"required": required, "content": {JSON_TYPE: content}}
        operation["x-signed"] = describe_signed(route.signed)
    elif route.wish is not None:
        content = {"schema": describe(route.wish, wished), "example": example_of(route.wish)}
        operation["requestBody"] = {
            "required": bool(required_of(route.wish)),
            "content": {JSON_TYPE: content},
        }
    # What anybody may do, a token still says who did it.
    operation["security"] = [{"token": []}, *([{}] if Role.ANYONE in route.who else [])]
    return operation


def _said(route: Route) -> str:
    lines = []
    if Role.ANYONE not in route.who:
        lines.append(f"For: {', '.join(role for role in Role if role in route.who)}.")
    if route.scope is not None:
        lines.append(f"Scope: `{route.scope}`.")
    if route.signed is not None:
        names = ", ".join(f"{row['number']} `{row['name']}`" for row in describe_signed(route.signed)["fields"])
        or_word = "" if route.signed.signed is KEY else ", or told by a member without a key"
        lines.append(f"Signed in an envelope for `{route.name}`{or_word}; its fields: {names}.")
    if route.example:
        lines.append(f"On the command line: `{route.example}`")
    return "\n\n".join(lines)


def _which(noun: str) -> str:
    """Return what the id in the paths of a noun is."""
    shows = (one for one in OPERATIONS.values() if isinstance(one, Show) and one.noun == noun)
    said = next((one.id_is for one in shows if one.id_is), f"the id of one of the {noun.replace('-', ' ')}")
    return f"{said[0].upper()}{said[1:]}."


def _parameters(route: Route, wished: Components) -> list[Schema]:
    found: list[Schema] = []
    if "{id}" in route.path:
        told = {"description": _which(route.path.split("/")[2]), "schema": {"type": "string"}}
        found.append({"name": "id", "in": "path", "required": True, **told})
    if route.wanted is not None:
        required = required_of(route.wanted)
        for name, hint in hints_of(route.wanted).items():
            schema = _without_null(describe(hint, wished))
            said = schema.pop("description", None) or docs_of(hint)
            found.append(
                {
                    "name": name,
                    "in": "query",
                    "required": name in required,
                    "schema": schema,
                    **({"description": said} if said else {}),
                }
            )
    if route.paged:
        limit = {"type": "integer", "minimum": 1, "maximum": PAGE_ITEMS_MAX, "default": PAGE_ITEMS_DEFAULT}
        found += [
            {"name": "limit", "in": "query", "required": False, "schema": limit},
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "The `next` of the page before.",
            },
        ]
    return found + [
        {"name": name, "in": "header", "required": False, "schema": schema, "description": said}
        for name, schema, said in _headers(route)
    ]


def _headers(route: Route) -> Iterable[tuple[str, Schema, str]]:
    text: Schema = {"type": "string"}
    if route.remembers:
        key = {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": "^[!-~]+$"}
        yield "Idempotency-Key", key, "A new random text for each wish; the same one when it is sent again."
    if route.remembers and "{id}" in route.path:
        yield "If-Match", text, "Carry it out only if the resource still has this ETag."
    if route.tagged:
        yield "If-None-Match", text, "The ETag of what you have."
    if route.resumes:
        yield "Last-Event-ID", {"type": "string", "pattern": "^[0-9]{1,18}$"}, "The last event you have seen."


def _answers(route: Route, answer: Schema | None, moved: Schema | None) -> Schema:
    success: Schema = {"description": HTTPStatus(route.status).phrase}
    if answer is not None:
        schema = _page_schema(answer) if route.paged else answer
        success["content"] = {route.produces: {"schema": schema}}
    elif route.status != HTTPStatus.NO_CONTENT:
        success["content"] = {route.produces: {"schema": {"type": "string"}}}
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


def _links(created: Route, routes: Iterable[Route]) -> Schema:
    """Return what can be done next with what was made."""
    return {
        route.name: {
            "operationId": _identity(route),
            "parameters": {"id": f"$response.body#/{id_field_of(created.answer)}"},
        }
        for route in routes
        if route.path.startswith(f"{created.path}/{{id}}")
    }


def _page_schema(item: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": item},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
        },
        "required": ["items", "next"],
    }


def _responses() -> Schema:
    found: Schema = {}
    for status, reasons in reasons_by_status().items():
        codes = "\n".join(f"- `{reason.code}`: {reason.title}" for reason in reasons)
        retry = {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}}
        found[f"Problem{status}"] = {
            "description": f"{TITLES.get(status, HTTPStatus(status).phrase)}\n\n{codes}",
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **({"headers": retry} if status in (429, 503) else {}),
        }
    return found


def _problem_schema() -> Schema:
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
            },
            "figures": {
                "type": "object",
                "description": "What explains it; amounts in minor units.",
                "additionalProperties": {"type": ["integer", "string"]},
            },
        },
        "required": ["type", "title", "status", "code", "heading", "detail", "ways", "transient", "figures"],
    }


def example_of(kind: type[Any]) -> dict[str, Any]:
    """Return a wish as somebody might send it: what is required, and what is easily told."""
    required = required_of(kind)
    return {
        name: EXAMPLES.get(name) if name in EXAMPLES and not _is_amount(hint) else _example(hint)
        for name, hint in hints_of(kind).items()
        if name in required or name in EXAMPLES
    }


def _example_of_signed(operation: Create | Act) -> dict[str, Any]:
    if operation.signed is KEY:
        return {"signed": example_of(Signed)}
    return {name: value for name, value in example_of(operation.wish).items() if name != about_of(operation)}


def _is_amount(hint: Any) -> bool:
    return Amount in (hint, *get_args(hint))


def _example(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        described = form(hint).describe(Components(wished=True))
        if "format" in described and described["format"] == "date-time":
            return "2026-05-01T12:00:00Z"
        if "minLength" in described and described.get("contentEncoding"):
            return "A" * described["minLength"]
        return described.get("minimum", _example(arguments[0])) if arguments[0] is int else _example(arguments[0])
    if origin in (Union, UnionType):
        return _example(next(one for one in arguments if one is not NoneType))
    if origin is tuple:
        return [_example(arguments[0])]
    if hint is Amount:
        return {"value": "1250", "asset_code": "HORA", "asset_scale": 2}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint)).value
    plain: Mapping[Any, Any] = {str: "bread", int: 1, bool: True, bytes: "AAAA"}
    return plain[hint] if hint in plain else example_of(hint)


def _without_null(schema: Schema) -> Schema:
    """Return the schema of a query parameter, which is there or is not, and never null."""
    if isinstance(schema.get("type"), list):
        return {**schema, "type": next(one for one in schema["type"] if one != "null")}
    if "anyOf" in schema:
        return {**next(one for one in schema["anyOf"] if one != {"type": "null"})}
    return schema


def _identity(route: Route) -> str:
    return route.name.replace(".", "_").replace("-", "_")


def _tag(route: Route) -> str:
    return route.name.partition(".")[0]
