# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may come in, by which token, and how often one may guess."""

import asyncio
from typing import Any

import pytest

from node.http import auth, tokens
from node.http.schema import form
from node.http.shares import Shares
from node.http.values import bytes_text
from protocol.book.members import MemberState
from protocol.wire.keys import KeyPair

pytestmark = pytest.mark.timeout(20)


async def challenged(shop: Any, keys: KeyPair) -> dict[str, str]:
    """Return the wish that opens a session, signed."""
    key = bytes_text(keys.public)
    asked = await shop.ask("POST", "/v1/challenges", {"key": key}, token=None)
    assert asked.status == 201
    signature = keys.sign("session", form(bytes).read(asked.json["challenge"]))
    return {"key": key, "challenge": asked.json["challenge"], "signature": bytes_text(signature)}


async def signed_in(shop: Any, keys: KeyPair) -> Any:
    return await shop.ask("POST", "/v1/sessions", await challenged(shop, keys), token=None)


async def test_a_member_signs_a_challenge_and_is_known(shop: Any, anas_keys: KeyPair, loaf: Any) -> None:
    session = await signed_in(shop, anas_keys)
    assert (session.status, session.json["member"]) == (201, "m1")
    assert session.json["expires"] == "2026-05-01T13:00:00.000Z"
    made = await shop.ask("POST", "/v1/loaves", loaf, token=session.json["token"])
    assert made.json["baker"] == "m1"


async def test_a_challenge_names_the_network_so_that_another_node_cannot_borrow_it(
    shop: Any, anas_keys: KeyPair
) -> None:
    asked = await shop.ask("POST", "/v1/challenges", {"key": bytes_text(anas_keys.public)}, token=None)
    assert form(bytes).read(asked.json["challenge"]).startswith(shop.bakery.book.network)


async def test_a_challenge_is_good_once_for_its_key_and_for_two_minutes(shop: Any, anas_keys: KeyPair) -> None:
    wish = await challenged(shop, anas_keys)
    forged = {**wish, "signature": bytes_text(bytes(64))}
    refused = await shop.ask("POST", "/v1/sessions", forged, token=None)
    assert (refused.status, refused.code) == (403, "SIGNATURE_INVALID")
    assert (await shop.ask("POST", "/v1/sessions", wish, token=None)).code == "CHALLENGE_UNKNOWN"

    wish = await challenged(shop, anas_keys)
    other = {**wish, "key": bytes_text(KeyPair.from_seed(b"b" * 32).public)}
    assert (await shop.ask("POST", "/v1/sessions", other, token=None)).code == "CHALLENGE_UNKNOWN"

    wish = await challenged(shop, anas_keys)
    shop.bakery.now += auth.CHALLENGE_MS
    assert (await shop.ask("POST", "/v1/sessions", wish, token=None)).code == "CHALLENGE_UNKNOWN"


async def test_a_key_that_is_nobodys_or_no_key_gets_no_session(shop: Any) -> None:
    session = await signed_in(shop, KeyPair.from_seed(b"x" * 32))
    assert (session.status, session.code) == (403, "KEY_UNKNOWN")
    small = await shop.ask("POST", "/v1/challenges", {"key": bytes_text(bytes(32))}, token=None)
    assert (small.status, small.code) == (422, "KEY_UNACCEPTABLE")


async def test_a_session_ends_in_an_hour_or_with_its_key_or_when_told(shop: Any, anas_keys: KeyPair) -> None:
    async def status(token: str) -> int:
        return (await shop.ask("GET", "/v1/loaves", token=token)).status

    first = (await signed_in(shop, anas_keys)).json["token"]
    assert await status(first) == 200
    shop.bakery.now += auth.SESSION_MS
    assert await status(first) == 401

    second = (await signed_in(shop, anas_keys)).json["token"]
    ana = shop.bakery.book.members["m1"]
    ana.keys[anas_keys.public].revoked = True
    assert await status(second) == 401, "a key that was revoked opens nothing any more"
    assert (await signed_in(shop, anas_keys)).code == "KEY_UNKNOWN"
    ana.keys[anas_keys.public].revoked = False
    assert await status(second) == 401

    ana.state = MemberState.LEFT
    assert (await signed_in(shop, anas_keys)).code == "KEY_UNKNOWN", "nor does that of a member who has left"
    ana.state = MemberState.ACTIVE

    third = (await signed_in(shop, anas_keys)).json["token"]
    assert (await shop.ask("DELETE", "/v1/sessions", token=third)).status == 204
    assert await status(third) == 401


