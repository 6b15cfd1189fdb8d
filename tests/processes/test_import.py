# SPDX-License-Identifier: AGPL-3.0-or-later
"""A group of the build before comes over: what the exporter took of its home becomes the same balances in a new one."""

import json
from pathlib import Path
from typing import Any

import pytest
from processes.hands import ByHttp, keys_of
from processes.harness import Commune, Member, mutirao, until

FILE = Path(__file__).parents[1] / "importing" / "riacho_3971d92.json"


def minor(amount: dict[str, Any] | None) -> int | None:
    return None if amount is None else int(amount["value"])


@pytest.mark.timeout(120)
def test_a_home_of_the_build_before_comes_over_with_the_same_balances(commune: Commune, tmp_path: Path) -> None:
    book = json.loads(FILE.read_text())
    riacho = commune.found("riacho", "HORA")
    casa = commune.replica(riacho)
    commune.connect(casa, riacho)
    casa.start()
    steward = {"MUTIRAO_NODE": riacho.url, "MUTIRAO_TOKEN": riacho.api.token or ""}

    wrong = tmp_path / "wrong.json"
    wrong.write_text(FILE.read_text().replace('"balance": -1250', '"balance": -1249'))
    refused = mutirao("import", str(wrong), **steward)
    assert refused.returncode == 2 and "do not sum to zero: HORA" in refused.stderr
    wrong.write_text("{}")
    assert mutirao("import", str(wrong), **steward).returncode == 2
    dry = mutirao("import", str(FILE), "--dry-run", "--json", **steward)
    assert json.loads(dry.stdout) | {"file": ""} == {
        "file": "", "currencies": ["HORA", "FLOR"], "members": 5, "with_keys": 2, "done": False,
    }  # fmt: skip
    assert riacho.api.all("/v1/members") == []

    # Cut short or not, it is typed again and does nothing twice.
    for _ in range(2):
        done = mutirao("import", str(FILE), "--json", **steward)
        assert done.returncode == 0, done.stderr
        riacho.kill()
        riacho.start()
    balances = riacho.balances()
    for one in book["members"]:
        shown = riacho.api.get(f"/v1/members/{one['handle']}")
        assert (shown["state"], [key["key"] for key in shown["keys"]]) == (one["state"], one["keys"])
        assert shown["auth"] == ("self" if one["keys"] else "custodial")
        for told in one["accounts"]:
            account = riacho.api.get(f"/v1/accounts/{shown['id']}.{told['currency']}")
            assert balances[account["id"]] == told["balance"]
            assert (minor(account["limit"]), minor(account["ceiling"])) == (
                -told["credit_limit"], told["balance_limit"],
            )  # fmt: skip
    assert [balances[f"commons.{one['currency']}"] for one in book["commons"]] == [-17_90, 0]
    assert riacho.is_zero_sum and riacho.api.get("/v1/currencies/HORA")["levy_basis_points"] == 100

    # Ana's key of then opens here, and her receipt verifies.
    ana = Member(riacho, "ana", f"{riacho.api.get('/v1/members/ana')['id']}.HORA", keys_of("ana"))
    paid = ByHttp().pay(ana, "bia", "1.00")
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(riacho.api.get(f"/v1/receipts/{paid['id']}")))
    assert mutirao("verify", "receipt", str(file)).returncode == 0
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    for node in (riacho, casa):
        node.kill()
        node.verify_book()
