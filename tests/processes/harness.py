# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real nodes for stories: processes that serve on free ports, their members, links, wires and databases."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from urllib.parse import quote

from processes.nursery import Child, Nursery
from processes.wire import Wire

from protocol.book.money import Amount
from protocol.book.signed import Envelope, Signed, sign_envelope
from protocol.book.uuids import drawn_id
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.joinings import sign_joining
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair, parse_id
from protocol.wire.shape import to_map

MUTIRAO = str(Path(sys.executable).with_name("mutirao"))
PATIENCE_SECONDS = 30.0
STOP_SECONDS = 5.0
"""How long a node may take to end after SIGTERM."""
LOOK_SECONDS = 0.02
SCALE = 2

T = TypeVar("T")
Json = dict[str, Any]


class Unanswered(Exception):
    """A request whose answer never came: whether it was done is not known."""


def until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Return what there is to be seen, once it is; fails when it does not come."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(LOOK_SECONDS)


def bytes_of(text: str) -> bytes:
    """Return the bytes that text_of writes so."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(data: bytes) -> str:
    """Return bytes as the API writes them."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def units(amount: float | str, code: str | None = None) -> Json:
    """Return an amount of so many units with two decimals."""
    value = {"value": str(round(float(amount) * 10**SCALE)), "asset_scale": SCALE}
    return value if code is None else {**value, "asset_code": code}


@dataclass(frozen=True)
class Reply:
    """An answer to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the problem that it is."""
        assert self.headers["content-type"] == "application/problem+json", self.body[:200]
        return self.json["code"]


