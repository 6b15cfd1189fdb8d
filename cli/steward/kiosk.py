# SPDX-License-Identifier: AGPL-3.0-or-later
"""A kiosk out of reach of any node: it issues and redeems a guaranteed currency within its rights, and syncs later."""

import json
import os
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import keys
from cli.arguments import Parser, choose, read_amount, read_text
from cli.client import path_of
from cli.ending import DONE, Misuse, WishRefused
from cli.output import put_json
from cli.session import connect
from cli.steward.machine import clock_ms, show_result

if TYPE_CHECKING:
    from protocol.book.refusals import Refused
    from protocol.practices.credit.kiosks.offline import OfflineKiosk

_KIOSK_VERBS = {
    "new": "make a kiosk's file, with a key of its own",
    "load": "take in what the network tells the kiosk: mutirao kiosks show ID --json",
    "show": "what the kiosk holds, without any node",
    "issue": "issue to a member, within the kiosk's rights",
    "slip": "sign, as a member, what is given back at a kiosk",
    "redeem": "pay state money for what a member gives back",
    "send": "give rights to another kiosk, or back to the network",
    "export": "write what was signed to a file that `kiosk sync` takes",
    "sync": "bring what was signed to the node, and load what it tells",
}
SYNC_STATEMENTS = 32
SLIP_DAYS = 7
DAY_OF_SLIP_MS = 24 * 60 * 60 * 1_000


def kiosk(argv: Sequence[str]) -> int:
    """Do what a kiosk does; raises WishRefused for what is beyond its rights."""
    verb, rest = choose("kiosk", "Issue and redeem out of reach of the node.", _KIOSK_VERBS, argv)
    acts: dict[str, Callable[[Sequence[str]], int]] = {
        "new": _new,
        "load": _load,
        "show": _show,
        "issue": _issue,
        "slip": _slip,
        "redeem": _redeem,
        "send": _send,
        "export": _export,
        "sync": _sync,
    }
    return acts[verb](rest)


def _parser(verb: str, example: str, *, asks: bool = False) -> Parser:
    parser = Parser(f"kiosk {verb}", f"{_KIOSK_VERBS[verb].capitalize()}.", example=example, asks=asks)
    parser.add_argument("file", metavar="FILE", type=Path, help="the kiosk's file")
    return parser


def _new(argv: Sequence[str]) -> int:
    args = _parser("new", "mutirao kiosk new market.kiosk").parse_args(argv)
    from cli.steward.kiosk_files import KIOSK_FORM
    from protocol.wire.keys import KeyPair

    seed = os.urandom(32)
    held = {"form": KIOSK_FORM, "secret_seed": keys.text_of(seed), "told": None, "statements": [], "slips": []}
    keys.write_secret(args.file, json.dumps(held, indent=1))
    show_result(args, {"file": str(args.file), "public_key": keys.text_of(KeyPair.from_seed(seed).public)})
    return DONE


def _load(argv: Sequence[str]) -> int:
    parser = _parser("load", "mutirao kiosk load market.kiosk told.json")
    parser.add_argument("told", metavar="TOLD", type=Path, help="what `mutirao kiosks show ID --json` told")
    args = parser.parse_args(argv)
    from cli.steward.kiosk_files import read_kiosk_json

    return _shown(args, _told(args.file, read_kiosk_json(args.told)))


def _told(path: Path, shown: dict[str, Any]) -> "OfflineKiosk":
    """Let the kiosk in a file go on from what its network shows of it."""
    from cli.steward.kiosk_files import key_in, read_kiosk, told_by, write_kiosk
    from protocol.practices.credit.kiosks.offline import OfflineKiosk

    found, told = read_kiosk(path), told_by(shown)
    own = key_in(path)
    if shown.get("key") != keys.text_of(own.public):
        raise Misuse("the network has registered this kiosk with another key")
    if found is None and told.place:
        raise Misuse(f"the network has {told.place} statements of this kiosk, and this file is a new one")
    after = OfflineKiosk(own, told) if found is None else _granted(found.load(told))
    write_kiosk(path, after)
    return after


def _show(argv: Sequence[str]) -> int:
    args = _parser("show", "mutirao kiosk show market.kiosk").parse_args(argv)
    return _shown(args, _kiosk(args.file))


