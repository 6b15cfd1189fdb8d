# SPDX-License-Identifier: AGPL-3.0-or-later
"""The OpenAPI document is valid, complete, and what the node does."""

import json
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from node.http.app import document_of
from node.http.problems import REASONS
from protocol.book.declaration import Act, Create, List, ListOf, Show
from protocol.practices import OPERATIONS

pytestmark = pytest.mark.timeout(30)


def test_the_document_is_valid_and_holds_every_operation(operations: Any) -> None:
    document = document_of(operations)
    validate(document)
    paths = document["paths"]
    for one in operations.values():
        match one:
            case Create(noun=noun):
                assert "post" in paths[f"/v1/{noun}"]
            case Act(noun=noun, verb=verb):
                assert "post" in paths[f"/v1/{noun}/{{id}}/{verb}"]
            case Show(noun=noun):
                assert "get" in paths[f"/v1/{noun}/{{id}}"]
            case List(noun=noun):
                assert "get" in paths[f"/v1/{noun}"]
            case ListOf(noun=noun, what=what):
                assert "get" in paths[f"/v1/{noun}/{{id}}/{what}"]
    identities = [one["operationId"] for methods in paths.values() for one in methods.values()]
    assert len(identities) == len(set(identities))


def test_what_is_named_in_a_path_is_told() -> None:
    paths = document_of(OPERATIONS)["paths"]
    named = [one for methods in paths.values() for told in methods.values() for one in told.get("parameters", ())]
    told = [one.get("description", "") for one in named if one["in"] == "path"]
    assert len(told) > 70 and all(told)


def test_every_code_is_in_the_document(operations: Any) -> None:
    document = document_of(operations)
    codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert set(codes) == set(REASONS)


def test_examples_are_wishes_that_can_be_read(operations: Any) -> None:
    document = document_of(operations)
    found = 0
    for methods in document["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = {**content["schema"], "components": document["components"]}
                jsonschema.Draft202012Validator(schema).validate(content["example"])
                found += 1
    assert found >= 5


async def test_what_is_answered_is_what_the_document_says(shop: Any, loaf: Any) -> None:
    document = (await shop.ask("GET", "/openapi.json", token=None)).json
    assert document == shop.api.document
    asked = [
        ("post", "/v1/loaves", "/v1/loaves", {**loaf, "seal": "AAAA"}),
        ("post", "/v1/loaves", "/v1/loaves", {}),
        ("get", "/v1/loaves", "/v1/loaves?limit=1", None),
        ("get", "/v1/loaves/{id}", "/v1/loaves/0", None),
        ("get", "/v1/loaves/{id}", "/v1/loaves/9", None),
        ("post", "/v1/loaves/{id}/slice", "/v1/loaves/0/slice", {"slices": 3}),
        ("get", "/v1/loaves/{id}/crumbs", "/v1/loaves/0/crumbs", None),
        ("get", "/v1/node", "/v1/node", None),
        ("post", "/v1/tokens", "/v1/tokens", {"label": "till"}),
        ("get", "/v1/tokens", "/v1/tokens", None),
        ("get", "/v1/tokens/{id}", "/v1/tokens/3", None),
        ("delete", "/v1/tokens/{id}", "/v1/tokens/4", None),
        ("get", "/healthz", "/healthz", None),
        ("get", "/readyz", "/readyz", None),
        ("get", "/openapi.json", "/openapi.json", None),
    ]
    for method, path, target, body in asked:
        answer = await shop.ask(method.upper(), target, body)
        said = document["paths"][path][method]["responses"][str(answer.status)]
        if "$ref" in said:
            said = document["components"]["responses"][said["$ref"].rpartition("/")[2]]
        for content_type, content in said.get("content", {}).items():
            assert answer.headers["Content-Type"] == content_type, target
            schema = {**content["schema"], "components": document["components"]}
            jsonschema.Draft202012Validator(schema).validate(answer.json)


class Anchors(HTMLParser):
    """Collects what a page can be entered at, what it points to, and what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids |= {value or "" for name, value in attrs if name == "id"}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}


async def test_the_page_explains_every_code_where_problems_point(shop: Any) -> None:
    page = await shop.ask("GET", "/docs", token=None)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    found = Anchors()
    found.feed(page.body.decode())
    assert set(REASONS) <= found.ids
    assert {link[1:] for link in found.links if link.startswith("#")} <= found.ids
    assert not found.tags & {"script", "img", "iframe", "link"}
    assert {link for link in found.links if not link.startswith("#")} == {"/openapi.json"}


def test_a_path_is_declared_once(operations: Any) -> None:
    twice = {**operations, "loaves.again": operations["loaves.create"]}
    with pytest.raises(AssertionError, match="declared twice"):
        document_of(twice)
    hidden = {name: one for name, one in operations.items() if name != "loaves.show"}
    with pytest.raises(AssertionError, match="not shown"):
        document_of(hidden)


def test_the_document_is_the_same_in_every_process(operations: Any) -> None:
    assert json.dumps(document_of(operations)) == json.dumps(document_of(operations))
