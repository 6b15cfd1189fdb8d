# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cards of members as files: made, given their certificate, printed behind a PIN, and signing at a terminal."""

import os
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import Parser, choose
from cli.card_files import CARD_FORM, make_file, read_carried, read_kept, shown_of, signed_of, write_file
from cli.client import path_of
from cli.ending import DONE, Misuse
from cli.keys import bytes_of, text_of
from cli.output import put, put_json, show_record
from cli.session import connect, moment_ms
from cli.settings import said

if TYPE_CHECKING:
    from protocol.book.signed import Signed
    from protocol.wire.keys import KeyPair

PRINTED_FORM = "MUTIRAO-CARD-1"
PIN_DIGITS_LEAST = 4
_VERBS = {
    "new": "make a card's key in a file; its public half goes into `cards create`",
    "take": "take the card's certificate from the node, or from what `cards show CARD --json` told",
    "sign": "let the card sign what a terminal asks for",
    "print": "write the card as a QR code behind a PIN",
}


def card(argv: Sequence[str]) -> int:
    """Do something with a card's file."""
    verb, rest = choose("card", "Cards as files.", _VERBS, argv)
    return {"new": _new, "take": _take, "sign": _sign, "print": _print}[verb](rest)


def _new(argv: Sequence[str]) -> int:
    parser = Parser(
        "card new", f"{_VERBS['new'].capitalize()}.", example="mutirao card new --out card.json", asks=False
    )
    parser.add_argument("--out", dest="file", metavar="FILE", type=Path, required=True, help="the card's new file")
    args = parser.parse_args(argv)
    _tell(args.json, {"file": str(args.file), "public_key": make_file(args.file, CARD_FORM)})
    return DONE


def _take(argv: Sequence[str]) -> int:
    parser = Parser("card take", f"{_VERBS['take'].capitalize()}.", example="mutirao card take card.json --card CARD")
    parser.add_argument("file", metavar="FILE", type=Path, help="the card's file")
    parser.add_argument("--card", metavar="ID", help="the card's id, the first time")
    parser.add_argument(
        "--shown", metavar="FILE", type=Path, help="what `mutirao cards show CARD --json` told elsewhere"
    )
    args = parser.parse_args(argv)
    state = read_kept(args.file, CARD_FORM)
    name = args.card or state.get("card")
    if args.shown is not None:
        shown = read_carried(args.shown)
    elif name:
        shown = connect(args).client.get(path_of("cards", str(name)))
    else:
        raise Misuse("which card? --card ID, or --shown FILE")
    if shown.get("key") != state["public_key"]:
        raise Misuse(f"that card has another key than {args.file}")
    if shown.get("certificate") is None:
        raise Misuse(f"the card is {shown.get('state')} and has no certificate: mutirao cards renew {name}")
    state |= {"card": shown["id"], "certificate": shown["certificate"], "counter": state.get("counter", 0)}
    write_file(args.file, state)
    _tell(args.json, {"file": str(args.file), "card": shown["id"], "stops_at": shown["stops_at"]})
    return DONE


def _sign(argv: Sequence[str]) -> int:
    from protocol.book.signed import parse_uuid
    from protocol.practices.credit.cards.statements import CardPayment, signed_statement
    from protocol.wire.keys import parse_id

    parser = Parser(
        "card sign", f"{_VERBS['sign'].capitalize()}.",
        example="mutirao card sign card.json bill.json --out paid.json", asks=False,
    )  # fmt: skip
    parser.add_argument("file", metavar="FILE", type=Path, help="the card's file, or the text of a printed card")
    parser.add_argument("bill", metavar="BILL", type=Path, help="what `mutirao terminal bill` wrote")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="where the payment goes")
    parser.add_argument("--pin-file", metavar="FILE", type=Path, help="where a printed card's PIN stands; else asked")
    args = parser.parse_args(argv)
    bill = read_carried(args.bill)
    held = _HeldCard.read(args.file, args.pin_file)
    try:
        payment = CardPayment(
            parse_id(bill["network"]) or b"",
            held.card,
            held.counter,
            int(bill["amount_minor"]),
            parse_uuid(bill["terminal"]) or b"",
            str(bill["account"]),
            moment_ms(),
        )
        signed = signed_statement(held.keys, payment)
    except (KeyError, ValueError, TypeError) as error:
        raise Misuse(f"{args.bill} is no bill of a terminal: {said(error)}") from None
    # The counter is kept before the payment leaves: what was signed is never signed over.
    held.keep(args.file)
    write_file(args.out, {"certificate": shown_of(held.certificate), "payment": shown_of(signed)})
    _tell(args.json, {"file": str(args.out), "counter": held.counter, "amount_minor": payment.amount})
    return DONE