class Api:
    """The HTTP API of a node, asked with one token."""

    def __init__(self, port: int, token: str | None, *, timeout: float = PATIENCE_SECONDS) -> None:
        self.port = port
        self.token = token
        self.timeout = timeout

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask, and return the answer whatever it is; raises Unanswered. Bytes are sent as they are."""
        sent = {"Connection": "close", **(headers or {})}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if key is not None:
            sent["Idempotency-Key"] = key
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        except (OSError, HTTPException) as error:
            raise Unanswered(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return what is shown there."""
        reply = self.ask("GET", path)
        assert reply.status == 200, (path, reply.status, reply.body)
        return reply.json

    def find(self, path: str) -> Any:
        """Return what is shown there, or None where there is nothing yet."""
        reply = self.ask("GET", path)
        assert reply.status in (200, 404), (path, reply.status, reply.body)
        return reply.json if reply.status == 200 else None

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Return what a wish that must not be refused has come to."""
        reply = self.ask("POST", path, body, key=key)
        assert reply.status in (200, 201), (path, reply.status, reply.body)
        return reply.json

    def refused(self, path: str, body: Any = None, *, key: str | None = None) -> Json:
        """Return the problem that a wish must meet."""
        reply = self.ask("POST", path, body, key=key)
        assert reply.code and 400 <= reply.status < 500, (path, reply.status, reply.body)
        return reply.json

    def all(self, path: str) -> list[Any]:
        """Return all items of a list."""
        found: list[Any] = []
        cursor: str | None = None
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit=200" + (f"&cursor={cursor}" if cursor else ""))
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found


@dataclass
class Member:
    """A member of a network: custodial, or with a key of its own."""

    node: "Node"
    handle: str
    account: str
    keys: KeyPair | None = None
    order_seqs: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def balance(self) -> int:
        """What it holds, in minor units."""
        return int(self.node.api.get(f"/v1/accounts/{self.account}")["balance"]["value"])

    def sign(self, price: Json, *, payment: bytes | None = None, **changed: Any) -> Signed:
        """Sign an order at a price that was quoted, or one that differs from it in some fields."""
        assert self.keys is not None
        here = price["payee_network"] == self.node.network_id
        told: Json = {
            "network": self.node.network,
            "operation": "payments.create",
            "key": self.keys.public,
            "order_seq": next(self.order_seqs),
            "not_after_ms": round(time.time() * 1000) + 600_000,
        }
        terms: Json = {
            "payee": price["payee"] if here else f"mutirao:{price['payee_network']}/{price['payee']}",
            "amount": amount_of(price["amount"]),
            "payer": price["payer"],
            "payment": payment or drawn_id(os.urandom),
            "max_debit": amount_of(price["debit"]),
            "invoice": None if price["invoice"] is None else bytes_of(price["invoice"]),
            "condition": None if price["condition"] is None else bytes_of(price["condition"]),
        }
        told |= {name: changed.pop(name) for name in told.keys() & changed.keys()}
        return sign_envelope(self.keys, Envelope(**told, fields=encode(to_map(Pay(**{**terms, **changed})))))

    def price(self, payee: str, amount: float, via: Sequence[str] = ()) -> Json:
        """Ask what a payment costs."""
        return self.node.api.post("/v1/quotes", self.question(payee, amount, via))

    def question(self, payee: str, amount: float, via: Sequence[str] = ()) -> Json:
        return {"payer": self.account, "payee": payee, "amount": units(amount), **({"via": list(via)} if via else {})}

    def wish(self, payee: str, amount: float, *, via: Sequence[str] = (), note: str | None = None) -> Json:
        """Return the body of a payment: a signed order, or a word; priced first where it goes abroad."""
        if self.keys is not None:
            return {"signed": order_json(self.sign(self.price(payee, amount, via)))}
        body: Json = {"payer": self.account, "payee": payee, "amount": units(amount)}
        if "@" in payee:
            body["invoice"] = self.price(payee, amount, via)["invoice"]
        return body if note is None else {**body, "note": note}

    def pay(self, payee: str, amount: float, *, via: Sequence[str] = (), key: str | None = None) -> Json:
        """Pay, and return the payment as it stands at once."""
        return self.node.api.post("/v1/payments", self.wish(payee, amount, via=via), key=key)

    def pay_through(self, payee: str, amount: float, *, via: Sequence[str] = ()) -> Json:
        """Pay, and return the payment once it has arrived or come back."""
        return self.node.ended(self.pay(payee, amount, via=via)["id"])


def amount_of(shown: Json) -> Amount:
    """Return an amount as a wish holds it."""
    return Amount(int(shown["value"]), shown["asset_code"], shown["asset_scale"])


def order_json(signed: Signed) -> Json:
    """Return a signed order as the API takes it."""
    return {"data": text_of(signed.data), "signature": text_of(signed.signature)}


class Node:
    """A node in a home of its own, serving or not."""

    def __init__(self, home: Path, handle: str, *, ports: Callable[[], int], host: str = "127.0.0.1") -> None:
        self.home = home
        self.handle = handle
        self.host = host
        self.http_port, self.p2p_port = ports(), ports()
        self.dials: list[str] = []
        self.listens: list[str] = []
        """Where it listens besides."""
        self.nursery: Nursery | None = None
        self.process: subprocess.Popen[bytes] | Child | None = None
        self.network_id = self.peer_id = ""
        self.api = Api(self.http_port, None)
        self.currency = ""

    @property
    def network(self) -> bytes:
        """The network's id, as orders name it."""
        network = parse_id(self.network_id)
        assert network is not None
        return network

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def address(self) -> str:
        """Where other nodes dial it."""
        return self.address_at(self.p2p_port)

    def address_at(self, port: int) -> str:
        """Return where other nodes dial it by way of another port."""
        return f"/ip4/127.0.0.1/tcp/{port}/p2p/{self.peer_id}"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def rss_bytes(self) -> int:
        """How much memory the process has resident."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    # Its life.

    def launch(self) -> None:
        """Start serving, and wait for nothing."""
        assert not self.is_running
        words = ["serve", "--home", str(self.home), "--http", f"127.0.0.1:{self.http_port}"]
        words += ["--p2p", f"/ip4/{self.host}/tcp/{self.p2p_port}"]
        words += [word for address in self.listens for word in ("--p2p", address)]
        words += [word for address in self.dials for word in ("--peer", address)]
        if self.nursery is not None:
            self.process = self.nursery.launch(words, self._log)
            return
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [MUTIRAO, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment()
            )

    def start(self) -> None:
        """Start serving, and wait until it takes wishes."""
        self.launch()
        self.wait_ready()

    def wait_ready(self) -> None:
        until(lambda: self.readiness == 200, f"{self.handle} takes wishes")

    @property
    def readiness(self) -> int:
        """What /readyz answers, 0 while nobody answers; fails if the process has ended."""
        assert self.is_running, f"{self.handle} has ended: {self.log[-2000:]}"
        try:
            return self.api.ask("GET", "/readyz").status
        except Unanswered:
            return 0

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text()

    @property
    def _log(self) -> Path:
        return self.home.with_suffix(".log")

    def stop(self) -> None:
        """End it by SIGTERM: cleanly, and in time."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(STOP_SECONDS) == 0, self.log[-2000:]

    def kill(self) -> None:
        """End it by SIGKILL."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """See to it that nothing of it runs any more."""
        if self.is_running:
            self.kill()

    # Its members.

    def join(self, handle: str, *, keys: KeyPair | None = None, limit: float | None = None) -> Member:
        """Let somebody join, and take it in with an account in the network's currency."""
        code = self.api.post("/v1/invitations")["code"]
        wish: Json = {"code": code, "handle": handle}
        if keys is not None:
            wish["joining"] = order_json(sign_joining(keys, self.network, handle))
        self.api.post("/v1/members", wish)
        member = self.api.post(f"/v1/members/{handle}/approve", {} if limit is None else {"credit_limit": units(limit)})
        return Member(self, handle, member["accounts"][0], keys)

    def balances(self) -> dict[str, int]:
        """Return all balances in minor units by account."""
        return {one["id"]: int(one["balance"]["value"]) for one in self.api.all("/v1/accounts")}

    @property
    def is_zero_sum(self) -> bool:
        """Whether the balances of each currency sum to zero."""
        sums: Counter[str] = Counter()
        for account, minor in self.balances().items():
            sums[account.rpartition(".")[2]] += minor
        return not any(sums.values())

    @property
    def is_settled(self) -> bool:
        """Whether nothing is held any more: no hold account, no link, no payment under way."""
        return (
            not any(minor for account, minor in self.balances().items() if account.startswith("holds."))
            and not any(link["holds_out"] or link["holds_in"] for link in self.api.all("/v1/links"))
            and not self.api.all("/v1/payments?state=pending")
        )

    def payment(self, name: str) -> Json:
        return self.api.get(f"/v1/payments/{name}")

    def ended(self, name: str) -> Json:
        """Return a payment once it is pending no more."""

        def look() -> Json | None:
            payment = self.payment(name)
            return None if payment["state"] == "pending" else payment

        return until(look, f"payment {name} at {self.handle} ends")

    # Others.

    def knows(self, other: "Node") -> bool:
        """Tell whether it has heard of another network, and what that calls itself."""
        found = self.api.find(f"/v1/networks/{other.network_id}")
        return found is not None and found["handle"] == other.handle

    def wait_linked(self, other: "Node") -> None:
        """Wait until another node is connected: it answers questions about prices."""
        until(lambda: self.reaches(other), f"{self.handle} reaches {other.handle}")

    def reaches(self, other: "Node") -> bool:
        """Tell whether a question to another network is answered, be it with a refusal."""
        payer = next(one for one in self.api.get("/v1/accounts")["items"] if one["member"] is not None)["id"]
        wish = {"payer": payer, "payee": f"nobody-at-all@{other.handle}", "amount": units(1)}
        code = self.api.ask("POST", "/v1/quotes", wish).code
        assert code in ("MEMBER_UNKNOWN", "ACCOUNT_UNKNOWN", "PEER_UNREACHABLE", "LINK_NOT_OPEN"), code
        return code not in ("PEER_UNREACHABLE", "LINK_NOT_OPEN")

    def link(self, other: "Node") -> Json:
        """Return our link with another network."""
        links = [one for one in self.api.all("/v1/links") if one["partner"] == other.network_id]
        assert len(links) == 1, links
        return links[0]

    # Its disk.

    def entries(self) -> dict[tuple[bytes, str, int, int], set[bytes]]:
        """Return the ids of the entries in the database by network, lane, epoch and seq."""
        found: dict[tuple[bytes, str, int, int], set[bytes]] = {}
        with closing(sqlite3.connect(f"{(self.home / 'mutirao.db').as_uri()}?mode=ro", uri=True)) as database:
            for *place, name in database.execute(
                "SELECT network, name, epoch, seq, id FROM entries JOIN lanes ON number = lane"
            ):
                found.setdefault(tuple(place), set()).add(name)
        return found

    def verify_book(self) -> None:
        """Check the book of a stopped node by the command that operators use."""
        done = mutirao("verify", "book", "--home", str(self.home))
        assert done.returncode == 0, (done.stdout, done.stderr)


