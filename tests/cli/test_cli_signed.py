# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command and the node's HTTP form sign and read a practice that neither has ever heard of, by its declaration."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import keys, pay
from cli.ending import Misuse
from cli.made.commands import operate, parser_of
from cli.made.declared import command_of
from node.http.components import Components, Misread
from node.http.jsonbytes import dump
from node.http.signed import describe_body, describe_signed, reader_of
from protocol.book.money import Amount
from protocol.book.personal import text_digest
from protocol.book.signed import is_authentic, read_signed
from protocol.book.wishes import Brought
from protocol.wire.keys import id_text
from protocol.wire.pattern import reader
from tests.protocol.book.promises import KEEP, MAKE, KeepPromise, MakePromise

RIACHO = bytes(range(32))
NAME = pay.id_text_of(bytes(16))
HOUR = {"value": "1", "asset_scale": 0}
ACCOUNT = {"id": "ANA.HORA", "currency": "HORA", "balance": {"value": "0", "asset_code": "HORA", "asset_scale": 2}}


@pytest.fixture
def node(stub: Any) -> Any:
    """A node on which Ana has an account, and that takes promises."""
    stub.shows("GET", "/v1/node", {"network_id": id_text(RIACHO), "handle": "riacho"})
    stub.shows("POST", "/v1/challenges", {"challenge": keys.text_of(RIACHO + bytes(32))}, 201)
    stub.shows("POST", "/v1/sessions", {"token": "mt_ana"}, 201)
    stub.shows("GET", "/v1/accounts", {"items": [ACCOUNT], "next": None})
    stub.shows("POST", "/v1/promises", {"id": NAME}, 201)
    stub.shows("POST", f"/v1/promises/{NAME}/keep", {"id": NAME})
    return stub


@pytest.fixture
def ana(tmp_path: Path) -> Path:
    keys.write_new(tmp_path / "ana.key")
    return tmp_path / "ana.key"


def brought(node: Any, operation: Any, path: str, subject: str = "") -> Brought:
    """Return what the command has sent last, as the node's HTTP form reads it."""
    found = reader_of(operation)(dump(node.asked("POST", path)[-1].body), subject)
    assert isinstance(found, Brought)
    return found


def test_a_wish_is_signed_as_it_was_typed_with_what_it_names_in_full(
    mutirao: Callable[..., Any], node: Any, ana: Path
) -> None:
    del mutirao
    words = ["--amount", "2.5", "--until", "2027-01-01T00:00:00Z", "--note", "weeding", "--key", str(ana)]
    assert operate(command_of(MAKE), [*words, "--idempotency-key", "may"], command="promises create") == 0
    said = brought(node, MAKE, "/v1/promises")
    envelope = read_signed(said.signed)
    assert envelope is not None and is_authentic(said.signed, envelope)
    assert (envelope.network, envelope.operation, envelope.key) == (RIACHO, "promises.create", keys.read(ana).public)
    wish = reader(MakePromise)(envelope.fields)
    assert wish == MakePromise(
        Amount(25, "HORA", 1), 1_798_761_600_000, "ANA.HORA", pay.id_of("may", "promises"),
        text_digest(said.salts["note"], "weeding"),
    )  # fmt: skip
    assert said.texts == {"note": "weeding"}
    # The same key finds what it made.
    node.shows("GET", f"/v1/promises/{pay.id_text_of(wish.promise or b'')}", {"id": NAME})
    assert operate(command_of(MAKE), [*words, "--idempotency-key", "may"], command="promises create") == 0
    assert len(node.asked("POST", "/v1/promises")) == 1


def test_what_the_path_names_is_signed_too_and_needs_a_key(mutirao: Callable[..., Any], node: Any, ana: Path) -> None:
    del mutirao
    assert operate(command_of(KEEP), [NAME, "--key", str(ana)], command="promises keep") == 0
    envelope = read_signed(brought(node, KEEP, f"/v1/promises/{NAME}/keep", NAME).signed)
    assert envelope is not None and reader(KeepPromise)(envelope.fields) == KeepPromise(bytes(16))
    with pytest.raises(Misuse, match="needs your key"):
        operate(command_of(KEEP), [NAME, "--token", "mt_ana"], command="promises keep")


def test_what_is_missing_is_told_before_anything_is_looked_up_or_signed(
    mutirao: Callable[..., Any], node: Any, ana: Path
) -> None:
    del mutirao
    with pytest.raises(Misuse, match="--until is missing"):
        operate(
            command_of(MAKE),
            ["--amount", "2", "--key", str(ana), "--idempotency-key", "may"],
            command="promises create",
        )
    assert node.asked("GET", "/v1/accounts") == node.asked("POST", "/v1/promises") == []
    assert {one.path for one in node.heard} == {"/v1/challenges", "/v1/node", "/v1/sessions"}


def test_without_a_key_the_same_wish_goes_plainly(mutirao: Callable[..., Any], node: Any) -> None:
    del mutirao
    words = ["--amount", "2.5", "--until", "2027-01-01T00:00:00Z", "--note", "weeding", "--token", "mt_ana"]
    assert operate(command_of(MAKE), words, command="promises create") == 0
    plain = reader_of(MAKE)(dump(node.asked("POST", "/v1/promises")[0].body), "")
    assert plain == MakePromise(Amount(25, None, 1), 1_798_761_600_000, note="weeding")
    with pytest.raises(Misuse, match="--until is missing"):
        operate(command_of(MAKE), ["--amount", "2", "--token", "mt_ana"], command="promises create")
    assert "--signed" in parser_of(command_of(MAKE), "promises create").format_help()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"signed": {"data": "AA", "signature": "A" * 86}, "amount": {"value": "1"}}, "amount"),
        ({"signed": {"data": "AA", "signature": "A"}}, "signed.signature"),
        ({"signed": None}, "signed"),
        ({"amount": HOUR, "until": "2027-01-01T00:00:00Z", "note_salt": "A" * 22}, "note_salt"),
        ({"amount": HOUR}, "until"),
        ({"amount": {"value": "1"}, "until": "2027-01-01T00:00:00Z"}, "amount.asset_scale"),
        ({"amount": HOUR, "until": "2027-01-01T00:00:00Z", "promise": "1"}, "promise"),
    ],
)
def test_a_body_is_a_plain_wish_or_a_signed_one_and_never_both(body: Any, field: str) -> None:
    with pytest.raises(Misread) as raised:
        reader_of(MAKE)(dump(body), "")
    assert raised.value.refused().figures["field"] == field


def test_the_document_tells_what_is_signed() -> None:
    components = Components(wished=True)
    assert describe_body(MAKE, components) == {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("MakePromise", "MakePromiseSigned")]
    }
    signed = components.schemas["MakePromiseSigned"]
    assert set(components.schemas["MakePromise"]["properties"]) == {"amount", "until", "account", "promise", "note"}
    assert (set(signed["properties"]), signed["required"]) == ({"signed", "note", "note_salt"}, ["signed"])
    assert describe_body(KEEP, components) == {"$ref": "#/components/schemas/KeepPromiseSigned"}
    assert components.schemas["KeepPromiseSigned"]["required"] == ["signed"]
    told = describe_signed(MAKE)
    assert told["operation"] == "promises.create"
    assert [(row["number"], row["name"], "optional" in row) for row in told["fields"]] == [
        (1, "amount", False), (2, "until", False), (3, "account", True), (4, "promise", True), (5, "note", True),
    ]  # fmt: skip
