# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes that a member signs: with a key at hand, the command makes and signs what a declaration wants signed.

Without one, the signed bytes can still be given as JSON, as another program has made them.
"""

import os
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli import keys, pay
from cli.arguments import Parser, read_amount
from cli.client import path_of
from cli.ending import Misuse, Unreachable, refused
from cli.session import Session, now_ms
from protocol.book.personal import SALT_BYTES, text_digest
from protocol.book.signed import (
    Consent,
    Enrolment,
    Joining,
    Mandate,
    Rebinding,
    Rhythm,
    SetOffConsent,
    SignedKind,
    StandingOrder,
    parse_uuid,
    sign,
)
from protocol.wire.keys import KeyPair

SIGNED_LIFE_MS = 15 * 60 * 1_000
"""How long a consent counts: long enough for a clock that is some minutes off."""
ID_BYTES = 16

Json = Mapping[str, Any]


@dataclass(slots=True)
class Wished:
    """A wish on its way to a node: of which thing, with which fields, under which idempotency key."""

    session: Session
    path: str
    subject: str
    body: dict[str, Any]
    args: Namespace

    def post(self, **more: Any) -> Json:
        """Send it, with these fields besides."""
        return self.session.client.post(self.path, {**self.body, **more}, self.args.idempotency_key)

    def post_signed(self, make: Callable[[int], Json]) -> Json:
        """Send it, with the fields that are signed as an order of a number."""
        return self.session.post_signed(
            self.path, lambda order_seq: {**self.body, **make(order_seq)}, self.args.idempotency_key
        )

    @property
    def hand(self) -> KeyPair:
        """The member's key; raises Misuse where there is none."""
        if self.session.hand is None:
            raise Misuse("this needs your key: --key FILE, or MUTIRAO_KEY")
        return self.session.hand

    def member(self) -> Json:
        """Return the member whom the wish is about."""
        return self.session.client.get(path_of("members", self.subject))


@dataclass(frozen=True, slots=True)
class Signing:
    """How one operation is signed: which field of its wish that makes, and the options that it takes besides.

    It is done where the field was not given as JSON, and there is a key or nothing goes without one.
    """

    field: str
    perform: Callable[[Wished], Json]
    add_options: Callable[[Parser], None] | None = None
    always: bool = False

    def applies(self, wished: Wished) -> bool:
        """Tell whether a wish is to be signed here."""
        return self.field not in wished.body and (self.always or wished.session.hand is not None)


def _pay(wished: Wished) -> Json:
    body = wished.body
    if "payment" in body:
        raise Misuse("with a key, the payment's id follows from --idempotency-key: leave --payment out")
    if "payee" not in body or "amount" not in body:
        raise Misuse("a payment needs --payee and --amount")
    wish = pay.Wish(
        body["payee"], body["amount"], body.get("note"), body.get("payer"), (), body.get("pending", False),
        body.get("request"), body.get("mandate"),
    )  # fmt: skip
    key = wished.args.idempotency_key
    made = pay.known(wished.session, key, wish.payee, wish.amount)
    return made or pay.place(wished.session, wish, pay.priced(wished.session, wish), key)


def _join(wished: Wished) -> Json:
    return wished.post(joining=_joining(wished, wished.hand, wished.body["handle"]))


def _return(wished: Wished) -> Json:
    return wished.post(joining=_joining(wished, wished.hand, wished.subject))


def _reverse(wished: Wished) -> Json:
    payment = parse_uuid(wished.subject)
    if payment is None:
        raise Misuse(f"{wished.subject} is no payment's id")
    network, hand, not_after_ms = wished.session.network, wished.hand, now_ms() + SIGNED_LIFE_MS
    return wished.post_signed(
        lambda order_seq: {"consent": _signed(hand, Consent(network, payment, hand.public, order_seq, not_after_ms))}
    )


def _rebind(wished: Wished) -> Json:
    new, member = _new_key(wished), wished.member()
    joining = _joining(wished, new, member["handle"])
    if wished.session.hand is None:
        return wished.post(joining=joining)
    rebinding = _rebinding(wished, member, wished.hand.public, new.public)
    return wished.post_signed(lambda order_seq: {"joining": joining, **rebinding(order_seq)})


