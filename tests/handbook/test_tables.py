# SPDX-License-Identifier: AGPL-3.0-or-later
"""The tables of the handbook say what the code says, and what one page points to is there."""

import ast
import importlib
import json
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest

import crdt
import protocol
from crdt.link.record import LinkFault
from node.http.problems import REASONS
from protocol.book.declaration import Act, Create
from protocol.book.money import Amount
from protocol.book.rehearsal import Proposed
from protocol.book.signed import Envelope, Signed
from protocol.lanes.claims import (
    BackedBy,
    Backing,
    ColdKeys,
    ColdSignature,
    Guardians,
    Inception,
    LaneHead,
    Recovery,
    RecoveryClaim,
    Reopening,
    Rotation,
    RotationClaim,
)
from protocol.lanes.directory import Profile
from protocol.lanes.entry import Header, decode_body, parse
from protocol.lanes.items import ItemSaid
from protocol.peers import messages
from protocol.peers.board_messages import BoardHead, BoardPlace, BoardSpan
from protocol.peers.budgets import BUDGETS
from protocol.peers.messages import Debt, Hop, Item, Knows, LaneRange, Span
from protocol.peers.order_messages import OrderStep, OrderTerms
from protocol.practices import OPERATIONS, PRACTICES
from protocol.practices.between.abroad.entries import Come, Part
from protocol.practices.between.abroad.onward import Onward
from protocol.practices.between.checkpoints.proofs import (
    BalanceLeaf,
    Checkpoint,
    CheckpointClaim,
    ConsistencyProof,
    Proof,
    Total,
)
from protocol.practices.between.clearing.circles import Circle, CircleOnward, Leg
from protocol.practices.between.clearing.entries import Owed
from protocol.practices.between.clearing.intents import LinkDebt
from protocol.practices.between.faults.evidence import SELF_PROVING, Evidence, FaultKind
from protocol.practices.between.links.entries import (
    AckItem,
    ClaimItem,
    GrantClaim,
    HoldItem,
    LinkRecord,
    Settings,
    SignedGrant,
    Terms,
    WaiveItem,
)
from protocol.practices.between.quotes.invoices import Invoice, InvoiceLeg
from protocol.practices.chains.entries import (
    EnterpriseStatus,
    RecipeShare,
    SegmentKind,
    SupplyEvidence,
    SupplyRelation,
)
from protocol.practices.chains.sheets.columns import COLUMN_NAMES, SHEET_LANGUAGES, SHEETS, WHO_NAMES, WORD_NAMES
from protocol.practices.credit.cards.statements import (
    CardCertificate,
    CardHotlist,
    CardPayment,
    TerminalGrant,
    TerminalRecord,
)
from protocol.practices.credit.kiosks.statements import KioskStatement, RedemptionSlip, SignedSlip, SignedStatement
from protocol.practices.money.openings import BalanceOpened
from protocol.practices.money.receipts import Attested, Receipt
from protocol.practices.money.setoffs.entries import Share
from protocol.practices.people.joinings import Joining
from protocol.practices.people.members.entries import Opening

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
PROPERTIES = (ROOT / "docs" / "properties.md").read_text()
API = (ROOT / "docs" / "api.md").read_text()
STORIES = (ROOT / "docs" / "stories.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()

_LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def tables(page: str) -> Iterator[list[list[str]]]:
    """Yield the tables of a page, each as its rows without the line under the head."""
    rows: list[list[str]] = []
    for line in [*page.splitlines(), ""]:
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.replace(r"\|", "\0").strip("|").split("|")]
            rows.append([cell.replace("\0", "|") for cell in cells])
        elif rows:
            yield [rows[0], *rows[2:]]
            rows = []


def table(page: str, *head: str) -> list[list[str]]:
    """Return the rows of the one table with this head."""
    [found] = [rows[1:] for rows in tables(page) if tuple(rows[0]) == head]
    return found


def rows_of(page: str, *head: str) -> dict[str, str]:
    """Return all rows of all tables with this head of two columns."""
    return {row[0]: row[1] for rows in tables(page) if tuple(rows[0]) == head for row in rows[1:]}


def spelt(kind: type[Any]) -> str:
    """Return the fields of a record as the tables write them: number and name, ? where one may be absent."""
    hints = get_type_hints(kind, include_extras=True)
    return ", ".join(
        f"{number} {one.name}{'?' if is_optional(hints[one.name]) else ''}"
        for number, one in enumerate(fields(kind), 1)
    )


