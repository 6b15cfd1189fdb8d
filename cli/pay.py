# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying: the price first, then an order that the member signs or a word under a token, then what became of it.

The id of a payment follows from its idempotency key, so that the same command under the same key finds
the payment that it made before instead of paying once more.
"""

import os
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cli.arguments import Parser, read_amount, read_seconds, read_text
from cli.client import path_of
from cli.ending import DONE, Misuse, Unreachable, WishRefused, refused
from cli.keys import bytes_of, text_of
from cli.output import figure, is_amount, money, plain, put, put_json
from cli.session import CommandSession, connect

if TYPE_CHECKING:
    from protocol.book.money import Amount

WAIT_SECONDS = 20.0
"""How long a payment to another network may be on its way before the command stops watching."""
LOOK_SECONDS_FIRST = 0.1
LOOK_SECONDS_MOST = 1.0
DRAWN_KEY_BYTES = 16
_SALT_BYTES = 16

_Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to pay; amounts as they were typed."""

    payee: str
    amount: _Json
    note: str | None = None
    payer: str | None = None
    via: Sequence[str] = ()
    pending: bool = False
    request: str | None = None
    mandate: str | None = None
    max_debit: _Json | None = None
    refunds: str | None = None


def pay(argv: Sequence[str]) -> int:
    """Pay somebody, and say what became of it."""
    args = _parser().parse_args(argv)
    if args.most:
        return _tell_most(args)
    if args.amount is None:
        raise Misuse("AMOUNT is missing: how much, or --most to be told how much can be sent")
    wish = Wish(
        args.payee, args.amount, args.note, args.payer, args.via or (), args.pending, args.request, args.mandate,
        args.max_debit, args.refunds,
    )  # fmt: skip
    session = connect(args)
    payment = known(session, args.idempotency_key, wish.payee, wish.amount)
    if payment is None:
        price = priced(session, wish)
        if not args.json:
            handle = plain(price["payee_handle"])
            put(f"{handle} gets {money(price['amount'])}, {_payer(args)} {money(price['debit'])}")
            if price.get("leaves") is not None:
                put(f"near the limit: {money(price['leaves'])} can be paid after it")
            for line in _ways(price["paths"]):
                put(line)
        payment = place(session, wish, price, args.idempotency_key)
    if not wish.pending:
        payment = _settled(session, payment, WAIT_SECONDS if args.wait is None else args.wait)
    return _tell(payment, args)


def _tell_most(args: Namespace) -> int:
    """Print the most that can be sent to somebody now, and what bounds it."""
    asked = {"payee": args.payee} | ({} if args.payer is None else {"payer": args.payer})
    most = connect(args).client.get(path_of("quotes", "most"), asked)
    if args.json:
        put_json(most)
        return DONE
    if most["debit"] is None:
        put("as much as you like: nothing bounds it")
        return DONE
    gets = (
        ""
        if most["amount"] in (None, most["debit"])
        else f", of which {plain(args.payee)} gets {money(most['amount'])}"
    )
    put(f"at most {money(most['debit'])}{gets}; what bounds it: {plain(most['bounded_by'])}")
    if most["one_way"] != most["debit"]:
        put(f"over one way alone {money(most['one_way'])}: a larger payment is split by itself")
    return DONE


def _parser() -> Parser:
    parser = Parser(
        "pay",
        "Pay somebody here or in another network. With a key of yours you sign the order;\n"
        "without one, the node pays on your token's word. The price is asked for first.",
        example='mutirao pay --key ana.key bia@serra 12.50 "bread"',
        writes=True,
    )
    parser.add_argument("payee", type=read_text, help="who is paid: bia, bia@serra, or an account")
    parser.add_argument(
        "amount",
        nargs="?",
        type=read_amount,
        help="what the payee gets, or what you give if you name your currency: 12.50",
    )
    parser.add_argument("note", nargs="?", type=read_text, help="what it is for; the payee sees it")
    parser.add_argument("--from", dest="payer", metavar="ACCOUNT", help="the account that pays, if not your only one")
    parser.add_argument(
        "--via", action="append", metavar="NETWORK", help="a network to pass through; several times, in order"
    )
    parser.add_argument(
        "--max-debit",
        metavar="AMOUNT",
        type=read_amount,
        help="pay at most this, also by another way",
    )
    parser.add_argument("--most", action="store_true", help="pay nothing: tell the most that can be sent there now")
    parser.add_argument("--pending", action="store_true", help="hold the money until the payee takes it")
    parser.add_argument("--request", metavar="ID", help="the payment request that this pays")
    parser.add_argument("--refunds", metavar="ID", help="the payment of which this pays back all or a part")
    parser.add_argument("--mandate", metavar="ID", help="the mandate under which you pay for another")
    parser.add_argument(
        "--wait", metavar="SECONDS", type=read_seconds, help="how long to watch it on its way; default: 20"
    )
    return parser