def _add(wished: Wished) -> Json:
    new, member = _new_key(wished), wished.member()
    cap = None if wished.args.cap is None else _minor_of(wished, member["id"], wished.args.cap)[1]
    network, hand, joining = wished.session.network, wished.hand, _joining(wished, new, member["handle"])

    def make(order_seq: int) -> Json:
        enrolment = Enrolment(network, member["id"], hand.public, order_seq, new.public, cap)
        return {"joining": joining, "enrolment": _signed(hand, enrolment)}

    return wished.post_signed(make)


def _revoke(wished: Wished) -> Json:
    if wished.args.lost is None:
        raise Misuse("--lost KEY is missing: the public key to revoke")
    try:
        lost = keys.bytes_of(wished.args.lost)
    except ValueError:
        raise Misuse(f"{wished.args.lost} is no public key") from None
    return wished.post_signed(_rebinding(wished, wished.member(), lost, None))


def _mandate(wished: Wished) -> Json:
    body = wished.body
    missing = [name for name in ("helper", "cap", "not_after") if name not in body]
    if missing:
        raise Misuse(f"a mandate needs --{missing[0].replace('_', '-')}")
    account, cap = _minor_of(wished, wished.member()["id"], body["cap"])
    helper = wished.session.client.get(path_of("members", body["helper"]))
    network, hand, name, until_ms = wished.session.network, wished.hand, os.urandom(ID_BYTES), _ms_of(body["not_after"])
    wished.body = {}
    return wished.post_signed(
        lambda order_seq: {
            "signed": _signed(
                hand, Mandate(network, account, hand.public, order_seq, name, helper["id"], cap, until_ms)
            )
        }
    )


def _let_set_off(wished: Wished) -> Json:
    body, session, hand = wished.body, wished.session, wished.hand
    if "not_after" not in body:
        raise Misuse("a consent needs --not-after")
    requests = tuple(parse_uuid(name) or b"" for name in body.get("requests", ()))
    if b"" in requests:
        raise Misuse("--requests takes the ids of payment requests")
    nothing = {"value": "0", "asset_code": body.get("currency"), "asset_scale": 0}
    account, draw = _minor_of(wished, body.get("account"), {**nothing, **body.get("draw", {})})
    name, until_ms = os.urandom(ID_BYTES), _ms_of(body["not_after"])
    wished.body = {}
    return wished.post_signed(
        lambda order_seq: {
            "signed": _signed(
                hand, SetOffConsent(session.network, account, hand.public, order_seq, name, requests, draw, until_ms)
            )
        }
    )


def _pay_request(wished: Wished) -> Json:
    body, session = wished.body, wished.session
    key = wished.args.idempotency_key or os.urandom(ID_BYTES).hex()
    payment = pay.id_of(key, "payments")
    request = session.client.get(path_of("payment-requests", wished.subject))
    if request["payment"] == pay.uuid_text(payment):
        return request
    wish = pay.Wish(
        request["payee_account"], request["left"], body.get("note"), body.get("payer"), mandate=body.get("mandate")
    )
    price = pay.priced(session, wish)
    return session.post_signed(
        wished.path, lambda order_seq: pay.ordered(session, wish, price, payment, order_seq), key
    )


def _schedule(wished: Wished) -> Json:
    body, session, hand = wished.body, wished.session, wished.hand
    key = wished.args.idempotency_key or os.urandom(ID_BYTES).hex()
    missing = [name for name in ("payee", "amount", "first_at") if name not in body]
    if missing:
        raise Misuse(f"a scheduled payment needs --{missing[0].replace('_', '-')}")
    made = pay.known(session, key, body["payee"], body["amount"], "scheduled-payments")
    if made is not None:
        return made
    account, amount = _minor_of(wished, body.get("payer"), body["amount"])
    note, salt = body.get("note"), os.urandom(SALT_BYTES)
    rhythm = Rhythm(body.get("rhythm", Rhythm.ONCE))

    def make(order_seq: int) -> Json:
        order = StandingOrder(
            session.network, account, hand.public, order_seq, pay.id_of(key, "scheduled-payments"),
            body["payee"].removesuffix(f"@{session.node['handle']}"), amount, _ms_of(body["first_at"]), rhythm,
            body.get("times", 1), None if note is None else text_digest(salt, note),
        )  # fmt: skip
        named = {} if note is None else {"note": note, "note_salt": keys.text_of(salt)}
        return {"order": _signed(hand, order), **named}

    return session.post_signed(wished.path, make, key)


