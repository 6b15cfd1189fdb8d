# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a steward does on the node's own machine: found it, serve it, copy it, put it back, verify it."""

import asyncio
import os
import sys
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from cli.arguments import Parser, choose, read_count, read_moment, read_number, read_text
from cli.ending import DONE, Misuse, Refused, refused
from cli.output import put, put_json, record
from cli.settings import said

DAY_MS = 24 * 3_600 * 1_000
T = TypeVar("T")

_VERIFY_VERBS = {
    "receipt": "check a receipt of a payment, without any node",
    "proof": "check that a balance or a payment is under a checkpoint, without any node",
    "consistency": "check that the books under a checkpoint begin with those under an older one, without any node",
    "fault": "check evidence against a network, without any node",
    "book": "check a home's whole book from its signed entries alone",
}


def init(argv: Sequence[str]) -> int:
    """Found a network in an empty directory, or make the home of a replica of one."""
    parser = Parser(
        "init",
        "Found a network: keys, settings, database, first currency. The steward's token is told this once.",
        example='mutirao init --home riacho --handle riacho --name "Riacho" --currency HORA --default-limit 100.00',
        asks=False,
    )
    _home_option(parser)
    parser.add_argument("--handle", type=read_text, help="what stands behind @ in addresses: riacho")
    parser.add_argument("--name", type=read_text, help="the network's name; default: the handle")
    parser.add_argument("--currency", metavar="CODE", type=read_text, help="the first currency's code: HORA")
    parser.add_argument("--currency-name", type=read_text, help="its full name; default: the code")
    parser.add_argument("--unit-word", metavar="WORD", type=read_text, help="the group's own word for one unit")
    parser.add_argument("--scale", metavar="N", type=read_number, default=2, help="its decimals; default: 2")
    parser.add_argument("--default-limit", metavar="DECIMAL", default="100", help="how far a member may owe: 100.00")
    parser.add_argument(
        "--cold-keys", metavar="N", type=read_count, default=1, help="how many cold keys there are; default: 1"
    )
    parser.add_argument(
        "--cold-needed",
        metavar="K",
        type=read_count,
        help="how many of them change the key; default: over half",
    )
    parser.add_argument("--replica-of", metavar="NETWORK", help="keep a copy of this network's books instead: its id")
    parser.add_argument("--invitation", metavar="CODE", help="with --replica-of: what `mutirao replicas invite` told")
    args = parser.parse_args(argv)
    founded = _done(lambda: asyncio.run(_founded(args)))
    _show(args, asdict(founded))
    if not args.json and args.replica_of is None:
        from node.keeping.home import cold_names

        keys = args.home / "keys"
        *names, last = (keys / f"{name}.key" for name in ("next", *cold_names(args.cold_keys)))
        put(f"\nKeep {', '.join(map(str, names))} and {last} away from this machine: they bring the network back.")
        if args.cold_keys == 1:
            put("One cold key is enough for a small group. Where more depends on it: --cold-keys 3, of which 2 sign.")
    return DONE


def _founded(args: Namespace) -> Coroutine[Any, Any, Any]:
    from node.keeping import home

    times = {"now": _now_ms, "chance": os.urandom}
    if args.replica_of is not None:
        if args.handle or args.currency or not args.invitation:
            raise Misuse("--replica-of goes with --invitation, and without --handle and --currency")
        return home.found_replica(args.home, args.replica_of, args.invitation, **times)
    if not args.handle or not args.currency:
        raise Misuse(f"--{'currency' if args.handle else 'handle'} is missing (see mutirao init --help)")
    if "," in args.default_limit:
        raise Misuse(f"{args.default_limit!r} has a comma: write 100.00, with a point")
    founding = home.Founding(
        args.handle,
        args.name or args.handle,
        args.currency,
        args.scale,
        args.default_limit,
        args.currency_name,
        args.unit_word,
        args.cold_keys,
        args.cold_needed,
    )
    return home.found(args.home, founding, **times)