def _issue(argv: Sequence[str]) -> int:
    parser = _parser("issue", "mutirao kiosk issue market.kiosk --member dora --amount 900.00")
    parser.add_argument("--member", required=True, type=read_text, help="the handle or account of who gets it")
    _amount_option(parser)
    args = parser.parse_args(argv)
    found = _kiosk(args.file)
    return _done(args, found.issue(args.member, _minor(found, args.amount), clock_ms()))


def _redeem(argv: Sequence[str]) -> int:
    parser = _parser("redeem", "mutirao kiosk redeem market.kiosk --amount 100.00 --slip dora.slip")
    _amount_option(parser)
    parser.add_argument("--slip", metavar="FILE", type=Path, help="what the member has signed: mutirao kiosk slip")
    parser.add_argument("--member", type=read_text, help="a member without a key, by handle or account")
    args = parser.parse_args(argv)
    from cli.steward.kiosk_files import read_kiosk_json
    from protocol.practices.credit.kiosks.statements import SignedSlip, read_slip

    if (args.slip is None) is (args.member is None):
        raise Misuse("kiosk redeem: name either --slip or --member")
    found = _kiosk(args.file)
    minor, slip, account = _minor(found, args.amount), None, args.member
    if args.slip is not None:
        held = read_kiosk_json(args.slip)
        try:
            slip = SignedSlip(keys.bytes_of(held["data"]), keys.bytes_of(held["signature"]))
        except (ValueError, LookupError, TypeError):
            raise Misuse(f"{args.slip} holds no slip") from None
        read = read_slip(slip)
        account = "" if read is None else read.account
    return _done(args, found.pay(account, minor, clock_ms(), slip))


def _send(argv: Sequence[str]) -> int:
    parser = _parser("send", "mutirao kiosk send market.kiosk --amount 100.00 --to ID")
    _amount_option(parser)
    parser.add_argument("--to", metavar="ID", help="the kiosk that gets them; default: the network itself")
    args = parser.parse_args(argv)
    from protocol.book.signed import parse_uuid

    found = _kiosk(args.file)
    to = None if args.to is None else parse_uuid(args.to)
    if args.to is not None and to is None:
        raise Misuse(f"{args.to} is no kiosk's id")
    return _done(args, found.send(to, _minor(found, args.amount), clock_ms()))


def _slip(argv: Sequence[str]) -> int:
    parser = Parser(
        "kiosk slip", f"{_KIOSK_VERBS['slip'].capitalize()}. It counts for {SLIP_DAYS} days, once.",
        example="mutirao kiosk slip --key dora.key --network ID --account ACCOUNT --amount 100.00 --scale 2 >dora.slip",
        asks=False,
    )  # fmt: skip
    parser.add_argument("--key", metavar="FILE", type=Path, required=True, help="the member's key")
    parser.add_argument("--network", metavar="ID", required=True, help="the network's id: `mutirao node` shows it")
    parser.add_argument("--account", required=True, help="the account's id: `mutirao accounts list` shows it")
    _amount_option(parser)
    parser.add_argument("--scale", type=int, default=2, help="the currency's decimals; default: 2")
    args = parser.parse_args(argv)
    from protocol.practices.credit.kiosks.statements import RedemptionSlip, sign_slip
    from protocol.wire.keys import parse_id

    network, own = parse_id(args.network), keys.read(args.key)
    if network is None:
        raise Misuse(f"{args.network} is no network's id")
    minor = _minor_at(args.amount, args.account.rpartition(".")[2], args.scale)
    until = clock_ms() + SLIP_DAYS * DAY_OF_SLIP_MS
    slip = RedemptionSlip(network, args.account, minor, os.urandom(16), own.public, until)
    signed = sign_slip(own, slip)
    put_json({"data": keys.text_of(signed.data), "signature": keys.text_of(signed.signature)})
    return DONE


def _export(argv: Sequence[str]) -> int:
    args = _parser("export", "mutirao kiosk export market.kiosk >market.sync").parse_args(argv)
    from cli.steward.kiosk_files import statements_of
    from protocol.book.signed import uuid_text

    found = _kiosk(args.file)
    put_json({"kiosk": uuid_text(found.told.kiosk), "statements": statements_of(found)})
    return DONE


