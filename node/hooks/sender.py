# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sends events to receivers: signed, each until it is taken or given up, at least once; over restarts by its store.

Header names and what is signed are those of Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA-256 over
"<id>.<timestamp>.<body>".
"""

import asyncio
import hmac
import logging
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from aiohttp import ClientError, ClientSession, ClientSSLError, ClientTimeout, TCPConnector
from yarl import URL

from node.hooks.addresses import AddressRefused, GuardedResolver, is_of_the_internet
from node.hooks.store import Hook, HookMessage, HookStore
from node.http.jsonbytes import dump
from node.store.storage import Storage
from protocol.book.declaration import Actor, Role
from protocol.lanes.entry import Millis

SECRET_PREFIX = "whsec_"  # noqa: S105  # by which a secret is recognised
SECRET_BYTES = 24
FIRST_WAIT_MS, WAIT_MS_MAX = 5_000, 6 * 3_600_000
TRIES_MAX = 14
"""Some 18 hours: 5 s, 10 s, 20 s and so on, each a fifth longer or shorter by chance."""
AT_ONCE = 8
TRY_SECONDS, HOOK_CONNECT_SECONDS = 15.0, 5.0
GONE = 410
URL_CHARS_MAX = 500

log = logging.getLogger(__name__)


class HookEvents(Protocol):
    """What the sender needs of the runtime: events from a place on, and how many have been stored."""

    storage: Storage

    def subscribe(self, after: int | None, types: frozenset[str] | None, actor: Actor) -> Any: ...


class UrlFault(ValueError):
    """Why nothing is sent to a URL, in words."""


class HookSender:
    """Queues what happens for the receivers that want it, and sends what is due."""

    def __init__(
        self,
        store: HookStore,
        *,
        now: Callable[[], Millis],
        chance: Callable[[int], bytes],
        private: bool = False,
        resolver: GuardedResolver | None = None,
    ) -> None:
        self.store = store
        self._now = now
        self._chance = chance
        self._private = private
        self._resolver = resolver
        self.wake = asyncio.Event()
        """Set where something may be due sooner than it was."""

    def add(self, url: str, label: str, types: Sequence[str]) -> Hook:
        """Keep a new receiver; raises UrlFault."""
        self.check_url(url)
        return self.store.add(url, label, types, self._chance(SECRET_BYTES), self._now())

    def check_url(self, text: str) -> URL:
        """Return a URL to which may be sent, as far as can be told without looking its name up; raises UrlFault."""
        try:
            url = URL(text)
        except ValueError:
            raise UrlFault("a URL such as https://till.example/hook") from None
        schemes = ("https", "http") if self._private else ("https",)
        if len(text) > URL_CHARS_MAX or url.scheme not in schemes or not url.host or url.user or url.fragment:
            raise UrlFault("a URL such as https://till.example/hook, without a user")
        literal = url.host.replace(".", "").isdigit() or ":" in url.host
        if literal and not self._private and not is_of_the_internet(url.host):
            raise UrlFault("an address of the internet: this one is in a private network")
        return url

    def send_test(self, hook: Hook) -> None:
        """Queue a message that only tells that messages come."""
        self.store.queue([self._message(hook, "webhook.test", "", {})], None, self._now())
        self.wake.set()

    def replay(self, hook: int, numbers: Sequence[int] | None) -> int:
        """Try anew what was given up; returns how many messages that is."""
        count = self.store.replay(hook, numbers, self._now())
        self.wake.set()
        return count

    async def run(self, events: HookEvents) -> None:
        """Queue and send until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._queue(events))
            both.create_task(self._send())

    async def _queue(self, events: HookEvents) -> None:
        officer = Actor(Role.STEWARD)
        if self.store.after() is None:
            _, newest = await events.storage.events_kept()
            self.store.queue([], newest, self._now())
        while True:
            subscription = events.subscribe(self.store.after(), None, officer)
            async for seq, kind, resource, figures in subscription:
                wanting = [one for one in self.store.hooks() if not one.gone and (not one.types or kind in one.types)]
                messages = [self._message(one, kind, resource, figures) for one in wanting]
                await asyncio.to_thread(self.store.queue, messages, seq, self._now())
                if messages:
                    self.wake.set()
            await asyncio.sleep(1)  # it was too slow, or the node ends

    def _message(self, hook: Hook, kind: str, resource: str, figures: Mapping[str, Any]) -> tuple[int, str, str, bytes]:
        now = datetime.fromtimestamp(self._now() / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = dump({"type": kind, "timestamp": now, "data": {"resource": resource, "figures": figures}})
        return hook.number, f"msg_{self._chance(15).hex()}", kind, body

    async def _send(self) -> None:
        resolver = self._resolver or GuardedResolver(private=self._private)
        connector = TCPConnector(resolver=resolver, use_dns_cache=False, limit=AT_ONCE, force_close=True)
        timeout = ClientTimeout(total=TRY_SECONDS, connect=HOOK_CONNECT_SECONDS)
        async with ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
            while True:
                self.wake.clear()
                due = await asyncio.to_thread(self.store.due, self._now(), AT_ONCE)
                hooks = {one.number: one for one in self.store.hooks()}
                await asyncio.gather(*(self._try(session, hooks.get(one.hook), one) for one in due))
                if due:
                    continue
                following = self.store.next_due()
                wait = None if following is None else max(0.05, (following - self._now()) / 1000)
                try:
                    await asyncio.wait_for(self.wake.wait(), wait)
                except TimeoutError:
                    continue

    async def _try(self, session: ClientSession, hook: Hook | None, one: HookMessage) -> None:
        if hook is None:
            self.store.done(one.number)
            return
        status, said = await self._post(session, hook, one)
        if 200 <= status < 300:  # HTTP's own line
            await asyncio.to_thread(self.store.done, one.number)
            return
        log.info("a webhook was not taken", extra={"hook": hook.number, "said": said, "tries": one.tries + 1})
        due = None if one.tries + 1 >= TRIES_MAX else self._now() + self._wait_ms(one.tries)
        await asyncio.to_thread(self.store.failed, one, said, due)
        if status == GONE:
            await asyncio.to_thread(self.store.end, hook.number)

    async def _post(self, session: ClientSession, hook: Hook, one: HookMessage) -> tuple[int, str]:
        """Return the status of a try, 0 where there was none, and how it went in a word."""
        try:
            url = self.check_url(hook.url)
            headers = signed_headers(hook.secret, one.message, self._now() // 1000, one.body)
            async with session.post(url, data=one.body, headers=headers, allow_redirects=False) as response:
                return response.status, f"status {response.status}"
        except (UrlFault, AddressRefused):
            return 0, "the address is in a private network"
        except (ClientSSLError, ssl.SSLError):
            return 0, "its certificate is not good"
        except TimeoutError:
            return 0, f"no answer in {TRY_SECONDS:.0f} seconds"
        except (ClientError, OSError) as error:
            refused = isinstance(error.__cause__, AddressRefused) or isinstance(
                getattr(error, "os_error", None), AddressRefused
            )
            return 0, "the address is in a private network" if refused else "no connection"

    def _wait_ms(self, tries: int) -> int:
        wait = min(FIRST_WAIT_MS * 2**tries, WAIT_MS_MAX)
        return wait + wait * (self._chance(1)[0] - 128) // 640


def signed_headers(secret: bytes, message: str, seconds: int, body: bytes) -> Mapping[str, str]:
    """Return the headers of a message, its signature among them (Standard Webhooks 1.0)."""
    mac = hmac.new(secret, b"%s.%d.%s" % (message.encode(), seconds, body), sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "mutirao",
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
    }


def secret_text(secret: bytes) -> str:
    """Return a secret as it is told to who receives."""
    return SECRET_PREFIX + b64encode(secret).decode()
