# SPDX-License-Identifier: AGPL-3.0-or-later
"""A federation of real nodes in bad weather: who pays whom over how many links, and what must be true at the end."""

import shutil
import subprocess
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from uuid import UUID

from processes.harness import Commune, Json, Member, Node, Unanswered, forks, link_up, start, until
from processes.weather import Parting, Weather

from protocol.book.uuids import drawn_id

WORTH = {"HORA": Fraction(1), "FLOR": Fraction(2), "ECO": Fraction(4), "MATE": Fraction(10)}
"""How much of each unit is worth one HORA. Each ratio of two of them is an exact decimal."""
LIMIT = 1_000_000
LOSS = 0.05
"""What part of what lines carry is lost."""
DELAY_SECONDS = 0.02
"""How long lines take for each piece."""
ACROSS = 8
"""How many payments from each side are on their way to the other when the federation is parted."""
TRIES_MAX = 4
"""How often a payer asks for a price before she turns to somebody else."""
PAUSE_SECONDS = 0.2
HOLDS_RESOLVE_SECONDS = 60.0
"""Within what time after healing no hold may be left."""
DISK_BYTES = 48 * 1024 * 1024

ANOTHER_TIME = frozenset({
    "PEER_UNREACHABLE", "LINK_NOT_OPEN", "LINK_LIMIT_EXCEEDED", "LINK_HOLDS_EXCEEDED", "NO_ROUTE", "OVERLOADED",
    "RECOVERING", "STORAGE_FAILED", "QUOTE_UNKNOWN", "QUOTE_EXPIRED", "PAYMENT_EXISTS", "PARTNER_REFUSED",
    "NETWORK_UNKNOWN",
})  # fmt: skip
"""What a payer may be told in bad weather. Anything else is a failure of the story."""


@dataclass
class Attempt:
    """One payment that a payer has sent, under an id that she chose; accepted once an answer or a look says so."""

    payer: Member
    payee: Member
    id: str
    hops: int = 0
    was_sent: bool = False
    was_accepted: bool = False
    was_lost: bool = False
    """Whether an answer got lost."""


