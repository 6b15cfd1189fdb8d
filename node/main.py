# SPDX-License-Identifier: AGPL-3.0-or-later
"""Serving a home: storage, replica, network and HTTP API wired together, begun and ended in order."""

import asyncio
import gc
import logging
import os
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from node import clock, logs
from node.hooks.sender import HookSender
from node.hooks.store import HOOKS_FILE, HookStore
from node.keeping import hours
from node.keeping.config import Config
from node.keeping.dialled import DIALLED_MAX, keep_dialled, read_dialled
from node.keeping.home import DATABASE, HIGH_WATER, HomeUnusable, Keys, awaits_founding, locked, peer_id, read_keys
from node.loop.peering import Peering
from node.loop.runtime import READY, Runtime
from node.store.connections import StorageUnusable
from node.store.highwater import HighWater, opened_since, why_recover
from node.store.loading import Loader
from node.store.storage import Storage
from protocol.book.clock import Clock
from protocol.book.refusals import RECOVERING, STATE_CONFLICT
from protocol.events import PeerDown, PeerUp, Received
from protocol.lanes.entry import Millis
from protocol.peers.troubles import Trouble
from protocol.practices import OPERATIONS, PRACTICES
from protocol.replica import Replica
from protocol.wire.keys import KeyPair, id_text

if TYPE_CHECKING:
    from node.http.about import NodeShown
    from node.p2p.network import Network, NetworkEvent

SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter from one that waits: the database and libp2p have their own."""
GARBAGE_THRESHOLDS = (50_000, 20, 100)
"""When to look for garbage: nearly all that is made while entries come stays, and is walked in vain."""
UNUSABLE = (HomeUnusable, StorageUnusable)
"""What `serve` raises where a home cannot be served from; the text says what to do."""
STARTING = Trouble("STARTING", "the books, which are read anew", "nothing; it goes on by itself")
ENDING = Trouble("STOPPED", "nothing: this node ends", "start it again")
DISK_FULL = Trouble("STORAGE_FAILED", "a disk that takes what is to be stored", "make room on the disk, or mend it")
NETWORK_DOWN = Trouble(
    "NETWORK_DOWN",
    "its part that speaks to other nodes, which is started again",
    "look into the log if it lasts for more than a minute",
)
_STOP_SECONDS = 1.5
"""How long requests under way may take when the node ends."""

log = logging.getLogger(__name__)

Serving = Callable[[str, Sequence[str]], None]
"""Told once when the node serves: the URL of its API, and its multiaddrs."""
SetupTold = Callable[[Mapping[str, str]], None]
"""Told of the guided set-up: where it waits and its one-time code, and which network was founded."""


def _untold(told: Mapping[str, str]) -> None:
    del told


async def serve(home: Path, config: Config, serving: Serving | None = None, setup_told: SetupTold = _untold) -> None:
    """Serve a home until SIGTERM or SIGINT, and then end within 5 seconds; in an empty one, first let one be founded.

    Raises HomeUnusable, StorageUnusable, OSError where an address cannot be had, and BrokenForGood.
    """
    logs.begin(config.log_level)
    sys.setswitchinterval(SWITCH_SECONDS)
    os.umask(0o077)
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    async with AsyncExitStack() as stack:
        places: Sequence[socket] = ()
        if awaits_founding(home):
            from node.founding import founded_by_browser

            places = await founded_by_browser(home, config, ending, setup_told, _tls(config))
            if ending.is_set():
                return
        stack.enter_context(locked(home))
        keys = read_keys(home)
        storage = await Storage.open(home / DATABASE)
        stack.push_async_callback(storage.close)
        node = await _opened(home, config, keys, storage, stack)
        await node.serve(stack, serving, setup_told, places)
        log.info("serving", extra={"state": node.runtime.state})
        running = asyncio.create_task(node.runtime.run())
        waiting = asyncio.create_task(ending.wait())
        keeping = asyncio.create_task(node.keep_hours())
        sending = asyncio.create_task(node.send_hooks())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        keeping.cancel()
        sending.cancel()
        log.info("ending")
        await node.end()
        await running


async def _opened(home: Path, config: Config, keys: Keys, storage: Storage, stack: AsyncExitStack) -> "_Node":
    """Return the node of a home, its replica loaded; nobody hears of it yet."""
    network = await storage.network()
    if network is None:
        raise HomeUnusable(f"{home / DATABASE} does not say whose it is: restore a backup")
    mark = HighWater(home / HIGH_WATER, network)
    stack.callback(mark.close)
    reason = await why_recover(mark.read(), storage, network) if keys.keyring else None
    if reason is not None:
        log.warning("recovering: nothing is signed until our own entries are back", extra={"reason": reason})
    node = _Node(home, config, keys, network, storage, mark, recovering=reason is not None)
    node.opened = await opened_since(mark.read(), storage, network)
    node.newest_ms = await hours.newest_ms(storage, network)
    await node.runtime.start()
    if not node.holds_its_key():
        raise HomeUnusable(
            f"{home}/keys/hot.key is not the key with which this network signs now: another home has taken over"
            " (`mutirao init --replica-of` makes a new one that follows it), or an old copy of the keys is here"
        )
    return node


class _Node:
    """One serving node: what its parts need to know of one another."""

    def __init__(
        self,
        home: Path,
        config: Config,
        keys: Keys,
        network: bytes,
        storage: Storage,
        mark: HighWater,
        *,
        recovering: bool,
    ) -> None:
        self._home = home
        self._run = clock.chance(16)
        self._config = config
        self._keys = keys
        self._network_id = network
        self._storage = storage
        self._recovering = recovering
        self.opened = 0
        """The newest epoch that the high-water mark alone knows of, 0 where the database knows it too."""
        self.newest_ms: Millis | None = None
        """The date of the newest ledger entry at the start."""
        self._replica: Replica | None = None
        self._network: Network | None = None
        self.hooks = HookSender(
            HookStore(home / HOOKS_FILE), now=clock.now_ms, chance=clock.chance, private=config.private_hooks
        )
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._loader = Loader(storage, network)
        self.runtime = Runtime(
            storage,
            self._load,
            self._loader,
            network=network,
            now=clock.now_ms,
            seconds=clock.seconds,
            advance=mark.advance,
        )

    def _load(self) -> Replica:
        """Load what is stored; once loaded, these many objects are not walked for garbage any more."""
        recovering = self._recovering if self._replica is None else self._replica.recovering

        def fresh() -> Replica:
            replica = Replica(
                self._network_id,
                PRACTICES,
                chance=clock.chance,
                keyring=self._keys.keyring,
                invitation=self._keys.invitation,
                recovering=recovering,
                opened=self.opened,
                compares=True,
            )
            replica.gossip.taking.checks_all = self._config.audit
            replica.talks.runs.run = self._run
            return replica

        gc.unfreeze()
        gc.disable()
        try:
            replica = self._loader.load(fresh)
            for data in self._storage.faults():
                replica.recall(data)
            for id in self._storage.declined():
                replica.recall_declined(id)
            if replica.recovering and self._config.reopen:
                replica.handle((), clock.now_ms())
                if not replica.reopen():
                    log.error(
                        "not reopened: this epoch was opened before, and its key event is not here: connect who has"
                        " it, or rotate with the cold keys",
                        extra={"epoch": self.opened},
                    )
            since = hours.read_hour(self._home)
            steady_ms = round(clock.seconds() * 1000)
            ahead_ms = hours.ahead_of(since, self.newest_ms, clock.now_ms(), steady_ms, clock.boot())
            replica.book.of(Clock).ahead_ms = ahead_ms
        finally:
            gc.enable()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        self._replica = replica
        return replica

    def holds_its_key(self) -> bool:
        """Tell whether the hot key is that of the epoch in force; a replica needs none."""
        assert self._replica is not None
        known = self._replica.journal.directory.networks.get(self._network_id)
        keyring = self._keys.keyring
        if keyring is None:
            return True
        return known is not None and known.identity.key_of(known.identity.epoch) == keyring.hot.public

    async def serve(
        self, stack: AsyncExitStack, serving: Serving | None, setup_told: SetupTold, places: Sequence[socket]
    ) -> None:
        """Listen for peers and for clients; for these at sockets that listen already, if there are such."""
        from node.http.app import Api, HomeDoor
        from node.keeping.guided import GuidedSetup, OneTimeCode
        from node.p2p.network import Network

        config = self._config
        network = self._network = Network(
            self._keys.transport, config.p2p, on_event=self._on_event, behind_proxy=config.behind_proxy
        )
        peering = Peering(network, self._storage, clock.seconds)
        self.runtime.connect(peering)
        stack.push_async_callback(network.stop)
        stack.push_async_callback(peering.close)
        await network.start()
        for address in (*config.peers, *read_dialled(self._home)):
            network.dial(address)
        code = OneTimeCode(
            lambda told: setup_told({"setup": f"{url}/setup", "code": told}), now=clock.now_ms, chance=clock.chance
        )
        guided = GuidedSetup(self._home, code)
        api = Api(
            self.runtime,
            OPERATIONS,
            about=self._about,
            troubles=self._troubles,
            now=clock.now_ms,
            chance=clock.chance,
            behind_proxy=config.behind_proxy,
            home=HomeDoor(self._dial, self._export, guided, self.hooks),
        )
        stack.push_async_callback(api.stop)
        url = await api.start(*config.http, _tls(config), places)
        self._closing.append(api.stop)
        log.info("listening", extra={"url": url, "addresses": network.addresses})
        if serving is not None:
            serving(url, network.addresses)
        if guided.unfinished and not places:
            code.renew()  # whoever founded it just now is let in already

    async def _export(self, target: Path) -> None:
        """Write the network whole to a new file; raises Denied unless this node signs for it now, and is whole."""
        from node.http.problems import Denied
        from node.keeping.exporting import write_export

        keyring, state = self._keys.keyring, self.runtime.state
        if keyring is None or state != READY:
            raise Denied(STATE_CONFLICT, state=state if keyring else "replica")
        await asyncio.to_thread(write_export, self._storage.path, keyring.hot, target, clock.now_ms())

    def _dial(self, address: str) -> None:
        """Dial an address from now on and at each start; raises ValueError, OSError."""
        assert self._network is not None
        if address not in (kept := read_dialled(self._home)) and len(kept) >= DIALLED_MAX:
            raise ValueError(f"at most {DIALLED_MAX} addresses are kept")
        # Whatever cannot be dialled is refused before it is kept.
        self._network.dial(address)
        keep_dialled(self._home, address)

    async def send_hooks(self) -> None:
        """Send webhooks as long as it is not cancelled; what goes wrong with them stops nothing else."""
        try:
            await self.hooks.run(self.runtime)
        except Exception:
            log.exception("webhooks are sent no more: start the node again")

    async def keep_hours(self) -> None:
        """Keep what the clock says now and then, as long as it is believed."""
        while True:
            await asyncio.sleep(hours.KEPT_EVERY_SECONDS)
            self._keep_hour()

    def _keep_hour(self) -> None:
        if self._replica is not None:
            hours.keep_hour(self._home, self._replica.book.of(Clock), clock.boot())

    async def end(self) -> None:
        """Let requests under way have their answer, then take no more."""
        self._keep_hour()
        for close in self._closing:
            try:
                await asyncio.wait_for(close(), _STOP_SECONDS)
            except TimeoutError:
                log.warning("a request did not end in time")
        self.runtime.stop()

    def _on_event(self, event: "NetworkEvent") -> None:
        from node.p2p import network

        match event:
            case network.FrameReceived(peer, frame):
                self.runtime.hear(Received(peer, frame))
            case network.StreamUp(peer, public_key, address, outbound):
                log.info("a peer is up", extra={"peer": peer, "address": address, "outbound": outbound})
                self.runtime.hear(PeerUp(peer, public_key, outbound))
            case network.StreamDown(peer, reason):
                log.info("a peer is down", extra={"peer": peer, "reason": reason})
                self.runtime.hear(PeerDown(peer))
            case network.NetworkFailed() | network.NetworkRestarted():
                pass  # the network logs it, and the peers are told down and up

    def _troubles(self) -> Sequence[Trouble]:
        troubles = [] if self._replica is None else list(self._replica.troubles)
        if self.runtime.state != READY and not any(one.stops for one in troubles):
            troubles.append(STARTING if self.runtime.state == RECOVERING.code else ENDING)
        if not self.runtime.writable:
            troubles.append(DISK_FULL)
        if self._network is None or not self._network.alive:
            troubles.append(NETWORK_DOWN)
        return troubles

    def _about(self) -> "NodeShown":
        from node.http.about import NodeShown

        assert self._network is not None and self._replica is not None
        known = self._replica.journal.directory.networks.get(self._network_id)
        profile = None if known is None else known.profile
        return NodeShown(
            network_id=id_text(self._network_id),
            handle="" if profile is None else profile.handle,
            name="" if profile is None else profile.name,
            peer_id=peer_id(KeyPair.from_seed(self._keys.transport).public),
            addresses=tuple(self._network.addresses),
            state=self.runtime.state,
            lacks=None if self._replica.behind is None else self._replica.behind.kind,
            version=version("mutirao"),
            source_url=self._config.source_url,
        )


def _tls(config: Config) -> ssl.SSLContext | None:
    if config.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_certificate, config.tls_key)
    return context
