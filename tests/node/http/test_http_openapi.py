# SPDX-License-Identifier: AGPL-3.0-or-later
"""The OpenAPI document is valid, complete, and what the node does."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from node.http.app import document_of
from node.http.problems import REASONS
from protocol.book.declaration import Act, Create, List, ListOf, Reckon, Show
from protocol.practices import OPERATIONS

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.timeout(30)

TOLD_OF_OTHERS: set[str] = set()
"""Codes that only a partner's answer or a stored payment tells."""
OF_STATE_MONEY = {"ReserveShown.state", "OpenReserve.state"}
"""Where `state` is the money of a state, such as BRL: there are more than a few."""


@pytest.fixture(scope="module")
def own() -> Any:
    """The document of what a node of ours can do."""
    return document_of(OPERATIONS)


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
            case Reckon(noun=noun, what=what, told=told):
                assert list(paths[f"/v1/{noun}/{what}"]) == ["post" if told else "get"]
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
        ("get", "/v1/loaves/weight", "/v1/loaves/weight?grain=rye", None),
        ("get", "/v1/loaves/weight", "/v1/loaves/weight?grain=oak", None),
        ("post", "/v1/loaves/costs", "/v1/loaves/costs", {"slices": 3}),
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
        if "content" in said:
            content = said["content"][answer.headers["Content-Type"]]
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


def test_words_of_which_there_are_a_few_are_told(own: Any) -> None:
    telling = ("state", "status", "kind", "urgency", "auth", "role")
    schemas = own["components"]["schemas"]
    untold = [
        f"{kind}.{name}"
        for kind, schema in schemas.items()
        for name, said in schema.get("properties", {}).items()
        if name in telling and "string" in str(said.get("type")) and not {"enum", "x-extensible-enum"} & said.keys()
    ]
    assert set(untold) == OF_STATE_MONEY


def test_each_operation_says_what_it_needs_and_why_it_may_be_refused(own: Any) -> None:
    codes = set(own["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    told: set[str] = set()
    for path, methods in own["paths"].items():
        for operation in methods.values():
            told |= set(operation["x-refusals"])
            scopes = {scope for one in operation["security"] for scope in one.get("token", ())}
            assert scopes == set(re.findall(r"Scope: `(.*?)`", operation["description"])), operation["operationId"]
            assert all(one.get("description") for one in operation["parameters"] if one["in"] == "path"), path
            statuses = {str(REASONS[code].status) for code in operation["x-refusals"]}
            assert statuses <= operation["responses"].keys(), operation["operationId"]
            for status, answer in operation["responses"].items():
                reference = answer.get("$ref", "").rpartition("/")[2]
                assert reference in ("", f"Problem{status}")
    assert told <= codes
    # Paths and methods that are not there are refused before any operation; the others are told by pages.
    of_pages = {"SIGN_IN_CODE_UNKNOWN", "FORM_STALE"}
    assert codes - told <= {"PATH_UNKNOWN", "METHOD_NOT_ALLOWED", *of_pages, *TOLD_OF_OTHERS}
    assert [tag for tag in own["tags"] if len(tag["description"]) < 10] == []
    transient = set(own["components"]["schemas"]["Problem"]["properties"]["transient"]["x-codes"])
    assert transient == {code for code, reason in REASONS.items() if reason.transient}


def test_what_streams_tell_has_a_schema(own: Any) -> None:
    stream = own["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]["schema"]
    assert stream["x-event"] == {"$ref": "#/components/schemas/Event"}
    jsonschema.Draft202012Validator(own["components"]["schemas"]["Event"]).validate(
        {"type": "payment.posted", "resource": "8cb18c3d", "figures": {}}
    )


def test_what_is_signed_is_described_in_cddl(own: Any) -> None:
    rules = set(re.findall(r"^(\S+) = ", (ROOT / "tests" / "vectors" / "schema.cddl").read_text(), re.MULTILINE))
    named = {
        one["x-signed"]["cddl"] for methods in own["paths"].values() for one in methods.values() if "x-signed" in one
    }
    assert len(named) >= 10 and named <= rules


def test_a_payment_has_three_ways_that_exclude_each_other(own: Any) -> None:
    body = own["paths"]["/v1/payments"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert [one["$ref"].rpartition("/")[2] for one in body["oneOf"]] == ["PayHere", "PayAbroad", "PaySigned"]
    fits = jsonschema.Draft202012Validator({**body, "components": own["components"]}).is_valid
    amount = {"value": "1250", "asset_scale": 2}
    here, signature = {"payee": "bia", "amount": amount}, {"data": "AAAA", "signature": "A" * 86}
    abroad = {"payee": "elio@serra", "amount": amount, "invoice": "A" * 43}
    assert fits(here) and fits({**here, "pending": True}) and fits(abroad) and fits({"signed": signature})
    for wrong in ({**here, "condition": "A" * 43}, {**abroad, "pending": True}, {**here, "signed": signature}, {}):
        assert not fits(wrong), wrong