def is_optional(hint: Any) -> bool:
    return NoneType in get_args(get_args(hint)[0] if get_origin(hint) is Annotated else hint)


def named(*kinds: type[Any]) -> dict[str, str]:
    return {f"`{getattr(kind, 'KIND', kind.__name__)}`": spelt(kind) for kind in kinds}


# The protocol's page.


def test_the_header() -> None:
    rows = table(PROTOCOL, "#", "header field", "what it is")
    assert ", ".join(f"{number} {name}" for number, name, _ in rows) == spelt(Header)


def test_what_is_signed_and_hashed() -> None:
    """Every kind that stands in the code, and none that does not."""
    source = "\n".join(
        path.read_text() for package in ("crdt", "protocol", "node") for path in (ROOT / package).rglob("*.py")
    )
    written = r'\b(?:digest|sign|verify)\((?:[\w.\[\]]+, )?"([a-z-]+)"|b"mutirao/v1/([a-z-]+)\\0'
    found = {one or other for one, other in re.findall(written, source)}
    found |= {kind.KIND for kind in (Envelope, Joining, CheckpointClaim, GrantClaim, CardPayment, TerminalRecord)}
    told = {kind for row in table(PROTOCOL, "kind", "is", "over") for kind in re.findall(r"`([a-z-]+)`", row[0])}
    assert told == found


def test_what_stands_in_the_lanes() -> None:
    assert rows_of(PROTOCOL, "kind or part", "fields") == named(
        Inception,
        Rotation,
        Reopening,
        RotationClaim,
        ColdKeys,
        LaneHead,
        ColdSignature,
        Recovery,
        RecoveryClaim,
        Guardians,
        Backing,
        BackedBy,
    )
    kinds = {kind.KIND: kind for feature in PRACTICES for kind in (*feature.entries, *feature.words)}
    assert rows_of(PROTOCOL, "kind", "fields") == named(*kinds.values(), Envelope, Joining)
    assert f"`{Profile.KIND}`, {spelt(Profile)}" in PROTOCOL


def test_what_members_sign_for_each_operation() -> None:
    signed = {
        name: one.wish for name, one in OPERATIONS.items() if isinstance(one, Create | Act) and one.signed is not None
    }
    kinds: list[Any] = [kind for feature in PRACTICES for kind in feature.entries if hasattr(kind, "OPERATION")]
    assert set(signed) == {kind.OPERATION for kind in kinds}
    rows = {operation: fields for operation, _, fields in table(PROTOCOL, "operation", "by word", "fields of the wish")}
    assert rows == {f"`{name}`": spelt(wish) for name, wish in signed.items()}


LEDGER_RULES = {kind: cells for kind, *cells in table(PROTOCOL, "kind", "who may", "refused when", "posts")}
TRACE = json.loads((ROOT / "tests" / "vectors" / "own_fold_trace.json").read_text())
KINDS = {kind.KIND: kind for feature in PRACTICES for kind in feature.entries}
OF_EVERY_WISH = {
    "MALFORMED", "SIGNATURE_INVALID", "KEY_UNKNOWN", "WRONG_NETWORK",
    "ORDER_REPLAYED", "ORDER_STALE", "ORDER_AHEAD", "ORDER_EXPIRED",
}  # fmt: skip


def kind_of(wire: str) -> str:
    return decode_body(parse(bytes.fromhex(wire)).body_bytes, KINDS)[0].KIND


def test_who_may_write_what_in_the_ledger() -> None:
    assert LEDGER_RULES.keys() == {f"`{name}`" for name in KINDS}
    for name, kind in KINDS.items():
        words = {one.name for one in fields(kind)}
        by_key = "key or word" if "word" in words else "key"
        allowed = [by_key] if hasattr(kind, "OPERATION") else ["network", "group"]
        assert LEDGER_RULES[f"`{name}`"][0] in allowed, name


def test_every_reason_to_refuse_an_entry_has_its_vector_and_every_vector_its_reason() -> None:
    shown: dict[str, set[str]] = {name: set() for name in KINDS}
    for case in TRACE["refused"]:
        shown[kind_of(case["wire"])].add(case["code"])
    for name, kind in KINDS.items():
        _, refused, _ = LEDGER_RULES[f"`{name}`"]
        told = set(re.findall(r"`([A-Z_]+)`(?!†)", refused))
        assert told <= shown[name], (name, told - shown[name])
        of_all = OF_EVERY_WISH if hasattr(kind, "OPERATION") else set[str]()
        assert shown[name] <= told | of_all, (name, shown[name] - told)
        assert set(re.findall(r"`([A-Z_]+)`", refused)) <= REASONS.keys()