def start(*nodes: Node) -> None:
    """Start nodes at once, and wait until all of them take wishes."""
    for node in nodes:
        node.launch()
    for node in nodes:
        node.wait_ready()


def forks(*nodes: Node) -> list[tuple[bytes, str, int, int]]:
    """Return the places at which any two of these databases hold different entries."""
    seen: dict[tuple[bytes, str, int, int], set[bytes]] = {}
    for node in nodes:
        for place, ids in node.entries().items():
            seen.setdefault(place, set()).update(ids)
    return [place for place, ids in seen.items() if len(ids) > 1]


def environment(**more: str) -> dict[str, str]:
    """Return this environment without any setting of mutirao."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MUTIRAO")}
    return {**kept, **more}


def mutirao(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command, and return how it ended."""
    return subprocess.run(
        [MUTIRAO, *words], capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=environment(**settings),
        check=False,
    )  # fmt: skip


def link_up(one: Node, other: Node, limit: float, *, rate: str = "1", limit_back: float | None = None) -> str:
    """Link two connected networks in the unit of the first; the other's currency is worth `rate` for one of it."""
    until(lambda: one.knows(other) and other.knows(one), f"{one.handle} and {other.handle} know each other")
    offer = {"partner": other.network_id, "limit": units(limit), "currency": one.currency}
    link = one.api.post("/v1/links", offer)["id"]
    until(lambda: other.api.find(f"/v1/links/{link}"), "the offer arrives")
    taken = {"limit": units(limit if limit_back is None else limit_back), "currency": other.currency, "rate": rate}
    other.api.post(f"/v1/links/{link}/accept", taken)
    for node in (one, other):
        until(lambda node=node: node.api.get(f"/v1/links/{link}")["state"] == "open", f"{node.handle}'s link opens")
    for node in (one, other):
        until(lambda node=node: node.api.get(f"/v1/links/{link}")["published"], f"{node.handle} tells of the link")
    return quote(link)


