# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever is sent is answered with a problem, held within bounds, and never with a mistake of ours."""

import asyncio
import json
from typing import Any, cast
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.http import server
from node.http.auth import TokenGate
from node.http.routes import BODY_BYTES_MAX, RouteTable
from protocol.peers.troubles import Trouble

pytestmark = pytest.mark.timeout(30)


async def raw(shop: Any, *pieces: bytes, end: bool = True) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are, and return the first answer: status, headers, body."""
    host, port = shop.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if end:
            writer.write_eof()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
        is_head = pieces[0].startswith(b"HEAD")
        body = b"" if is_head else await reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split()[1]), headers, body
    finally:
        writer.close()


def code_of(answer: tuple[int, dict[str, str], bytes]) -> str:
    status, headers, body = answer
    assert headers["content-type"] == "application/problem+json"
    problem = json.loads(body)
    assert problem["status"] == status
    return problem["code"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "DELETE", "PROPFIND"])
async def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(shop: Any, method: str) -> None:
    refused = await shop.ask(method, "/v1/loaves")
    assert (refused.status, refused.code, refused.headers["Allow"]) == (405, "METHOD_NOT_ALLOWED", "GET, HEAD, POST")
    assert (await shop.ask(method, "/v1/cakes")).code == "PATH_UNKNOWN"
    assert (await shop.ask("GET", "/v1/loaves/0/slice")).headers["Allow"] == "POST"


async def test_head_is_answered_as_get_without_a_body(shop: Any) -> None:
    for path in ("/v1/node", "/v1/loaves", "/healthz", "/docs"):
        shown, head = await shop.ask("GET", path), await shop.ask("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers.get("ETag") == shown.headers.get("ETag")
        assert head.headers["Content-Length"] == str(len(shown.body))


async def test_a_body_that_is_too_large_is_refused_before_it_is_held(shop: Any, loaf: Any) -> None:
    head = b"POST /v1/loaves HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mt_ana\r\nContent-Type: application/json\r\n"
    told = await raw(shop, head + b"Content-Length: 10485760\r\n\r\n", end=False)
    assert (told[0], code_of(told)) == (413, "BODY_TOO_LARGE"), "none of it has come yet"
    chunk = b"%x\r\n" % BODY_BYTES_MAX + b"x" * BODY_BYTES_MAX + b"\r\n"
    untold = await raw(shop, head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, b"1\r\nx\r\n", end=False)
    assert (untold[0], code_of(untold)) == (413, "BODY_TOO_LARGE"), "the rest of it is not waited for"
    whole = await raw(shop, head + b"Content-Length: 10485760\r\n\r\n", *[b"x" * 65_536] * 160)
    assert code_of(whole) == "BODY_TOO_LARGE"
    full = json.dumps(loaf).encode().ljust(BODY_BYTES_MAX)
    assert (await shop.ask("POST", "/v1/loaves", full)).status == 201
    assert (await shop.ask("POST", "/v1/loaves", full + b" ")).code == "BODY_TOO_LARGE"


async def test_who_may_not_is_told_before_its_body_is_read(shop: Any) -> None:
    head = b"POST /v1/loaves HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
    assert code_of(await raw(shop, head, end=False)) == "UNAUTHENTICATED"


async def test_only_plain_json_is_taken(shop: Any, loaf: Any) -> None:
    for headers in (
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": ""},
        {"Content_Encoding": "gzip"},
    ):
        refused = await shop.ask("POST", "/v1/loaves", loaf, **headers)
        assert (refused.status, refused.code) == (415, "CONTENT_TYPE_UNSUPPORTED"), headers
    charset = await shop.ask("POST", "/v1/loaves", loaf, Content_Type="Application/JSON; charset=utf-8")
    assert charset.status == 201


async def test_a_body_that_never_comes_is_not_waited_for_long(shop: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS_MAX", 0.05)
    monkeypatch.setattr(server, "LINGERING_SECONDS", 0.05)
    head = b"POST /v1/loaves HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mt_ana\r\nContent-Length: 5\r\n\r\n"
    answer = await raw(shop, head, b"{", end=False)
    assert (answer[0], code_of(answer)) == (400, "MALFORMED")
    assert not shop.bakery.asked


async def test_a_client_may_wait_to_be_told_to_go_on(shop: Any, loaf: Any) -> None:
    host, port = shop.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(loaf).encode()
    writer.write(
        b"POST /v1/loaves HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mt_ana\r\nExpect: 100-continue\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await reader.readline()).startswith(b"HTTP/1.1 201 ")
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"BREW /v1/loaves HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/node HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET /v1/node HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /v1/loaves?" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/node HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(500)) + b"\r\n",
        b"POST /v1/loaves HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/loaves HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /v1/node HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_problem_too(shop: Any, sent: bytes, caplog: Any) -> None:
    answer = await raw(shop, sent, end=False)
    assert (answer[0], code_of(answer)) == (400, "MALFORMED")
    assert caplog.text == "", "nobody can fill the log by sending garbage"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/v1/loaves/%zz", 400),
        (b"/v1/loaves/%ff", 400),
        (b"/v1/loaves/%00", 400),
        (b"/v1/loaves/%", 400),
        (b"/v1/loaves?%zz=1", 400),
        (b"/v1/loaves?" + b"&".join(b"a%d=1" % i for i in range(100)), 400),
        (b"/v1/loaves?a", 400),
        (b"/v1/loaves?&&", 400),
        (b"/v1/loaves/0?", 404),
        (b"/v1/../v1/node", 404),
        (b"//v1/node", 404),
        (b"/v1/node/", 404),
        (b"http://example.org/v1/node", 200),
        (b"http://example.org", 404),
        (b"*", 400),
    ],
)
async def test_odd_targets_are_told_apart(shop: Any, target: bytes, status: int) -> None:
    answer = await raw(
        shop, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mt_ana\r\n\r\n", end=False
    )
    assert answer[0] == status
    assert status == 200 or code_of(answer)


async def test_beyond_the_bound_the_silent_of_the_address_with_most_make_way(shop: Any, monkeypatch: Any) -> None:
    """512 that said nothing once locked everybody out for 75 s at a time."""
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 4)
    await shop.session.close()
    host, port = shop.url.removeprefix("http://").split(":")

    async def caller(address: str, said: bytes = b"") -> tuple[Any, Any]:
        reader, writer = await asyncio.open_connection(host, int(port), local_addr=(address, 0))
        writer.write(said)
        await asyncio.sleep(0.02)
        return reader, writer

    phone = await caller("127.0.0.3")
    crowd = [await caller("127.0.0.2", b"GET / HTTP/1.1\r\n" * (number % 2)) for number in range(6)]
    for reader, _ in crowd[:3]:
        assert await reader.read() == b""
    for _ in range(2):
        phone[1].write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await phone[0].readline()).startswith(b"HTTP/1.1 200 ")
        await phone[0].readuntil(b"}")
    for _, writer in (phone, *crowd):
        writer.close()


async def test_where_all_are_being_served_a_new_connection_is_closed(shop: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 3)
    await shop.session.close()
    host, port = shop.url.removeprefix("http://").split(":")
    half = b"POST /v1/loaves HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mt_ana\r\nContent-Length: 9\r\n\r\n{"
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(3)]
    for _, writer in opened:
        writer.write(half)
    await asyncio.sleep(0.1)
    reader, writer = await asyncio.open_connection(host, int(port))
    assert await reader.read() == b""
    opened[0][1].write(b"xxxxxxxx")
    assert (await opened[0][0].readline()).startswith(b"HTTP/1.1 4")
    for _, one in (*opened, (reader, writer)):
        one.close()


async def test_who_connects_and_says_nothing_is_hung_up_on(monkeypatch: Any) -> None:
    monkeypatch.setattr(server, "KEEPALIVE_SECONDS", 0.05)
    door = server.Door(
        RouteTable([]), cast("server.Pages", None), gate=cast("TokenGate", None), scale_of=lambda _: None
    )
    host, port = (await door.start("127.0.0.1", 0)).removeprefix("http://").split(":")
    for said in (b"", b"GET / HTTP/1.1\r\nHost:"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(said)
        assert await reader.read() == b""
        writer.close()
    await door.stop()


async def test_every_answer_bears_the_safe_headers_and_no_version(shop: Any) -> None:
    for path in ("/v1/node", "/v1/cakes", "/docs", "/healthz"):
        headers = (await shop.ask("GET", path)).headers
        assert headers["Server"] == "mutirao"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers
    assert (await shop.ask("GET", "/v1/cakes")).headers["Cache-Control"] == "no-store"


async def test_behind_a_proxy_the_last_address_that_it_names_counts(shop: Any) -> None:
    shop.api._door._behind_proxy = True
    for _ in range(60):
        last = await shop.ask("GET", "/v1/loaves", token="guess", X_Forwarded_For="10.0.0.1, 10.9.9.9")
    assert last.status == 429
    for forwarded, status in (("10.9.9.9, 10.0.0.2", 401), ("10.0.0.3, 10.9.9.9", 429), ("10.9.9.9", 429)):
        assert (await shop.ask("GET", "/v1/loaves", token="guess", X_Forwarded_For=forwarded)).status == status


async def test_health_says_whether_the_process_lives_and_whether_it_takes_wishes(shop: Any) -> None:
    assert (await shop.ask("GET", "/healthz", token=None)).json == {"alive": True}
    assert (await shop.ask("GET", "/readyz", token=None)).json == {"ready": True, "troubles": []}
    shop.bakery.problems = [
        Trouble("RECOVERING", "a replica", "start it"),
        Trouble("NETWORK_DOWN", "its network", "look into the log"),
    ]
    unready = await shop.ask("GET", "/readyz", token=None)
    assert (unready.status, unready.code) == (503, "NOT_READY")
    assert unready.json["detail"] == "RECOVERING, NETWORK_DOWN: it waits for a replica; its network."
    assert unready.json["figures"]["to_do"] == "start it; look into the log"
    assert unready.json["ways"][0] == "stewards: start it; look into the log"
    shop.bakery.problems = [Trouble("NOT_COMPARED", "a replica", "start it", stops=False)]
    told = [{"code": "NOT_COMPARED", "waits_for": "a replica", "to_do": "start it", "stops": False}]
    assert (await shop.ask("GET", "/readyz", token=None)).json == {"ready": True, "troubles": told}
    assert (await shop.ask("GET", "/healthz", token=None)).status == 200


async def test_what_is_measured_is_told_to_prometheus(shop: Any) -> None:
    await shop.ask("GET", "/v1/loaves")
    await shop.ask("GET", "/v1/cakes")
    lines = (await shop.ask("GET", "/metrics", token=None)).body.decode().splitlines()
    assert lines[lines.index("mutirao_entries 3.0") - 1] == "# TYPE mutirao_entries gauge"
    assert lines.count("# TYPE mutirao_http_answers_total counter") == 1
    assert 'mutirao_http_answers_total{operation="loaves.list",status="200"} 1' in lines
    assert 'mutirao_http_answers_total{operation="unknown",status="404"} 1' in lines


@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded"])
async def test_what_is_measured_is_not_told_to_everybody_through_a_proxy(shop: Any, header: str) -> None:
    for token, status in ((None, 401), ("mt_ana", 403), ("mt_auditor", 200), ("mt_steward", 200)):
        assert (await shop.ask("GET", "/metrics", token=token, **{header: "192.0.2.7"})).status == status
    assert (await shop.ask("GET", "/healthz", token=None, **{header: "192.0.2.7"})).status == 200


_segment = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["v1", "loaves", "slice", "0"])
_header = st.tuples(
    st.sampled_from(["If-Match", "If-None-Match", "Idempotency-Key", "Content-Type", "Authorization", "Range"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)


_request = st.tuples(
    st.sampled_from(["GET", "POST", "HEAD", "DELETE"]),
    st.lists(_segment, max_size=5),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.lists(_header, max_size=3, unique_by=lambda one: one[0]),
    st.binary(max_size=20),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=_request)
async def test_no_request_is_answered_with_a_mistake_of_ours(shop: Any, request: Any) -> None:
    method, segments, query, headers, body = request
    path = "/" + "/".join(quote(one, safe="%") for one in segments) + "?" + quote(query, safe="=&%")
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    answer = await raw(shop, "\r\n".join([*lines, "", ""]).encode() + body, end=False)
    assert answer[0] < 500
