# SPDX-License-Identifier: AGPL-3.0-or-later
"""Statements: every change of a balance, of a month or of some days, with the balance before and after."""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from cli.arguments import Parser, read_count, read_text
from cli.client import Client, path_of
from cli.ending import DONE, Misuse
from cli.output import figure, money, put, put_json, table
from cli.session import CommandSession, connect

STATEMENT_COLUMNS = ("at", "kind", "counterpart", "amount", "balance", "note")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t")
"""What makes a spreadsheet compute a text."""

_Json = Mapping[str, Any]


def statement(argv: Sequence[str]) -> int:
    """Print every change of an account's balance."""
    parser = Parser(
        "statement",
        "Every change of an account's balance, oldest first unless asked otherwise; with the balance before and after.",
        example="mutirao statement --key ana.key --month 2026-11",
    )
    parser.add_argument("account", nargs="?", type=read_text, help="the account or handle; default: your only one")
    parser.add_argument("--month", type=read_text, metavar="YYYY-MM", help="only this month, by the group's clocks")
    parser.add_argument("--from", dest="first_day", type=read_text, metavar="DAY", help="from this day on")
    parser.add_argument("--to", dest="last_day", type=read_text, metavar="DAY", help="until the end of this day")
    parser.add_argument("--newest-first", action="store_true", help="the newest line first")
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table", help="how to print it")
    parser.add_argument("--limit", metavar="N", type=read_count, help="only the first so many lines")
    parser.add_argument(
        "--all-into",
        type=Path,
        metavar="FOLDER",
        help="the statements of all accounts, as CSV files in this folder",
    )
    args = parser.parse_args(argv)
    session = connect(args)
    period = {name: getattr(args, name) for name in ("month", "first_day", "last_day") if getattr(args, name)}
    if args.all_into is not None:
        return _write_all(session.client, args.all_into, period)
    account = args.account or _only_account(session)
    wanted = {**period, "newest_first": "true"} if args.newest_first else period
    page = session.client.list(path_of("accounts", account, "entries"), wanted, most=args.limit)
    lines = page["items"]
    if args.json or args.format == "json":
        opening, closing = _balances(session.client, account, lines, period, newest_first=args.newest_first)
        put_json({**page, "opening_balance": opening, "closing_balance": closing})
    elif args.format == "csv":
        write_lines(sys.stdout, lines)
    else:
        opening, closing = _balances(session.client, account, lines, period, newest_first=args.newest_first)
        first, last = (closing, opening) if args.newest_first else (opening, closing)
        put(f"{'after' if args.newest_first else 'before'}  {money(first)}")
        put(table(lines, STATEMENT_COLUMNS))
        put(f"{'before' if args.newest_first else 'after'}  {money(last)}")
    return DONE


def _balances(
    client: Client, account: str, lines: Sequence[_Json], period: Mapping[str, str], *, newest_first: bool
) -> tuple[_Json, _Json]:
    """Return the balance before the oldest of these lines and after the newest; of none, that at the period's end."""
    if lines:
        oldest, newest = (lines[-1], lines[0]) if newest_first else (lines[0], lines[-1])
        before = int(oldest["balance"]["value"]) - int(oldest["amount"]["value"])
        return {**oldest["balance"], "value": str(before)}, newest["balance"]
    shown = client.get(path_of("accounts", account))
    last_day = period.get("last_day") or (f"{period['month']}-01" if "month" in period else period.get("first_day"))
    until = {"newest_first": "true"} if last_day is None else {"newest_first": "true", "last_day": last_day}
    found = client.list(path_of("accounts", account, "entries"), until, most=1)["items"]
    still = found[0]["balance"] if found else {**shown["balance"], "value": "0"}
    return still, still


def _write_all(client: Client, folder: Path, period: Mapping[str, str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for account in _accounts(client):
        lines = client.list(path_of("accounts", account["id"], "entries"), period)["items"]
        before, after = _balances(client, account["id"], lines, period, newest_first=False)
        path = folder / f"{account['name']}.{account['currency']}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            write_lines(file, lines, before, after)
        written += 1
    put(f"{written} statements are in {folder}")
    return DONE


def _accounts(client: Client) -> Iterator[_Json]:
    yield from client.list(path_of("accounts"))["items"]


def _only_account(session: CommandSession) -> str:
    accounts = session.client.list(path_of("accounts"), most=2)["items"]
    if len(accounts) != 1:
        told = " (mutirao balance lists them)" if accounts else ""
        raise Misuse(f"which account? {'there are several' if accounts else 'you have none'}{told}")
    return accounts[0]["id"]


def write_lines(file: TextIO, lines: Sequence[_Json], before: _Json | None = None, after: _Json | None = None) -> None:
    """Write statement lines as CSV, oldest first, with the balance before and after them where these are told."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("at", "kind", "counterpart", "amount", "balance", "currency", "note", "payment"))
    if before is not None:
        writer.writerow(("", "before", "", "", figure(before), before["asset_code"], "", ""))
    for line in lines:
        amount = line["amount"]
        texts = (line["at"], line["kind"], line["counterpart"], amount["asset_code"], line["note"], line["payment"])
        at, kind, counterpart, currency, note, payment = (_cell_of_sheet(text or "") for text in texts)
        writer.writerow((at, kind, counterpart, figure(amount), figure(line["balance"]), currency, note, payment))
    if after is not None:
        writer.writerow(("", "after", "", "", figure(after), after["asset_code"], "", ""))


def _cell_of_sheet(text: str) -> str:
    # Others write notes and names: a spreadsheet must show them, not carry them out.
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