def _sync(argv: Sequence[str]) -> int:
    """Bring what a kiosk's own file holds, or what it has exported; the file of its own goes on from the answer."""
    parser = _parser("sync", "mutirao kiosk sync market.kiosk", asks=True)
    args = parser.parse_args(argv)
    from cli.steward.kiosk_files import read_kiosk, read_kiosk_json, statements_of
    from protocol.book.signed import uuid_text

    held = read_kiosk_json(args.file)
    is_own = "form" in held
    if is_own:
        found = read_kiosk(args.file)
        if found is None:
            raise Misuse(f"{args.file} was told nothing yet: mutirao kiosk load")
        name, statements = uuid_text(found.told.kiosk), statements_of(found)
    else:
        name, statements = str(held.get("kiosk")), held.get("statements")
    if not isinstance(statements, list):
        raise Misuse(f"{args.file} holds no statements of a kiosk")
    client = connect(args).client
    shown: dict[str, Any] = {}
    for at in range(0, len(statements), SYNC_STATEMENTS):
        shown = client.post(path_of("kiosks", name, "sync"), {"statements": statements[at : at + SYNC_STATEMENTS]})
    shown = shown or client.get(path_of("kiosks", name))
    if is_own and shown["forked_at"] is None:
        _told(args.file, dict(shown))
    show_result(args, shown)
    return DONE


def _amount_option(parser: Parser) -> None:
    parser.add_argument("--amount", required=True, type=read_amount, help="how much, as 12.50")


def _kiosk(path: Path) -> "OfflineKiosk":
    from cli.steward.kiosk_files import read_kiosk

    found = read_kiosk(path)
    if found is None:
        raise Misuse(f"{path} was told nothing yet: mutirao kiosk load")
    return found


def _minor(found: "OfflineKiosk", amount: dict[str, Any]) -> int:
    return _minor_at(amount, found.told.currency, found.told.scale)


def _minor_at(amount: dict[str, Any], code: str, scale: int) -> int:
    from protocol.book.money import Amount, minor_of

    wished = Amount(int(amount["value"]), amount.get("asset_code"), amount["asset_scale"])
    return _granted(minor_of(wished, code, scale), scale)


def _granted(found: Any, scale: int = 0) -> Any:
    """Return what was granted; raises WishRefused with the figures of a refusal."""
    from protocol.book.refusals import Refused

    if isinstance(found, Refused):
        raise _refusal(found, scale)
    return found


def _refusal(found: "Refused", scale: int) -> WishRefused:
    """Return a refusal as a node would tell it, its figures in the currency's decimals."""
    from protocol.book.money import decimal

    texts, code = found.reason.texts, found.figures.get("currency")
    words = {
        name: f"{decimal(one, scale)} {code}" if code is not None and isinstance(one, int) else one
        for name, one in found.figures.items()
    }

    def filled(text: str) -> str:
        try:
            return text.format_map(words)
        except KeyError:
            return ""

    return WishRefused(
        {
            "code": found.reason.code,
            "title": texts.title,
            "heading": filled(texts.heading) or texts.title,
            "detail": filled(texts.sentence) or texts.title,
            "ways": [way for one in texts.ways if (way := filled(one))],
            "transient": found.reason.transient,
            "figures": dict(found.figures),
        }
    )


def _done(args: Namespace, after: "OfflineKiosk | Refused") -> int:
    """Keep what a kiosk has signed before it is told to anybody, and show what is left."""
    from cli.steward.kiosk_files import read_kiosk, write_kiosk

    before = read_kiosk(args.file)
    kept = _granted(after, 0 if before is None else before.told.scale)
    write_kiosk(args.file, kept)
    return _shown(args, kept)


def _shown(args: Namespace, found: "OfflineKiosk") -> int:
    from protocol.book.money import decimal
    from protocol.book.signed import uuid_text

    told = found.told
    show_result(
        args,
        {
            "kiosk": uuid_text(told.kiosk),
            "reserve": told.currency,
            "rights": f"{decimal(found.rights_minor, told.scale)} {told.currency}",
            "till": decimal(found.till_minor, told.scale),
            "place": told.place + len(found.signed),
            "to_sync": len(found.signed),
        },
    )
    return DONE