class _HeldCard:
    """A card that can sign: of a file under its next counter, of a printed code under this machine's hour."""

    def __init__(self, card: bytes, keys: "KeyPair", certificate: "Signed", counter: int, state: Any) -> None:
        self.card, self.keys, self.certificate, self.counter, self._state = card, keys, certificate, counter, state

    @classmethod
    def read(cls, path: Path, pin_file: Path | None) -> "_HeldCard":
        from protocol.book.signed import Signed, parse_uuid
        from protocol.practices.credit.cards.sealing import open_seed
        from protocol.wire.keys import KeyPair

        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise Misuse(f"{path} cannot be read: {said(error)}") from None
        if text.startswith(PRINTED_FORM):
            try:
                card, data, signature, sealed = (bytes_of(part) for part in text.split(".")[1:])
            except ValueError:
                raise Misuse(f"{path} is no printed card") from None
            seed = open_seed(sealed, _pin(pin_file))
            if seed is None:
                raise Misuse("the PIN does not open this card")
            return cls(card, KeyPair.from_seed(seed), Signed(data, signature), moment_ms(), None)
        state = read_kept(path, CARD_FORM)
        if "certificate" not in state:
            raise Misuse(f"{path} has no certificate yet: mutirao card take {path} --card ID")
        counter = int(state["counter"]) + 1
        keys = KeyPair.from_seed(bytes_of(state["secret_seed"]))
        certificate = signed_of(state["certificate"], "the certificate")
        return cls(parse_uuid(state["card"]) or b"", keys, certificate, counter, state)

    def keep(self, path: Path) -> None:
        """Keep the counter, where there is a file to keep it in."""
        if self._state is not None:
            write_file(path, self._state | {"counter": self.counter})


def _print(argv: Sequence[str]) -> int:
    from protocol.book.signed import parse_uuid
    from protocol.practices.credit.cards.sealing import PIN_SALT_BYTES, SEAL_NONCE_BYTES, seal_seed

    parser = Parser(
        "card print",
        "Write a card as a QR code (SVG) behind a PIN, and its text beside it. Whoever photographs it and tries PINs\n"
        "opens one of four digits within the hour; take six, and little money.",
        example="mutirao card print card.json --out card.svg",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the card's file")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the picture; FILE.txt has its text")
    parser.add_argument("--pin-file", metavar="FILE", type=Path, help="where the PIN stands; else it is asked for")
    args = parser.parse_args(argv)
    state = read_kept(args.file, CARD_FORM)
    if "certificate" not in state:
        raise Misuse(f"{args.file} has no certificate yet: mutirao card take {args.file} --card ID")
    pin = _pin(args.pin_file)
    if not (pin.isdecimal() and pin.isascii() and len(pin) >= PIN_DIGITS_LEAST):
        raise Misuse(f"a PIN is of {PIN_DIGITS_LEAST} digits or more")
    sealed = seal_seed(bytes_of(state["secret_seed"]), pin, os.urandom(PIN_SALT_BYTES), os.urandom(SEAL_NONCE_BYTES))
    certificate = signed_of(state["certificate"], "the certificate")
    parts = (parse_uuid(state["card"]) or b"", certificate.data, certificate.signature, sealed)
    text = ".".join((PRINTED_FORM, *(text_of(part) for part in parts)))
    import segno

    beside = args.out.with_name(f"{args.out.name}.txt")
    try:
        segno.make_qr(text, error="m").save(str(args.out), kind="svg", scale=4)
        beside.write_text(f"{text}\n", encoding="ascii")
    except OSError as error:
        raise Misuse(f"{args.out} cannot be written: {said(error)}") from None
    _tell(args.json, {"file": str(args.out), "text": str(beside)})
    return DONE


def _pin(path: Path | None) -> str:
    """Return a PIN: of a file, or typed unseen."""
    try:
        return getpass("PIN: ") if path is None else path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise Misuse(f"no PIN: {said(error)}") from None


def _tell(as_json: bool, shown: dict[str, Any]) -> None:  # noqa: FBT001
    if as_json:
        put_json(shown)
    else:
        put(show_record(shown))