def classes(accounts: Iterable[str]) -> str:
    """Return which accounts these are, as the table calls them."""
    own = {"link", *(account.name for practice in PRACTICES for account in practice.accounts)}
    named = (account.partition(".")[0].partition("-")[0] for account in accounts)
    return ", ".join(sorted({name if name in own else "member" for name in named}))


def test_what_each_kind_posts() -> None:
    moved: dict[str, set[str]] = {name: set() for name in KINDS}
    before: dict[str, int] = {}
    for case in TRACE["entries"]:
        names = before.keys() | case["balances"].keys()
        change = {name: case["balances"].get(name, 0) - before.get(name, 0) for name in names}
        down, up = (classes(name for name, minor in change.items() if sign * minor > 0) for sign in (-1, 1))
        if down or up:
            moved[case["kind"]].add(f"{down} to {up}")
        before = case["balances"]
    for name, flows in moved.items():
        told = {flow for flow in LEDGER_RULES[f"`{name}`"][2].split("; ") if flow}
        assert (flows <= told and bool(flows) is bool(told)) or name in UNMOVED, (name, flows, told)


UNMOVED = {
    "clearing/failed",
    "reserves/issued",
    "reserves/till-moved",
    "redemptions/asked",
    "kiosks/synced",
    "vouchers/lapsed",
}
"""Kinds that post in a case of which no story of the trace tells."""


def test_the_parts_of_records() -> None:
    parts = (Opening, Signed, Amount, Receipt, Attested, Invoice, Onward, Hop, Item, Knows, LaneRange, Span)
    parts = (*parts, BoardHead, BoardPlace, BoardSpan, OrderStep, OrderTerms)
    parts = (*parts, Part, Come, LinkDebt, Owed, Leg, Circle, CircleOnward, Debt, Share, BalanceOpened, Proposed)
    parts = (*parts, SupplyRelation, RecipeShare, InvoiceLeg, messages.LegWanted)
    parts = (*parts, CardCertificate, TerminalGrant, CardHotlist, CardPayment, TerminalRecord)
    parts = (*parts, SignedStatement, KioskStatement, SignedSlip, RedemptionSlip)
    link = (LinkRecord, Terms, Settings, HoldItem, ClaimItem, WaiveItem, AckItem, SignedGrant, GrantClaim)
    proof = (Checkpoint, Total, BalanceLeaf, Proof, ConsistencyProof, CheckpointClaim, Evidence)
    expected = {f"`{kind.__name__}`": spelt(kind) for kind in (*parts, *link, *proof)}
    assert rows_of(PROTOCOL, "part", "fields") == expected


def test_what_stands_on_boards() -> None:
    kinds = [kind.body for practice in PRACTICES for kind in practice.boards]
    assert rows_of(PROTOCOL, "kind of item", "fields") == named(*kinds)
    assert rows_of(PROTOCOL, "in an item", "fields") == named(ItemSaid)


def test_the_messages() -> None:
    rows = table(PROTOCOL, "number", "message", "fields")
    assert rows == [[str(number), kind.__name__, spelt(kind)] for number, kind in enumerate(messages.MESSAGE_KINDS)]


def test_the_entry_that_is_shown_byte_by_byte() -> None:
    shown = PROTOCOL.partition("byte by byte:\n\n```\n")[2].partition("```")[0]
    parts = [re.match(r" *((?:[0-9a-f. ]|\.\.\.)+?)(?:  |$)", line) for line in shown.splitlines()]
    wanted = "".join(part[1].replace(" ", "").replace("...", "[0-9a-f]*") for part in parts if part)
    entries = json.loads((ROOT / "tests" / "vectors" / "own_entries.json").read_text())["entries"]
    [wire] = [one["wire"] for one in entries if one["name"] == "the first entry of a ledger"]
    assert re.fullmatch(wanted, wire)


def test_the_faults_of_a_link_in_their_order() -> None:
    assert [row[0] for row in table(PROTOCOL, "fault", "the record")] == list(LinkFault)


def test_the_kinds_of_faults() -> None:
    rows = table(PROTOCOL, "kind of fault", "the network", "proves itself")
    assert [(kind, proves == "yes") for kind, _, proves in rows] == [(kind, kind in SELF_PROVING) for kind in FaultKind]


