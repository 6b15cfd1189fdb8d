# SPDX-License-Identifier: AGPL-3.0-or-later
"""A voucher checked without any node, by what its network publishes of the batch: its key, and what was brought."""

from collections.abc import Mapping
from typing import Any

from protocol.lanes.entry import Millis
from protocol.practices.credit.vouchers.entries import Voucher
from protocol.practices.credit.vouchers.state import read_voucher
from protocol.wire.keys import id_text, verify

VOUCHERS_BYTES_MAX = 64 * 1024
"""What is published of one batch, as JSON."""


def voucher_fault(published: Mapping[str, Any], text: str, now: Millis) -> tuple[Voucher | None, str]:
    """Return what a QR code says, and what is wrong with it ("": nothing, as far as what was published tells).

    `published` is what `mutirao vouchers show BATCH --json` told, at that hour.
    """
    read = read_voucher(text)
    if read is None:
        return None, "it is no voucher"
    voucher, signed = read
    key = published.get("key")
    named = (published.get("network"), str(published.get("batch")).replace("-", ""))
    if named != (id_text(voucher.network), voucher.batch.hex()) or not isinstance(key, str):
        return voucher, "it is of another batch"
    try:
        genuine = verify(bytes.fromhex(key), Voucher.KIND, signed.data, signed.signature)
    except ValueError:
        return voucher, "the key cannot be read"
    if not genuine:
        return voucher, "its signature is not the network's"
    if now > voucher.expires_ms:
        return voucher, "it has expired"
    return voucher, "it was presented before" if voucher.number in published.get("spent", ()) else ""
