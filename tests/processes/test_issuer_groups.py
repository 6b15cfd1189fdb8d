# SPDX-License-Identifier: AGPL-3.0-or-later
"""A currency without backing on a real node: by HTTP and by command, over a restart and at a replica."""

import json

import pytest
from processes.harness import Commune, mutirao, units, until

pytestmark = pytest.mark.timeout(120)


def test_flor_stays_within_the_group_of_its_users_issuers(commune: Commune) -> None:
    palmas = commune.found("palmas", "FLOR")
    casa = commune.replica(palmas)
    commune.connect(casa, palmas)
    casa.start()
    palmas.api.post("/v1/currencies", {"code": "REAL", "name": "Real", "credit_limit": units(100)})
    ana, bia, caio = (palmas.join(handle) for handle in ("ana", "bia", "caio"))
    steward = {"MUTIRAO_NODE": palmas.url, "MUTIRAO_TOKEN": palmas.api.token or ""}

    made = mutirao("issuer-groups", "create", "--name", "flor", "--title", "Who takes FLOR", "--json", **steward)
    assert made.returncode == 0, made.stderr
    assert palmas.api.post("/v1/issuer-groups/flor/admit", {"members": ["ana", "bia"]})["members"] == ["ana", "bia"]
    kept = mutirao("issuer-groups", "keep", "flor", "--currency", "FLOR", "--json", **steward)
    assert json.loads(kept.stdout)["currencies"] == ["FLOR"], kept.stderr
    assert palmas.api.get("/v1/currencies/FLOR")["group"] == "flor"

    palmas.api.post("/v1/payments", {"payer": "ana", "payee": "bia", "amount": units(40, "FLOR")})
    refused = palmas.api.refused("/v1/payments", {"payer": "ana", "payee": "caio", "amount": units(40, "FLOR")})
    assert refused["code"] == "NOT_IN_GROUP" and "caio" in refused["heading"], refused
    told = mutirao("payments", "create", "--payer", "caio", "--payee", "ana", "--amount", "1.00 FLOR", **steward)
    assert told.returncode != 0 and "caio is not in flor" in told.stderr + told.stdout, told
    assert [palmas.balances()[f"{one.account[:16]}.FLOR"] for one in (ana, bia, caio)] == [
        -40_00,
        40_00,
        0,
    ] and palmas.is_zero_sum

    # 100 = 40 FLOR and 60 REAL, in one payment.
    words = ("mixed-payments", "create", "--payer", "ana", "--payee", "bia", "--note", "a chair", "--json")
    in_both = ("--amounts", "40.00 FLOR", "--amounts", "60.00 REAL")
    paid = mutirao(*words, *in_both, **steward)
    assert paid.returncode == 0, paid.stderr
    shown = json.loads(paid.stdout)
    assert [one["amount"]["value"] for one in shown["parts"]] == ["4000", "6000"] and shown["note"] == "a chair"
    before = palmas.balances()
    body = {"payer": "ana", "payee": "caio", "amounts": [units(40, "FLOR"), units(60, "REAL")]}
    assert palmas.api.refused("/v1/mixed-payments", body)["code"] == "NOT_IN_GROUP"
    palmas.kill()
    palmas.start()
    assert palmas.balances() == before and palmas.api.get(f"/v1/mixed-payments/{shown['id']}") == shown
    assert [before[f"{one.account[:16]}.{code}"] for code in ("FLOR", "REAL") for one in (ana, bia)] == [
        -80_00,
        80_00,
        -60_00,
        60_00,
    ]
    until(lambda: casa.balances() == palmas.balances(), "the replica has it all")
    assert casa.api.get("/v1/issuer-groups/flor")["members"] == ["ana", "bia"]
    palmas.stop()
    palmas.verify_book()
