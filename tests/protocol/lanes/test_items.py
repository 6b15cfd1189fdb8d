# SPDX-License-Identifier: AGPL-3.0-or-later
"""Items of boards as they travel: our vectors, read with common tools and by our own reader."""

import json
from hashlib import sha256
from itertools import permutations
from pathlib import Path
from typing import Any

import cbor2
import pytest
from nacl.signing import SigningKey

from crdt.board import ItemBoard, ItemVersion
from protocol.lanes.items import ITEM_BYTES_MAX, ItemFault, parse_item
from protocol.wire.keys import KeyPair
from protocol.wire.shape import to_map

ITEMS = json.loads((Path(__file__).parents[2] / "vectors" / "own_board_items.json").read_text())
SIGNER = SigningKey(bytes.fromhex(ITEMS["hot_seed"]))
PUBLIC = KeyPair.from_seed(bytes.fromhex(ITEMS["hot_seed"])).public
BY_NAME = {case["name"]: case for case in ITEMS["items"]}


def told(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return [told(one) for one in value] if isinstance(value, (tuple, list)) else value


@pytest.mark.parametrize("case", ITEMS["items"], ids=lambda case: case["name"])
def test_common_tools_read_and_make_it(case: dict[str, Any]) -> None:
    wire = bytes.fromhex(case["wire"])
    said, signature = cbor2.loads(wire)
    fields = cbor2.loads(said)
    assert {str(number): told(value) for number, value in fields.items()} == case["fields"]
    assert cbor2.dumps(fields, canonical=True) == said
    assert sha256(b"mutirao/v1/item\0" + said).hexdigest() == case["mark"]
    assert SIGNER.sign(b"mutirao/v1/item\0" + said).signature == signature
    assert (9 not in fields) == case["withdrawn"]


@pytest.mark.parametrize("case", ITEMS["items"], ids=lambda case: case["name"])
def test_our_reader_takes_it(case: dict[str, Any]) -> None:
    item = parse_item(bytes.fromhex(case["wire"]))
    assert item.signed_by(PUBLIC)
    assert {str(number): told(value) for number, value in to_map(item.said).items()} == case["fields"]
    assert item.version.mark.hex() == case["mark"]
    assert len(item.wire) <= ITEM_BYTES_MAX


@pytest.mark.parametrize("case", ITEMS["refused"], ids=lambda case: case["name"])
def test_nobody_takes_what_is_refused(case: dict[str, Any]) -> None:
    wire = bytes.fromhex(case["wire"])
    if case["because"] == "form":
        with pytest.raises(ItemFault):
            parse_item(wire)
    else:
        assert not parse_item(wire).signed_by(PUBLIC)


@pytest.mark.parametrize("case", ITEMS["merged"], ids=lambda case: " + ".join(case["versions"]))
def test_of_several_versions_the_same_one_counts_for_all(case: dict[str, Any]) -> None:
    """By the three rules of the handbook alone: the higher version, then a withdrawal, then the greater mark."""
    versions = [BY_NAME[name] for name in case["versions"]]
    greatest = max(versions, key=lambda one: (one["fields"]["5"], one["withdrawn"], bytes.fromhex(one["mark"])))
    assert greatest["name"] == case["counts"]
    ours: list[ItemVersion] = [parse_item(bytes.fromhex(one["wire"])).version for one in versions]
    for order in permutations(ours):
        board = ItemBoard()
        for version in order:
            board = board.say(b"item", version)
        assert board.items[b"item"].mark.hex() == greatest["mark"]
