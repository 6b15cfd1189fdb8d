# SPDX-License-Identifier: AGPL-3.0-or-later
"""A hostile world of real nodes: five honest networks in a ring of links, and strangers who do all they may at once.

Members pay each other at home and abroad, for a while in calm and then beside three strangers for each network. At the
end no payment is lost, and it is told how long payments took in both, how often partners were parted, and what the
strangers have cost in memory and on disk.
"""

import shutil
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from processes.crowd import crowd
from processes.harness import Commune, Member, Node, link_up, start, until
from processes.nursery import Nursery

NETWORKS, STRANGERS = 5, 3
CODES = ("HORA", "FLOR", "ECO", "MATE", "SOL")
CALM_SHARE = 0.2
"""In which share of the time there are no strangers."""
MEGABYTE = 1024 * 1024


@dataclass
class Trade:
    """Payments one after the other by all members, each in a slot of its own; what each took in seconds, and where.

    Who has waited for one makes up for it: as many are asked for beside strangers as in calm.
    """

    members: list[Member]
    pace_seconds: float
    ends: threading.Event = field(default_factory=threading.Event)
    took: list[tuple[float, bool]] = field(default_factory=list)
    posted: list[tuple[Node, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(self, number: int) -> None:
        random, payer = Random(number), self.members[number]
        opened = time.monotonic()
        for slot in count():
            due = opened + (slot + random.random()) * self.pace_seconds
            if self.ends.wait(max(0.0, due - time.monotonic())):
                return
            abroad = bool(random.randrange(2))
            other = self.members[(number + random.choice((1, -1))) % len(self.members)]
            payee = f"{other.handle}@{other.node.handle}" if abroad else "feira"
            began = time.monotonic()
            try:
                paid = payer.pay_through(payee, 0.01) if abroad else payer.pay(payee, 0.01)
                if paid["state"] != "posted":
                    self.refused.append(f"{payer.node.handle}: {paid['state']} {paid['reason']}")
                    continue
            except AssertionError as failure:
                self.refused.append(f"{payer.node.handle}: {failure}")
                continue
            self.took.append((time.monotonic() - began, abroad))
            self.posted.append((payer.node, paid["id"]))


def play(seconds: float, payments: int) -> int:
    """Play the world for so long, with about so many payments; raises what is not as it should be."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        nursery = Nursery()
        stack.callback(nursery.close)
        commune = Commune(folder, nursery)
        stack.callback(commune.close)
        nodes = [commune.found(f"net-{at}", code, serves=False) for at, code in enumerate(CODES)]
        for at, node in enumerate(nodes):
            commune.connect(node, nodes[(at + 1) % NETWORKS])
        start(*nodes)
        members = [node.join(f"ana-{at}", limit=1_000_000) for at, node in enumerate(nodes)]
        for at, node in enumerate(nodes):
            node.join("feira")
            link_up(node, nodes[(at + 1) % NETWORKS], 10_000)
        pace = seconds * NETWORKS / payments
        calm, _ = _trade(members, pace, seconds * CALM_SHARE)
        before = [(node.rss_bytes, _disk(node)) for node in nodes]
        with ExitStack() as there:
            for node in nodes:
                there.enter_context(crowd(node.address, hostile=STRANGERS, home=node.network))
            beside, looks = _trade(members, pace, seconds * (1 - CALM_SHARE))
            after = [(node.rss_bytes, _disk(node)) for node in nodes]
        _tell("in calm", calm)
        _tell(f"beside {STRANGERS} strangers each", beside)
        slower = _worst(beside) / _worst(calm)
        print(f"99 of 100 within, beside them / in calm: {slower:.1f}")
        for node, (rss, disk), (rss_after, disk_after) in zip(nodes, before, after, strict=True):
            drops = node.log.count('"a peer is dropped"')
            print(
                f"{node.handle}: memory {rss / MEGABYTE:.0f} -> {rss_after / MEGABYTE:.0f} MB, "
                f"disk {disk / MEGABYTE:.1f} -> {disk_after / MEGABYTE:.1f} MB, {drops} times a peer was dropped"
            )
        print(f"partners were connected in {sum(looks)} of {len(looks)} looks")
        for node in nodes:
            until(lambda node=node: node.is_settled, f"all that {node.handle} has under way arrives", 60)
        for trade in (calm, beside):
            lost = [id for node, id in trade.posted if node.payment(id)["state"] != "posted"]
            assert not lost, lost
        for node in nodes:
            assert node.is_zero_sum
            node.stop()
            node.verify_book()
    return 0


def _trade(members: list[Member], pace: float, seconds: float) -> tuple[Trade, list[bool]]:
    trade, looks = Trade(members, pace), list[bool]()
    threads = [threading.Thread(target=trade.run, args=(at,)) for at in range(len(members))]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(1)
        for at, member in enumerate(members):
            looks.append(member.node.reaches(members[(at + 1) % len(members)].node))
    trade.ends.set()
    for thread in threads:
        thread.join()
    return trade, looks


def _worst(trade: Trade) -> float:
    waits = sorted(took for took, _ in trade.took)
    return waits[len(waits) * 99 // 100]


def _tell(when: str, trade: Trade) -> None:
    for abroad, where in ((False, "at home"), (True, "abroad")):
        waits = sorted(took for took, is_abroad in trade.took if is_abroad is abroad)
        print(
            f"{when}, {where}: {len(waits)} payments, half within {waits[len(waits) // 2] * 1000:.0f} ms, "
            f"99 of 100 within {waits[len(waits) * 99 // 100] * 1000:.0f} ms, the slowest {waits[-1] * 1000:.0f} ms"
        )
    print(f"{when}: {len(trade.refused)} were refused or came back", *trade.refused[:5], sep="\n  ", flush=True)


def _disk(node: Node) -> int:
    return sum(one.stat().st_size for one in node.home.iterdir() if one.is_file())
