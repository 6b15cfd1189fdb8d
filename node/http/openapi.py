# SPDX-License-Identifier: AGPL-3.0-or-later
"""The OpenAPI 3.1 document, made from the routes: what it says is what the node does."""

from collections.abc import Iterable
from http import HTTPStatus

from node.http.components import Components, Schema, docs_of, hints_of, required_of, said_of
from node.http.forms import FORMAT_FIELD, JSON_FORM, names_of
from node.http.idempotency import KEY_CHARS_MAX
from node.http.outcomes import answers_of, problem_schema, reasons_of_route, responses
from node.http.resources import id_field_of
from node.http.routes import JSON_TYPE, Route
from node.http.samples import example_of, example_of_signed, tried
from node.http.schema import describe
from node.http.signed import describe_body, describe_signed, plain_required
from protocol.book.declaration import KEY, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX, Role, Show
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
  number, and `cddl` the rule of its bytes in `tests/vectors/schema.cddl` of the source.
  The body is then `{"signed": {"data", "signature"}}`, with the texts beside that the wish names by digest.
- **Lists** follow arrival; `next` is an opaque cursor, null on the last page.
- **Refusals**: `x-refusals` of an operation are the codes that it can be refused for. What `transient` says of a
  problem passes by itself: the same may be granted later.
- **ETag** is on every answer that shows a resource or a list; `If-None-Match` gets 304. `If-Match` on an
  action is compared with what the resource looks like just before the action.
- A request is checked in this order: path, method, token, scope, form, and then the network's rules.
- HEAD is answered wherever GET is. Other methods get 405 with `Allow`.
"""


def document(routes: Iterable[Route], version: str) -> Schema:
    """Return the document for these routes."""
    routes = tuple(routes)
    shown = Components(wished=False)
    answers = {route.name: describe(route.answer, shown) for route in routes if route.answer is not None}
    for route in routes:
        if route.event is not None:
            describe(route.event, shown)
    shown.schemas["Problem"] = problem_schema()
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
        "tags": _tags(routes),
        "paths": paths,
        "components": {
            "schemas": {**shown.schemas, **wished.schemas},
            "responses": responses(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A session's token (POST /v1/sessions) or one made by POST /v1/tokens.",
                }
            },
        },
    }


TAGS = {
    "node": "Which node this is.",
    "health": "Whether it is well, for whoever runs it.",
    "docs": "This document.",
    "challenges": "The first step to sign in with a key: something to sign.",
    "sessions": "Signing in with a key, and out.",
    "tokens": "Tokens for apps, and for members without a key.",
    "events": "What happens, as it happens.",
    "admin": "A copy of the database while the node serves.",
}
"""What the node's own resources are; a practice's are told by what is shown of them."""


def _tags(routes: Iterable[Route]) -> list[Schema]:
    """Return the nouns, each with what it is."""
    found: dict[str, str] = {}
    for route in routes:
        tag = _tag(route)
        shown = "" if route.answer is None else said_of(route.answer).partition("\n")[0]
        if route.name == f"{tag}.show" or not found.get(tag):
            found[tag] = TAGS.get(tag) or shown or route.summary
    return [{"name": tag, "description": said} for tag, said in found.items()]


def _operation(route: Route, answer: Schema | None, moved: Schema | None, wished: Components) -> Schema:
    operation: Schema = {
        "operationId": _identity(route),
        "summary": route.summary or route.name,
        "tags": [_tag(route)],
        "description": _said(route),
        "parameters": _parameters(route, wished),
        "responses": answers_of(route, answer, moved),
    }
    if route.signed is not None:
        example = tried().get(route.name, {}).get("request") or example_of_signed(route.signed)
        content: Schema = {"schema": describe_body(route.signed, wished), "example": example}
        required = bool(plain_required(route.signed))
        operation["requestBody"] = {"required": required, "content": {JSON_TYPE: content}}
        operation["x-signed"] = describe_signed(route.signed)
    elif route.wish is not None:
        shown = tried().get(route.name, {})
        example = shown.get("request", {}) if shown else example_of(route.wish)
        content = {"schema": describe(route.wish, wished), "example": example}
        operation["requestBody"] = {
            "required": bool(required_of(route.wish)),
            "content": {JSON_TYPE: content},
        }
    # What anybody may do, a token still says who did it.
    scopes = [] if route.scope is None else [route.scope]
    operation["security"] = [{"token": scopes}, *([{}] if Role.ANYONE in route.who else [])]
    operation["x-refusals"] = [reason.code for reason in reasons_of_route(route)]
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
    if route.forms:
        schema = {"type": "string", "enum": list(names_of(route.forms)), "default": JSON_FORM}
        said = "In which form; without it, as Accept says."
        found.append({"name": FORMAT_FIELD, "in": "query", "required": False, "schema": schema, "description": said})
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
