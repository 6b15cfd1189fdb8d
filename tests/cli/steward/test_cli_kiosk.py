# SPDX-License-Identifier: AGPL-3.0-or-later
"""The kiosk's own file, without any node: what it may sign, what is refused, and what is kept of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NETWORK = "a" * 52
KIOSK = "00000000-0000-8000-8000-000000000001"


def told(key: str, **changed: Any) -> dict[str, Any]:
    """Return what a node shows of a kiosk that has 900.00 to issue and 200.00 in its till."""

    def amount(minor: int, code: str) -> dict[str, Any]:
        return {"value": str(minor), "asset_code": code, "asset_scale": 2}

    shown: dict[str, Any] = {
        "id": KIOSK,
        "network": NETWORK,
        "reserve": "PALMAS",
        "name": "market",
        "key": key,
        "given": amount(900_00, "PALMAS"),
        "rights": amount(900_00, "PALMAS"),
        "till": amount(200_00, "BRL"),
        "till_filled": amount(200_00, "BRL"),
        "ratio": "1:1",
        "fee_basis_points": 200,
        "place": 0,
        "head": None,
        "forked_at": None,
    }
    return {**shown, **changed}


@pytest.fixture
def market(mutirao: Callable[..., Any], tmp_path: Path) -> str:
    public = mutirao("kiosk", "new", "market.kiosk", "--json").shown["public_key"]
    (tmp_path / "told.json").write_text(json.dumps(told(public)))
    assert mutirao("kiosk", "load", "market.kiosk", "told.json", "--json").shown["rights"] == "900.00 PALMAS"
    return public


def test_a_kiosk_issues_what_it_holds_and_keeps_what_it_has_signed(mutirao: Callable[..., Any], market: str) -> None:
    beyond = mutirao("kiosk", "issue", "market.kiosk", "--member", "dora", "--amount", "1000")
    assert beyond.code == 1 and "RIGHTS_EXHAUSTED: 900.00 PALMAS left" in beyond.err
    issued = mutirao("kiosk", "issue", "market.kiosk", "--member", "dora", "--amount", "850.50", "--json")
    assert issued.shown == {
        "kiosk": KIOSK,
        "reserve": "PALMAS",
        "rights": "49.50 PALMAS",
        "till": "200.00",
        "place": 1,
        "to_sync": 1,
    }
    assert mutirao("kiosk", "show", "market.kiosk", "--json").shown == issued.shown
    beyond = mutirao("kiosk", "issue", "market.kiosk", "--member", "dora", "--amount", "49.51", "--json")
    assert beyond.shown["figures"]["available"] == 49_50
    exported = mutirao("kiosk", "export", "market.kiosk").shown
    assert exported["kiosk"] == KIOSK and len(exported["statements"]) == 1


def test_a_member_redeems_by_a_slip_once(mutirao: Callable[..., Any], market: str, tmp_path: Path) -> None:
    mutirao("keys", "new", "--out", "dora.key")
    account = "AAAAAAAAAAAAAAAA.PALMAS"
    words = ("--key", "dora.key", "--network", NETWORK, "--account", account, "--amount", "100.00")
    (tmp_path / "dora.slip").write_text(mutirao("kiosk", "slip", *words).out)
    redeem = ("kiosk", "redeem", "market.kiosk", "--slip", "dora.slip", "--json", "--amount")
    assert mutirao(*redeem, "90.00").shown["code"] == "MALFORMED"
    paid = mutirao(*redeem, "100.00").shown
    assert (paid["till"], paid["rights"]) == ("102.00", "800.00 PALMAS")
    assert mutirao(*redeem, "100.00").shown["code"] == "DUPLICATE"
    beyond = mutirao("kiosk", "redeem", "market.kiosk", "--member", "elio", "--amount", "110.00")
    assert beyond.code == 1 and "TILL_SHORT: 102.00 PALMAS in the till" in beyond.err
    assert mutirao("kiosk", "redeem", "market.kiosk", "--amount", "1.00").code == 2


def test_rights_are_sent_on_and_an_old_copy_goes_no_further(
    mutirao: Callable[..., Any], market: str, tmp_path: Path
) -> None:
    old = (tmp_path / "market.kiosk").read_bytes()
    assert mutirao("kiosk", "send", "market.kiosk", "--amount", "100").code == 0
    assert mutirao("kiosk", "send", "market.kiosk", "--amount", "100", "--to", "nobody").code == 2
    (tmp_path / "market.kiosk").write_bytes(old)
    (tmp_path / "told.json").write_text(json.dumps(told(market, place=1, head="A" * 43)))
    behind = mutirao("kiosk", "load", "market.kiosk", "told.json")
    assert behind.code == 1 and "KIOSK_BEHIND: Number 1 is missing in this file" in behind.err


def test_what_is_no_kiosk_is_wrong_usage(mutirao: Callable[..., Any], market: str, tmp_path: Path) -> None:
    assert mutirao("kiosk", "new", "market.kiosk").code == 2, "nothing is written over it"
    assert mutirao("kiosk", "new", "fresh.kiosk").code == 0
    assert "was told nothing yet" in mutirao("kiosk", "show", "fresh.kiosk").err
    assert "another key" in mutirao("kiosk", "load", "fresh.kiosk", "told.json").err
    (tmp_path / "told.json").write_text(json.dumps({"id": KIOSK}))
    assert mutirao("kiosk", "load", "market.kiosk", "told.json").code == 2
    (tmp_path / "told.json").write_text(json.dumps(told(market, forked_at=3)))
    assert "is frozen" in mutirao("kiosk", "load", "market.kiosk", "told.json").err
    (tmp_path / "market.kiosk").write_text("{}")
    assert mutirao("kiosk", "show", "market.kiosk").code == 2