async def test_open_challenges_and_sessions_are_bounded(
    shop: Any, anas_keys: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.api._door._gate, "_challenges", Shares(2, 9))
    monkeypatch.setattr(shop.api._door._gate, "_sessions", Shares(2, 9))
    tokens = [(await signed_in(shop, anas_keys)).json["token"] for _ in range(3)]
    statuses = [(await shop.ask("GET", "/v1/loaves", token=token)).status for token in tokens]
    assert statuses == [401, 200, 200]
    wishes = [await challenged(shop, anas_keys) for _ in range(3)]
    opened = [(await shop.ask("POST", "/v1/sessions", wish, token=None)).status for wish in wishes]
    assert opened == [401, 201, 201]


async def test_without_a_token_only_what_is_for_anyone_is_answered(shop: Any, loaf: Any) -> None:
    made = await shop.ask("POST", "/v1/loaves", loaf, token=None)
    assert (made.status, made.code) == (401, "UNAUTHENTICATED")
    assert made.headers["WWW-Authenticate"] == 'Bearer realm="mutirao"'
    assert (await shop.ask("GET", "/v1/loaves/0", token=None)).status == 404
    for token in ("mt_nobody", "", "ñ", "x" * 500):
        bad = await shop.ask("GET", "/v1/loaves/0", token=token)
        assert (bad.status, bad.code) == (401, "UNAUTHENTICATED")
        assert 'error="invalid_token"' in bad.headers["WWW-Authenticate"]
    basic = await shop.ask("GET", "/v1/loaves", token=None, Authorization="Basic mt_ana")
    assert basic.status == 401


async def test_a_role_that_may_not_is_told_who_may(shop: Any) -> None:
    refused = await shop.ask("POST", "/v1/loaves/0/throw-away")
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert refused.json["detail"] == "Only steward may do this."
    assert (await shop.ask("GET", "/v1/tokens", token="mt_auditor")).code == "FORBIDDEN"


async def test_an_app_may_do_what_its_scopes_say(shop: Any, loaf: Any) -> None:
    made = await shop.ask("POST", "/v1/tokens", {"label": "till", "scopes": ["loaves:read"]})
    assert made.status == 201 and made.json["role"] == "member" and made.json["member"] == "m1"
    app = made.json["token"]
    assert (await shop.ask("GET", "/v1/loaves", token=app)).status == 200
    refused = await shop.ask("POST", "/v1/loaves", loaf, token=app)
    assert (refused.status, refused.code) == (403, "SCOPE_MISSING")
    assert refused.json["figures"] == {"scope": "loaves:write"}
    assert 'scope="loaves:write"' in refused.headers["WWW-Authenticate"]


async def test_no_token_makes_one_that_may_more(shop: Any) -> None:
    async def made(token: str, **wish: Any) -> Any:
        return await shop.ask("POST", "/v1/tokens", {"label": "x", **wish}, token=token)

    app = (await made("mt_ana", scopes=["tokens:write", "loaves:read"])).json["token"]
    assert (await made(app, scopes=["loaves:read"])).status == 201
    for wish in ({}, {"scopes": ["loaves:read", "loaves:write"]}, {"scopes": ["*"]}):
        assert (await made(app, **wish)).code == "SCOPE_MISSING"
    for wish in ({"role": "steward"}, {"member": "bia"}, {"role": "auditor"}):
        assert (await made("mt_ana", **wish)).code == "FORBIDDEN"
    assert (await made("mt_steward", member="bia")).json["member"] == "m2"
    assert (await made("mt_steward", role="auditor")).json["role"] == "auditor"
    assert (await made("mt_steward", member="zoe")).code == "MEMBER_UNKNOWN"
    assert (await made("mt_steward")).json["figures"]["field"] == "member"
    assert (await made("mt_steward", role="anyone")).json["figures"]["field"] == "role"
    assert (await made("mt_ana", expires="2026-05-01T11:00:00Z")).json["figures"]["field"] == "expires"
    assert (await made("mt_ana", scopes=["loaves:read"] * 2)).status == 201
    misspelt = (await made("mt_ana", scopes=["loaves:read", "loaf:read"])).json
    assert misspelt["figures"] == {"field": "scopes", "expected": "known scopes, not loaf:read"}
    assert (await made("mt_ana", scopes=[f"s{i}:read" for i in range(65)])).json["figures"]["field"] == "scopes"


