# SPDX-License-Identifier: AGPL-3.0-or-later
"""A community bank typed at a real node: its reserve, two kiosks out of reach, and all as it was after a restart."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

STOP_SECONDS = 10.0
PATIENCE_SECONDS = 30.0
DAY_MS = 24 * 60 * 60 * 1_000
AT_ANOTHER_HOUR = """
import node.clock as clock
real = clock.now_ms
clock.now_ms = lambda: real() + {shift}
from cli.main import main
raise SystemExit(main())
"""


@dataclass
class Bank:
    """A home, its steward's token, and the node that serves it at an hour of its own."""

    path: Path
    token: str
    url: str = ""
    process: "subprocess.Popen[str] | None" = field(default=None)

    def serve(self, *, days: int = 0) -> None:
        words = ["serve", "--home", str(self.path), "--http", "127.0.0.1:0", "--p2p", "/ip4/127.0.0.1/tcp/0", "--json"]
        code = AT_ANOTHER_HOUR.format(shift=days * DAY_MS)
        with (self.path.parent / "node.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]

    def stop(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        self.process.terminate()
        self.process.wait(STOP_SECONDS)
        self.process.stdout.close()


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    path = tmp_path / "conjunto"
    words = ("init", "--home", str(path), "--handle", "conjunto", "--currency", "PALMAS", "--default-limit", "0")
    told = json.loads(subprocess.check_output([sys.executable, "-m", "cli", *words, "--json"], text=True))
    home = Bank(path, told["steward_token"])
    home.serve(days=-8)
    yield home
    home.stop()


def test_a_bank_opens_a_reserve_and_two_kiosks_out_of_reach_issue_what_they_hold(
    mutirao: Callable[..., Any], bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*words: object, by: str = "") -> Any:
        asked = mutirao(*words, "--node", bank.url, *(("--key", by) if by else ("--token", bank.token)), "--json")
        assert asked.code == 0, asked.err
        return asked.shown

    def refused(*words: object) -> Any:
        asked = mutirao(*words, "--node", bank.url, "--token", bank.token, "--json")
        assert asked.code == 1, asked.err
        return asked.shown

    def kiosk(verb: str, name: str, *words: object) -> Any:
        return mutirao("kiosk", verb, f"{name}.kiosk", *words, "--json")

    # The group votes for the reserve; a week later it is there.
    for handle in ("ana", "bia", "dora", "elio", "fia"):
        has_key = handle in ("ana", "bia", "dora")
        code = ask("invitations", "create")["code"]
        by = f"{handle}.key" if has_key else ""
        if has_key:
            assert mutirao("keys", "new", "--out", by).code == 0
        joining = ("join", code, "--handle", handle, "--node", bank.url, *(("--key", by) if by else ()))
        assert mutirao(*joining, "--json").code == 0
        ask("members", "approve", handle)
    terms = ("--currency", "PALMAS", "--state", "BRL", "--fee-basis-points", 200, "--needed", 2)
    assert refused("reserves", "open", *terms, "--custodians", "ana", "--num", 2)["code"] == "MALFORMED"
    motion = ask("reserves", "open", *terms, "--custodians", "ana", "--custodians", "bia")["id"]
    for handle in ("elio", "fia"):
        ask("motions", "vote", motion, "--ballot", "yes", "--member", handle)
    ask("motions", "vote", motion, "--ballot", "yes", by="dora.key")
    bank.stop()
    bank.serve()
    mutirao("clocks", "accept", "--node", bank.url, "--token", bank.token)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ask("reserves", "list")["items"]:
        assert time.monotonic() < deadline, "the motion is carried out"
        time.sleep(0.2)

    # Two custodians attest the deposit; 28,500.00 are issued, 900.00 and 600.00 go to kiosks.
    move = ask("reserve-moves", "create", "--reserve", "PALMAS", "--amount", "30000.00")["id"]
    assert ask("reserve-moves", "attest", move, by="ana.key")["state"] == "told"
    assert ask("reserve-moves", "attest", move, by="bia.key")["state"] == "counted"
    ask("reserves", "issue", "PALMAS", "--member", "dora", "--amount", "28500.00")
    for name, rights in (("a", "900.00"), ("b", "600.00")):
        public = kiosk("new", name).shown["public_key"]
        registered = ask("kiosks", "register", "--reserve", "PALMAS", "--name", name, "--public-key", public)
        told = ask("kiosks", "send", registered["id"], "--amount", rights)
        (tmp_path / "told.json").write_text(json.dumps(told))
        assert kiosk("load", name, "told.json").shown["rights"] == f"{rights} PALMAS"
    lacking = refused("reserves", "issue", "PALMAS", "--member", "dora", "--amount", "0.01")
    assert (lacking["code"], lacking["heading"]) == ("RIGHTS_EXHAUSTED", "0.00 PALMAS left")

    # Out of reach: no node is asked.
    asked = kiosk("issue", "a", "--member", "dora", "--amount", "1000")
    assert (asked.code, asked.shown["code"], asked.shown["heading"]) == (1, "RIGHTS_EXHAUSTED", "900.00 PALMAS left")
    (tmp_path / "b.copy").write_text((tmp_path / "b.kiosk").read_text())
    assert kiosk("issue", "a", "--member", "dora", "--amount", "900").shown["rights"] == "0.00 PALMAS"
    assert kiosk("issue", "b", "--member", "elio", "--amount", "600").shown["to_sync"] == 1
    (tmp_path / "b.sync").write_text(kiosk("export", "b").out)
    for _ in range(2):
        assert ask("kiosk", "sync", "b.sync")["issued"]["value"] == "60000"
    assert ask("kiosk", "sync", "a.kiosk")["place"] == 1
    assert kiosk("show", "a").shown["to_sync"] == 0
    shown = ask("reserves", "show", "PALMAS")
    assert (shown["outstanding"]["value"], shown["most"]["value"]) == ("3000000", "3000000")

    # An old copy of a kiosk signs at a place twice: it is frozen, with the proof.
    (tmp_path / "b.kiosk").write_text((tmp_path / "b.copy").read_text())
    assert kiosk("issue", "b", "--member", "fia", "--amount", "500").code == 0
    frozen = ask("kiosk", "sync", "b.kiosk")
    assert (frozen["forked_at"], frozen["risk"]["value"], len(frozen["proof"])) == (1, "60000", 2)
    assert "kiosks.forked" in json.dumps(ask("week"))

    # A merchant redeems 1,000 at 2%.
    ask("reserves", "fill-till", "PALMAS", "--amount", "1000.00")
    paid = ask("redemptions", "create", "--amount", "1000.00", by="dora.key")
    assert (paid["state"], paid["payout"]["value"], paid["fee"]["value"]) == ("paid", "98000", "2000")
    before = ask("reserves", "show", "PALMAS")
    bank.stop()
    bank.serve()
    assert ask("reserves", "show", "PALMAS") == before
    assert (before["reserve"]["value"], before["fund"]["value"], before["outstanding"]["value"]) == (
        "2900000",
        "2000",
        "2900000",
    )
    verified = mutirao("verify", "book", "--home", bank.path, "--json")
    assert verified.code == 0, verified.err
