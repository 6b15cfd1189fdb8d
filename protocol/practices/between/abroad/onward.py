# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a hold tells the next network: the invoice, and the networks that are left."""

from dataclasses import dataclass
from typing import Annotated

from protocol.peers.messages import HOPS_MAX, INVOICE_BYTES_MAX, Hop
from protocol.wire.codec import CodecFault, decode
from protocol.wire.shape import AtMost, Holds, Length, ShapeFault, from_map


@dataclass(frozen=True, slots=True)
class Onward:
    """What travels beside a hold: the invoice that it pays, wholly or in part, and the hops that are left."""

    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX), Holds(("Invoice",))]
    signature: Annotated[bytes, Length(64)]
    hops: Annotated[tuple[Hop, ...], AtMost(HOPS_MAX)]
    is_part: bool


def read_onward(data: bytes) -> Onward | None:
    try:
        fields = decode(data)
        return from_map(Onward, fields) if isinstance(fields, dict) else None
    except (CodecFault, ShapeFault):
        return None