async def test_nobody_makes_a_token_that_does_something_for_a_member_with_a_key_but_itself(shop: Any) -> None:
    async def made(token: str, **wish: Any) -> Any:
        return await shop.ask("POST", "/v1/tokens", {"label": "x", **wish}, token=token)

    for wish in ({}, {"scopes": ["*"]}, {"scopes": ["loaves:read", "loaves:write"]}, {"role": "steward"}):
        refused = await made("mt_steward", member="ana", **wish)
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
        assert refused.json["detail"] == "Only the member itself by its own key may do this."
    assert (await made("mt_steward", member="ana", scopes=["loaves:read"])).status == 201
    assert (await made("mt_ana")).status == (await made("mt_steward", member="bia")).status == 201


async def test_a_token_is_listed_without_its_secret_and_revoked_by_its_owner(shop: Any) -> None:
    bias = await shop.ask("POST", "/v1/tokens", {"label": "bia", "member": "bia"}, token="mt_steward")
    mine = await shop.ask("POST", "/v1/tokens", {"label": "till"})
    secret, identity = mine.json["token"], mine.json["id"]
    assert mine.headers["Location"] == f"/v1/tokens/{identity}"
    assert all(secret.encode() not in repr(one).encode() for one in shop.bakery.storage.kept)
    assert [one["label"] for one in (await shop.ask("GET", "/v1/tokens")).json["items"]] == ["for the test", "till"]
    listed = (await shop.ask("GET", "/v1/tokens?limit=3", token="mt_steward")).json
    assert len(listed["items"]) == 3
    rest = (await shop.ask("GET", f"/v1/tokens?cursor={listed['next']}", token="mt_steward")).json
    assert [one["label"] for one in rest["items"]] == ["bia", "till"] and rest["next"] is None
    shown = await shop.ask("GET", f"/v1/tokens/{identity}")
    assert shown.json["last4"] == secret[-4:] and secret not in shown.body.decode()
    for path in (f"/v1/tokens/{bias.json['id']}", "/v1/tokens/999", "/v1/tokens/x", "/v1/tokens/0", "/v1/tokens/01"):
        assert (await shop.ask("GET", path)).code == "NOT_FOUND"
        assert (await shop.ask("DELETE", path)).code == "NOT_FOUND"
    assert (await shop.ask("GET", "/v1/loaves", token=secret)).status == 200
    assert (await shop.ask("DELETE", f"/v1/tokens/{identity}")).status == 204
    assert (await shop.ask("GET", "/v1/loaves", token=secret)).status == 401
    assert (await shop.ask("GET", f"/v1/tokens/{identity}")).json["revoked"] == "2026-05-01T12:00:00.000Z"


async def test_a_token_ends_when_it_expires(shop: Any) -> None:
    made = await shop.ask("POST", "/v1/tokens", {"label": "fair", "expires": "2026-05-01T12:00:01Z"})
    assert (await shop.ask("GET", "/v1/loaves", token=made.json["token"])).status == 200
    shop.bakery.now += 1_000
    assert (await shop.ask("GET", "/v1/loaves", token=made.json["token"])).status == 401


async def test_a_member_has_so_many_tokens_and_no_more(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "TOKENS_PER_MEMBER_MAX", 2)
    assert (await shop.ask("POST", "/v1/tokens", {"label": "second"})).status == 201
    assert (await shop.ask("POST", "/v1/tokens", {"label": "third"})).code == "STATE_CONFLICT"