def constants() -> dict[str, int]:
    """Return all numbers of crdt and protocol that a module gives a public name, by module and name."""
    found: dict[str, int] = {}
    for package in (crdt, protocol):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            assert module.__file__ is not None
            for statement in ast.parse(Path(module.__file__).read_text()).body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                for target in targets:
                    name = target.id if isinstance(target, ast.Name) else "_"
                    value = getattr(module, name, None)
                    if not name.startswith("_") and type(value) is int:
                        found[f"{info.name}.{name}"] = value
    return found


def test_every_bound_has_its_row_and_its_value() -> None:
    rows = table(PROPERTIES, "constant", "value", "what it bounds")
    told = {name.strip("`"): int(value.replace(",", "")) for name, value, _ in rows}
    assert told == constants()
    assert all(row[2] for row in rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_what_is_kept_of_others_is_told_by_tie() -> None:
    rows = table(OPERATING, "tie", "entries of one network", "KiB of one network", "entries together", "MiB together")
    expected = [
        [one.name.lower(), *(f"{figure:,}" for figure in (
            BUDGETS[one].each.entries, BUDGETS[one].each.bytes // 1024,
            BUDGETS[one].together.entries, BUDGETS[one].together.bytes // 1024**2,
        ))]
        for one in sorted(BUDGETS)
    ]  # fmt: skip
    assert rows == [*expected, ["partner", *["all"] * 4]]


# The API's page.


def test_every_code_has_its_status_and_its_title() -> None:
    # In the order of the stages: of two reasons the one of the earlier stage is told.
    known = sorted(REASONS.values(), key=lambda reason: reason.stage)
    expected = [[f"`{one.code}`", one.stage.name.lower(), str(one.status), one.title] for one in known]
    assert table(API, "code", "stage", "status", "what it tells") == expected


def test_every_operation_has_its_place() -> None:
    verbs: dict[str, list[str]] = {}
    for name in OPERATIONS:
        noun, _, verb = name.partition(".")
        verbs.setdefault(noun, []).append(verb)
    expected = {f"`/v1/{noun}`": ", ".join(found) for noun, found in verbs.items()}
    assert rows_of(API, "resource", "what can be done") == expected


def test_the_columns_of_sheets() -> None:
    rows = {row[0]: row[1:] for row in table(API, "sheet", "needs", "may have")}
    assert rows == {
        f"`{name}.csv`": [", ".join(sorted(needed)), ", ".join(sorted(known - needed))]
        for name, (needed, known) in SHEETS.items()
    }


def test_what_columns_and_words_of_sheets_are_called() -> None:
    cells = {EnterpriseStatus: "status", SegmentKind: "segments", SupplyEvidence: "evidence"}
    expected = {f"`{name}`": list(called) for name, called in COLUMN_NAMES.items()}
    expected |= {
        f"`{cells[kind]}` {meant.value}": list(called)
        for kind, names in WORD_NAMES.items()
        for meant, called in names.items()
    }
    expected |= {
        f"`{of}` {who}": list(WHO_NAMES[who]) for of, who in (("buyer", "households"), ("supplier", "outside"))
    }
    rows = table(API, "what it is", *SHEET_LANGUAGES, "also")
    assert {row[0]: row[1:] for row in rows} == expected


# The stories' page.


def test_every_story_names_tests_that_are_there() -> None:
    rows = table(STORIES, "story", "command", "figure", "test")
    assert rows
    for story, _, figure, test in rows:
        assert story and figure
        names = re.findall(r"`([^`]+)`", test)
        assert names, story
        for name in names:
            path, _, function = name.partition("::")
            source = ast.parse((ROOT / path).read_text())
            assert function in {
                one.name for one in ast.walk(source) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
            }, name


# The operator's page.


def test_what_is_to_be_found_in_the_logs_is_logged() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "node").rglob("*.py"))
    for message, levels, _ in table(OPERATING, "message", "level", "what it means"):
        for level in levels.split(", "):
            assert f'log.{level}("{message.strip("`")}' in source, message


# All pages.


def slug(heading: str) -> str:
    """Return the anchor of a heading as GitHub and others make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), target
        if anchor:
            assert anchor in {slug(heading) for heading in _HEADING.findall(found.read_text())}, target


def test_the_readme_leads_to_every_page() -> None:
    targets = {target.partition("#")[0] for target in _LINK.findall((ROOT / "README.md").read_text())}
    missing = [page.name for page in (ROOT / "docs").glob("*.md") if f"docs/{page.name}" not in targets]
    assert not missing
