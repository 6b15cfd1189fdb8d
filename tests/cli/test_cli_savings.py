# SPDX-License-Identifier: AGPL-3.0-or-later
"""A savings group as it is typed at a real node: founded, its sheets signed and booked, shared out, over a restart."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, command

pytestmark = pytest.mark.timeout(120)
HANDLES = ("ana", "bia", "caio", "dora")


@pytest.fixture(scope="module")
def vale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    path = tmp_path_factory.mktemp("nodes") / "vale"
    words = ("--handle", "vale", "--currency", "HORA", "--default-limit", "900.00", "--json")
    told = json.loads(subprocess.check_output(command("init", "--home", path, *words), text=True))
    home = Home(path, told["steward_token"])
    home.serve()
    yield home
    home.stop()


def test_a_savings_group_over_its_cycle(mutirao: Callable[..., Any], vale: Home, tmp_path: Path) -> None:
    key = tmp_path / "ana.key"
    assert mutirao("keys", "new", "--out", key).code == 0
    for handle in HANDLES:
        code = mutirao("invitations", "create", *vale.steward).shown["code"]
        own = ("--key", key) if handle == "ana" else ()
        assert mutirao("join", code, "--handle", handle, "--node", vale.url, "--json", *own).code == 0
        assert mutirao("members", "approve", handle, *vale.steward).code == 0
    holders = [word for handle in HANDLES[:3] for word in ("--key-holders", handle)]
    made = ("savings-groups", "create", "--title", "Tuesday", "--currency", "HORA", "--share", "10.00")
    group = mutirao(*made, *holders, "--shares-max", "40", *vale.steward).shown
    assert (group["state"], group["charge"], group["savers"]) == (None, "10%", [])
    early = mutirao("savings-groups", "open", group["id"], *vale.steward)
    assert early.code == 1 and "SAVER_UNKNOWN: ana does not save here" in early.err
    for handle in HANDLES:
        by = ("--node", vale.url, "--key", key) if handle == "ana" else ("--member", handle, *vale.steward)
        joined = mutirao("savings-groups", "join", group["id"], *by)
        assert joined.code == 0, joined.err
    assert mutirao("savings-groups", "open", group["id"], *vale.steward).shown["state"] == "open"

    note = ("savings-meetings", "create", "--group", group["id"])
    rows = [f"member={handle},shares={shares}" for handle, shares in zip(HANDLES, (40, 30, 20, 10), strict=True)]
    rows[0] += ",social=75.00"
    told = [word for row in rows for word in ("--rows", row)]
    wrong = mutirao(*note, "--number", "1", *told[:-1], "member=dora,shares=41", *vale.steward)
    assert wrong.code == 1
    assert "SHEET_ROW_WRONG: Row 4 is wrong\n  Row 4, dora: shares has to be at most 40." in wrong.err
    meeting = mutirao(*note, "--number", "1", *told, *vale.steward).shown
    assert mutirao(*note, "--number", "1", *told, *vale.steward).shown == meeting, "typed in twice, it is one"
    hold(mutirao, vale, key, meeting["id"], missing="2 of 3 keys missing")

    lend = mutirao(*note, "--number", "2", "--rows", "member=bia,lent=900.00", *vale.steward).shown
    hold(mutirao, vale, key, lend["id"])
    vale.stop()
    vale.serve()
    early = mutirao(*note, "--number", "3", "--share-out", *vale.steward)
    assert early.code == 1 and "CYCLE_NOT_CLEAR: 990.00 HORA still lent out" in early.err
    blank = ("savings-sheets", "blank", "--group", group["id"], "--output", "sheet.html", *vale.steward)
    assert mutirao(*blank).code == 0
    page = Path("sheet.html").read_text()
    assert "Tuesday: meeting 3" in page and "<td>bia" in page and "990.00" in page
    last = mutirao(*note, "--number", "3", "--rows", "member=bia,repaid=990.00", "--share-out", *vale.steward).shown
    ended = hold(mutirao, vale, key, last["id"])
    assert [one["amount"]["value"] for one in ended["shared"]] == ["43600", "32700", "21800", "10900"]
    shown = mutirao("savings-groups", "show", group["id"], *vale.steward).shown
    assert (shown["state"], shown["social_fund"]["value"], shown["loan_fund"]["value"]) == ("closed", "7500", "0")
    kept = mutirao("savings-meetings", "list", "--group", group["id"], *vale.steward).shown["items"]
    assert [one["state"] for one in kept] == ["held"] * 3


def hold(mutirao: Callable[..., Any], home: Home, key: Path, meeting: str, missing: str = "") -> Any:
    """Let the key-holders sign a sheet, and book it."""
    booking = ("savings-meetings", "hold", meeting, *home.steward)
    for handle in HANDLES[:3]:
        if missing and handle == "bia":
            refused = mutirao(*booking)
            assert refused.code == 1 and f"KEYS_MISSING: {missing}" in refused.err
        by = ("--node", home.url, "--key", key) if handle == "ana" else ("--member", handle, *home.steward)
        signed = mutirao("savings-meetings", "sign", meeting, *by)
        assert signed.code == 0, signed.err
    held = mutirao(*booking)
    assert held.code == 0, held.err
    return held.shown


def test_days_of_rotating_work(mutirao: Callable[..., Any], vale: Home) -> None:
    currency = ("currencies", "create", "--code", "DIA", "--name", "Dia", "--credit-limit", "11", "--scale", "0")
    assert mutirao(*currency, *vale.steward).code == 0
    for handle in ("elis", "fia"):
        code = mutirao("invitations", "create", *vale.steward).shown["code"]
        assert mutirao("join", code, "--handle", handle, "--node", vale.url, "--json").code == 0
        assert mutirao("members", "approve", handle, *vale.steward).code == 0
    made = mutirao("rotations", "create", "--title", "Fields", "--currency", "DIA", "--day", "1", *vale.steward).shown
    for handle in ("elis", "fia"):
        assert mutirao("rotations", "join", made["id"], "--member", handle, *vale.steward).code == 0
    tell = ("work-days", "tell", "--rotation", made["id"], "--worker", "elis", "--receiver", "fia", *vale.steward)
    day = mutirao(*tell).shown
    wrong = mutirao("work-days", "confirm", day["id"], "--member", "elis", *vale.steward)
    assert wrong.code == 1 and "FORBIDDEN: Not for you to do\n  Only who has received it may do this." in wrong.err
    assert mutirao("work-days", "confirm", day["id"], "--member", "fia", *vale.steward).shown["state"] == "confirmed"
    vale.stop()
    vale.serve()
    assert mutirao("members", "leave", "fia", "--keep", *vale.steward).code == 0
    assert mutirao("commons", "show", "DIA", *vale.steward).shown["balance"]["value"] == "-1"
    shown = mutirao("rotations", "show", made["id"], *vale.steward).shown
    assert [(one["member"], one["given"], one["received"]) for one in shown["workers"]] == [
        ("elis", 1, 0),
        ("fia", 0, 1),
    ]
