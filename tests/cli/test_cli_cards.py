# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cards as they are typed: terminals that have no node, a copied card, a printed one; the node is stopped meanwhile."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, command

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def tepito(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    path = tmp_path_factory.mktemp("nodes") / "tepito"
    words = ("--handle", "tepito", "--currency", "HORA", "--default-limit", "900.00", "--json")
    told = json.loads(subprocess.check_output(command("init", "--home", path, *words), text=True))
    home = Home(path, told["steward_token"])
    home.serve()
    yield home
    home.stop()


def test_a_copied_card_at_two_terminals_without_a_node(
    mutirao: Callable[..., Any], tepito: Home, tmp_path: Path
) -> None:
    steward = tepito.steward
    key, card = tmp_path / "ana.key", tmp_path / "card.json"
    assert mutirao("keys", "new", "--out", key).code == 0
    for handle in ("ana", "bia", "caio"):
        code = mutirao("invitations", "create", *steward).shown["code"]
        own = ("--key", key) if handle == "ana" else ()
        assert mutirao("join", code, "--handle", handle, "--node", tepito.url, "--json", *own).code == 0
        assert mutirao("members", "approve", handle, *steward).code == 0
    assert mutirao("pay", "commons.HORA", "400.00", "--from", "bia", *steward).code == 0
    assert (
        mutirao("guarantee-fund", "feed", "HORA", "--amount", "400.00", *steward).shown["balance"]["value"] == "40000"
    )

    public = mutirao("card", "new", "--out", card, "--json").shown["public_key"]
    ana = ("--node", tepito.url, "--key", key, "--json")
    me = mutirao("members", "show", "ana", *steward).shown["id"]
    made = mutirao("cards", "create", "--account", f"{me}.HORA", "--card-key", public, "--load", "300.00", *ana)
    assert made.code == 0, made.err
    name = made.shown["id"]
    assert "whoever can copy the file" in made.shown["guarantee"]
    assert mutirao("card", "take", card, "--card", name, *ana).code == 0
    for merchant in ("bia", "caio"):
        till = tmp_path / f"{merchant}.json"
        public = mutirao("terminal", "new", "--out", till, "--json").shown["public_key"]
        shown = mutirao("terminals", "create", "--account", merchant, "--terminal-key", public, *steward).shown
        assert mutirao("terminal", "take", till, "--terminal", shown["id"], *steward).code == 0
    tepito.stop()

    # Nobody has a node now.
    copy = shutil.copy(card, tmp_path / "copy.json")
    assert pays(mutirao, tmp_path, "bia", card, "120.00").shown["taken"] == "120.00 HORA"
    assert pays(mutirao, tmp_path, "bia", card, "70.00").code == 0
    refused = pays(mutirao, tmp_path, "bia", card, "20.00")
    assert refused.code == 1
    assert "CARD_DAILY_CAP: 210.00 > 200.00 a day" in refused.err and "pay 10.00 with the card today" in refused.err
    assert len(mutirao("terminal", "log", tmp_path / "bia.json", "--json").shown["records"]) == 2
    assert pays(mutirao, tmp_path, "caio", Path(copy), "150.00").shown["counter"] == 1
    again = mutirao("terminal", "accept", tmp_path / "caio.json", tmp_path / "paid.json", "--json")
    assert again.code == 1 and "CARD_COUNTER" in again.err

    tepito.serve()
    assert mutirao("terminal", "sync", tmp_path / "bia.json", *tepito.steward).shown["synced"] == 2
    carried = tmp_path / "log.json"
    assert mutirao("terminal", "export", tmp_path / "caio.json", "--out", carried, "--json").shown["records"] == 1
    for _ in range(2):
        assert mutirao("terminal", "send", carried, *tepito.steward).shown["synced"] == 1
    shown = mutirao("cards", "show", name, *tepito.steward).shown
    assert (shown["state"], shown["why"], len(shown["forks"])) == ("frozen", "fork", 2)
    assert (shown["purse"]["value"], shown["guaranteed"]["value"]) == ("8000", "12000")
    balance = mutirao("accounts", "list", "--member", "caio", *tepito.steward).shown["items"][0]["balance"]
    assert balance["value"] == "15000"
    assert mutirao("terminal", "sync", tmp_path / "caio.json", *tepito.steward).shown["hot_cards"] == 1
    found = pays(mutirao, tmp_path, "caio", card, "1.00")
    assert found.code == 1 and "CARD_FROZEN" in found.err
    week = mutirao("week", *tepito.steward)
    assert "somebody has a copy of the card of ana" in week.out
    case = mutirao(
        "cards",
        "worst-case",
        "--currency",
        "HORA",
        "--day-cap",
        "50.00",
        "--cards",
        "100",
        "--terminals",
        "10",
        *tepito.steward,
    )
    assert case.shown["in_a_day"]["value"] == "5000000"

    # After a restart it stands as before.
    tepito.stop()
    tepito.serve()
    assert mutirao("cards", "show", name, *tepito.steward).shown["state"] == "frozen"
    printed(mutirao, tepito, tmp_path, name, card, ("--node", tepito.url, *ana[2:]))


def printed(
    mutirao: Callable[..., Any], tepito: Home, tmp_path: Path, name: str, card: Path, ana: tuple[Any, ...]
) -> None:
    """Let a steward renew the card, print it behind a PIN, and pay by what is printed."""
    assert mutirao("cards", "renew", name, *tepito.steward).shown["state"] == "active"
    assert mutirao("card", "take", card, *ana).code == 0
    assert mutirao("terminal", "sync", tmp_path / "caio.json", *tepito.steward).shown["hot_cards"] == 0
    pin, wrong, picture = tmp_path / "pin", tmp_path / "wrong", tmp_path / "card.svg"
    pin.write_text("471100\n")
    wrong.write_text("471101\n")
    short = tmp_path / "short"
    short.write_text("12\n")
    assert mutirao("card", "print", card, "--out", picture, "--pin-file", short).code == 2
    assert mutirao("card", "print", card, "--out", picture, "--pin-file", pin).code == 0
    assert picture.read_text().startswith("<?xml")
    text = tmp_path / "card.svg.txt"
    assert "does not open" in pays(mutirao, tmp_path, "caio", text, "5.00", "--pin-file", wrong).err
    assert pays(mutirao, tmp_path, "caio", text, "5.00", "--pin-file", pin).shown["taken"] == "5.00 HORA"


def pays(mutirao: Callable[..., Any], folder: Path, merchant: str, card: Path, amount: str, *more: Any) -> Any:
    """Let a card pay at a terminal; return how its last step ended."""
    till, bill, paid = folder / f"{merchant}.json", folder / "bill.json", folder / "paid.json"
    assert mutirao("terminal", "bill", till, amount, "--out", bill).code == 0
    signed = mutirao("card", "sign", card, bill, "--out", paid, *more)
    return signed if signed.code else mutirao("terminal", "accept", till, paid, "--json")
