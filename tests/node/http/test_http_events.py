# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events reach those who follow, in order, from where they left off; and nobody waits for a slow reader."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import ClientResponse

from node.http import events
from node.http.secret import token_hash
from protocol.book.members import MemberState
from protocol.wire.keys import KeyPair
from tests.node.http.test_http_auth import signed_in

pytestmark = pytest.mark.timeout(20)


async def told(response: ClientResponse) -> dict[str, str]:
    """Return the next block of a stream: its fields, and ":" for a comment."""
    block: dict[str, str] = {}
    while line := (await response.content.readline()).decode().rstrip("\n"):
        name, _, value = line.partition(": ")
        block[name] = value
    return block


def follow(shop: Any, query: str = "", **headers: str) -> Any:
    sent = {"Authorization": "Bearer mt_ana", **headers}
    return shop.session.get(f"{shop.url}/v1/events{query}", headers=sent)


async def test_what_happens_is_told_as_it_happens(shop: Any) -> None:
    async with follow(shop) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert await told(stream) == {"": "here"}
        await shop.bakery.tell("loaf.baked", "7", price=3, note="a\nb")
        block = await told(stream)
    assert (block["id"], block["event"]) == ("1", "loaf.baked")
    figures = {"price": 3, "note": "a\nb"}
    assert json.loads(block["data"]) == {"type": "loaf.baked", "resource": "7", "figures": figures}


async def test_a_stream_resumes_after_the_last_event_seen(shop: Any) -> None:
    for kind in ("loaf.baked", "loaf.sliced", "loaf.baked"):
        await shop.bakery.tell(kind, "7")
    async with follow(shop, **{"Last-Event-ID": "1"}) as stream:
        await told(stream)
        assert [(await told(stream))["id"] for _ in range(2)] == ["2", "3"]
    async with follow(shop, "?types=loaf.sliced,loaf.sold", **{"Last-Event-ID": "0"}) as stream:
        await told(stream)
        assert (await told(stream))["id"] == "2"


async def test_a_silent_stream_is_kept_alive(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.01)
    async with follow(shop) as stream:
        await told(stream)
        assert await told(stream) == {"": "still here"}
        assert await told(stream) == {"": "still here"}
        await shop.bakery.tell("loaf.baked", "7")
        while "id" not in (block := await told(stream)):
            pass
        assert block["id"] == "1", "a heartbeat loses no event"


async def test_a_reader_that_the_runtime_drops_sees_the_end(shop: Any) -> None:
    async with follow(shop) as stream:
        await told(stream)
        await shop.bakery.tell("slow.dropped", "")
        assert await stream.content.read() == b""
    assert shop.api._streams.count == 0


async def test_a_reader_that_takes_nothing_is_left(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WRITE_SECONDS_MAX", 0.2)
    host, port = shop.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1_000)
    writer.write(b"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mt_ana\r\n\r\n")
    await reader.readuntil(b": here")
    for _ in range(60):
        await shop.bakery.tell("loaf.baked", "7", crumbs="x" * 500_000)
    await shop.bakery.left.wait()
    came = b""
    with suppress(ConnectionResetError):
        while piece := await reader.read(65_536):
            came = piece
    assert not came.endswith(b"0\r\n\r\n"), "it was cut off, not ended in due form"
    writer.close()


async def test_streams_are_bounded_and_end_with_the_node(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STREAMS_MAX", 1)
    async with follow(shop) as stream:
        await told(stream)
        full = await shop.ask("GET", "/v1/events")
        assert (full.status, full.code) == (503, "OVERLOADED")
        async with asyncio.timeout(2):
            await shop.api.stop()
            assert await stream.content.read() == b""


async def test_a_member_takes_no_streams_away_from_others(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STREAMS_PER_ASKER_MAX", 2)
    async with follow(shop) as first:
        await told(first)
        async with follow(shop) as second:
            await told(second)
            third = await shop.ask("GET", "/v1/events")
            assert (third.status, third.code) == (503, "OVERLOADED")
            async with follow(shop, Authorization="Bearer mt_steward") as stewards:
                assert stewards.status == 200


async def test_a_stream_does_not_outlive_the_right_to_it(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STREAM_SECONDS_MAX", 0.05)
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.01)
    async with follow(shop) as stream:
        assert (await stream.content.read()).endswith(b": still here\n\n")


@pytest.mark.parametrize("types", ["", "a,,b", "Ünder", "a b", ",".join("a" * 33)])
async def test_types_that_cannot_be_are_refused(shop: Any, types: str) -> None:
    refused = await shop.ask("GET", f"/v1/events?types={types}")
    assert (refused.status, refused.json["figures"]["field"]) == (400, "types")


async def test_only_those_who_are_known_may_follow(shop: Any) -> None:
    assert (await shop.ask("GET", "/v1/events", token=None)).status == 401
    for last in ("x", "-1", "9" * 30):
        assert (await shop.ask("GET", "/v1/events", Last_Event_ID=last)).code == "CURSOR_UNKNOWN"


@pytest.mark.parametrize("ends", ["its token is revoked", "its member leaves", "its session is ended"])
async def test_a_stream_tells_nothing_more_once_its_bearer_may_not_come_in(
    shop: Any, anas_keys: KeyPair, ends: str
) -> None:
    token = "mt_ana"  # the bakery's
    if ends == "its session is ended":
        token = (await signed_in(shop, anas_keys)).json["token"]
    async with follow(shop, Authorization=f"Bearer {token}") as stream:
        await told(stream)
        await shop.bakery.tell("loaf.baked", "7")
        assert (await told(stream))["id"] == "1"
        match ends:
            case "its token is revoked":
                await shop.bakery.storage.revoke_token(token_hash(token), shop.bakery.now)
            case "its member leaves":
                shop.bakery.book.members["m1"].state = MemberState.LEFT
            case _:
                assert (await shop.ask("DELETE", "/v1/sessions", token=token)).status == 204
        await shop.bakery.tell("loaf.baked", "8")
        assert await stream.content.read() == b""
    assert shop.api._streams.count == 0


async def test_a_silent_stream_ends_with_the_right_to_it_too(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    async with follow(shop) as stream:
        await told(stream)
        assert await told(stream) == {"": "still here"}
        await shop.bakery.storage.revoke_token(token_hash("mt_ana"), shop.bakery.now)
        async with asyncio.timeout(2):
            await stream.content.read()


async def test_who_is_suspended_is_told_and_has_to_come_back(shop: Any) -> None:
    async with follow(shop) as stream:
        await told(stream)
        shop.bakery.book.members["m1"].state = MemberState.SUSPENDED
        await shop.bakery.tell("member.suspended", "m1")
        assert (await told(stream))["event"] == "member.suspended"
        assert await stream.content.read() == b""
    async with follow(shop, **{"Last-Event-ID": "1"}) as stream:
        await told(stream)
        await shop.bakery.tell("member.resumed", "m1")
        assert (await told(stream))["id"] == "2"
        await shop.bakery.tell("loaf.baked", "7")
        assert (await told(stream))["id"] == "3"
