# SPDX-License-Identifier: AGPL-3.0-or-later
"""More networks than a node has places or ranges for, nobody lying: who comes new and who was away know them all.

128 networks were the end once (docs/stories.md): with 135 a newcomer knew nobody, and no partner came back.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from processes.harness import Commune, link_up, start, until

pytestmark = pytest.mark.soak
NETWORKS = 135
AT_ONCE = 15
WITHIN_SECONDS = 20


@pytest.mark.timeout(500)
def test_a_newcomer_and_a_partner_that_was_away_know_135_networks(commune: Commune) -> None:
    riacho, serra = commune.riacho_and_serra()
    ana = riacho.join("ana")
    serra.join("edna")
    link_up(riacho, serra, 1_000)
    riacho.stop()
    serra.stop()
    riacho.dials.clear()
    commune.connect(serra, riacho)
    with ThreadPoolExecutor(2) as pool:
        others = list(pool.map(lambda number: commune.found(f"net-{number}", "ECO", serves=False), range(NETWORKS)))
    for one in others:
        commune.connect(riacho, one)
    for first in range(0, NETWORKS, AT_ONCE):
        start(*others[first : first + AT_ONCE])
    riacho.start()
    until(lambda: all(riacho.knows(one) for one in others), "riacho knows all of them", 120)

    serra.start()
    until(lambda: ana.pay_through("edna@serra", 0.01)["state"] == "posted", "the partner is there", WITHIN_SECONDS)
    until(lambda: all(serra.knows(one) for one in others), "who was away knows all of them", WITHIN_SECONDS)
    newcomer = commune.found("riera", "ECO", serves=False)
    commune.connect(newcomer, riacho)
    newcomer.start()
    until(lambda: all(newcomer.knows(one) for one in others), "the newcomer knows all of them", WITHIN_SECONDS)
    until(lambda: all(one.knows(newcomer) for one in others[:: NETWORKS // 5]), "they know the newcomer", 60)
    assert "a peer is dropped" not in riacho.log + serra.log + newcomer.log
    assert ana.pay_through("edna@serra", 0.01)["state"] == "posted"
