# SPDX-License-Identifier: AGPL-3.0-or-later
"""What cards and terminals sign is what the vectors say, byte for byte, and nothing else is taken for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from protocol.book.signed import Signed
from protocol.practices.credit.cards.statements import (
    CardCertificate,
    CardHotlist,
    CardPayment,
    TerminalGrant,
    TerminalRecord,
    record_digest,
    verified,
)
from protocol.wire.codec import encode
from protocol.wire.shape import to_map

CARDS = json.loads((Path(__file__).parents[3] / "vectors" / "own_cards.json").read_text())
KINDS: dict[str, Any] = {
    kind.KIND: kind for kind in (CardCertificate, TerminalGrant, CardHotlist, CardPayment, TerminalRecord)
}
CARD_KEY = next(case["key"] for case in CARDS["signed"] if case["kind"] == "card-payment")


def signed(case: dict[str, Any]) -> Signed:
    return Signed(bytes.fromhex(case["bytes"]), bytes.fromhex(case["signature"]))


def test_each_kind_is_there() -> None:
    assert {case["kind"] for case in CARDS["signed"]} == KINDS.keys()


@pytest.mark.parametrize("case", CARDS["signed"], ids=lambda case: case["name"])
def test_a_statement_is_read_and_written_as_it_stands(case: dict[str, Any]) -> None:
    said = verified(KINDS[case["kind"]], signed(case), bytes.fromhex(case["key"]))
    assert said is not None and encode(to_map(said)).hex() == case["bytes"]


@pytest.mark.parametrize("case", CARDS["invalid"], ids=lambda case: case["name"])
def test_what_is_no_payment_of_the_card(case: dict[str, Any]) -> None:
    assert verified(CardPayment, signed(case), bytes.fromhex(CARD_KEY)) is None


def test_a_record_names_the_one_before_it() -> None:
    first, second = (case for case in CARDS["signed"] if case["kind"] == "terminal-record")
    named_by = verified(TerminalRecord, signed(second), bytes.fromhex(second["key"]))
    assert named_by is not None and named_by.prev == record_digest(bytes.fromhex(first["bytes"]))
    assert record_digest(bytes.fromhex(first["bytes"])).hex() == CARDS["digests"][0]["digest"]


def test_two_payments_at_one_counter_prove_a_copy() -> None:
    one, other = (verified(CardPayment, signed(case), bytes.fromhex(CARD_KEY)) for case in CARDS["forks"])
    assert one is not None and other is not None
    assert (one.card, one.counter) == (other.card, other.counter) and one != other
