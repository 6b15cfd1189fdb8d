# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members of a real node set off what they owe each other, by HTTP and by command; a restart and a replica agree."""

import json
from pathlib import Path

import pytest
from processes.harness import Commune, Node, mutirao, text_of, units, until

from protocol.wire.keys import KeyPair

pytestmark = pytest.mark.timeout(120)

FOREVER = "2100-01-01T00:00:00Z"
SEED = bytes(range(32))


def command(node: Node, *words: str, **settings: str) -> dict:
    """Return what a command prints as JSON; as the steward, unless a key is named."""
    who = {} if "--key" in words else {"MUTIRAO_TOKEN": node.api.token or ""}
    done = mutirao(*words, "--json", MUTIRAO_NODE=node.url, **who, **settings)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


def key_file(folder: Path, keys: KeyPair) -> str:
    """Write a member's key as `mutirao keys new` does."""
    file = folder / "ana.key"
    file.touch(mode=0o600)
    held = {"form": "mutirao-key-1", "public_key": text_of(keys.public), "secret_seed": text_of(SEED)}
    file.write_text(json.dumps(held))
    return str(file)


@pytest.mark.soak
def test_three_members_are_freed_of_what_goes_round_and_every_copy_of_the_book_says_so(
    commune: Commune, tmp_path: Path
) -> None:
    riacho = commune.found("riacho", "HORA")
    keys = KeyPair.from_seed(SEED)
    key = key_file(tmp_path, keys)
    ana, bia, caio = riacho.join("ana", keys=keys), riacho.join("bia"), riacho.join("caio")

    def asks(payee: str, payer: str, amount: float) -> str:
        body = {"payee": payee, "payer": payer, "amount": units(amount, "HORA")}
        return riacho.api.post("/v1/payment-requests", body)["id"]

    # Ana owes Bia 30, Bia owes Caio 20, Caio owes Ana 25. Ana signs at a terminal, the others tell a steward.
    of_ana, of_bia = asks("bia", "ana", 30), asks("caio", "bia", 20)
    asked = command(riacho, "payment-requests", "create", "--amount", "25.00", "--payer", "caio", "--key", key)
    of_caio = asked["id"]
    terms = ("--requests", of_ana, "--draw", "5.00", "--not-after", FOREVER)
    given = command(riacho, "set-off-consents", "create", *terms, "--key", key)
    assert (given["state"], given["draw"]["value"], given["requests"]) == ("in_force", "500", [of_ana])
    for who, request in ((bia, of_bia), (caio, of_caio)):
        word = {"account": who.account, "requests": [request], "not_after": FOREVER}
        riacho.api.post("/v1/set-off-consents", word)
    # Ana has a key: nobody consents for her.
    word = {"account": ana.account, "draw": units(100), "not_after": FOREVER}
    assert riacho.api.refused("/v1/set-off-consents", word)["code"] == "FORBIDDEN"

    preview = riacho.api.get("/v1/obligations/HORA")
    assert (preview["set_off"], preview["open"]["value"], preview["cleared"]["value"]) == (None, "7500", "6500")
    made = command(riacho, "obligations", "clear", "HORA")
    assert made == {**preview, "set_off": made["set_off"]}
    assert riacho.api.refused("/v1/obligations/HORA/clear")["code"] == "STATE_CONFLICT"
    assert (ana.balance, bia.balance, caio.balance) == (-500, 500, 0)

    own = command(riacho, "set-offs", "show", made["set_off"], "--key", key)
    assert [row["member"] for row in own["members"]] == ["ana"]
    assert [row["member"] for row in command(riacho, "set-offs", "show", made["set_off"])["members"]] != ["ana"]
    paid = command(riacho, "payment-requests", "pay", of_ana, "--key", key)
    assert (paid["state"], paid["left"]["value"], ana.balance) == ("paid", "0", -1_000)

    replica = commune.replica(riacho)
    commune.connect(replica, riacho)
    replica.start()
    until(lambda: replica.balances() == riacho.balances(), "the replica has the book")
    shown = f"/v1/set-offs/{made['set_off']}"
    assert replica.api.get(shown) == riacho.api.get(shown)
    before = (riacho.balances(), riacho.api.get(shown), riacho.api.all("/v1/payment-requests"))
    riacho.stop()
    riacho.verify_book()
    riacho.start()
    assert (riacho.balances(), riacho.api.get(shown), riacho.api.all("/v1/payment-requests")) == before
    assert riacho.is_zero_sum