class Commune:
    """All that one test starts, and ends."""

    def __init__(self, folder: Path, nursery: Nursery | None = None) -> None:
        self.folder = folder
        self.nursery = nursery
        """Where its nodes are forked; without one they are started by the command, as operators do."""
        self.nodes: list[Node] = []
        self.wires: list[Wire] = []
        self._random = Random()
        self._taken: set[int] = set()

    def found(
        self, handle: str, currency: str, *, limit: str = "100.00", host: str = "127.0.0.1", serves: bool = True
    ) -> Node:
        """Found a network, and start its node."""
        node = self.node(handle, host=host)
        done = mutirao(
            "init", "--home", str(node.home), "--handle", handle, "--name", handle.title(), "--currency", currency,
            "--scale", str(SCALE), "--default-limit", limit, "--json",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        node.network_id, node.peer_id = told["network_id"], told["peer_id"]
        node.api.token = told["steward_token"]
        node.currency = currency
        if serves:
            node.start()
        return node

    def riacho_and_serra(self) -> tuple[Node, Node]:
        """Found Riacho, which counts in HORA, and Serra, in FLOR, and start both; Riacho dials Serra."""
        riacho, serra = self.found("riacho", "HORA", serves=False), self.found("serra", "FLOR", serves=False)
        self.connect(riacho, serra)
        start(riacho, serra)
        return riacho, serra

    def replica(self, home: Node) -> Node:
        """Set up a replica of a serving node's network; it does not serve yet."""
        node = self.node(f"{home.handle}-replica")
        code = home.api.post("/v1/replicas")["code"]
        done = mutirao(
            "init", "--home", str(node.home), "--replica-of", home.network_id, "--invitation", code, "--json"
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        node.network_id, node.peer_id = told["network_id"], told["peer_id"]
        node.api.token = told["steward_token"]
        return node

    def node(self, name: str, *, host: str = "127.0.0.1") -> Node:
        """Return a node that is yet to be set up."""
        node = Node(self.folder / name, name, ports=self.port, host=host)
        node.nursery = self.nursery
        self.nodes.append(node)
        return node

    def connect(self, one: Node, other: Node) -> None:
        """Let one node dial another from its next start on."""
        one.dials.append(other.address)

    def wire(self, one: Node, other: Node, *, source: str | None = None) -> Wire:
        """Let one node dial another, from its next start on, over a wire that can be cut."""
        wire = Wire(self.port(), other.p2p_port, source=source)
        self.wires.append(wire)
        one.dials.append(other.address_at(wire.port))
        return wire

    def port(self) -> int:
        """Return a free port below those that the system gives to outgoing connections."""
        while True:
            port = self._random.randrange(10_000, 32_000)
            if port in self._taken:
                continue
            with socket.socket() as probe:
                try:
                    probe.bind(("0.0.0.0", port))  # noqa: S104 - to see that nobody has it on any address
                except OSError:
                    continue
            self._taken.add(port)
            return port

    def close(self) -> None:
        """End everything."""
        for node in self.nodes:
            node.end()
        for wire in self.wires:
            wire.close()