def _sign_by_cold_keys(wished: Wished) -> Json:
    from node.keeping.cold import read_signature
    from node.keeping.home import HomeUnusable

    try:
        signatures = [read_signature(path) for path in wished.args.signature]
    except HomeUnusable as error:
        raise Misuse(str(error)) from None
    return wished.post(
        signatures=[{"key": keys.text_of(key), "signature": keys.text_of(signature)} for key, signature in signatures]
    )


def _signature_option(parser: Parser) -> None:
    parser.add_argument(
        "--signature",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="what `mutirao sign` has written; several times",
    )


def _new_option(parser: Parser) -> None:
    parser.add_argument("--new", metavar="FILE", type=Path, help="the new key's file; `mutirao keys new` makes one")


def _add_options(parser: Parser) -> None:
    _new_option(parser)
    parser.add_argument("--cap", metavar="AMOUNT", type=read_amount, help="what it may pay in all; default: as you may")


def _revoke_options(parser: Parser) -> None:
    parser.add_argument("--lost", metavar="KEY", help="the public key to revoke, as `mutirao members show` tells it")


SIGNINGS: Mapping[str, Signing] = {
    "checkpoints.sign": Signing("signatures", _sign_by_cold_keys, _signature_option, always=True),
    "links.sign": Signing("signatures", _sign_by_cold_keys, _signature_option, always=True),
    "members.add-key": Signing("enrolment", _add, _add_options, always=True),
    "members.join": Signing("joining", _join),
    "members.mandate": Signing("signed", _mandate),
    "members.rebind-key": Signing("joining", _rebind, _new_option, always=True),
    "members.return": Signing("joining", _return),
    "members.revoke-key": Signing("rebinding", _revoke, _revoke_options, always=True),
    "payment-requests.pay": Signing("order", _pay_request),
    "payments.create": Signing("order", _pay),
    "payments.reverse": Signing("consent", _reverse),
    "scheduled-payments.create": Signing("order", _schedule),
    "set-off-consents.create": Signing("signed", _let_set_off),
}


def _new_key(wished: Wished) -> KeyPair:
    if wished.args.new is None:
        raise Misuse("--new FILE is missing: the new key; `mutirao keys new` makes one")
    return keys.read(wished.args.new)


def _joining(wished: Wished, new: KeyPair, handle: str) -> Json:
    return _signed(new, Joining(wished.session.network, handle, new.public))


def _rebinding(wished: Wished, member: Json, gives_way: bytes, new: bytes | None) -> Callable[[int], Json]:
    network, hand = wished.session.network, wished.hand
    return lambda order_seq: {
        "rebinding": _signed(hand, Rebinding(network, member["id"], hand.public, order_seq, gives_way, new))
    }


def _signed(hand: KeyPair, said: SignedKind) -> Json:
    try:
        signed = sign(hand, said)
    except ValueError as error:  # what the node shows, or a key that was typed, does not fit in
        raise Unreachable(f"this cannot be signed: {error}") from None
    return {"data": keys.text_of(signed.data), "signature": keys.text_of(signed.signature)}


def _minor_of(wished: Wished, owner: str | None, amount: Json) -> tuple[str, int]:
    """Return the account, of a member or one's own, that an amount is meant in, and the amount in its minor units."""
    asked = {"member": owner, "currency": amount.get("asset_code")}
    query = {name: value for name, value in asked.items() if value is not None}
    accounts = wished.session.client.list(path_of("accounts"), query)["items"]
    if len(accounts) != 1:
        codes = ", ".join(one["currency"] for one in accounts) or "there is none"
        raise Misuse(f"in which currency is the amount meant? {codes}")
    scale = accounts[0]["balance"]["asset_scale"]
    if amount["asset_scale"] > scale:
        raise refused("SCALE_EXCEEDED", f"The amount has too many decimals: {scale} are allowed.")
    return accounts[0]["id"], int(amount["value"]) * 10 ** (scale - amount["asset_scale"])


def _ms_of(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text).timestamp() * 1000)
