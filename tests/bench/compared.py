# SPDX-License-Identifier: AGPL-3.0-or-later
"""One measurement of one build, in a process of its own: comparing.py runs it with that build's Python.

    python compared.py NETWORKS ROUNDS      seconds that one comparison takes, opened and answered, in each round

Two nodes know so many networks, of two lanes each, and one head moves before each comparison. Prints one line of JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

try:
    from protocol.peers import reconcile
    from protocol.peers.messages import Item
except ImportError:  # the build before
    from protocol.sync import reconcile  # pyright: ignore[reportMissingImports]
    from protocol.sync.messages import Item  # pyright: ignore[reportMissingImports]

AT_LEAST_SECONDS = 0.05
"""So long is measured in each round: what takes microseconds is done many times."""


def items(networks: int) -> Iterator[Item]:
    """Yield the heads of all lanes."""
    for number in range(networks):
        network = sha256(b"%d" % number).digest()
        for lane in ("commons", "identity"):
            yield Item(network, lane, 0, 1, network)


def kept_up(networks: int) -> Callable[[int], None]:
    """Return what compares once, where each side keeps an index."""
    sides = [reconcile.HeadIndex(None) for _ in range(2)]
    for item in items(networks):
        for side in sides:
            side.put((item.network, item.lane), item)
    moving = next(items(1))

    def compare(turn: int) -> None:
        for side in sides:
            side.put((moving.network, moving.lane), Item(moving.network, moving.lane, 0, turn, moving.id))
        assert sides[1].answer(sides[0].opening()) == ([], [])

    return compare


def sorted_anew(networks: int) -> Callable[[int], None]:
    """Return what compares once, where each side sorts and hashes all heads each time."""
    heads = {(item.network, item.lane): item for item in items(networks)}
    moving = next(items(1))
    vector: Any = getattr(reconcile, "HeadsVector")  # noqa: B009 - this build has none

    def compare(turn: int) -> None:
        heads[moving.network, moving.lane] = Item(moving.network, moving.lane, 0, turn, moving.id)
        opening = vector(list(heads.values())).opening(moving.network)
        assert vector(list(heads.values())).answer(opening) == (None, [])

    return compare


def main(networks: int, rounds: int) -> None:
    """Measure, and print what came of it."""
    compare = (kept_up if hasattr(reconcile, "HeadIndex") else sorted_anew)(networks)
    compare(0)
    told: list[float] = []
    turn = 0
    for _ in range(rounds):
        times, began = 0, time.perf_counter()
        while times == 0 or time.perf_counter() - began < AT_LEAST_SECONDS:
            times, turn = times + 1, turn + 1
            compare(turn)
        told.append((time.perf_counter() - began) / times)
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
