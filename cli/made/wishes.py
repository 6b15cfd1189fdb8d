# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes signed from their declaration: what was typed becomes the very wish that the member's key signs.

Without a key at hand the signed bytes can still be given as JSON, as another program has made them.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cli import keys, pay
from cli.client import path_of
from cli.ending import Misuse, Unreachable, WishRefused
from cli.made.fields import fields_of, object_of, word_of
from cli.made.options import Field
from cli.made.wished import SALT_MARK, SIGNED_FIELD, CommandWished
from cli.session import moment_ms
from protocol.book.declaration import Act, Create, operation_name
from protocol.book.money import Amount
from protocol.book.personal import SALT_BYTES, text_digest
from protocol.book.signed import Signed, parse_uuid
from protocol.book.wishes import sign_wish
from protocol.wire.keys import KeyPair

SIGNED_LIFE_MS = 15 * 60 * 1_000
"""How long a signed wish counts: long enough for a clock that is some minutes off."""

_Json = Mapping[str, Any]


def own_fields(operation: Create | Act) -> tuple[Field, ...]:
    """Return the fields of a wish that people type: those that the path does not tell."""
    about = operation.about if isinstance(operation, Act) else ""
    return tuple(one for one in fields_of(operation.wish) if one.name != about)


def sign_and_send(wished: CommandWished, operation: Create | Act, values: _Json | None = None) -> _Json:
    """Sign a wish as it was typed, and send it; `values` are those of its fields that were made otherwise."""
    session, noun = wished.session, operation.noun
    _look_for_all(wished, operation, values or {})
    hand, key = wished.hand, wished.args.idempotency_key or os.urandom(pay.DRAWN_KEY_BYTES).hex()
    if isinstance(operation, Create) and (made := _made(wished, operation)) is not None:
        return made
    typed = _completed(wished, operation, values or {})
    declared = fields_of(operation.wish)
    texts = {one.name: typed[one.name] for one in declared if one.private and one.name in typed}
    salts = {name: os.urandom(SALT_BYTES) for name in texts}
    found: dict[str, Any] = dict(values or {})
    for one in declared:
        if one.name in typed and one.name not in found:
            found[one.name] = (
                text_digest(salts[one.name], typed[one.name]) if one.private else _value(one, operation.wish, typed)
            )
        elif one.own_id:
            found[one.name] = pay.id_of(key, noun)
    wish = operation.wish(**found)
    salted = {name + SALT_MARK: keys.text_of(salt) for name, salt in salts.items()}

    def make(order_seq: int) -> _Json:
        until_ms = moment_ms() + SIGNED_LIFE_MS
        signed = signed_json(
            hand, operation_name(operation), wish,
            network=session.network, order_seq=order_seq, not_after_ms=until_ms,
        )  # fmt: skip
        return {SIGNED_FIELD: signed, **texts, **salted}

    return session.post_signed(wished.path, make, key)


def signed_json(hand: KeyPair, operation: str, wish: object, **told: Any) -> _Json:
    """Return a wish that a key signs, as the API takes it; raises Unreachable where what a node shows does not fit."""
    try:
        signed = sign_wish(hand, operation, wish, **told)
    except ValueError as error:
        raise Unreachable(f"this cannot be signed: {error}") from None
    return json_of(signed)


def json_of(signed: Signed) -> _Json:
    """Return signed bytes as the API takes them."""
    return {"data": keys.text_of(signed.data), "signature": keys.text_of(signed.signature)}


def _made(wished: CommandWished, operation: Create) -> _Json | None:
    """Return what was made before under the same idempotency key, if that was given and names what is made."""
    key, body = wished.args.idempotency_key, wished.body
    if key is None or not any(one.own_id for one in fields_of(operation.wish)):
        return None
    if "payee" in body and "amount" in body:
        return pay.known(wished.session, key, body["payee"], body["amount"], operation.noun)
    try:
        return wished.session.client.get(path_of(operation.noun, pay.id_text_of(pay.id_of(key, operation.noun))))
    except WishRefused as refusal:
        if refusal.problem.get("code") != "NOT_FOUND":
            raise
        return None


def _look_for_all(wished: CommandWished, operation: Create | Act, values: _Json) -> None:
    """Raise Misuse where a field is missing that nothing but typing tells, before key and node are asked for more."""
    for one in own_fields(operation):
        is_told = one.name in wished.body or one.name in values
        is_found = one.table == "accounts" and one.kind == "text"
        if one.required and not (is_told or is_found):
            raise Misuse(f"{one.option} is missing")


def _completed(wished: CommandWished, operation: Create | Act, values: _Json) -> dict[str, Any]:
    """Return what was typed with what a signed wish has to name in full: accounts and members by id, currencies."""
    typed, client = dict(wished.body), wished.session.client
    if isinstance(operation, Act) and operation.about:
        typed[operation.about] = wished.subject
    declared = [one for one in fields_of(operation.wish) if one.name not in values]
    amounts = [one.name for one in declared if one.kind == "amount" and one.name in typed]
    for one in declared:
        if one.table == "accounts" and one.kind == "text":
            code = next((typed[name]["asset_code"] for name in amounts if "asset_code" in typed[name]), None)
            account = account_of(wished, typed.get(one.name), code or typed.get("currency"))
            typed[one.name] = account["id"]
            for name in amounts:
                typed[name] = {"asset_code": account["currency"], **typed[name]}
        elif one.table == "members" and one.name in typed:
            named = typed[one.name] if one.many else [typed[one.name]]
            ids = [client.get(path_of("members", name))["id"] for name in named]
            typed[one.name] = ids if one.many else ids[0]
    return typed


def account_of(wished: CommandWished, address: str | None, currency: str | None) -> _Json:
    """Return the one account that an address names, or one's own; raises Misuse where a currency has to tell which."""
    if address is not None and "." in address:
        return wished.session.client.get(path_of("accounts", address))
    asked = {"member": address, "currency": currency}
    query = {name: value for name, value in asked.items() if value is not None}
    accounts = wished.session.client.list(path_of("accounts"), query)["items"]
    if len(accounts) != 1:
        codes = ", ".join(one["currency"] for one in accounts) or "there is none"
        raise Misuse(f"in which currency is the amount meant? {codes}")
    return accounts[0]


def _value(field: Field, wish: type[Any], typed: _Json) -> Any:
    """Return a field's value of what was typed; raises Misuse."""
    told = typed[field.name]
    try:
        return tuple(_one(field, wish, one) for one in told) if field.many else _one(field, wish, told)
    except (ValueError, KeyError):
        raise Misuse(f"{field.option}: {told!r} is not of its form") from None


def _one(field: Field, wish: type[Any], told: Any) -> Any:
    match field.kind:
        case "moment":
            return int(datetime.fromisoformat(told).timestamp() * 1_000)
        case "uuid":
            found = parse_uuid(told)
            if found is None:
                raise ValueError(told)
            return found
        case "amount":
            return Amount(int(told["value"]), told.get("asset_code"), told["asset_scale"]).reduced()
        case "object" if field.signed:
            return Signed(keys.bytes_of(told["data"]), keys.bytes_of(told["signature"]))
        case "object":
            row = object_of(wish, field.name)
            return row(**{one.name: _value(one, row, told) for one in fields_of(row) if one.name in told})
        case "bytes":
            return keys.bytes_of(told)
        case "word":
            return word_of(wish, field.name)(told)
        case _:
            return told