def known(session: CommandSession, key: str | None, payee: str, amount: _Json, noun: str = "payments") -> _Json | None:
    """Return what was made before under an idempotency key, if there is such; WishRefused where it was another."""
    if key is None:
        return None
    try:
        made = session.client.get(path_of(noun, id_text_of(id_of(key, noun))))
    except WishRefused as refusal:
        if refusal.problem.get("code") not in ("PAYMENT_UNKNOWN", "NOT_FOUND"):
            raise
        return None
    if not (_goes_to(payee, made) and _is_of(amount, made)):
        told = f"This key was used already, for {money(made['amount'])} to {plain(made['payee'])}."
        raise refused("IDEMPOTENCY_REUSED", told)
    return made


def priced(session: CommandSession, wish: Wish) -> _Json:
    """Return the price of a payment; raises WishRefused where it is above what the payer allows."""
    asked = {
        "payee": wish.payee,
        "amount": wish.amount,
        "payer": wish.payer,
        "note": wish.note,
        "request": wish.request,
        "refunds": wish.refunds,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    price = session.client.post(path_of("quotes"), {**body, **({"via": list(wish.via)} if wish.via else {})})
    if not (is_amount(price["amount"]) and is_amount(price["debit"])):
        raise Unreachable(f"{session.client.url} gives a price that is none")
    if not _is_what_was_asked(wish.amount, price):
        raise refused("ORDER_MISMATCH", f"the node prices {money(price['amount'])}, which is not what was asked.")
    most = wish.max_debit
    if most is not None:
        if most.get("asset_code", price["debit"]["asset_code"]) != price["debit"]["asset_code"]:
            raise Misuse(f"--max-debit is in the payer's own currency, {price['debit']['asset_code']}")
        if _compared(price["debit"], most) > 0:
            allowed = figure({**most, "asset_code": None})
            raise refused(
                "MAX_DEBIT_EXCEEDED", f"It would cost {money(price['debit'])}, more than the {allowed} you allowed."
            )
    return price


def place(session: CommandSession, wish: Wish, price: _Json, key: str | None) -> _Json:
    """Order a payment at its price, signed where there is a key, and return it as the node shows it."""
    key = key or os.urandom(16).hex()
    payment = id_of(key, "payments")
    path = path_of("payments")
    if session.hand is None:
        return session.client.post(path, _word(wish, price, payment), key)
    return session.post_signed(path, lambda order_seq: ordered(session, wish, price, payment, order_seq), key)


def ordered(session: CommandSession, wish: Wish, price: _Json, payment: bytes, order_seq: int) -> dict[str, Any]:
    """Return a payment that the member's key orders, at its price."""
    from cli.made.wishes import signed_json
    from protocol.book.money import Amount
    from protocol.book.personal import text_digest
    from protocol.book.signed import parse_uuid
    from protocol.practices.money.payments.entries import Pay
    from protocol.wire.keys import parse_id

    assert session.hand is not None
    salt = os.urandom(_SALT_BYTES)
    here = price["payee_network"] == session.node["network_id"]
    debit = price["debit"]
    try:
        if parse_id(price["payee_network"]) is None:
            raise ValueError(f"{price['payee_network']!r} is no network")
        pay = Pay(
            payee=price["payee"] if here else f"mutirao:{price['payee_network']}/{price['payee']}",
            amount=_amount(price["amount"]),
            payer=price["payer"],
            pending=wish.pending,
            payment=payment,
            note=None if wish.note is None else text_digest(salt, wish.note),
            mandate=None if wish.mandate is None else _id(parse_uuid(wish.mandate), "mandate"),
            request=None if wish.request is None else _id(parse_uuid(wish.request), "request"),
            max_debit=Amount(_most(wish, price), debit["asset_code"], debit["asset_scale"]),
            invoice=_digest(price["invoice"]),
            condition=_digest(price["condition"]),
            refunds=None if wish.refunds is None else _id(parse_uuid(wish.refunds), "refunds"),
        )
        told = {
            "network": session.network,
            "order_seq": order_seq,
            # The node's own hour: this machine's clock may be wrong.
            "not_after_ms": int(datetime.fromisoformat(price["expires_at"]).timestamp() * 1000),
            "head": _digest(price["head"]),
        }
    except (TypeError, ValueError) as error:  # what the node shows does not fit into a wish
        raise Unreachable(f"{session.client.url} gives a price that nobody can accept: {error}") from None
    signed = signed_json(session.hand, "payments.create", pay, **told)
    beside = {} if wish.note is None else {"note": wish.note, "note_salt": text_of(salt)}
    return {"signed": signed, **beside}


def _amount(amount: _Json) -> "Amount":
    from protocol.book.money import Amount

    return Amount(int(amount["value"]), amount["asset_code"], amount["asset_scale"])


def _id(found: bytes | None, option: str) -> bytes:
    if found is None:
        raise Misuse(f"--{option} takes an id as it is shown")
    return found


def _most(wish: Wish, price: _Json) -> int:
    """Return what a payment may cost in minor units: the price, or more where the payer allows it for another way."""
    debit = price["debit"]
    most = debit if wish.max_debit is None else wish.max_debit
    return int(most["value"]) * 10 ** debit["asset_scale"] // 10 ** most["asset_scale"]


def id_of(key: str, noun: str) -> bytes:
    """Return the id of what is made under an idempotency key."""
    from protocol.book.uuids import derived_id

    return derived_id(sha256(f"{noun}\0{key}".encode()).digest())


def id_text_of(name: bytes) -> str:
    """Return an id as the API writes it: the economy's own function would load the whole economy first."""
    text = name.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _word(wish: Wish, price: _Json, payment: bytes) -> dict[str, Any]:
    """Return a payment without a signature, as the node takes it on a token's word."""
    asked: dict[str, Any] = {
        "payer": price["payer"],
        "payee": wish.payee,
        "amount": wish.amount,
        "payment": id_text_of(payment),
        "note": wish.note,
        "mandate": wish.mandate,
        "request": wish.request,
        "refunds": wish.refunds,
        "pending": wish.pending or None,
        "invoice": price["invoice"],
    }
    return {name: value for name, value in asked.items() if value is not None}


def _settled(session: CommandSession, payment: _Json, wait_seconds: float) -> _Json:
    """Return a payment once it has arrived or come back, or as it is when the wait is over."""
    until = time.monotonic() + wait_seconds
    pause = LOOK_SECONDS_FIRST
    while payment["state"] == "pending" and time.monotonic() + pause < until:
        time.sleep(pause)
        pause = min(2 * pause, LOOK_SECONDS_MOST)
        payment = session.client.get(path_of("payments", payment["id"]))
    return payment


def _tell(payment: _Json, args: Namespace) -> int:
    state = payment["state"]
    if state == "voided":
        told = "The payment came back; nothing was paid."
        raise WishRefused({**payment, "code": payment["reason"] or "VOIDED", "detail": told})
    if args.json:
        put_json(payment)
    else:
        told = {
            "posted": "posted",
            "pending": "pending: held until the payee takes it" if args.pending else "still pending: it is on its way",
        }
        put(f"{told.get(state, plain(state))}\npayment {payment['id']}")
    return DONE


def _ways(paths: Sequence[_Json]) -> Iterator[str]:
    """Yield by way of whom a payment goes, where anybody stands between the two networks."""
    for path in paths:
        between = [plain(hop["handle"] or hop["network"]) for hop in path["hops"][:-1]]
        part = f"{money(path['debit'])} " if len(paths) > 1 else ""
        if between or part:
            yield part + (f"by way of {', '.join(between)}" if between else "directly")


def _payer(args: Namespace) -> str:
    return "you pay" if args.payer is None else f"{plain(args.payer)} pays"


def _is_what_was_asked(amount: _Json, price: _Json) -> bool:
    """Tell whether a price is for the amount that was typed, be it what the payee gets or what the payer gives."""
    code = amount.get("asset_code")
    gets, gives = price["amount"], price["debit"]
    if code in (None, gets["asset_code"]) and _compared(gets, amount) == 0:
        return True
    return code == gives["asset_code"] and _compared(gives, amount) <= 0


def _goes_to(payee: str, made: _Json) -> bool:
    """Tell whether what was made goes to a payee; ids, which are capitals, are not shown of everybody."""
    is_handle = payee.islower() and ":" not in payee
    return not is_handle or payee.partition("@")[0] == made["payee"].partition("@")[0]


def _is_of(amount: _Json, made: _Json) -> bool:
    """Tell whether what was made is of the amount that was typed."""
    if made.get("route"):
        return _is_what_was_asked(amount, made)
    gets = made["amount"]
    return amount.get("asset_code") in (None, gets["asset_code"]) and _compared(gets, amount) == 0


def _compared(one: _Json, other: _Json) -> int:
    """Return the difference of two amounts, in the finer of their scales."""
    scale = max(one["asset_scale"], other["asset_scale"])
    return int(one["value"]) * 10 ** (scale - one["asset_scale"]) - int(other["value"]) * 10 ** (
        scale - other["asset_scale"]
    )


def _digest(text: str | None) -> bytes | None:
    return None if text is None else bytes_of(text)
