# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a listener makes of parts that no peer may tell of: of lanes' heads and of boards alike."""

from collections.abc import Callable
from typing import Any

from protocol.peers.board_messages import BoardHead, BoardSpan, BoardSpans
from protocol.peers.messages import Heads, Item, Span, pack
from protocol.peers.reconcile import key_of, key_of_item

DIGEST = bytes(32)
Told = tuple[bytes | None, str, bytes | None, tuple[Any, ...] | None]
"""An audience, a prefix, a fingerprint and items."""


def hear_parts(hear: Callable[[str, bytes], None], item: Item) -> None:
    """Note what comes of parts of either kind that break a rule; `item` is the head of a public lane."""
    head = BoardHead(item.network, bytes(16), 1, withdrawn=False, mark=DIGEST)

    def heads(*parts: Told) -> bytes:
        return pack(Heads(tuple(Span(*part) for part in parts)))

    def boards(*parts: Told) -> bytes:
        return pack(BoardSpans(tuple(BoardSpan(*part) for part in parts)))

    for says, frame, one, key in (
        ("heads", heads, item, key_of(None, item.network, item.lane)),
        ("boards", boards, head, key_of_item(head)),
    ):
        elsewhere = "0" if key.hex()[0] == "f" else "f"
        hear(f"{says}: an item outside of its part", frame((None, elsewhere, None, (one,))))
        hear(f"{says}: a part with items and a fingerprint", frame((None, "", DIGEST, (one,))))
        hear(f"{says}: a part with neither", frame((None, "", None, None)))
        hear(f"{says}: a part named by a capital letter", frame((None, "A", DIGEST, None)))
        hear(f"{says}: parts out of order", frame((None, "1", DIGEST, None), (None, "0", DIGEST, None)))
        hear(f"{says}: a part in another", frame((None, "0", DIGEST, None), (None, "01", DIGEST, None)))
    # One of them is of a federation that the listener is not in, and which it passes over otherwise.
    apart = ((None, "0", DIGEST, None), (DIGEST, "", DIGEST, None), (None, "1", DIGEST, None))
    hear("boards: parts for the same peers in two places", boards(*apart))
