# SPDX-License-Identifier: AGPL-3.0-or-later
"""What cards, terminals and their network sign for each other: one of each, and what is none."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

from protocol.practices.credit.cards.statements import (
    CardCertificate,
    CardHotlist,
    CardPayment,
    TerminalGrant,
    TerminalRecord,
    record_digest,
    signed_statement,
)
from protocol.wire.keys import KeyPair

NOW_MS, DAY_MS = 1_800_000_000_000, 86_400_000


def _drawn(name: str) -> bytes:
    return sha256(b"mutirao cards " + name.encode()).digest()


def _key(name: str) -> KeyPair:
    return KeyPair.from_seed(_drawn(name))


def card_statements(named: Callable[[Any], Any]) -> dict[str, Any]:
    """Return signed statements with their fields, as `named` writes them, and bytes that are refused."""
    network, card, till = _drawn("network"), _drawn("the card")[:16], _drawn("the till")[:16]
    account = "BIABIABIABIABIAB.HORA"
    certificate = CardCertificate(
        network, card, _key("card").public, "HORA", 1, 200_00, 200_00, NOW_MS, 14, NOW_MS + 730 * DAY_MS
    )
    grant = TerminalGrant(network, till, _key("till").public, account, "HORA", 2, "UTC UTC0", 14)
    hotlist = CardHotlist(network, till, 41, NOW_MS, 1, (_drawn("another card")[:16],))
    payment = CardPayment(network, card, 17, 150_00, till, account, NOW_MS + 60_000)
    paid = signed_statement(_key("card"), payment)
    first = TerminalRecord(till, 0, None, 1, 41, NOW_MS // DAY_MS, NOW_MS + 60_000, paid.data, paid.signature)
    written = signed_statement(_key("till"), first)
    again = signed_statement(_key("card"), replace(payment, counter=18, amount=50_00))
    second = replace(
        first, seq=1, prev=record_digest(written.data), at_ms=NOW_MS + 120_000, payment=again.data,
        signature=again.signature,
    )  # fmt: skip
    cases = (
        ("a card's certificate", "network", certificate),
        ("a terminal's grant", "network", grant),
        ("a hotlist with one card", "network", hotlist),
        ("a card pays 150.00 at counter 17", "card", payment),
        ("the first record of a log", "till", first),
        ("the record after it names it by its digest", "till", second),
    )
    signed: list[dict[str, Any]] = []
    for name, by, said in cases:
        made = signed_statement(_key(by), said)
        signed.append(
            {
                "name": name,
                "kind": said.KIND,
                "signed_by": by,
                "key": _key(by).public.hex(),
                "fields": named(said),
                "bytes": made.data.hex(),
                "signature": made.signature.hex(),
            }
        )
    data, signature = bytes.fromhex(signed[3]["bytes"]), signed[3]["signature"]
    other = signed_statement(_key("card"), replace(payment, account="CAIOCAIOCAIOCAIO.HORA", terminal=_drawn("x")[:16]))
    wrong = (
        ("one bit is another", data[:-1] + bytes([data[-1] ^ 1]), signature),
        ("signed as a record", data, _key("card").sign("terminal-record", data).hex()),
        ("signed by another key", data, _key("till").sign("card-payment", data).hex()),
        ("a longer head than it needs", b"\xb8" + bytes([data[0] & 31]) + data[1:], signature),
        ("something after its end", data + b"\x00", signature),
        ("a field more", bytes([data[0] + 1]) + data[1:] + b"\x18\x20\x00", signature),
    )
    return {
        "about": "What cards, terminals and their network sign: canonical CBOR under the kind told. `forks` are two"
        " payments of one card at one counter: together they prove a copy. None of `invalid` is a payment of the card.",
        "signed": signed,
        "digests": [{"of": signed[4]["name"], "digest": record_digest(written.data).hex()}],
        "forks": [
            {"bytes": paid.data.hex(), "signature": paid.signature.hex()},
            {"bytes": other.data.hex(), "signature": other.signature.hex()},
        ],
        "invalid": [{"name": name, "bytes": bytes_.hex(), "signature": one} for name, bytes_, one in wrong],
    }
