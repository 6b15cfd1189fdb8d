# SPDX-License-Identifier: AGPL-3.0-or-later
"""The examples of the OpenAPI document are those of a run: sent as they stand they are accepted, and answered so."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from node.http.app import document_of
from node.http.samples import TRIED, tried
from protocol.book.declaration import Act, Create, operation_name
from protocol.practices import OPERATIONS
from tests.node.http.tried import founded, text_of, try_all

pytestmark = pytest.mark.timeout(60)

NEIGHBOURS = (
    "links",
    "federations",
    "directory",
    "quotes",
    "mixed-quotes",
    "clearings",
    "clearing-terms",
    "recoveries",
    "acceptances",
    "campaign-follows",
)
"""Nouns of which a group that knows no other yet has nothing to show."""
OF_NEIGHBOURS = {"networks.forget", "networks.purge", "joint-orders.join"}
"""Operations of other nouns on another network."""
UNTRIED_MAX = 3
"""How many operations within a network have no true example yet: the document makes one from the types."""


@pytest.fixture(scope="module")
def own() -> Any:
    return document_of(OPERATIONS)


async def test_each_example_is_accepted_as_it_stands_and_answered_so(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as one:
        await try_all(one)
    stands = TRIED.read_text()
    assert text_of(one.held) == stands, (
        "renew them: PYTHONPATH=. python -m tests.node.http.tried >node/http/examples.json"
    )


def test_what_changes_something_within_a_network_has_a_true_example() -> None:
    changing = {name for name, one in OPERATIONS.items() if isinstance(one, Create | Act)}
    missing = {name for name in changing - tried().keys() if name.partition(".")[0] not in NEIGHBOURS}
    missing -= OF_NEIGHBOURS
    assert len(missing) <= UNTRIED_MAX, missing


def test_the_document_shows_the_examples_and_its_schemas_fit_them(own: Any) -> None:
    by_identity = {name.replace(".", "_").replace("-", "_"): told for name, told in tried().items()}
    shown = 0
    for methods in own["paths"].values():
        for operation in methods.values():
            told = by_identity.get(operation["operationId"])
            if told is None:
                continue
            request = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if request and "request" in told:
                assert request["example"] == told["request"]
                fits(own, request["schema"], told["request"])
            answer = operation["responses"][str(told["status"])].get("content", {}).get("application/json", {})
            if "answer" in told:
                assert answer.get("example", told["answer"]) == told["answer"]
                fits(own, answer["schema"], told["answer"])
                shown += 1
    assert shown > 60


def fits(document: Any, schema: Any, value: Any) -> None:
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def test_an_example_names_its_operation() -> None:
    named = {operation_name(one) for one in OPERATIONS.values()}
    own_of_the_node = {"challenges.create", "tokens.create", "tokens.list", "tokens.show", "node.show"}
    assert tried().keys() - named == own_of_the_node
    assert json.loads(TRIED.read_text()) == tried()
