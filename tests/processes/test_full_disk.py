# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node whose disk is full refuses and forgets nothing, and goes on with its partners once there is room."""

import pytest
from processes.federation import full, small_disk
from processes.harness import Commune, link_up, start, units, until


@pytest.mark.timeout(120)
def test_a_full_disk_loses_nothing_and_no_partner(commune: Commune) -> None:
    riacho, serra = commune.found("riacho", "HORA", serves=False), commune.found("serra", "FLOR", serves=False)
    commune.connect(riacho, serra)
    with small_disk(riacho) as disk:
        if disk is None:
            pytest.skip("only root can mount a small disk")
        start(riacho, serra)
        ana, beto, edna = riacho.join("ana", limit=300), riacho.join("beto"), serra.join("edna")
        link_up(riacho, serra, 200)
        assert ana.pay_through("edna@serra", 10)["state"] == "posted"
        to_riacho = edna.wish("beto@riacho", 4)
        done = 0
        with full(disk):
            wish = {"payer": ana.account, "payee": "beto", "amount": units(1)}
            while (reply := riacho.api.ask("POST", "/v1/payments", wish)).status == 201:
                done += 1
            assert (reply.status, reply.code) == (503, "STORAGE_FAILED")
            assert riacho.readiness == 503
            # What comes from the partner now finds no room either, and is not lost.
            sent = serra.api.post("/v1/payments", to_riacho)["id"]
            assert riacho.api.ask("POST", "/v1/payments", wish).code == "STORAGE_FAILED"
        riacho.wait_ready()
        until(lambda: serra.payment(sent)["state"] != "pending", "the payment ends, this way or that")
        riacho.wait_linked(serra)
        serra.wait_linked(riacho)
        came = 4_00 if serra.payment(sent)["state"] == "posted" else 0
        assert ana.pay_through("edna@serra", 10)["state"] == "posted"
        until(lambda: riacho.is_settled and serra.is_settled, "nothing is held any more")
        assert (ana.balance, beto.balance, edna.balance) == (-20_00 - done * 100, done * 100 + came, 20_00 - came)
        assert riacho.is_zero_sum and serra.is_zero_sum
        assert "the first word is hello" not in riacho.log, "nobody is blamed for words that the disk had no room for"
        riacho.kill()
        riacho.start()
        assert (ana.balance, beto.balance) == (-20_00 - done * 100, done * 100 + came)
        for node in (riacho, serra):
            node.stop()
            node.verify_book()
