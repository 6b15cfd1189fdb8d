# SPDX-License-Identifier: AGPL-3.0-or-later
"""Import: what another book's exporter has written becomes currencies, members and opening balances of a new group.

Every part goes under an idempotency key that follows from the file: a command that was cut short is typed again.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cli.arguments import Parser
from cli.client import path_of
from cli.ending import DONE, Misuse
from cli.output import put, put_json, show_record
from cli.session import CommandSession, connect
from cli.settings import said

EXPORT_FORM = "mutirao-export-1"
MEMBERS_AT_ONCE = 50
OPENINGS_AT_ONCE = 300

_Json = dict[str, Any]


def import_books(argv: Sequence[str]) -> int:
    """Read the file, and do all that it says at the node, or only tell of it."""
    parser = Parser(
        "import",
        "Take in the members, currencies, limits and balances of a group that kept its books elsewhere.",
        example="mutirao import riacho.json --dry-run",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="what the exporter has written")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, and do nothing")
    args = parser.parse_args(argv)
    try:
        data = args.file.read_bytes()
        book = checked(json.loads(data))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Misuse(f"{args.file} cannot be imported: {said(error)}") from None
    told = {
        "file": str(args.file),
        "currencies": [one["code"] for one in book["currencies"]],
        "members": len(book["members"]),
        "with_keys": sum(bool(one["keys"]) for one in book["members"]),
        "done": not args.dry_run,
    }
    session = connect(args)
    if not args.dry_run:
        carry_out(session, book, sha256(data).hexdigest()[:32])
    if args.json:
        put_json(told)
    else:
        put(show_record(told))
    return DONE


def checked(book: _Json) -> _Json:
    """Return what a file says; raises ValueError where its balances do not sum to zero, or it is of another form."""
    if book["form"] != EXPORT_FORM:
        raise ValueError(f"it is no {EXPORT_FORM}")
    sums = {one["currency"]: one["balance"] for one in book["commons"]}
    for member in book["members"]:
        for account in member["accounts"]:
            sums[account["currency"]] += account["balance"]
    wrong = [code for code, left in sums.items() if left]
    if wrong or sums.keys() != {one["code"] for one in book["currencies"]}:
        raise ValueError(f"the balances do not sum to zero: {', '.join(wrong)}")
    return book


def carry_out(session: CommandSession, book: _Json, key: str) -> None:
    """Do what a file says, part by part, each under a key of its own."""
    client = session.client
    scales = {one["code"]: one["scale"] for one in book["currencies"]}
    known = {one["code"] for one in client.list(path_of("currencies"))["items"]}
    for one in book["currencies"]:
        if one["code"] not in known:
            client.post(path_of("currencies"), _currency(one), f"{key}-{one['code']}")
    for number, members in enumerate(_parts(book["members"], MEMBERS_AT_ONCE)):
        client.post(path_of("imports"), {"members": [_member(one, scales) for one in members]}, f"{key}-m{number}")
    for one in book["commons"]:
        for number, wish in enumerate(_openings(book, one["currency"], one["balance"], scales[one["currency"]])):
            client.post(path_of("openings"), wish, f"{key}-{one['currency']}-o{number}")
    for one in book["currencies"]:
        if one["levy_basis_points"]:
            levy = {"basis_points": one["levy_basis_points"], "until_repaid": one["levy_until_repaid"]}
            if "levy_side" in one:
                levy["side"] = one["levy_side"]
            client.post(path_of("currencies", one["code"], "set-levy"), levy, f"{key}-{one['code']}-levy")
    for one in book["members"]:
        if one["state"] == "suspended":
            client.post(path_of("members", one["handle"], "suspend"), {}, f"{key}-{one['handle']}")


def _parts(items: list[_Json], size: int) -> Iterator[list[_Json]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def _currency(one: _Json) -> _Json:
    kept = {name: one[name] for name in ("code", "name", "unit_word", "scale")}
    return {**kept, **_limits(one, one["scale"])}


def _member(one: _Json, scales: dict[str, int]) -> _Json:
    accounts = [
        {"currency": account["currency"], **_limits(account, scales[account["currency"]])}
        for account in one["accounts"]
    ]
    name = {} if one["name"] is None else {"name": one["name"]}
    return {"handle": one["handle"], "keys": one["keys"], "accounts": accounts, **name}


def _limits(one: _Json, scale: int) -> _Json:
    names = ("credit_limit", "balance_limit")
    return {name: _amount(one[name], scale) for name in names if one[name] is not None}


def _openings(book: _Json, code: str, commons: int, scale: int) -> Iterator[_Json]:
    """Yield the wishes that open a currency's balances: the commons stands in for what the other parts hold."""
    found = [
        {"member": member["handle"], "balance": account["balance"]}
        for member in book["members"]
        for account in member["accounts"]
        if account["currency"] == code and account["balance"]
    ]
    parts = list(_parts(found, OPENINGS_AT_ONCE))
    if commons and not parts:
        raise Misuse(f"{code}: the commons holds {commons} of nobody's")
    for part in parts:
        left = -sum(one["balance"] for one in part)
        balances = [*part, {"member": "commons", "balance": left}] if left else part
        told = [{"member": one["member"], "balance": _amount(one["balance"], scale)} for one in balances]
        yield {"currency": code, "balances": told}


def _amount(minor: int, scale: int) -> _Json:
    return {"value": str(minor), "asset_scale": scale}