def serve(argv: Sequence[str]) -> int:
    """Serve a home until SIGTERM or SIGINT."""
    parser = Parser(
        "serve",
        "Run the node: the HTTP API, and the gossip with other nodes. SIGTERM ends it cleanly.",
        example="mutirao serve --home riacho --http 127.0.0.1:8081 --p2p /ip4/127.0.0.1/tcp/4001",
        asks=False,
    )
    _home_option(parser)
    parser.add_argument("--http", metavar="HOST:PORT", help="where the API listens; default: 127.0.0.1:8081")
    parser.add_argument(
        "--p2p", metavar="MULTIADDR", action="append", help="where other nodes reach it; may be given several times"
    )
    parser.add_argument(
        "--peer", dest="peers", metavar="MULTIADDR", action="append", help="a node to connect to; several times"
    )
    parser.add_argument("--behind-proxy", action="store_true", default=None, help="a proxy on this machine brings TLS")
    parser.add_argument("--tls-certificate", metavar="FILE", help="the certificate's chain, as PEM")
    parser.add_argument("--tls-key", metavar="FILE", help="its key, as PEM")
    parser.add_argument("--source-url", metavar="URL", help="where the source of a changed mutirao is to be had")
    parser.add_argument("--log-level", metavar="LEVEL", help="debug, info, warning or error")
    parser.add_argument(
        "--reopen", action="store_true", default=None, help="recovering, go on at once and give up what is lost"
    )
    parser.add_argument("--audit", action="store_true", default=None, help="check every member's signature")
    args = parser.parse_args(argv)
    from node import main
    from node.keeping import config

    try:
        settings = config.load(args.home, vars(args), os.environ)
    except config.ConfigFault as fault:
        raise Misuse(str(fault)) from None

    def serving(url: str, addresses: Sequence[str]) -> None:
        _show(args, {"url": url, "addresses": list(addresses)})
        sys.stdout.flush()

    try:
        asyncio.run(main.serve(args.home, settings, serving))
    except main.UNUSABLE as error:
        raise refused("HOME_UNUSABLE", str(error)) from None
    except OSError as error:
        raise refused("CANNOT_LISTEN", said(error)) from None
    return DONE


