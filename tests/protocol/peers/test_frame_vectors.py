# SPDX-License-Identifier: AGPL-3.0-or-later
"""The frames that are published for other implementations say what nodes say, and are heard as told."""

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest

from protocol.events import Drop, Effect, PeerUp, Received, Send, SendRange, Store, StoreBoardItem, TimerFired
from protocol.lanes.entry import parse
from protocol.lanes.journal import Keyring
from protocol.peers.messages import MESSAGE_KINDS, pack, unpack
from protocol.practices import PRACTICES
from protocol.replica import Replica
from protocol.wire.codec import decode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import to_map
from tests.handbook.test_tables import PROTOCOL, table
from tests.protocol.test_own_vectors import value_of
from tests.protocol.test_schema import TOLD, fit_record

FIRST_MS = 1_790_000_000_000
FRAMES = json.loads((Path(__file__).parents[2] / "vectors" / "own_frames.json").read_text())
SAID = [*FRAMES["transcript"], *FRAMES["others"]]


@pytest.mark.parametrize("case", SAID, ids=lambda case: case["message"])
def test_a_frame_says_what_is_told_of_it(case: dict[str, Any]) -> None:
    frame = bytes.fromhex(case["frame"])
    number, fields = cbor2.loads(frame)
    assert TOLD["messages"][number] == case["message"]
    fit_record(case["message"], fields)
    told = value_of(case["fields"])
    assert cbor2.dumps([number, told], canonical=True) == frame
    message = unpack(frame)
    assert type(message).__name__ == case["message"]
    assert to_map(message) == decode(frame)[1]  # type: ignore[index]
    assert pack(message) == frame


def test_there_is_a_frame_of_each_message() -> None:
    assert {case["message"] for case in SAID} == {kind.__name__ for kind in MESSAGE_KINDS}


def listener() -> Replica:
    told = FRAMES["listener"]
    keys = KeyPair.from_seed(bytes.fromhex(told["hot_seed"]))
    replica = Replica(bytes.fromhex(told["network"]), PRACTICES, chance=bytes, keyring=Keyring(keys, bytes(32)))
    list(replica.load([parse(bytes.fromhex(wire)) for wire in told["entries"]]))
    return replica


def outcome(effects: list[Effect]) -> tuple[str, list[str], list[str]]:
    held = [parse(bytes.fromhex(wire)) for wire in FRAMES["listener"]["entries"]]
    answers: list[str] = [one.frame.hex() for one in effects if isinstance(one, Send)]
    for one in effects:
        if isinstance(one, SendRange):
            wires = [
                entry.wire
                for entry in held
                if (entry.network, entry.header.lane) == (one.network, one.lane)
                and one.first <= entry.header.seq <= one.last
            ]
            answers += [cbor2.dumps([1, {1: wires}], canonical=True).hex()] if wires else []
    kept = [one.entry.wire.hex() for one in effects if isinstance(one, Store)]
    kept += [one.wire.hex() for one in effects if isinstance(one, StoreBoardItem)]
    if any(isinstance(one, Drop) for one in effects):
        return "dropped", [], []
    return "answered" if answers else "kept" if kept else "passed over", answers, kept


@pytest.mark.parametrize("case", FRAMES["heard"], ids=lambda case: case["name"])
def test_a_frame_is_heard_as_told(case: dict[str, Any]) -> None:
    replica = listener()
    effects = replica.handle([PeerUp("serra", bytes.fromhex(case["transport"]), False)], FIRST_MS)
    for frame in case["before"]:
        effects = replica.handle([Received("serra", bytes.fromhex(frame))], FIRST_MS)
        assert outcome(effects)[0] != "dropped"
    for _ in range(case["times"] if case["frame"] else 0):
        effects = replica.handle([Received("serra", bytes.fromhex(case["frame"]))], FIRST_MS)
    if case["after_ms"]:
        effects = replica.handle([TimerFired()], FIRST_MS + case["after_ms"])
    told = case["then"], [one["frame"] for one in case["answers"]], case["kept"]
    assert outcome(effects) == told


def test_the_handbook_tells_what_comes_of_each() -> None:
    rows = table(PROTOCOL, "what a peer says", "then", "answer")
    assert [(says, then) for says, then, _ in rows] == [(case["name"], case["then"]) for case in FRAMES["heard"]]
    for (_, _, answer), case in zip(rows, FRAMES["heard"], strict=True):
        assert all(f"`{one['message']}`" in answer for one in case["answers"])
