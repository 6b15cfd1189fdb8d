# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events reach a real receiver: signed, at least once, over kills of the node, and never where they must not go."""

import asyncio
import base64
import hmac
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.abc import AbstractResolver, ResolveResult

from node import clock
from node.hooks.addresses import AddressRefused, GuardedResolver, is_of_the_internet
from node.hooks.sender import FIRST_WAIT_MS, TRIES_MAX, HookSender, UrlFault, signed_headers
from node.hooks.store import DEAD_MAX, PENDING_MAX, HookStore
from node.keeping.home import Founding, found

pytestmark = pytest.mark.timeout(300)


NEVER = (
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://10.0.0.1/",
    "https://2130706433/",
    "https://169.254.169.254/latest",
    "ftp://x.example/",
    "https://u:p@x.example/",
    "nonsense",
)
"""Where a node never sends to, unless its operator lets it send within its own network."""


@dataclass
class Receiver:
    """A program that takes webhooks: it answers with the next of its statuses, with 200 once there is none."""

    statuses: list[int] = field(default_factory=list[int])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])
    url: str = ""
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        self.got.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        self.more.set()
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})

    async def until(self, count: int) -> None:
        async with asyncio.timeout(120):
            while len(self.got) < count:
                self.more.clear()
                await self.more.wait()


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    made = Receiver(list(statuses))
    runner = web.ServerRunner(web.Server(made.take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(60):
        while not await happened():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def tried(store: HookStore, count: int) -> bool:
    """Tell whether the oldest message was tried so often."""
    return store.deliveries(1, 0, 9)[0].tries >= count


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Verify as Standard Webhooks 1.0 says, by code of its own."""
    told = {name.lower(): value for name, value in headers.items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    said = f"{told['webhook-id']}.{told['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, said, "sha256")).decode()
    return (
        told["webhook-signature"] == f"v1,{expected}"
        and abs(int(told["webhook-timestamp"]) - clock.now_ms() / 1000) < 300
    )


def test_a_signature_is_that_of_the_standard_s_own_example() -> None:
    # From the specification's reference libraries.
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@asynccontextmanager
async def node(home: Path, *words: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", "serve", "--home", str(home), "--http", "127.0.0.1:0",
        "--p2p", "/ip4/127.0.0.1/tcp/0", "--json", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("MUTIRAO")},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(90):
            told = await process.stdout.readline()
        yield process, json.loads(told)["url"]
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def asked(session: ClientSession, method: str, url: str, body: Any = None) -> tuple[int, Any]:
    async with session.request(method, url, json=body) as answer:
        return answer.status, await answer.json(content_type=None) if answer.status != 204 else None


async def test_what_happens_is_sent_once_it_can_be_also_after_the_node_was_killed_between_tries(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    founded = await found(home, Founding("riacho", "Riacho", "HORA"), now=clock.now_ms, chance=clock.chance)
    headers = {"Authorization": f"Bearer {founded.steward_token}"}
    async with receiving(500, 302, 503) as receiver, ClientSession(headers=headers) as steward:
        async with node(home, "--private-hooks") as (process, url):
            status, hook = await asked(
                steward, "POST", f"{url}/v1/webhooks", {"url": receiver.url, "types": ["currency.created"]}
            )
            assert status == 201 and hook["secret"].startswith("whsec_")
            wish = {"code": "FLOR", "name": "Flor", "credit_limit": {"value": "100", "asset_scale": 2}}
            assert (await asked(steward, "POST", f"{url}/v1/currencies", wish))[0] == 201
            await asked(steward, "POST", f"{url}/v1/invitations", {})
            await receiver.until(2)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        async with node(home, "--private-hooks") as (_, url):
            await receiver.until(4)
            ids = {told["webhook-id"] for told, _ in receiver.got}
            assert len(ids) == 1, "the same id at each try, and the invitation was not asked for"
            assert all(is_signed(hook["secret"], told, body) for told, body in receiver.got)
            told = json.loads(receiver.got[-1][1])
            assert (told["type"], told["data"]["resource"]) == ("currency.created", "FLOR")
            again = await asked(steward, "GET", f"{url}/v1/webhooks/{hook['id']}")
            assert again[1]["secret"] is None and again[1]["pending"] == 0
            # A test message, and one that is refused for good.
            assert (await asked(steward, "POST", f"{url}/v1/webhooks/{hook['id']}/test", {}))[0] == 200
            await receiver.until(5)
            receiver.statuses.append(410)
            await asked(steward, "POST", f"{url}/v1/webhooks/{hook['id']}/test", {})
            await receiver.until(6)

            async def is_gone() -> bool:
                return (await asked(steward, "GET", f"{url}/v1/webhooks/1"))[1]["gone"]

            await until(is_gone)
            listed = await asked(steward, "GET", f"{url}/v1/webhooks/1/deliveries")
            assert [(one["state"], one["said"]) for one in listed[1]["items"]] == [("dead", "status 410")]
            assert (await asked(steward, "POST", f"{url}/v1/webhooks/1/replay", {}))[1] == {"count": 1}
            await receiver.until(7)
            assert (await asked(steward, "DELETE", f"{url}/v1/webhooks/1"))[0] == 204
            assert (await asked(steward, "GET", f"{url}/v1/webhooks/1"))[0] == 404
        async with node(home) as (_, url):
            for bad in (receiver.url, *NEVER):
                status, refused = await asked(steward, "POST", f"{url}/v1/webhooks", {"url": bad})
                assert (status, refused["code"]) == (400, "MALFORMED"), bad
            member = await asked(steward, "POST", f"{url}/v1/tokens", {"label": "eyes", "role": "auditor"})
            async with ClientSession(headers={"Authorization": f"Bearer {member[1]['token']}"}) as auditor:
                assert (await asked(auditor, "GET", f"{url}/v1/webhooks"))[0] == 403


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
     "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "nonsense"],
)  # fmt: skip
def test_addresses_of_private_networks_are_none_of_the_internet(address: str) -> None:
    assert not is_of_the_internet(address)


def test_addresses_of_the_internet_are() -> None:
    assert all(map(is_of_the_internet, ("1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")))


class Rebinding(AbstractResolver):
    """A name that leads to the internet when it is looked at, and to this machine when it is used."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.looked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del port
        self.looked += 1
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self.port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


class Quiet:
    """A runtime in which nothing happens."""

    class storage:  # noqa: N801
        @staticmethod
        async def events_kept() -> tuple[int, int]:
            return 0, 7

    def subscribe(self, *_: Any) -> Any:
        async def never() -> AsyncIterator[Any]:
            await asyncio.Event().wait()
            yield

        return never()


async def test_a_name_is_judged_by_the_address_that_is_connected_to(tmp_path: Path) -> None:
    async with receiving() as receiver:
        port = int(receiver.url.split(":")[2].partition("/")[0])
        inner = Rebinding(port)
        with pytest.raises(AddressRefused):
            await GuardedResolver(private=False, inner=inner).resolve("till.example", 443)
        store = HookStore(tmp_path / "hooks.db")
        now = [clock.now_ms()]
        sender = HookSender(
            store, now=lambda: now[0], chance=clock.chance, resolver=GuardedResolver(private=False, inner=inner)
        )
        hook = sender.add("https://till.example/hook", "", ())
        running = asyncio.create_task(sender.run(Quiet()))  # pyright: ignore[reportArgumentType]
        sender.send_test(hook)
        await until(partial(tried, store, 1))
        [waiting] = store.deliveries(1, 0, 9)
        assert waiting.said == "the address is in a private network" and inner.looked >= 2
        assert receiver.got == [] and store.after() == 7
        assert FIRST_WAIT_MS * 0.8 <= waiting.due_ms - now[0] <= FIRST_WAIT_MS * 1.2
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        store.close()


async def test_waits_double_and_what_is_never_taken_is_given_up(tmp_path: Path) -> None:
    async with receiving(*[500] * 99) as receiver:
        store = HookStore(tmp_path / "hooks.db")
        now = [1_000_000]
        sender = HookSender(store, now=lambda: now[0], chance=clock.chance, private=True)
        hook = sender.add(receiver.url, "", ())
        sender.send_test(hook)
        running = asyncio.create_task(sender.run(Quiet()))  # pyright: ignore[reportArgumentType]
        waits: list[int] = []
        for count in range(1, TRIES_MAX + 1):
            await receiver.until(count)
            await until(partial(tried, store, count))
            [one] = store.deliveries(1, 0, 9)
            waits.append(one.due_ms - now[0])
            now[0] = max(now[0], one.due_ms)
            sender.wake.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        [one] = store.deliveries(1, 0, 9)
        assert one.state == "dead" and store.counts(1) == (0, 1)
        assert all(4_000 * 2**at <= wait <= 6_001 * 2**at for at, wait in enumerate(waits[:12])), waits
        assert len({wait / 2**at for at, wait in enumerate(waits[:12])}) > 1, "chance spreads them"
        store.close()


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    store = HookStore(tmp_path / "hooks.db")
    store.add("https://till.example/", "", (), b"x" * 24, 1)
    store.queue([(1, f"msg_{n}", "t", b"{}") for n in range(PENDING_MAX + DEAD_MAX + 5)], 9, 1)
    assert store.counts(1) == (PENDING_MAX, DEAD_MAX)
    assert store.deliveries(1, 0, 1)[0].said == "too much waited"
    store.close()


def test_a_url_says_where_and_nothing_else(tmp_path: Path) -> None:
    sender = HookSender(HookStore(tmp_path / "hooks.db"), now=clock.now_ms, chance=clock.chance)
    assert sender.check_url("https://till.example:8443/hook?x=1").port == 8443
    long = "https://a.example/" + "a" * 500
    for bad in ("http://till.example/", "https://127.1/", "https:///x", "https://a.example/#b", long):
        with pytest.raises(UrlFault):
            sender.check_url(bad)
