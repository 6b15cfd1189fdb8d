# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a group does with its members and its common purse, on real nodes, by HTTP and by command, over restarts."""

import pytest
from processes.hands import Hand, Refusal
from processes.harness import Commune

pytestmark = pytest.mark.timeout(120)


def test_a_code_that_opens_nothing_tells_why(hand: Hand, commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA")
    used, withdrawn = (hand.act(riacho, "invitations", "create") for _ in range(2))
    hand.act(riacho, "members", "join", code=used["code"], handle="caio")
    shown = hand.act(riacho, "invitations", "withdraw", withdrawn["id"])
    assert (shown["state"], shown["code"]) == ("withdrawn", None)
    riacho.kill()
    riacho.start()

    def refused(code: str) -> tuple[str, str]:
        with pytest.raises(Refusal) as refusal:
            hand.act(riacho, "members", "join", code=code, handle="dora")
        return refusal.value.code, refusal.value.detail

    assert refused(used["code"]) == ("INVITATION_USED", "Somebody has joined by this invitation already.")
    assert refused(withdrawn["code"]) == ("INVITATION_WITHDRAWN", "This invitation was withdrawn.")
    assert refused("AAAA-BBBB-CCCC-DDDD")[0] == "INVITATION_UNKNOWN"
    listed = riacho.api.all("/v1/invitations?state=withdrawn")
    assert [one["id"] for one in listed] == [withdrawn["id"]]
    assert len(riacho.api.all("/v1/members")) == 1
