# SPDX-License-Identifier: AGPL-3.0-or-later
"""A merchant's terminal without a node: one file with key, papers and log, synced where there is one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import Parser, choose
from cli.card_files import (
    TERMINAL_FORM,
    FileShown,
    make_file,
    read_carried,
    read_kept,
    refusal,
    shown_of,
    signed_of,
    write_file,
)
from cli.client import path_of
from cli.ending import DONE, Misuse
from cli.keys import bytes_of, text_of
from cli.output import put, put_json, show_record, table
from cli.session import connect, moment_ms

if TYPE_CHECKING:
    from protocol.practices.credit.cards.offline import OfflineTerminal, Papers

RECORDS_AT_ONCE = 64
"""As many records as the node takes in one entry."""
_VERBS = {
    "new": "make a terminal's key in a file; its public half goes into `terminals create`",
    "take": "take the terminal's papers from the node, or from what `terminal-papers show ID --json` told",
    "bill": "write what a card is to sign",
    "accept": "take what a card has signed, or say why not; no node is asked",
    "log": "show what the terminal has taken that its network may not have yet",
    "export": "write the log into a file, to be carried to where there is a node",
    "send": "send such a file to the node",
    "sync": "send the log to the node, and take fresh papers from it",
}


def terminal(argv: Sequence[str]) -> int:
    """Do something with a terminal's file."""
    verb, rest = choose("terminal", "Terminals without a node.", _VERBS, argv)
    does = {
        "new": _new, "take": _take, "bill": _bill, "accept": _accept, "log": _log, "export": _export, "send": _send,
        "sync": _sync,
    }  # fmt: skip
    return does[verb](rest)


def _parser(verb: str, example: str, *, asks: bool = False) -> Parser:
    parser = Parser(
        f"terminal {verb}", f"{_VERBS[verb].capitalize()}.", example=f"mutirao terminal {example}", asks=asks
    )
    if verb != "new":
        held = "what `mutirao terminal export` wrote" if verb == "send" else "the terminal's file"
        parser.add_argument("file", metavar="FILE", type=Path, help=held)
    return parser


def _new(argv: Sequence[str]) -> int:
    parser = _parser("new", "new --out till.json")
    parser.add_argument("--out", dest="file", metavar="FILE", type=Path, required=True, help="the terminal's new file")
    args = parser.parse_args(argv)
    _tell(args, {"file": str(args.file), "public_key": make_file(args.file, TERMINAL_FORM)})
    return DONE


def _take(argv: Sequence[str]) -> int:
    parser = _parser("take", "take till.json --terminal ID", asks=True)
    parser.add_argument("--terminal", metavar="ID", help="the terminal's id, the first time")
    parser.add_argument(
        "--papers", metavar="FILE", type=Path, help="what `terminal-papers show ID --json` told elsewhere"
    )
    args = parser.parse_args(argv)
    state = read_kept(args.file, TERMINAL_FORM)
    if args.papers is not None:
        papers: FileShown = read_carried(args.papers)
    else:
        name = args.terminal or state.get("terminal")
        if not name:
            raise Misuse("which terminal? --terminal ID, or --papers FILE")
        papers = connect(args).client.get(path_of("terminal-papers", str(name)))
    _tell(args, _keep_papers(args.file, state, papers))
    return DONE


def _keep_papers(path: Path, state: dict[str, Any], shown: FileShown) -> dict[str, Any]:
    """Check papers, keep them in a terminal's file, and return what is told of them."""
    papers = _read_papers(state, shown)
    kept = {name: shown[name] for name in ("grant", "hotlist", "identity")}
    found = _opened(state | {"papers": state.get("papers", kept)})
    found.take(papers)
    # Of two the newer stands, as the terminal itself decides.
    newest = kept if found.papers is papers else state["papers"]
    write_file(path, _closed(state | {"papers": newest, "terminal": shown["id"]}, found))
    return {
        "file": str(path),
        "terminal": shown["id"],
        "hot_cards": len(found.papers.hotlist.cards),
        "not_synced": len(found.records),
    }


