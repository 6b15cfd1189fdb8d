# SPDX-License-Identifier: AGPL-3.0-or-later
"""How receipts, proofs, evidence and a whole book are checked without taking anybody's word."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.arguments import Parser, choose
from cli.ending import DONE, Misuse, WishRefused, refused
from cli.output import put
from cli.settings import said
from cli.steward.labelled import verify_label_alone
from cli.steward.machine import attempt, home_option, show_result

_VERIFY_VERBS = {
    "receipt": "check a receipt of a payment, without any node",
    "proof": "check that a balance or a payment is under a checkpoint, without any node",
    "consistency": "check that the books under a checkpoint begin with those under an older one, without any node",
    "liability": "check that a balance is in the published total of a guaranteed currency, without any node",
    "voucher": "check a paper voucher by its QR code, without any node",
    "label": "check a label by its file, without any node",
    "fault": "check evidence against a network, without any node",
    "book": "check a home's whole book from its signed entries alone",
}


def verify_alone(argv: Sequence[str]) -> int:
    """Check a receipt, or a whole book; raises WishRefused where it proves nothing."""
    verb, rest = choose("verify", "Check without taking anybody's word for it.", _VERIFY_VERBS, argv)
    checks = {
        "receipt": _verify_receipt,
        "proof": _verify_proof,
        "consistency": _verify_consistency,
        "liability": _verify_liability,
        "voucher": _verify_voucher,
        "label": verify_label_alone,
        "fault": _verify_fault,
        "book": _verify_book,
    }
    return checks[verb](rest)


def _verify_receipt(argv: Sequence[str]) -> int:
    args = _document_named(
        argv,
        "receipt",
        "verify receipt",
        "Check a receipt of a payment, without any node. FILE holds what `mutirao receipts show ID --json` told.",
        example="mutirao verify receipt bread.receipt --network NETWORK",
    )
    from protocol.practices import PRACTICES
    from protocol.practices.money.receipts import RECEIPT_BYTES_MAX, verify_receipt
    from protocol.wire.keys import id_text

    network = _network_id(args)
    kinds = {kind.KIND: kind for feature in PRACTICES for kind in feature.entries}
    verdict = verify_receipt(_document(args.file, RECEIPT_BYTES_MAX, "receipt"), kinds, network)
    attested = verdict.attested
    if verdict.faults or attested is None:
        raise refused("RECEIPT_INVALID", f"{args.file}: {', '.join(verdict.faults)}")
    from protocol.book.signed import uuid_text

    show_result(
        args,
        {
            "valid": True,
            "network": id_text(attested.network),
            "payment": uuid_text(attested.payment),
            "state": str(attested.state),
            "signed_by_member": verdict.signed,
            **({} if verdict.preimage is None else {"preimage": verdict.preimage.hex()}),
            "account": attested.account,
            "balance_minor": attested.balance,
            "entry": attested.seq,
            "head": attested.head.hex(),
            "head_seq": attested.head_seq,
            "issued_at": _moment_text(attested.at_ms),
        },
    )
    return DONE


def _verify_proof(argv: Sequence[str]) -> int:
    args = _document_named(
        argv,
        "proof",
        "verify proof",
        "Check that a balance, or a payment, is under a checkpoint that its network has signed, without any node.\n"
        "FILE holds what `mutirao balance-proofs show ACCOUNT --json` or `payment-proofs show ID --json` told.\n"
        "Compare the roots that it prints with those that a partner shows: mutirao checkpoints list.",
        example="mutirao verify proof ana.proof --network NETWORK",
    )
    from protocol.book.money import decimal
    from protocol.practices.between.checkpoints.proofs import PROOF_BYTES_MAX, verify_proof
    from protocol.wire.keys import id_text

    proven = verify_proof(_document(args.file, PROOF_BYTES_MAX, "proof"), _network_id(args))
    checkpoint, balance, entry = proven.checkpoint, proven.balance, proven.entry
    if proven.fault is not None or checkpoint is None:
        raise refused("PROOF_INVALID", f"{args.file}: {proven.fault}")
    shown: dict[str, Any] = {
        "valid": True,
        "network": id_text(proven.network),
        "checkpoint": checkpoint.size,
        "head": checkpoint.head.hex(),
        "entries_root": checkpoint.entries.hex(),
        "balances_root": checkpoint.balances.hex(),
        "at": _moment_text(proven.at_ms),
    }
    if balance is not None:
        scales = {one.currency: one.scale for one in checkpoint.totals}
        code = balance.account.rpartition(".")[2]
        shown |= {
            "account": balance.account,
            "balance": f"{decimal(balance.balance, scales.get(code, 0))} {code}",
            "balance_minor": balance.balance,
        }
    if entry is not None:
        shown |= {"entry": entry.header.seq, "entry_id": entry.id.hex()}
    show_result(args, shown)
    return DONE


def _verify_consistency(argv: Sequence[str]) -> int:
    args = _document_named(
        argv,
        "proof",
        "verify consistency",
        "Check that the entries under a checkpoint begin with those under an older one, without any node.\n"
        "FILE holds what `mutirao consistency-proofs show OLD-NEW --json` told. Compare the older root that it prints\n"
        "with the one that you have kept.",
        example="mutirao verify consistency grown.proof --network NETWORK",
    )
    from protocol.practices.between.checkpoints.proofs import PROOF_BYTES_MAX, verify_consistency
    from protocol.wire.keys import id_text

    grown = verify_consistency(_document(args.file, PROOF_BYTES_MAX, "proof"), _network_id(args))
    old, new = grown.old, grown.new
    if grown.fault is not None or old is None or new is None:
        raise refused("PROOF_INVALID", f"{args.file}: {grown.fault}")
    show_result(
        args,
        {
            "valid": True,
            "network": id_text(grown.network),
            "old": old.size,
            "old_root": old.entries.hex(),
            "new": new.size,
            "new_root": new.entries.hex(),
        },
    )
    return DONE


def _verify_liability(argv: Sequence[str]) -> int:
    args = _document_named(
        argv,
        "proof",
        "verify liability",
        "Check that a balance is in the published total of a guaranteed currency, without any node.\n"
        "FILE holds what `mutirao liability-proofs show ACCOUNT --json` told. Compare total and root with those that\n"
        "other holders are shown: mutirao liabilities show CODE.",
        example="mutirao verify liability dora.proof --network NETWORK",
    )
    from protocol.practices.between.checkpoints.proofs import PROOF_BYTES_MAX
    from protocol.practices.credit.liabilities import verify_liability
    from protocol.wire.keys import id_text

    proven = verify_liability(_document(args.file, PROOF_BYTES_MAX, "proof"), _network_id(args))
    if proven is None:
        raise refused("PROOF_INVALID", f"{args.file}: it proves nothing")
    show_result(
        args,
        {
            "valid": True,
            "network": id_text(proven.network),
            "account": proven.account,
            "currency": proven.said.currency,
            "balance_minor": proven.balance,
            "total_minor": proven.said.total,
            "holders": proven.said.holders,
            "root": proven.said.root.hex(),
            "at": _moment_text(proven.at_ms),
        },
    )
    return DONE


def _verify_voucher(argv: Sequence[str]) -> int:
    parser = Parser(
        "verify voucher",
        "Check a paper voucher by its QR code, without any node. FILE holds what `mutirao vouchers show BATCH --json`\n"
        "told: whether somebody has presented it since then its network alone knows.",
        example="mutirao verify voucher batch.json --voucher MUTIRAO1.ogFYZaYB...",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="what is published of its batch, as JSON")
    parser.add_argument("--voucher", metavar="TEXT", required=True, help="what its QR code says")
    args = parser.parse_args(argv)
    import json
    import time

    from protocol.book.money import decimal
    from protocol.practices.credit.vouchers.alone import VOUCHERS_BYTES_MAX, voucher_fault
    from protocol.wire.keys import id_text

    try:
        published = json.loads(args.file.read_bytes()[:VOUCHERS_BYTES_MAX])
    except (OSError, ValueError) as error:
        raise Misuse(f"{args.file} cannot be read: {error}") from None
    voucher, fault = voucher_fault(published if isinstance(published, dict) else {}, args.voucher, _now_ms(time.time()))
    if fault or voucher is None:
        raise refused("VOUCHER_INVALID", fault)
    show_result(
        args,
        {
            "valid": True,
            "network": id_text(voucher.network),
            "batch": voucher.batch.hex(),
            "number": voucher.number,
            "value": f"{decimal(voucher.value, voucher.scale)} {voucher.currency}",
            "expires_at": _moment_text(voucher.expires_ms),
        },
    )
    return DONE


def _verify_fault(argv: Sequence[str]) -> int:
    parser = Parser(
        "verify fault",
        "Check evidence against a network. FILE holds what `mutirao faults show ID --json` told.\n"
        "Some kinds prove themselves; others can be judged by who holds the same books, with --home.",
        example="mutirao verify fault fork.fault",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the evidence, as JSON or as bytes")
    parser.add_argument("--home", metavar="DIR", type=Path, help="a home or a replica of the accused network's books")
    args = parser.parse_args(argv)
    from protocol.practices.between.faults.evidence import EVIDENCE_BYTES_MAX, Weight, examine_evidence
    from protocol.wire.keys import id_text

    found = examine_evidence(_document(args.file, EVIDENCE_BYTES_MAX, "evidence"))
    weight, kind = found.weight, found.kind
    if weight is Weight.NEEDS_BOOKS and kind is not None and args.home is not None:
        from node.keeping import upkeep

        proven = attempt(lambda: upkeep.bears_out(args.home, kind, found.entries[-1]))
        weight = Weight.PROVEN if proven else Weight.WORTHLESS
    if weight is Weight.WORTHLESS:
        raise refused("FAULT_UNPROVEN", f"{args.file}: it proves nothing{' by these books' if args.home else ''}")
    show_result(
        args,
        {
            "proven": weight is Weight.PROVEN,
            "weight": str(weight),
            "kind": str(kind),
            "network": id_text(found.network),
            "entries": [
                f"{one.header.lane} {one.header.epoch}/{one.header.seq} {one.id.hex()}" for one in found.entries
            ],
        },
    )
    return DONE


def _document_named(argv: Sequence[str], what: str, verb: str, says: str, *, example: str) -> Namespace:
    """Return the words of a command that checks a document by itself alone: `file`, and of which network it must be."""
    parser = Parser(verb, says, example=example, asks=False)
    parser.add_argument("file", metavar="FILE", type=Path, help=f"the {what}, as JSON or as bytes")
    parser.add_argument("--network", metavar="ID", help="the network that you know it must be of")
    return parser.parse_args(argv)


def _network_id(args: Namespace) -> bytes | None:
    """Return the network that the caller knows it must be of; raises Misuse where that is no id."""
    from protocol.wire.keys import parse_id

    network = None if args.network is None else parse_id(args.network)
    if network is None and args.network is not None:
        raise Misuse(f"{args.network} is no network id")
    return network


def _document(path: Path, bytes_max: int, what: str) -> bytes:
    """Return the document in a file: its bytes, or those in the JSON that the API shows."""
    import json

    from cli.keys import bytes_of

    try:
        with path.open("rb") as file:
            data = file.read(2 * bytes_max)
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {said(error)}") from None
    if not data.lstrip().startswith(b"{"):
        return data
    try:
        return bytes_of(json.loads(data)["document"])
    except (ValueError, LookupError, TypeError):
        raise Misuse(f"{path} holds no {what}") from None


def _verify_book(argv: Sequence[str]) -> int:
    parser = Parser(
        "verify book",
        "Check a home's whole book, be its node running or not: every hash, chain, signature and rule,\n"
        "that all balances sum to zero, and that the statements say what the entries say.",
        example="mutirao verify book --home riacho",
        asks=False,
    )
    home_option(parser)
    args = parser.parse_args(argv)
    from node.keeping import upkeep

    try:
        report = attempt(lambda: upkeep.verify_book(args.home, _tell_progress))
    finally:
        _tell_progress(None)
    if sys.stderr.isatty():
        put("", sys.stderr)
    shown = {"valid": not report.faults, **asdict(report)}
    if not (args.json and report.faults):
        show_result(args, shown)
    if report.faults:
        raise WishRefused({"code": "BOOK_INVALID", "detail": "; ".join(report.faults), **shown})
    return DONE


def _tell_progress(entries: int | None) -> None:
    """Show on the terminal how many entries are done; None ends that."""
    if sys.stderr.isatty():
        print("\r\x1b[K" if entries is None else f"\r{entries} entries", end="", file=sys.stderr, flush=True)


def _now_ms(seconds: float) -> int:
    return int(seconds * 1000)


def _moment_text(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at.isoformat()[:19]}.{at_ms % 1000:03}Z"
