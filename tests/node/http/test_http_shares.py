# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept for those who ask: nobody's share takes away another's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.http import auth
from node.http.auth import CHALLENGES_PER_ASKER_MAX, SESSIONS_PER_MEMBER_MAX, AskForChallenge
from node.http.shares import Shares
from protocol.book.declaration import NOBODY, Actor, Role
from protocol.wire.keys import KeyPair
from tests.node.http.test_http_auth import challenged, signed_in

pytestmark = pytest.mark.timeout(20)


def test_beyond_its_share_ones_own_oldest_goes_and_when_all_is_full_that_of_who_has_most() -> None:
    kept: Shares[int] = Shares(4, 3)
    for number in range(5):
        kept.put("ana", b"a%d" % number, number, 100, 0)
    kept.put("bia", b"b", 7, 100, 0)
    assert [kept.get(b"a%d" % number, 0) for number in range(5)] == [None, None, 2, 3, 4]
    kept.put("caio", b"c", 8, 100, 0)
    assert [kept.get(key, 0) for key in (b"a2", b"a3", b"a4", b"b", b"c")] == [None, 3, 4, 7, 8]
    kept.pop(b"nothing")
    kept.pop(b"b")
    kept.put("bia", b"b2", 9, 200, 100)
    assert len(kept) == 1 and kept.get(b"b2", 199) == 9 and kept.get(b"b2", 200) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=60))
def test_no_share_is_passed_and_whoever_has_few_keeps_them(puts: list[tuple[str, int]]) -> None:
    kept: Shares[int] = Shares(6, 4)
    now = 0
    of: dict[str, list[bytes]] = {}
    for number, (asker, pause) in enumerate(puts):
        now += pause
        key = b"%d" % number
        kept.put(asker, key, number, now + 20, now)
        of.setdefault(asker, []).append(key)
        alive = {who: [one for one in keys if kept.get(one, now) is not None] for who, keys in of.items()}
        assert all(len(keys) <= 4 for keys in alive.values()) and sum(map(len, alive.values())) <= 6
        assert key in alive[asker], "what is put is there"


async def test_one_member_takes_nobodys_challenge_or_session_away(shop: Any, anas_keys: KeyPair) -> None:
    """10,001 of either once ended everybody's."""
    asked = await challenged(shop, anas_keys)
    session = (await signed_in(shop, anas_keys)).json["token"]
    gate, bias = shop.api._door._gate, Actor(Role.MEMBER, "m2")
    wish = AskForChallenge(KeyPair.from_seed(b"b" * 32).public)
    for _ in range(CHALLENGES_PER_ASKER_MAX + 1):
        gate.challenge(wish, bias, "192.0.2.1")
    assert len(gate._challenges) == CHALLENGES_PER_ASKER_MAX + 1
    gate.challenge(wish, NOBODY, "192.0.2.1")
    assert len(gate._challenges) == CHALLENGES_PER_ASKER_MAX + 2, "an address has a share of its own"
    for number in range(SESSIONS_PER_MEMBER_MAX + 1):
        gate._sessions.put("m2", b"%d" % number, auth._Opened(wish.key, "m2"), shop.bakery.now + 1, shop.bakery.now)
    assert len(gate._sessions) == SESSIONS_PER_MEMBER_MAX + 1
    assert (await shop.ask("GET", "/v1/loaves", token=session)).status == 200
    assert (await shop.ask("POST", "/v1/sessions", asked, token=None)).status == 201