@dataclass
class Federation:
    """Networks in levels, linked within a level and with the next one, each with two members."""

    commune: Commune
    weather: Weather
    nodes: Sequence[Node]
    links: Sequence[tuple[Node, Node, str]]
    members: Sequence[Member]
    random: Random
    attempts: list[Attempt] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    """How often payers were told each refusal."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._distances = {node.handle: self._distances_from(node) for node in self.nodes}

    def distance(self, one: Node, other: Node) -> int:
        """Return over how many links, at least, a payment goes."""
        return self._distances[one.handle][other.handle]

    def _distances_from(self, source: Node) -> dict[str, int]:
        found, waiting = {source.handle: 0}, deque([source.handle])
        while waiting:
            at = waiting.popleft()
            for one, other, _ in self.links:
                for near, far in ((one.handle, other.handle), (other.handle, one.handle)):
                    if near == at and far not in found:
                        found[far] = found[at] + 1
                        waiting.append(far)
        return found

    @property
    def accepted(self) -> list[Attempt]:
        with self._lock:
            return [one for one in self.attempts if one.was_accepted]

    # Who pays.

    @contextmanager
    def trade(self, payments: int) -> Iterator[None]:
        """Let a member of each network pay until so many payments are accepted; then wait for the last answers."""
        threads = [
            threading.Thread(target=self._run, args=(node, payments, Random(self.random.random())))
            for node in self.nodes
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        except BaseException as failure:
            self.failures.append(failure)
            raise
        finally:
            for thread in threads:
                thread.join(180)
        assert not self.failures, self.failures
        assert not any(thread.is_alive() for thread in threads), "every payer has her last answer"

    def wait_accepted(self, payments: int) -> None:
        """Wait until so many payments are accepted."""
        until(lambda: self.failures or len(self.accepted) >= payments, f"{payments} payments are accepted", 600)
        assert not self.failures, self.failures

    def _run(self, node: Node, payments: int, random: Random) -> None:
        payers = [one for one in self.members if one.node is node]
        far = max(self._distances[node.handle].values())
        try:
            while len(self.accepted) < payments and not self.failures:
                hops = random.randint(1, far)
                payees = [one for one in self.members if self.distance(node, one.node) == hops]
                attempt = Attempt(
                    random.choice(payers), random.choice(payees), str(UUID(bytes=drawn_id(random.randbytes)))
                )
                with self._lock:
                    self.attempts.append(attempt)
                self._pay(attempt, random.randrange(100, 1_000))
        except BaseException as failure:  # noqa: BLE001 - told by the story itself
            self.failures.append(failure)

    def _pay(self, attempt: Attempt, minor: int) -> None:
        """Ask for a price and pay; once a wish is sent, ask on until it is known whether it was done."""
        tries = 0
        while not attempt.was_accepted and (attempt.was_lost or tries < TRIES_MAX) and not self.failures:
            tries += 1
            try:
                refusal = self._try(attempt, minor)
            except Unanswered:
                attempt.was_lost = attempt.was_sent
                refusal = "no answer"
            if refusal is not None:
                with self._lock:
                    self.told[refusal] += 1
                time.sleep(PAUSE_SECONDS)

    def _try(self, attempt: Attempt, minor: int) -> str | None:
        if attempt.was_sent and attempt.payer.node.api.find(f"/v1/payments/{attempt.id}"):
            attempt.was_accepted = True
            return None
        wish = self._price(attempt, minor)
        return wish if isinstance(wish, str) else self._order(attempt, wish)

    def _price(self, attempt: Attempt, minor: int) -> Json | str:
        """Return the wish to pay what was priced, or the refusal."""
        payer, payee = attempt.payer, f"{attempt.payee.handle}@{attempt.payee.node.handle}"
        reply = payer.node.api.ask("POST", "/v1/quotes", payer.question(payee, minor / 100))
        if reply.status != 201:
            return self._known(reply.code)
        price = reply.json
        attempt.hops = max(len(path["hops"]) for path in price["paths"])
        amount = {"value": price["amount"]["value"], "asset_scale": price["amount"]["asset_scale"]}
        return {
            "payer": payer.account, "payee": payee, "amount": amount, "invoice": price["invoice"], "payment": attempt.id
        }  # fmt: skip

    def _order(self, attempt: Attempt, wish: Json) -> str | None:
        """Pay, and return the refusal if there is one."""
        attempt.was_sent = True
        reply = attempt.payer.node.api.ask("POST", "/v1/payments", wish)
        if reply.status != 201:
            return self._known(reply.code)
        assert reply.json["id"] == attempt.id
        attempt.was_accepted = True
        return None

    def _known(self, code: str) -> str:
        assert code in ANOTHER_TIME, code
        return code

    def part(self, near: int, how: Parting, seconds: float) -> tuple[int, float]:
        """Part the first networks from the others for a while, amid payments from each side to the other.

        Returns how many payments were pending when it was healed, and in how many seconds the last of them ended.
        """
        places = [one.handle for one in self.nodes]
        sides = self.nodes[:near], self.nodes[near:]
        priced: list[tuple[Attempt, Json]] = []
        for here, there in (sides, sides[::-1]):
            for _ in range(ACROSS):
                payer, payee = (
                    self.random.choice([one for one in self.members if one.node in side]) for side in (here, there)
                )
                attempt = Attempt(payer, payee, str(UUID(bytes=drawn_id(self.random.randbytes))))
                with suppress(Unanswered):
                    wish = self._price(attempt, self.random.randrange(100, 1_000))
                    if not isinstance(wish, str):
                        priced.append((attempt, wish))
        self.weather.part(places[:near], places[near:], how=how)
        began = time.monotonic()
        for attempt, wish in priced:
            with self._lock:
                self.attempts.append(attempt)
            self._order(attempt, wish)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        pending = [(node, one["id"]) for node in self.nodes for one in node.api.all("/v1/payments?state=pending")]
        self.weather.heal()
        healed = time.monotonic()
        for node, payment in pending:
            left = HOLDS_RESOLVE_SECONDS - (time.monotonic() - healed)
            until(
                lambda node=node, payment=payment: node.payment(payment)["state"] != "pending",
                f"payment {payment} at {node.handle} ends", max(left, 0.0),
            )  # fmt: skip
        return len(pending), time.monotonic() - healed

    # What must be true.

    def settle(self) -> float:
        """Wait until nothing is held any more, and return how many seconds that took."""
        began = time.monotonic()
        for node in self.nodes:
            left = HOLDS_RESOLVE_SECONDS - (time.monotonic() - began)
            until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve", max(left, 0.0))
        return time.monotonic() - began

    def audit(self) -> Counter[str]:
        """Check that each payment is whole or came back, and that all books agree; return how many ended how."""
        ends: Counter[str] = Counter()
        balances: Counter[str] = Counter()
        arrived: dict[str, Counter[tuple[str, str]]] = {node.handle: Counter() for node in self.nodes}
        seen = {node.handle: node.api.all("/v1/payments") for node in self.nodes}
        ordered = Counter(one["id"] for payments in seen.values() for one in payments if one["auth"] != "abroad")
        assert ordered == Counter({one.id: 1 for one in self.attempts if one.was_accepted}), "each once, no other"
        by_id = {(handle, one["id"]): one for handle, payments in seen.items() for one in payments}
        for attempt in self.accepted:
            payer, payee = attempt.payer, attempt.payee
            payment = by_id[payer.node.handle, attempt.id]
            ends[payment["state"]] += 1
            assert payment["state"] in ("posted", "voided"), payment
            if payment["state"] == "posted":
                balances[f"{payer.handle}@{payer.node.handle}"] -= int(payment["debit"]["value"])
                balances[f"{payee.handle}@{payee.node.handle}"] += int(payment["amount"]["value"])
                arrived[payee.node.handle][payee.handle, payment["amount"]["value"]] += 1
        for node in self.nodes:
            # A payment has another id where it arrives; what tells it there are its payee and amount.
            from_abroad = Counter(
                (one["payee"], one["amount"]["value"])
                for one in seen[node.handle]
                if one["auth"] == "abroad" and one["state"] == "posted"
            )
            assert from_abroad == arrived[node.handle], f"what arrived at {node.handle}"
            assert node.is_zero_sum
        for member in self.members:
            assert member.balance == balances[f"{member.handle}@{member.node.handle}"], member
        for one, other, link in self.links:
            here, there = (node.api.get(f"/v1/links/{link}") for node in (one, other))
            assert int(here["net_debt"]["value"]) == -int(there["net_debt"]["value"]), (here, there)
            assert (here["limit_given"], here["limit_received"]) == (there["limit_received"], there["limit_given"])
            assert here["state"] == there["state"] == "open"
        return ends

    def verify_books(self, *others: Node) -> None:
        """End all nodes, check their books, and that no two of them hold different entries in one place."""
        for node in (*self.nodes, *others):
            node.stop()
            node.verify_book()
        assert not forks(*self.nodes, *others)


def found(
    commune: Commune, weather: Weather, levels: Sequence[int], seed: int, *, without: int = 0,
    prepare: Callable[[Node], None] | None = None,
) -> Federation:  # fmt: skip
    """Found networks, so many in each level, and link all those within a level and with the next, but for some.

    `prepare` may do something to a node's home before it serves.
    """
    random = Random(seed)
    codes = list(WORTH)
    rows: list[list[Node]] = []
    for number, width in enumerate(levels):
        row: list[Node] = []
        for place in range(width):
            code = codes[(number + place) % len(codes)]
            row.append(commune.found(f"{code.lower()}-{number}{'abcdef'[place]}", code, serves=False))
        rows.append(row)
    pairs = [pair for row in rows for pair in combinations(row, 2)]
    between = [(one, other) for near, far in pairwise(rows) for one in near for other in far]
    widest = [pair for pair in between if min(len(next(row for row in rows if one in row)) for one in pair) > 1]
    for pair in widest[:without]:
        between.remove(pair)
    pairs += between
    nodes = [node for row in rows for node in row]
    for one, other in pairs:
        port = commune.port()
        weather.line(one.handle, other.handle, port=port, target=other.p2p_port)
        one.dials.append(other.address_at(port))
    if prepare is not None:
        for node in nodes:
            prepare(node)
    start(*nodes)
    members = [node.join(handle, limit=LIMIT) for node in nodes for handle in ("ana", "beto")]
    links = [(one, other, link_up(one, other, LIMIT, rate=_rate(one, other))) for one, other in pairs]
    federation = Federation(commune, weather, nodes, links, members, random)
    for one in nodes:
        for other in nodes:
            until(lambda one=one, other=other: one is other or one.knows(other), f"{one.handle} knows {other.handle}")
    return federation


def _rate(one: Node, other: Node) -> str:
    rate = WORTH[other.currency] / WORTH[one.currency]
    return f"{float(rate):.2f}"


@contextmanager
def small_disk(node: Node) -> Iterator[Path | None]:
    """Give a node that does not serve a disk of its own that can be filled; None where only root could."""
    aside = node.home.with_name(f"{node.home.name}-aside")
    node.home.rename(aside)
    node.home.mkdir(mode=0o700)
    mounted = _ran("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "none", str(node.home))
    shutil.copytree(aside, node.home, dirs_exist_ok=True)
    try:
        yield node.home if mounted else None
    finally:
        node.end()
        if mounted:
            _ran("umount", "-l", str(node.home))


def _ran(*words: str) -> bool:
    with suppress(OSError):
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    return False


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room on a disk for a while."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()
