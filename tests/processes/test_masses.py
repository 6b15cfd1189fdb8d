# SPDX-License-Identifier: AGPL-3.0-or-later
"""A benefit paid by one file on a real node that is killed amid: whole or not at all, and nobody twice."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from threading import Thread

import pytest
from processes.harness import Commune, mutirao, units, until

pytestmark = [pytest.mark.timeout(180), pytest.mark.soak]
HANDLES = [f"member-{number}" for number in range(20)]


def test_a_benefit_is_paid_once_though_the_node_is_killed_amid(commune: Commune, tmp_path: Path) -> None:
    palmas = commune.found("palmas", "REAL")
    casa = commune.replica(palmas)
    commune.connect(casa, palmas)
    casa.start()
    members = [palmas.join(handle) for handle in HANDLES]
    donor = palmas.join("donor", limit=1_000)
    palmas.api.post("/v1/payments", {"payer": "donor", "payee": "commons.REAL", "amount": units(500, "REAL")})
    steward = {"MUTIRAO_NODE": palmas.url, "MUTIRAO_TOKEN": palmas.api.token or ""}
    file = tmp_path / "benefit.csv"
    file.write_text("handle,amount\n" + "".join(f"{handle},10.00\n" for handle in HANDLES) + "nobody,10.00\n")
    words = ("--file", str(file), "--currency", "REAL", "--title", "December")

    seen = mutirao("mass-payments", "preview", *words, "--json", **steward)
    assert seen.returncode == 0, seen.stderr
    assert (json.loads(seen.stdout)["paid"], json.loads(seen.stdout)["refused"]) == (20, 1)
    refused = mutirao("mass-payments", "create", *words, **steward)
    assert refused.returncode != 0 and "ROWS_REFUSED" in refused.stderr + refused.stdout
    assert all(one.balance == 0 for one in members)

    body = {
        "file": urlsafe_b64encode(file.read_bytes()).rstrip(b"=").decode(),
        "currency": "REAL", "title": "December", "skip_refused": True,
    }  # fmt: skip
    sent = Thread(target=lambda: palmas.api.ask("POST", "/v1/mass-payments", body))
    sent.start()
    palmas.kill()
    sent.join()
    palmas.start()
    paid = {one.balance for one in members}
    assert paid in ({0}, {10_00}), "all of it, or nothing"
    for _ in range(2):
        made = mutirao("mass-payments", "create", *words, "--skip-refused", "--json", **steward)
        assert made.returncode == 0, made.stderr
    shown = json.loads(made.stdout)
    assert {one.balance for one in members} == {10_00} and donor.balance == -500_00
    assert palmas.balances()["commons.REAL"] == 300_00
    assert [one["reason"] for one in shown["rows"]] == [*[None] * 20, "MEMBER_UNKNOWN"]
    report = mutirao("mass-payments", "report", "--id", shown["id"], "--format", "csv", **steward)
    assert report.stdout.splitlines()[0] == "row,payee,amount,state,reason", report
    assert report.stdout.splitlines()[-1].endswith("refused,MEMBER_UNKNOWN")
    until(lambda: casa.balances() == palmas.balances(), "the replica has it all")
    palmas.stop()
    palmas.verify_book()