def _read_papers(state: FileShown, shown: FileShown) -> "Papers":
    from protocol.book.refusals import Refused
    from protocol.practices.credit.cards.offline import read_papers

    try:
        identity = tuple(bytes_of(one) for one in shown["identity"])
        network = None if "network" not in state else bytes_of(state["network"])
        signed = (signed_of(shown["grant"], "the grant"), signed_of(shown["hotlist"], "the hotlist"))
        found = read_papers(*signed, identity, bytes_of(state["public_key"]), network)
    except (KeyError, TypeError, ValueError):
        raise Misuse("these are no papers of a terminal") from None
    if isinstance(found, Refused):
        raise refusal(found, 0)
    return found


def _opened(state: FileShown) -> "OfflineTerminal":
    """Return the terminal that a file holds; raises Misuse where it has no papers."""
    from protocol.practices.credit.cards.offline import OfflineTerminal
    from protocol.practices.credit.cards.terminals import LogRead
    from protocol.wire.keys import KeyPair

    if "papers" not in state:
        raise Misuse("the terminal has no papers yet: mutirao terminal take FILE --terminal ID")
    log = state.get("log", {})
    try:
        read = LogRead(
            int(log.get("seq", 0)),
            bytes_of(log["prev"]) if log.get("prev") else None,
            int(log.get("at_ms", 0)),
            int(log.get("day", 0)),
            {bytes_of(card): int(minor) for card, minor in log.get("sums", {}).items()},
            {bytes_of(card): int(counter) for card, counter in log.get("counters", {}).items()},
        )
        records = [signed_of(one, "a record") for one in state.get("records", ())]
        keys = KeyPair.from_seed(bytes_of(state["secret_seed"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Misuse("the terminal's file is damaged") from None
    return OfflineTerminal(keys, _read_papers(state, state["papers"]), read, records)


def _closed(state: dict[str, Any], found: "OfflineTerminal") -> dict[str, Any]:
    """Return the file of a terminal as it stands now."""
    log = found.log
    return state | {
        "network": text_of(found.papers.grant.network),
        "log": {
            "seq": log.seq,
            "prev": None if log.prev is None else text_of(log.prev),
            "at_ms": log.at_ms,
            "day": log.day,
            "sums": {text_of(card): minor for card, minor in log.sums_minor.items()},
            "counters": {text_of(card): counter for card, counter in log.counters.items()},
        },
        "records": [shown_of(one) for one in found.records],
    }


def _bill(argv: Sequence[str]) -> int:
    from protocol.book.money import parse_decimal, payable
    from protocol.book.refusals import Refused
    from protocol.book.signed import uuid_text
    from protocol.wire.keys import id_text

    parser = _parser("bill", "bill till.json 120.00 --out bill.json")
    parser.add_argument("amount", metavar="AMOUNT", help="how much, in the terminal's currency")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="where the bill goes")
    args = parser.parse_args(argv)
    grant = _opened(read_kept(args.file, TERMINAL_FORM)).papers.grant
    minor = parse_decimal(args.amount, grant.scale)
    refused = minor if isinstance(minor, Refused) else payable(minor)
    if refused is not None:
        raise refusal(refused, grant.scale)
    bill = {
        "network": id_text(grant.network),
        "terminal": uuid_text(grant.terminal),
        "account": grant.account,
        "currency": grant.currency,
        "amount_minor": minor,
    }
    write_file(args.out, bill)
    _tell(args, {"file": str(args.out), "amount": f"{args.amount} {grant.currency}"})
    return DONE


def _accept(argv: Sequence[str]) -> int:
    from protocol.book.money import decimal
    from protocol.book.refusals import Refused
    from protocol.practices.credit.cards.statements import CardPayment, read_statement

    parser = _parser("accept", "accept till.json paid.json")
    parser.add_argument("paid", metavar="PAID", type=Path, help="what `mutirao card sign` wrote")
    args = parser.parse_args(argv)
    state = read_kept(args.file, TERMINAL_FORM)
    found = _opened(state)
    scale = found.papers.grant.scale
    paid = read_carried(args.paid)
    certificate = signed_of(paid.get("certificate"), "the card's certificate")
    payment = signed_of(paid.get("payment"), "the card's payment")
    taken = found.accept(certificate, payment, moment_ms())
    if isinstance(taken, Refused):
        raise refusal(taken, scale)
    # The log is on the disk before anybody is told that it was paid.
    write_file(args.file, _closed(state, found))
    said = read_statement(CardPayment, payment.data)
    assert said is not None
    amount = f"{decimal(said.amount, scale)} {found.papers.grant.currency}"
    _tell(args, {"taken": amount, "counter": said.counter, "record": found.log.seq - 1})
    return DONE


def _log(argv: Sequence[str]) -> int:
    from protocol.book.money import decimal
    from protocol.book.signed import uuid_text
    from protocol.practices.credit.cards.statements import CardPayment, TerminalRecord, read_statement

    args = _parser("log", "log till.json").parse_args(argv)
    found = _opened(read_kept(args.file, TERMINAL_FORM))
    rows: list[dict[str, Any]] = []
    for signed in found.records:
        record = read_statement(TerminalRecord, signed.data)
        payment = None if record is None else read_statement(CardPayment, record.payment)
        if record is not None and payment is not None:
            amount = decimal(payment.amount, found.papers.grant.scale)
            row = {"record": record.seq, "card": uuid_text(payment.card), "counter": payment.counter, "amount": amount}
            rows.append(row)
    if args.json:
        put_json({"records": rows})
    else:
        put(table(rows) if rows else "The network has all of it.")
    return DONE


def _export(argv: Sequence[str]) -> int:
    parser = _parser("export", "export till.json --out log.json")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="where the log goes")
    args = parser.parse_args(argv)
    state = read_kept(args.file, TERMINAL_FORM)
    found = _opened(state)
    records = [shown_of(one) for one in found.records]
    write_file(args.out, {"terminal": state.get("terminal"), "records": records})
    _tell(args, {"file": str(args.out), "records": len(records)})
    return DONE


def _send(argv: Sequence[str]) -> int:
    parser = _parser("send", "send log.json", asks=True)
    args = parser.parse_args(argv)
    carried = read_carried(args.file)
    if not isinstance(carried.get("records"), list) or not carried.get("terminal"):
        raise Misuse(f"{args.file} is no log of a terminal")
    _tell(args, _sent(connect(args).client, str(carried["terminal"]), carried["records"]))
    return DONE


def _sync(argv: Sequence[str]) -> int:
    args = _parser("sync", "sync till.json", asks=True).parse_args(argv)
    state = read_kept(args.file, TERMINAL_FORM)
    name = str(state.get("terminal") or "")
    records = [shown_of(one) for one in _opened(state).records]
    client = connect(args).client
    sent = _sent(client, name, records)
    kept = _keep_papers(args.file, state, client.get(path_of("terminal-papers", name)))
    _tell(args, {**kept, "synced": sent["synced"]})
    return DONE


def _sent(client: Any, name: str, records: list[Any]) -> dict[str, Any]:
    """Send records in turn, as many at once as the node takes, and return the terminal as it is shown then."""
    shown: dict[str, Any] = {}
    for first in range(0, max(1, len(records)), RECORDS_AT_ONCE):
        part = records[first : first + RECORDS_AT_ONCE]
        shown = client.post(path_of("terminals", name, "sync"), {"records": part})
    return {"terminal": shown["id"], "synced": shown["synced"]}


def _tell(args: Any, shown: dict[str, Any]) -> None:
    if args.json:
        put_json(shown)
    else:
        put(show_record(shown))
