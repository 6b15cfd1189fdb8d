# SPDX-License-Identifier: AGPL-3.0-or-later
"""Twelve networks of real nodes, 4 units, 30 links: payments over 1 to 5 hops through all that can befall a node.

While they pay, every line loses 5% of what it carries. The federation is parted twice, once silently and once with all
connections cut; nodes are killed; a disk is full for a while; and one node starts again from a copy of its database
that is older than most of the payments. At the end everything is healed and audited.
"""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random

from processes.federation import DELAY_SECONDS, LOSS, Federation, found, full, small_disk
from processes.harness import Commune, Node, mutirao, until
from processes.nursery import Nursery
from processes.weather import Parting, Weather

LEVELS = (2, 2, 3, 3, 1, 1)
LINKS = 30
APART_SECONDS: dict[Parting, float] = {"silent": 12.0, "cut": 25.0}
"""Longer than it takes to notice that nobody answers (9 s), and than a hold waits for who is away (20 s)."""
DISK_FULL_SECONDS = 5.0
KILLS = 10


def play(payments: int, seed: int) -> int:
    """Play the world, and tell what came of it; raises whatever the audit finds."""
    random = Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="federation-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        nursery = Nursery()
        stack.callback(nursery.close)
        disks: dict[str, Path | None] = {}
        weather = Weather(random)
        stack.callback(weather.close)
        commune = Commune(folder, nursery)

        def prepare(node: Node) -> None:
            if node.handle.startswith("eco-2"):
                disks[node.handle] = stack.enter_context(small_disk(node))

        stack.callback(commune.close)
        began = time.monotonic()
        federation = found(commune, weather, LEVELS, seed, without=1, prepare=prepare)
        assert (len(federation.nodes), len(federation.links)) == (12, LINKS)
        replica = commune.replica(federation.nodes[5])
        commune.connect(replica, federation.nodes[5])
        replica.start()
        print(f"{time.monotonic() - began:.0f} s: 12 networks, {LINKS} links, and a replica", flush=True)
        story = _Story(federation, weather, replica, payments, random, disks)
        story.play()
    return 0


class _Story:
    def __init__(
        self, federation: Federation, weather: Weather, replica: Node, payments: int, random: Random,
        disks: dict[str, Path | None],
    ) -> None:  # fmt: skip
        self.federation, self.weather, self.replica = federation, weather, replica
        self.payments, self.random, self.disks = payments, random, disks
        self.restored = federation.nodes[5]
        self.began = time.monotonic()

    def play(self) -> None:
        federation, weather = self.federation, self.weather
        weather.loss, weather.delay_seconds = LOSS, DELAY_SECONDS
        acts: tuple[tuple[float, Callable[[], None]], ...] = (
            (0.05, self._copy),
            (0.15, lambda: self._part("silent", 4)),
            *((0.25 + number / 60, self._kill) for number in range(KILLS)),
            (0.45, self._fill_disk),
            (0.60, lambda: self._part("cut", 7)),
            (0.75, self._restore),
        )
        with federation.trade(self.payments):
            for share, act in acts:
                federation.wait_accepted(round(share * self.payments))
                act()
            federation.wait_accepted(self.payments)
        loaded = time.monotonic() - self.began
        weather.clear()
        took = federation.settle()
        self._tell(f"healed: all holds resolved {took:.1f} s later")
        ends = federation.audit()
        hops = Counter(one.hops for one in federation.accepted)
        lost = sum(one.was_lost for one in federation.accepted)
        self._tell(f"{len(federation.accepted)} payments in {loaded:.0f} s: {dict(ends)}; answers lost: {lost}")
        self._tell(f"by hops: {dict(sorted(hops.items()))}; told: {dict(federation.told.most_common())}")
        self._tell(f"weather: {weather.figures}")
        federation.verify_books(self.replica)
        self._tell("audit: each once or back, all balances and links agree, all books verify, no forks")

    def _part(self, how: Parting, near: int) -> None:
        seconds = APART_SECONDS[how]
        pending, took = self.federation.part(near, how, seconds)
        rest = len(self.federation.nodes) - near
        self._tell(
            f"parted {near} from {rest} for {seconds:.0f} s, {how}; {pending} then pending ended in {took:.1f} s"
        )

    def _kill(self) -> None:
        victim = self.random.choice(self.federation.nodes)
        victim.kill()
        victim.start()
        self._tell(f"killed {victim.handle}, which serves again")

    def _fill_disk(self) -> None:
        for handle, disk in self.disks.items():
            if disk is None:
                self._tell("no disk was filled: no file system can be mounted here")
                continue
            node = next(one for one in self.federation.nodes if one.handle == handle)
            with full(disk):
                until(lambda node=node: _is_refused(node), f"{handle}'s disk is full")
                time.sleep(DISK_FULL_SECONDS)
            node.wait_ready()
            self._tell(f"the disk of {handle} was full, and takes entries again")

    def _copy(self) -> None:
        self.copy = self.restored.home.with_suffix(".copy")
        node = self.restored
        done = mutirao("backup", str(self.copy), MUTIRAO_NODE=node.url, MUTIRAO_TOKEN=node.api.token or "")
        assert done.returncode == 0, done.stderr

    def _restore(self) -> None:
        node = self.restored
        node.kill()
        newest = _signed(node)
        for leftover in ("mutirao.db-wal", "mutirao.db-shm"):
            (node.home / leftover).unlink(missing_ok=True)
        shutil.copyfile(self.copy, node.home / "mutirao.db")
        copied = _signed(node)
        assert copied < newest
        node.start()
        self._tell(f"{node.handle} started from a copy with {copied} of its {newest} entries")

    def _tell(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:.0f} s: {what}", flush=True)


def _signed(node: Node) -> int:
    """Count what a node's network has signed, by its database."""
    return sum(len(ids) for place, ids in node.entries().items() if place[0] == node.network)


def _is_refused(node: Node) -> bool:
    reply = node.api.ask("POST", "/v1/invitations")
    return reply.status == 503 and reply.code == "STORAGE_FAILED"