def backup(argv: Sequence[str]) -> int:
    """Copy a node's database: over its API, or from its home."""
    parser = Parser(
        "backup",
        "Copy the database of a node, by its API or, with --home, on its own machine. It tells what is in the copy:\n"
        "names, notes and other items of so many members, so many entries. No keys are in it.",
        example="mutirao backup riacho-2026-12-01.backup",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the new file")
    parser.add_argument("--home", metavar="DIR", type=Path, help="the node's home, on this machine")
    args = parser.parse_args(argv)
    target: Path = args.file
    if target.exists():
        raise Misuse(f"{target} is already there, and nothing is written over it")
    from node.keeping import upkeep

    try:
        if args.home is None:
            from cli.session import connect

            connect(args).client.download("/v1/admin/backup", target)
        else:
            _done(lambda: asyncio.run(upkeep.back_up(args.home, target)))
    except OSError as error:
        raise Misuse(f"{target} cannot be written: {said(error)}") from None
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    holds = _done(lambda: upkeep.held_by(target))
    _show(args, {"file": str(target), "bytes": target.stat().st_size, "made_at": made_at, **asdict(holds)})
    return DONE


def restore(argv: Sequence[str]) -> int:
    """Put a backup in the place of a stopped node's database."""
    parser = Parser(
        "restore",
        "Put a backup in the place of a stopped node's database; keys and high-water mark stay.\n"
        "If entries were signed since, the node starts RECOVERING and signs nothing until it has them back.",
        example="mutirao restore riacho-2026-12-01.backup --home riacho",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup")
    _home_option(parser)
    args = parser.parse_args(argv)
    from node.keeping import upkeep

    restored = _done(lambda: upkeep.restore(args.file, args.home))
    _show(
        args,
        {
            "restored": str(args.file),
            "starts": "RECOVERING" if restored.because else "READY",
            "because": restored.because,
            "erased_anew": restored.erased_anew,
            **asdict(restored.holds),
        },
    )
    return DONE


def rebuild(argv: Sequence[str]) -> int:
    """Make a stopped node's lookup tables anew."""
    parser = Parser(
        "rebuild",
        "Make the lookup tables of a stopped node anew from the signed entries.",
        example="mutirao rebuild --home riacho",
        asks=False,
    )
    _home_option(parser)
    args = parser.parse_args(argv)
    from node.keeping import upkeep

    _show(args, {"statement_lines": _done(lambda: asyncio.run(upkeep.rebuild(args.home)))})
    return DONE


def rotate(argv: Sequence[str]) -> int:
    """Change a stopped node's signing key, or write what cold keys elsewhere have to sign for it."""
    parser = Parser(
        "rotate",
        "Change the signing key of a stopped node, after a theft or in time: the promised key takes its place.",
        example="mutirao rotate --home riacho --stolen --next stick/next.key --cold stick/cold.key",
        asks=False,
    )
    _home_option(parser)
    parser.add_argument(
        "--next", metavar="FILE", type=Path, help="the promised key; default: keys/next.key of the home"
    )
    parser.add_argument(
        "--cold", metavar="FILE", type=Path, action="append", default=[], help="a cold key that signs; several times"
    )
    parser.add_argument(
        "--signature",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="what `mutirao sign` has written elsewhere; several times",
    )
    parser.add_argument("--stolen", action="store_true", help="replace the keys of wire and preimages too")
    parser.add_argument(
        "--before",
        metavar="TIME",
        type=read_moment,
        help="with --stolen: give up all that this home has taken in since its first entry of this time or later",
    )
    parser.add_argument(
        "--new-cold-keys", metavar="N", type=read_count, help="put so many new cold keys in the place of all there are"
    )
    parser.add_argument(
        "--cold-needed", metavar="K", type=read_count, help="how many of the new ones have to sign; default: over half"
    )
    parser.add_argument(
        "--hot-grant",
        metavar="N|all",
        type=_read_hot_grant,
        help="from then on the signing key alone grants N minor units on a link in all, cold keys whatever is more",
    )
    parser.add_argument(
        "--guardian",
        metavar="NETWORK",
        action="append",
        default=[],
        help="a network, by id, that may give this one new keys once all are lost; several times, in the place of all",
    )
    parser.add_argument(
        "--guardians-needed", metavar="K", type=read_count, help="how many of them it takes; default: over half"
    )
    parser.add_argument(
        "--recovery-days", metavar="DAYS", type=read_count, help="how long what they do is put off; default: 14"
    )
    parser.add_argument(
        "--to-sign", metavar="FILE", type=Path, help="change nothing yet, and write here what cold keys have to sign"
    )
    args = parser.parse_args(argv)
    if args.before is not None and not args.stolen:
        raise Misuse("--before goes with --stolen")
    if args.cold_needed is not None and args.new_cold_keys is None:
        raise Misuse("--cold-needed goes with --new-cold-keys")
    if not args.guardian and (args.guardians_needed, args.recovery_days) != (None, None):
        raise Misuse("--guardians-needed and --recovery-days go with --guardian")
    if args.to_sign is not None and (args.cold or args.signature):
        raise Misuse("--to-sign goes without --cold and --signature")
    from node.keeping import rotation

    before_ms = None if args.before is None else round(datetime.fromisoformat(args.before).timestamp() * 1_000)
    days = args.recovery_days
    change = rotation.Change(
        args.next,
        args.stolen,
        before_ms,
        args.new_cold_keys,
        args.cold_needed,
        args.hot_grant,
        guardians=tuple(args.guardian),
        guardians_needed=args.guardians_needed,
        recovery_delay_ms=rotation.RECOVERY_DELAY_MS if days is None else days * DAY_MS,
    )
    if args.to_sign is not None:
        shown = _written(
            lambda: asyncio.run(rotation.to_sign(args.home, change, args.to_sign, chance=os.urandom)), args.to_sign
        )
        _show(args, {"file": str(args.to_sign), **asdict(shown)})
        return DONE
    rotated = rotation.rotate(
        args.home, change, cold_keys=args.cold, signatures=args.signature, now=_now_ms, chance=os.urandom
    )
    _show(args, asdict(_done(lambda: asyncio.run(rotated))))
    return DONE


def _read_hot_grant(text: str) -> int:
    from protocol.lanes.claims import HOT_GRANT_MAX

    number = HOT_GRANT_MAX if text == "all" else read_number(text)
    if not 0 <= number <= HOT_GRANT_MAX:
        raise ArgumentTypeError(f"{text!r} is no number of minor units")
    return number


def sign(argv: Sequence[str]) -> int:
    """Sign a change of keys, a grant or a checkpoint with a cold key; no home and no network are needed for it."""
    parser = Parser(
        "sign",
        "Sign a change of a network's key, a grant on a link or a checkpoint with a cold key, on whatever machine it\n"
        "is: no home is needed. It prints what was signed: compare it with what the other keepers see.",
        example="mutirao sign rotation.claim --cold cold-2.key rotation.signed-2",
        asks=False,
    )
    parser.add_argument(
        "claim",
        metavar="CLAIM",
        type=Path,
        help="what `mutirao rotate --to-sign` wrote, or what `mutirao links sign LINK --granted AMOUNT --json` or\n"
        "`mutirao checkpoints show ID --json` told",
    )
    parser.add_argument("target", metavar="FILE", type=Path, help="where the signature goes")
    parser.add_argument("--cold", metavar="FILE", type=Path, required=True, help="the cold key")
    args = parser.parse_args(argv)
    from node.keeping import cold

    shown = _written(lambda: cold.sign(args.claim, args.cold, args.target), args.target)
    _show(args, {"file": str(args.target), **asdict(shown)})
    return DONE


def _written(step: Callable[[], T], target: Path) -> T:
    """Return what a step gives that writes a new file."""
    if target.exists():
        raise Misuse(f"{target} is already there, and nothing is written over it")
    try:
        return _done(step)
    except OSError as error:
        raise Misuse(f"{target} cannot be written: {said(error)}") from None


def takeover(argv: Sequence[str]) -> int:
    """Make a stopped replica the home of its network."""
    parser = Parser(
        "takeover",
        "Make a stopped replica the home of its network, once the home that was is gone for good.\n"
        "The promised key takes its place here; what the old home may sign yet counts nowhere. If there are several\n"
        "replicas, take the one with the most entries.",
        example="mutirao takeover --home casa --next stick/next.key --cold stick/cold.key",
        asks=False,
    )
    _home_option(parser)
    parser.add_argument("--next", metavar="FILE", type=Path, required=True, help="the promised key")
    parser.add_argument(
        "--cold", metavar="FILE", type=Path, action="append", required=True, help="a cold key that signs; several times"
    )
    args = parser.parse_args(argv)
    from node.keeping.takeover import take_over

    taken = take_over(args.home, next_key=args.next, cold_keys=args.cold, now=_now_ms, chance=os.urandom)
    _show(args, asdict(_done(lambda: asyncio.run(taken))))
    if not args.json:
        kept = args.home / "keys" / "next.key"
        put(f"\nKeep {kept} away from this machine. Members without a key need new tokens.")
    return DONE


def recover(argv: Sequence[str]) -> int:
    """Give a network whose keys are all lost new ones, in a stopped copy of its books, by its guardians' word."""
    parser = Parser(
        "recover",
        "Make a copy of a network's books, stopped, its home under new keys, once all of its own are lost.\n"
        "First --propose, and let its guardians back what it writes; then, once it is due, --finish.",
        example="mutirao recover --home casa --propose recovery.claim",
        asks=False,
    )
    _home_option(parser)
    parser.add_argument(
        "--propose", metavar="FILE", type=Path, help="make new keys, and write here what guardians back"
    )
    parser.add_argument(
        "--cold-keys", metavar="N", type=read_count, default=1, help="how many cold keys there will be; default: 1"
    )
    parser.add_argument(
        "--cold-needed", metavar="K", type=read_count, help="how many of them have to sign; default: over half"
    )
    parser.add_argument(
        "--finish", metavar="FILE", type=Path, help="what `mutirao recoveries show RECOVERY --json` gave at a guardian"
    )
    args = parser.parse_args(argv)
    if (args.propose is None) == (args.finish is None):
        raise Misuse("either --propose or --finish")
    from node.keeping import recovery

    if args.propose is not None:
        proposed = recovery.propose(
            args.home, args.propose, cold_keys=args.cold_keys, cold_needed=args.cold_needed, chance=os.urandom
        )
        shown = _written(lambda: asyncio.run(proposed), args.propose)
        _show(args, {"file": str(args.propose), **asdict(shown)})
        return DONE
    finished = recovery.finish(args.home, args.finish, now=_now_ms, chance=os.urandom)
    _show(args, asdict(_done(lambda: asyncio.run(finished))))
    if not args.json:
        keys = args.home / "keys"
        put(f"\nKeep next.key and the cold keys in {keys} elsewhere. Members without a key need new tokens.")
    return DONE


def verify(argv: Sequence[str]) -> int:
    """Check a receipt, or a whole book; raises Refused where it proves nothing."""
    verb, rest = choose("verify", "Check without taking anybody's word for it.", _VERIFY_VERBS, argv)
    checks = {
        "receipt": _verify_receipt,
        "proof": _verify_proof,
        "consistency": _verify_consistency,
        "fault": _verify_fault,
        "book": _verify_book,
    }
    return checks[verb](rest)


def _verify_receipt(argv: Sequence[str]) -> int:
    parser = Parser(
        "verify receipt",
        "Check a receipt of a payment, without any node. FILE holds what `mutirao receipts show ID --json` told.",
        example="mutirao verify receipt bread.receipt --network NETWORK",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the receipt, as JSON or as bytes")
    parser.add_argument("--network", metavar="ID", help="the network that you know it must be of")
    args = parser.parse_args(argv)
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

    _show(
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
    parser = Parser(
        "verify proof",
        "Check that a balance, or a payment, is under a checkpoint that its network has signed, without any node.\n"
        "FILE holds what `mutirao balance-proofs show ACCOUNT --json` or `payment-proofs show ID --json` told.\n"
        "Compare the roots that it prints with those that a partner shows: mutirao checkpoints list.",
        example="mutirao verify proof ana.proof --network NETWORK",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the proof, as JSON or as bytes")
    parser.add_argument("--network", metavar="ID", help="the network that you know it must be of")
    args = parser.parse_args(argv)
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
    _show(args, shown)
    return DONE


def _verify_consistency(argv: Sequence[str]) -> int:
    parser = Parser(
        "verify consistency",
        "Check that the entries under a checkpoint begin with those under an older one, without any node.\n"
        "FILE holds what `mutirao consistency-proofs show OLD-NEW --json` told. Compare the older root that it prints\n"
        "with the one that you have kept.",
        example="mutirao verify consistency grown.proof --network NETWORK",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the proof, as JSON or as bytes")
    parser.add_argument("--network", metavar="ID", help="the network that you know it must be of")
    args = parser.parse_args(argv)
    from protocol.practices.between.checkpoints.proofs import PROOF_BYTES_MAX, verify_consistency
    from protocol.wire.keys import id_text

    grown = verify_consistency(_document(args.file, PROOF_BYTES_MAX, "proof"), _network_id(args))
    old, new = grown.old, grown.new
    if grown.fault is not None or old is None or new is None:
        raise refused("PROOF_INVALID", f"{args.file}: {grown.fault}")
    _show(
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
    from protocol.practices.between.faults.evidence import EVIDENCE_BYTES_MAX, Weight, examine
    from protocol.wire.keys import id_text

    found = examine(_document(args.file, EVIDENCE_BYTES_MAX, "evidence"))
    weight, kind = found.weight, found.kind
    if weight is Weight.NEEDS_BOOKS and kind is not None and args.home is not None:
        from node.keeping import upkeep

        proven = _done(lambda: upkeep.bears_out(args.home, kind, found.entries[-1]))
        weight = Weight.PROVEN if proven else Weight.WORTHLESS
    if weight is Weight.WORTHLESS:
        raise refused("FAULT_UNPROVEN", f"{args.file}: it proves nothing{' by these books' if args.home else ''}")
    _show(
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
    _home_option(parser)
    args = parser.parse_args(argv)
    from node.keeping import upkeep

    try:
        report = _done(lambda: upkeep.verify_book(args.home, _tell_progress))
    finally:
        _tell_progress(None)
    if sys.stderr.isatty():
        put("", sys.stderr)
    shown = {"valid": not report.faults, **asdict(report)}
    if not (args.json and report.faults):
        _show(args, shown)
    if report.faults:
        raise Refused({"code": "BOOK_INVALID", "detail": "; ".join(report.faults), **shown})
    return DONE


def _tell_progress(entries: int | None) -> None:
    """Show on the terminal how many entries are done; None ends that."""
    if sys.stderr.isatty():
        print("\r\x1b[K" if entries is None else f"\r{entries} entries", end="", file=sys.stderr, flush=True)


def _home_option(parser: Parser) -> None:
    parser.add_argument("--home", metavar="DIR", type=Path, required=True, help="the node's home directory")


def _done(step: Callable[[], T]) -> T:
    """Return what a step in a home gives; raises Refused where the home cannot be used so."""
    from node.keeping.home import HomeUnusable

    try:
        return step()
    except HomeUnusable as error:
        raise refused("HOME_UNUSABLE", str(error)) from None


def _show(args: Namespace, shown: Mapping[str, Any]) -> None:
    if args.json:
        put_json(shown)
    else:
        put(record(shown))


def _moment_text(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at.isoformat()[:19]}.{at_ms % 1000:03}Z"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
