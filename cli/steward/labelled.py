# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a label is checked without any node: by its file, and by the status list that one has."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.arguments import Parser
from cli.ending import DONE, Misuse, WishRefused
from cli.settings import said
from cli.steward.machine import show_result


def verify_label_alone(argv: Sequence[str]) -> int:
    """Check a label; raises WishRefused with the code of the reason why it does not count."""
    parser = Parser(
        "verify label",
        "Check a label, without any node: signature, dates, revocation and what it covers. FILE is the label as a\n"
        "credential, as `mutirao labels credential --label ID --format vc` or another program wrote it. Whether its\n"
        "issuer is to be trusted your group decides: name whom it trusts (`mutirao label-issuers list`).",
        example="mutirao verify label honey.vc --status honey.list --trusted did:key:z6Mk... --code 02910",
        asks=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the label")
    parser.add_argument("--status", metavar="FILE", type=Path, help="the status list that it names")
    parser.add_argument("--trusted", metavar="DID", action="append", default=[], help="an issuer that you trust")
    parser.add_argument("--code", metavar="CODE", help="the product's item code (CPC 2.1)")
    parser.add_argument("--plot", metavar="PLOT", help="from which plot it is")
    parser.add_argument("--gtin", metavar="GTIN", help="its trade item number")
    args = parser.parse_args(argv)
    import time

    from protocol.book.refusals import Refused
    from protocol.practices.marks.labels.gtin import gtin14
    from protocol.practices.marks.labels.reading import read_label, read_status
    from protocol.practices.marks.labels.verdict import LabelAsked, against_label, label_warnings

    gtin = None if args.gtin is None else gtin14(args.gtin)
    if args.gtin is not None and gtin is None:
        raise Misuse(f"{args.gtin} is no GTIN: its check digit is wrong")
    facts = read_label(_credential(args.file))
    if isinstance(facts, Refused):
        raise _refused(facts)
    status = None if args.status is None else read_status(_credential(args.status), facts)
    if isinstance(status, Refused):
        raise _refused(status)
    asked = LabelAsked(time.time_ns() // 1_000_000, args.code, args.plot, gtin)
    trusted = not args.trusted or facts.issuer in args.trusted
    refused = against_label(facts, asked, trusted=trusted, status=status)
    if refused is not None:
        raise _refused(refused)
    show_result(
        args,
        {
            "valid": True if args.trusted else "if you trust its issuer",
            "label": facts.label,
            "scheme": facts.scheme_name,
            "issuer": facts.issuer,
            "issuer_name": facts.issuer_name,
            "holder": facts.holder_name,
            "covers": list(facts.codes),
            "plots": list(facts.plots),
            "gtins": list(facts.gtins),
            "level": facts.level,
            "status_days_old": None if status is None else status.days_old(asked.at_ms),
            "warnings": [one.value for one in label_warnings(facts, asked, status)],
        },
    )
    return DONE


def _credential(path: Path) -> bytes:
    """Return the credential in a file: as it stands, or in the JSON that the API shows."""
    from protocol.practices.marks.labels.reading import CREDENTIAL_BYTES_MAX

    try:
        with path.open("rb") as file:
            data = file.read(4 * CREDENTIAL_BYTES_MAX)
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {said(error)}") from None
    try:
        inner: Any = json.loads(data)["credential"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return data
    return inner.encode() if isinstance(inner, str) else data


def _refused(found: Any) -> WishRefused:
    """Return a refusal of the rules as the node would tell it."""
    texts = found.reason.texts
    figures = {name: str(value) for name, value in found.figures.items()}
    detail, heading, *ways = (text.format_map(figures) for text in (texts.sentence, texts.heading, *texts.ways))
    return WishRefused({"code": found.reason.code, "detail": detail, "heading": heading, "ways": ways, **figures})
