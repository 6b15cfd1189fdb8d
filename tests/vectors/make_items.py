# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes items of boards, those that stand and those that nobody takes: `python tests/vectors/make_items.py`."""

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

from make import seed_of, written
from riacho import key

from crdt.board import ItemBoard
from protocol.lanes.items import BoardItem, ItemFault, ItemSaid, parse_item, seal_item
from protocol.wire.codec import encode
from protocol.wire.keys import sign
from protocol.wire.shape import to_map

FOLDER = Path(__file__).parent
WRITER = "riacho hot 0"
NETWORK, ITEM = bytes(range(32)), bytes(range(16))
HOUR = 1_700_000_000_000
ONE, OTHER = bytes([1]) * 32, bytes([2]) * 32
SAID = ItemSaid(
    1, NETWORK, 0, ITEM, 1, HOUR, (), "announcements/announcement", encode({1: "Market on Saturday, 9 to 12"})
)


def taken() -> list[tuple[str, BoardItem]]:
    """Return items that are rightly made, by what they are."""
    said = (
        ("for everybody", SAID),
        ("for the network's own replicas", replace(SAID, seen_by=(NETWORK,))),
        ("for the members of two federations", replace(SAID, seen_by=(ONE, OTHER))),
        ("a later version", replace(SAID, version=2, body=encode({1: "Market on Sunday"}))),
        ("another body under the first version", replace(SAID, body=encode({1: "No market"}))),
        ("withdrawn", replace(SAID, version=2, body=None)),
        ("of a kind that is not known", replace(SAID, kind="weather/seen", body=b"rain")),
        ("of the longest body", replace(SAID, body=bytes(2_048))),
    )
    return [(name, seal_item(key(WRITER), one)) for name, one in said]


def by_hand(fields: dict[int, Any], signature: bytes | None = None) -> bytes:
    """Return an item of any fields, signed."""
    said = encode(fields)
    return encode((said, sign(key(WRITER), "item", said) if signature is None else signature))


def refused() -> list[dict[str, Any]]:
    """Return what no node takes for an item, and why."""
    good = to_map(SAID)
    of_another = encode((encode(good), sign(key("thief"), "item", encode(good))))
    of_an_entry = encode((encode(good), sign(key(WRITER), "entry", encode(good))))
    cases = [
        ("a federation twice", by_hand({**good, 7: (ONE, ONE)})),
        ("federations that are not in order", by_hand({**good, 7: (OTHER, ONE)})),
        ("its own network beside a federation", by_hand({**good, 7: tuple(sorted((ONE, NETWORK)))})),
        ("nine federations", by_hand({**good, 7: tuple(bytes([one]) * 32 for one in range(9))})),
        ("version 0", by_hand({**good, 5: 0})),
        ("of another form", by_hand({**good, 1: 2})),
        ("an id of 15 bytes", by_hand({**good, 4: ITEM[:15]})),
        ("a body of 2,049 bytes", by_hand({**good, 9: bytes(2_049)})),
        ("a field that is not known", by_hand({**good, 10: 1})),
        ("without an hour", by_hand({key: one for key, one in good.items() if key != 6})),
        ("a signature of 63 bytes", by_hand(good, bytes(63))),
        ("bytes after it", by_hand(good) + b"\0"),
        ("no array of two byte strings", encode((encode(good),))),
        ("said in longer bytes than need be", encode((b"\xb8\x09" + encode(good)[1:], bytes(64)))),
    ]
    told: list[dict[str, Any]] = []
    for name, wire in cases:
        try:
            parse_item(wire)
        except ItemFault:
            told.append({"name": name, "wire": wire.hex(), "because": "form"})
        else:
            raise AssertionError(name)
    for name, wire in (("signed by another key", of_another), ("signed as an entry", of_an_entry)):
        assert not parse_item(wire).signed_by(key(WRITER).public)
        told.append({"name": name, "wire": wire.hex(), "because": "signature"})
    return told


def merged() -> list[dict[str, Any]]:
    """Return which of several versions of one item counts, in whatever order they come."""
    items = dict(taken())
    cases = (
        ("for everybody", "a later version"),
        ("for everybody", "another body under the first version"),
        ("a later version", "withdrawn"),
        ("for everybody", "a later version", "withdrawn", "another body under the first version"),
    )
    told: list[dict[str, Any]] = []
    for names in cases:
        boards = [ItemBoard({ITEM: items[name].version}) for name in names]
        found: set[bytes] = set()
        for order in permutations(boards):
            board = ItemBoard()
            for one in order:
                board = board.merge(one)
            found.add(board.items[ITEM].mark)
        [mark] = found
        counts = next(name for name in names if items[name].version.mark == mark)
        told.append({"versions": list(names), "counts": counts})
    return told


def board_items() -> dict[str, Any]:
    """Return the vectors."""
    return {
        "about": "Items of boards (docs/protocol.md, Boards). `items` are rightly made and signed by the key of"
        " `hot_seed`: `mark` is SHA-256(mutirao/v1/item, 0, said), and `fields` are what is said by their numbers,"
        " bytes in hexadecimal. `refused` is taken by no node: for its form, or for its signature. `merged`: of these"
        " versions of one item, by name, the one that counts, in whatever order they come.",
        "hot_seed": seed_of(WRITER).hex(),
        "items": [
            {
                "name": name,
                "wire": item.wire.hex(),
                "mark": item.version.mark.hex(),
                "withdrawn": item.said.body is None,
                "fields": {str(number): shown_field(value) for number, value in to_map(item.said).items()},
            }
            for name, item in taken()
        ],
        "refused": refused(),
        "merged": merged(),
    }


def shown_field(value: Any) -> Any:
    """Return a value as JSON has it: bytes in hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    return [shown_field(one) for one in value] if isinstance(value, tuple) else value


def write() -> None:
    """Write it all anew."""
    (FOLDER / "own_board_items.json").write_text(written(board_items()))


if __name__ == "__main__":
    write()