async def test_so_many_tokens_it_stays_however_many_are_asked_for_at_once(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cap of 100 gave 120 to 60 who asked at once."""
    monkeypatch.setattr(tokens, "TOKENS_PER_MEMBER_MAX", 20)
    asked = await asyncio.gather(*(shop.ask("POST", "/v1/tokens", {"label": str(one)}) for one in range(60)))
    assert sorted(one.status for one in asked) == [201] * 19 + [409] * 41
    assert len(shop.bakery.storage.kept) == 22, "with her first, the steward's and the auditor's"
    for one in asked:
        if one.status == 201:
            await shop.ask("DELETE", f"/v1/tokens/{one.json['id']}")
    assert (await shop.ask("POST", "/v1/tokens", {"label": "again"})).status == 201


async def test_what_a_session_has_made_ends_with_its_key(shop: Any, anas_keys: KeyPair) -> None:
    async def make(token: str) -> Any:
        return (await shop.ask("POST", "/v1/tokens", {"label": "app"}, token=token)).json

    async def statuses() -> list[int]:
        opened = (session, first["token"], second["token"], apart["token"])
        return [(await shop.ask("GET", "/v1/loaves", token=one)).status for one in opened]

    session = (await signed_in(shop, anas_keys)).json["token"]
    first = await make(session)
    second, apart = await make(first["token"]), await make("mt_ana")
    assert (await shop.ask("DELETE", "/v1/sessions", token=session)).status == 204
    assert await statuses() == [401, 200, 200, 200], "a token outlives its session, not the key"
    session = (await signed_in(shop, anas_keys)).json["token"]
    shop.bakery.book.members["m1"].keys[anas_keys.public].revoked = True
    assert await statuses() == [401, 401, 401, 200]
    listed = (await shop.ask("GET", "/v1/tokens")).json["items"]
    assert [(one["label"], one["live"]) for one in listed] == [
        ("for the test", True),
        ("app", False),
        ("app", False),
        ("app", True),
    ]


async def test_the_last_token_of_a_steward_stays(shop: Any) -> None:
    async def made(**wish: Any) -> str:
        asked = {"label": "steward", "role": "steward", **wish}
        return (await shop.ask("POST", "/v1/tokens", asked, token="mt_steward")).json["id"]

    async def revoked(identity: str) -> Any:
        return await shop.ask("DELETE", f"/v1/tokens/{identity}", token="mt_steward")

    assert (await revoked("1")).code == "LAST_STEWARD_TOKEN"
    passing, partial = await made(expires="2026-05-02T12:00:00Z"), await made(scopes=["loaves:write"])
    refused = await revoked("1")
    assert (refused.status, refused.code) == (409, "LAST_STEWARD_TOKEN"), "of the others one ends, one may not all"
    assert refused.json["detail"] == "Without it no steward could come in any more. It was not revoked."
    assert (await shop.ask("GET", "/v1/loaves", token="mt_steward")).status == 200
    assert (await revoked(passing)).status == (await revoked(partial)).status == 204
    await made(member="bia")
    assert (await revoked("1")).status == 204, "another lasts"


async def test_of_a_steward_who_has_left_no_token_is_the_other_one(shop: Any) -> None:
    await shop.ask("POST", "/v1/tokens", {"label": "b", "role": "steward", "member": "bia"}, token="mt_steward")
    shop.bakery.book.members["m2"].state = MemberState.LEFT
    assert (await shop.ask("DELETE", "/v1/tokens/1", token="mt_steward")).code == "LAST_STEWARD_TOKEN"


async def test_who_guesses_too_often_must_wait_and_nobody_else(shop: Any) -> None:
    statuses = [
        (await shop.ask("GET", "/v1/loaves", token=f"guess{i}")).status for i in range(auth.FAILURES_AT_ONCE + 1)
    ]
    assert statuses == [401] * auth.FAILURES_AT_ONCE + [429]
    waiting = await shop.ask("GET", "/v1/loaves", token="guess")
    assert (waiting.status, waiting.code, waiting.headers["Retry-After"]) == (429, "RATE_LIMITED", "2")
    assert (await shop.ask("GET", "/v1/loaves")).status == 200, "a good token is never held up"
    shop.bakery.now += 2_000
    assert (await shop.ask("GET", "/v1/loaves", token="guess")).status == 401


async def test_who_has_left_comes_in_no_more(shop: Any) -> None:
    assert (await shop.ask("GET", "/v1/loaves")).status == 200
    shop.bakery.book.members["m1"].state = MemberState.LEFT
    assert (await shop.ask("GET", "/v1/loaves")).status == 401


async def test_strangers_may_write_so_much_at_once(shop: Any, anas_keys: KeyPair) -> None:
    wish = {"key": bytes_text(anas_keys.public)}
    statuses = [
        (await shop.ask("POST", "/v1/challenges", wish, token=None)).status for _ in range(auth.STRANGERS_AT_ONCE + 1)
    ]
    assert statuses == [201] * auth.STRANGERS_AT_ONCE + [429]


def test_attempts_are_counted_for_so_many_addresses_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "ADDRESSES_MAX", 3)
    buckets = auth.Buckets(1, 1.0)
    for place in range(10):
        buckets.take(f"10.0.0.{place}", 0)
    assert len(buckets._left) == 3
