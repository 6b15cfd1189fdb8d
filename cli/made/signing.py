# SPDX-License-Identifier: AGPL-3.0-or-later
"""The few operations whose signing takes more than their declaration tells: cli.made.wishes signs all others."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import keys, pay
from cli.arguments import Parser, read_amount
from cli.client import path_of
from cli.ending import Misuse, refused
from cli.made.command import commands
from cli.made.wished import SIGNED_FIELD, CommandWished

if TYPE_CHECKING:
    from protocol.book.signed import Signed
    from protocol.wire.keys import KeyPair

_ID_BYTES = 16

_Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CommandSigning:
    """How one operation is signed: which field of its wish that makes, and the options that it takes besides.

    It is done where the field was not given as JSON, and there is a key or nothing goes without one.
    """

    field: str
    perform: Callable[[CommandWished], _Json]
    add_options: Callable[[Parser], None] | None = None
    always: bool = False
    made: tuple[str, ...] = ()
    """Fields that are not typed, but made here."""

    def applies(self, wished: CommandWished) -> bool:
        """Tell whether a wish is to be signed here."""
        return self.field not in wished.body and (self.always or wished.session.hand is not None)


def _pay(wished: CommandWished) -> _Json:
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


def _join(wished: CommandWished) -> _Json:
    return wished.post(joining=_joining(wished, wished.hand, wished.body["handle"]))


def _return(wished: CommandWished) -> _Json:
    return wished.post(joining=_joining(wished, wished.hand, wished.subject))


def _rebind(wished: CommandWished) -> _Json:
    new, member = _new_key(wished), wished.member()
    if wished.session.hand is None:
        return wished.post(joining=_joining(wished, new, member["handle"]))
    return _signed(wished, "members.rebind-key", {"joining": _signed_joining(wished, new, member["handle"])})


def _add(wished: CommandWished) -> _Json:
    from cli.made.wishes import account_of
    from protocol.book.money import Amount

    new, member = _new_key(wished), wished.member()
    values: dict[str, Any] = {"joining": _signed_joining(wished, new, member["handle"])}
    if wished.args.cap is not None:
        account, cap = account_of(wished, member["id"], wished.args.cap.get("asset_code")), wished.args.cap
        scale = account["balance"]["asset_scale"]
        typed = Amount(int(cap["value"]), None, cap["asset_scale"]).reduced()
        if typed.asset_scale > scale:
            raise refused("SCALE_EXCEEDED", f"The amount has too many decimals: {scale} are allowed.")
        values["cap_minor"] = typed.value * 10 ** (scale - typed.asset_scale)
    return _signed(wished, "members.add-key", values)


def _pay_request(wished: CommandWished) -> _Json:
    body, session = wished.body, wished.session
    key = wished.args.idempotency_key or os.urandom(_ID_BYTES).hex()
    payment = pay.id_of(key, "payments")
    request = session.client.get(path_of("payment-requests", wished.subject))
    if request["payment"] == pay.id_text_of(payment):
        return request
    wish = pay.Wish(
        request["payee_account"], request["left"], body.get("note"), body.get("payer"),
        request=request["id"], mandate=body.get("mandate"),
    )  # fmt: skip
    price = pay.priced(session, wish)
    session.post_signed(
        path_of("payments"), lambda order_seq: pay.ordered(session, wish, price, payment, order_seq), key
    )
    return session.client.get(path_of("payment-requests", wished.subject))


def _schedule(wished: CommandWished) -> _Json:
    if "payee" in wished.body:
        wished.body["payee"] = _here(wished, wished.body["payee"])
    return _signed(wished, "scheduled-payments.create")


def _here(wished: CommandWished, address: str) -> str:
    """Return an address without its network where that is this one: only so can a signed standing order name it."""
    if "@" not in address and ":" not in address:
        return address
    node = wished.session.node
    account = address.removeprefix(f"mutirao:{node['network_id']}/")
    name, _, network = account.partition("@")
    return name if network in (node["handle"], node["network_id"]) else account


def _sign_by_cold_keys(wished: CommandWished) -> _Json:
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


SIGNINGS: Mapping[str, CommandSigning] = {
    "checkpoints.sign": CommandSigning("signatures", _sign_by_cold_keys, _signature_option, always=True),
    "links.sign": CommandSigning("signatures", _sign_by_cold_keys, _signature_option, always=True),
    "members.add-key": CommandSigning(SIGNED_FIELD, _add, _add_options, always=True, made=("joining", "cap_minor")),
    "members.join": CommandSigning("joining", _join),
    "members.rebind-key": CommandSigning(SIGNED_FIELD, _rebind, _new_option, always=True, made=("joining",)),
    "members.return": CommandSigning("joining", _return),
    "payment-requests.pay": CommandSigning(SIGNED_FIELD, _pay_request),
    "payments.create": CommandSigning(SIGNED_FIELD, _pay),
    "scheduled-payments.create": CommandSigning(SIGNED_FIELD, _schedule),
}
"""What takes more than signing what was typed.

A price, a payee's address, another key's joining, signatures of cold keys.
"""


def _signed(wished: CommandWished, name: str, values: _Json | None = None) -> _Json:
    """Sign a wish of an operation, some of its fields made here, and send it."""
    from cli.made.wishes import sign_and_send

    return sign_and_send(wished, commands()[name].declared(), values)


def _new_key(wished: CommandWished) -> "KeyPair":
    if wished.args.new is None:
        raise Misuse("--new FILE is missing: the new key; `mutirao keys new` makes one")
    return keys.read(wished.args.new)


def _joining(wished: CommandWished, new: "KeyPair", handle: str) -> _Json:
    from cli.made.wishes import json_of

    return json_of(_signed_joining(wished, new, handle))


def _signed_joining(wished: CommandWished, new: "KeyPair", handle: str) -> "Signed":
    from protocol.practices.people.joinings import sign_joining

    return sign_joining(new, wished.session.network, handle)
