# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sheets of a chain in a folder: sent to the node all at once, or written as the node has them."""

import csv
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cli.arguments import Parser
from cli.client import Client, path_of
from cli.ending import DONE, Misuse
from cli.output import put, put_json, shown_decimal
from cli.session import connect
from cli.statements import FORMULA_SIGNS

FOLDER_SHEETS = ("rates", "enterprises", "relations", "recipes", "criteria", "households")
FOLDER_SHEET_BYTES_MAX = 1024 * 1024
"""Of one file, as the node takes it."""
SHEETS_SECONDS = 120.0
"""How long the command waits for the node to read all of it."""
LINE_END = b"\n"
ROWS_TOLD = ("enterprises", "relations", "recipes", "criteria", "households")

_Json = Mapping[str, Any]


def import_sheets(argv: Sequence[str]) -> int:
    """Send the sheets of a folder to the node, which takes all of them in or none."""
    parser = Parser(
        "chains import",
        "Take in the sheets of a chain: enterprises.csv, relations.csv, recipes.csv, criteria.csv, households.csv and"
        " rates.csv of a folder, those that are there; all or nothing.",
        example="mutirao chains import valley/ --language pt",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where the sheets are")
    parser.add_argument(
        "--language", choices=("en", "es", "pt", "fr"), default="en", help="how numbers are written: 1,234.5 in en"
    )
    parser.add_argument("--dry-run", action="store_true", help="let the node read all of it, and take nothing in")
    args = parser.parse_args(argv)
    args.timeout = args.timeout or SHEETS_SECONDS
    tell = (lambda _: None) if args.json else put
    shown = send_sheets(connect(args).client, args.folder, args.language, tell, dry_run=args.dry_run)
    if args.json:
        put_json(shown)
    else:
        put(rows_told(shown))
    return DONE


def send_sheets(
    client: Client, folder: Path, language: str, tell: Callable[[str], None], *, dry_run: bool = False
) -> _Json:
    """Send the sheets of a folder, telling of each, and return what the node says of them."""
    wish: dict[str, Any] = {"language": language, "dry_run": dry_run}
    for name, data in _sheets_in(folder):
        tell(f"{name}.csv: {data.count(LINE_END):,} lines, {len(data):,} bytes")
        wish[name] = _encoded(data)
    tell(f"{client.url} reads all of it")
    return client.post(path_of("chain-sheets"), wish)


def rows_told(shown: _Json) -> str:
    """Return how much was taken in: "120 enterprises, 600 relations, 4 recipes taken"."""
    counts = [f"{shown[name]} {_one_or_many(name, shown[name])}" for name in ROWS_TOLD if shown[name]]
    done = "taken" if shown["taken_at"] else "could be taken; nothing was"
    return f"{', '.join(counts) or 'no rows'} {done}"


def export_sheets(argv: Sequence[str]) -> int:
    """Write the chain as the sheets from which it can be taken in again."""
    parser = Parser(
        "chains export",
        "Write the figures of the chain as the sheets that `mutirao chains import` takes in; for those who coordinate.",
        example="mutirao chains export valley/",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where to write them; made if it is not there")
    parser.add_argument("--force", action="store_true", help="write over sheets that are there")
    args = parser.parse_args(argv)
    client = connect(args).client
    told = ((name, [columns(one) for one in client.list(path_of(noun))["items"]]) for name, noun, columns in _EXPORTED)
    found = {name: rows for name, rows in told if rows}
    _may_write(args.folder, found, force=args.force)
    if found:
        try:
            args.folder.mkdir(parents=True, exist_ok=True)
            for name, rows in found.items():
                _write(args.folder / f"{name}.csv", rows)
        except OSError as error:
            raise Misuse(f"{args.folder} cannot be written: {error.strerror}") from None
    counts = {name: len(rows) for name, rows in found.items()}
    if args.json:
        put_json(counts)
    elif counts:
        put(", ".join(f"{count} {_one_or_many(name, count)}" for name, count in counts.items()) + " written")
    else:
        put("the chain has no figures yet; nothing was written")
    return DONE


def _may_write(folder: Path, found: Collection[str], *, force: bool) -> None:
    """Raise Misuse where sheets would be written over, or would be taken in beside what is written."""
    there = [name for name in FOLDER_SHEETS if (folder / f"{name}.csv").is_file()]
    if there and not force:
        raise Misuse(f"{folder} has {there[0]}.csv; write to another folder, or over it with --force")
    # What they say is in the relations that are written, or in the chain no more.
    beside = [name for name in there if name not in {*found, "rates"}]
    if beside:
        raise Misuse(f"{folder} has {beside[0]}.csv, which would be counted beside what is written; move it away first")


def _sheets_in(folder: Path) -> list[tuple[str, bytes]]:
    """Return the sheets of a folder; raises Misuse where there are none, or one is too large to be sent."""
    if not folder.is_dir():
        raise Misuse(f"{folder} is no folder")
    strange = sorted(path.name for path in folder.glob("*.csv") if path.stem not in FOLDER_SHEETS)
    if strange:
        raise Misuse(f"{folder} has {strange[0]}; sheets are called {', '.join(f'{one}.csv' for one in FOLDER_SHEETS)}")
    found: list[tuple[str, bytes]] = []
    for name in FOLDER_SHEETS:
        path = folder / f"{name}.csv"
        if not path.is_file():
            continue
        size = path.stat().st_size
        if size > FOLDER_SHEET_BYTES_MAX:
            raise Misuse(f"{path} has {size:,} bytes; a sheet may have {FOLDER_SHEET_BYTES_MAX:,}: sum small rows up")
        found.append((name, path.read_bytes()))
    if not found:
        raise Misuse(f"{folder} has no sheets: {', '.join(f'{one}.csv' for one in FOLDER_SHEETS)}")
    return found


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _one_or_many(name: str, count: int) -> str:
    if name == "households":
        return "row of the survey" if count == 1 else "rows of the survey"
    return {"criteria": "criterion"}.get(name, name.removesuffix("s")) if count == 1 else name


def _write(path: Path, rows: Sequence[_Json]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({name: _guarded(str(cell)) for name, cell in row.items()} for row in rows)


def _guarded(text: str) -> str:
    """Return a cell that no spreadsheet carries out: who named an enterprise may have meant harm."""
    is_figure = text[:1] == "-" and text[1:].replace(".", "", 1).isdecimal()
    return f"'{text}" if text.startswith(FORMULA_SIGNS) and not is_figure else text


def _value(amount: _Json | None) -> str:
    return "" if amount is None else shown_decimal(int(amount["value"]), int(amount["asset_scale"]))


def _enterprise(one: _Json) -> _Json:
    latitude, _, longitude = (one["place"] or "").partition(",")
    outside = one["status"] == "outside"
    return {
        "id": one["handle"],
        "name": one["name"] or "",
        "isic": one["isic"],
        "segments": ", ".join(one["segments"]),
        "status": one["status"],
        "evidence": one["evidence"] or "",
        "latitude": latitude,
        "longitude": longitude,
        "member": one["member"] or "",
        "turnover": "" if outside else _value(one["turnover"]),
        "wages": "" if outside else _value(one["wages"]),
        "surplus": "" if outside else _value(one["surplus"]),
    }


def _relation(one: _Json) -> _Json:
    quantity, _, unit = (one["quantity"] or "").partition(" ")
    period = one["period"]
    return {
        "buyer": one["buyer"],
        "item": one["item"],
        "supplier": one["supplier"],
        "quantity": quantity,
        "unit": unit,
        "value": _value(one["value"]),
        "period": "" if period is None else f"{period // 100}-{period % 100:02}",
        "evidence": one["evidence"],
        "source": one["source"] or "",
    }


def _recipe(one: _Json) -> _Json:
    parts = (
        f"{part['item']}{f' ({supplier})' if (supplier := part['supplier']) else ''} {part['share']}"
        for part in one["buys"]
    )
    return {
        "id": one["handle"],
        "name": one["name"] or "",
        "item": one["item"],
        "pledged": one["pledged"],
        "buys": " + ".join(parts),
        "wages": one["wages"],
        "surplus": one["surplus"],
        "investment": _value(one["investment"]),
        "minimum": _value(one["minimum"]),
        "capacity": _value(one["capacity"]),
        "hours": "" if one["hours"] is None else one["hours"],
    }


def _criterion(one: _Json) -> _Json:
    return {
        "enterprise": one["enterprise"],
        "criterion": one["criterion"],
        "value": one["value"] or "",
        "day": one["day"] or "",
        "source": one["source"] or "",
    }


_EXPORTED: tuple[tuple[str, str, Callable[[_Json], _Json]], ...] = (
    ("enterprises", "enterprises", _enterprise),
    ("relations", "supply", _relation),
    ("recipes", "recipes", _recipe),
    ("criteria", "criteria", _criterion),
)
