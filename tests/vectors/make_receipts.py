# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes receipts that prove a payment, and others: `PYTHONPATH=.:tests python tests/vectors/make_receipts.py`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from make import written

from protocol.book.money import Amount
from protocol.book.payments import Payment
from protocol.book.signed import Signed
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.lanes.entry import LEDGER, Entry, encode_body, parse, seal
from protocol.practices.money.payments.entries import Paid
from protocol.practices.money.payments.views import PostPayment
from protocol.practices.money.receipts import Attested, Receipt, verify_receipt
from protocol.practices.money.schedules.entries import Rhythm, SchedulePayment
from protocol.practices.people.mandates import GiveMandate
from protocol.wire.codec import decode, encode
from protocol.wire.shape import from_map, to_map
from tests.protocol.practices.desk import DAY_MS, HOT, INCEPTION, NETWORK, Group, keys_of

FOLDER = Path(__file__).parent


def opened(document: bytes) -> Receipt:
    fields: Any = decode(document, bytes_max=2**20)
    return from_map(Receipt, fields)


def closed(receipt: Receipt) -> bytes:
    return encode(to_map(receipt))


def attest(receipt: Receipt, **changed: Any) -> Receipt:
    """Return a receipt in which the network itself attests something else."""
    fields: Any = decode(receipt.attested)
    data = encode(to_map(replace(from_map(Attested, fields), **changed)))
    return replace(receipt, attested=data, signature=HOT.sign("receipt", data))


def told_again(entry: Entry, body: bytes) -> bytes:
    """Return another entry at the place of one, signed by the network."""
    header = entry.header
    anew = seal(
        HOT, network=NETWORK, lane=LEDGER, epoch=0, seq=header.seq, prev=header.prev, body=body, salt=entry.salt
    )
    return anew.wire


def group() -> Group:
    """Ana and Bia with keys, Caio without, who may each owe 100.00."""
    found = Group()
    found.currency()
    found.admit("ana", "bia")
    found.admit("caio", custodial=True)
    return found


def right(riacho: Group) -> list[tuple[str, bytes]]:
    """Return receipts that prove a payment."""
    signed = riacho.pay("ana", "bia", 12_50)
    pending = riacho.pay("ana", "bia", 5_00, pending=True)
    held = riacho.receipt("ana", pending).document
    riacho.payments("bia", "post", pending, PostPayment())
    told = riacho.pay("caio", "bia", 5_00)
    mandate = GiveMandate(
        riacho.account("ana").id, riacho.member("bia").id, Amount(9_00, "HORA", 2), 2**47, drawn_id(riacho.chance)
    )
    given = riacho.sign("members.mandate", mandate, keys_of("ana"))
    riacho.do("ana", "members.mandate", Brought(given), "ana")
    order = riacho.order("ana", "caio", 2_00, keys=keys_of("bia"), mandate=mandate.mandate)
    riacho.do("bia", "payments.create", Brought(order))
    helped = list(riacho.book.payments.values())[-1]
    daily = SchedulePayment(
        "bia", Amount(1_00, "HORA", 2), riacho.now + 1_000, Rhythm.DAILY, 2, riacho.account("ana").id,
        drawn_id(riacho.chance),
    )  # fmt: skip
    standing_order = riacho.sign("scheduled-payments.create", daily, keys_of("ana"))
    riacho.do("ana", "scheduled-payments.create", Brought(standing_order))
    riacho.pass_time(riacho.now + DAY_MS + 2_000)
    standing = [one for one in riacho.book.payments.values() if one.schedule == daily.schedule]
    shown: list[tuple[str, str, Payment]] = [
        ("a payment that the payer has signed", "ana", signed),
        ("the same for the payee, who is not told the balance", "bia", signed),
        ("a pending payment that was posted", "ana", pending),
        ("a payment by word of mouth", "caio", told),
        ("a payment by a helper under a mandate", "ana", helped),
        *((f"a standing payment, occurrence {number}", "ana", one) for number, one in enumerate(standing)),
    ]
    found = [(name, riacho.receipt(who, payment).document) for name, who, payment in shown]
    return [*found, ("the pending payment before it was posted", held)]


def wrong(riacho: Group) -> list[tuple[str, bytes]]:
    """Return receipts that prove nothing."""
    payment = riacho.pay("ana", "bia", 3_00)
    fine = opened(riacho.receipt("ana", payment).document)
    entries = [parse(wire) for wire in fine.entries]
    place = next(at for at, one in enumerate(entries) if one.header.seq == payment.arrival)
    order = entries[place]
    signed = riacho.order("ana", "bia", 3_00, payment=payment.id)
    forged = Signed(signed.data, keys_of("bia").sign("wish", signed.data))
    stolen = riacho.order("ana", "bia", 3_00, payment=payment.id, keys=keys_of("thief"))

    def with_entry(wire: bytes) -> Receipt:
        return replace(fine, entries=(*fine.entries[:place], wire, *fine.entries[place + 1 :]))

    return [
        ("no receipt", b"\\x00"),
        ("without the network's inception", closed(replace(fine, identity=()))),
        ("attested for another network", closed(attest(fine, network=bytes(32)))),
        ("attested by another key", closed(replace(fine, signature=keys_of("thief").sign("receipt", fine.attested)))),
        ("attested, and changed afterwards", closed(replace(attest(fine, balance=0), signature=fine.signature))),
        ("another payment at the place that is attested", closed(attest(fine, payment=bytes(16)))),
        ("nothing at the place that is attested", closed(attest(fine, seq=payment.arrival + 1))),
        ("without the payment's entry", closed(replace(fine, entries=fine.entries[:place]))),
        ("without the entry that gave the key", closed(replace(fine, entries=(order.wire,)))),
        ("an entry with a changed bit", closed(with_entry(order.wire[:-1] + bytes((order.wire[-1] ^ 1,))))),
        ("an entry that another has signed", closed(with_entry(alien(order)))),
        ("an order that another has signed", closed(with_entry(told_again(order, body(forged, riacho.now))))),
        ("an order by a key that nobody was given", closed(with_entry(told_again(order, body(stolen, riacho.now))))),
    ]


def body(signed: Signed, at_ms: int) -> bytes:
    return encode_body(Paid(signed, None), at_ms)


def alien(entry: Entry) -> bytes:
    header = entry.header
    anew = seal(
        keys_of("thief"), network=NETWORK, lane=LEDGER, epoch=0, seq=header.seq, prev=header.prev,
        body=entry.body_bytes, salt=entry.salt,
    )  # fmt: skip
    return anew.wire


def receipts() -> dict[str, Any]:
    """Return receipts with what is wrong with each, and whether a key has signed what it proves."""
    riacho = group()
    told: list[dict[str, Any]] = []
    for name, document in (*right(riacho), *wrong(riacho)):
        verdict = verify_receipt(document, riacho.book.kinds, NETWORK)
        told.append(
            {
                "name": name,
                "faults": [*verdict.faults],
                "signed": verdict.signed and not verdict.faults,
                "document": document.hex(),
            }
        )
    assert INCEPTION.id == NETWORK
    return {
        "about": "Each document is a Receipt, to be verified by who knows the network's id and nothing else. `faults`"
        " are all that is wrong with it, in the order of the steps in the handbook; `signed` tells whether it proves"
        " that a member's key has ordered the payment.",
        "network": NETWORK.hex(),
        "receipts": told,
    }


def write() -> None:
    """Write it all anew."""
    (FOLDER / "own_receipts.json").write_text(written(receipts()))


if __name__ == "__main__":
    write()
