# SPDX-License-Identifier: AGPL-3.0-or-later
"""Riacho, whose ledger the trace tells: how its members ask and sign, and what every node refuses of it."""

from dataclasses import fields
from hashlib import sha256
from typing import Any, TypeVar

from simulation.world import STEWARD, World

from protocol.book.declaration import Actor, Role
from protocol.book.members import Auth
from protocol.book.money import Amount
from protocol.book.signed import Envelope, Signed, sign_envelope
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.lanes.entry import LEDGER, Body, decode_body, encode_body, seal
from protocol.practices.between.links.records import LinkRecord
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.members.entries import Leave
from protocol.practices.people.members.views import Approve, Join
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import to_map

B = TypeVar("B", bound=Body)
NODE = "riacho"
DAY_MS = 86_400_000
ENVELOPE = {one.name for one in fields(Envelope)}
"""What of a signed wish is told in its envelope."""


def hora(minor: int) -> Amount:
    """Return an amount of the network's currency."""
    return Amount(minor, "HORA", 2)


def key(name: str) -> KeyPair:
    """Return the key that a name stands for."""
    return KeyPair.from_seed(sha256(name.encode()).digest())


class Riacho:
    """The network whose ledger is told, in a world with two others."""

    def __init__(self) -> None:
        self.world = World(2026)
        self.order_seqs: dict[str, int] = {}
        self.refused: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []

    @property
    def network(self) -> bytes:
        return self.world.nodes[NODE].network

    def do(self, operation: str, wish: Any, subject: str = "", who: str = "") -> Any:
        """Ask for what is not refused, as the steward or as a member."""
        return self.world.granted(NODE, operation, wish, subject=subject, actor=self.actor(who))

    def actor(self, who: str) -> Actor:
        return Actor(Role.MEMBER, self.id_of(who)) if who else STEWARD

    def id_of(self, handle: str) -> str:
        return self.world.nodes[NODE].replica.book.member_by_handle[handle]

    def account(self, handle: str) -> str:
        return f"{self.id_of(handle)}.HORA"

    def seq(self, name: str) -> int:
        self.order_seqs[name] = self.order_seqs.get(name, 0) + 1
        return self.order_seqs[name]

    def joining(self, handle: str, name: str = "") -> Signed:
        return sign_joining(key(name or handle), self.network, handle)

    def sign(self, operation: str, wish: object, name: str, **changed: Any) -> Signed:
        """Return a wish that a key signs, under its next number."""
        keys = key(name)
        told: dict[str, Any] = {
            "network": self.network,
            "operation": operation,
            "fields": encode(to_map(wish)),
            "key": keys.public,
            "order_seq": self.seq(name),
            "not_after_ms": self.world.now + DAY_MS,
        }
        return sign_envelope(keys, Envelope(**(told | changed)))

    def wish(self, operation: str, wish: object, who: str, subject: str = "") -> Any:
        """Ask for what a member signs with its first key."""
        return self.do(operation, Brought(self.sign(operation, wish, who)), subject, who)

    def admit(self, handle: str, *, has_key: bool = True) -> None:
        code = self.do("invitations.create", Invite()).code
        joining = self.joining(handle) if has_key else None
        self.do("members.join", Join(code, handle, handle.title(), joining))
        self.do("members.approve", Approve("HORA"), handle)

    def departure(self, handle: str, name: str = "") -> Signed:
        """Return that a member leaves, as its first key or another signs it."""
        return self.sign("members.leave", Leave(self.id_of(handle)), name or handle)

    def leave(self, handle: str, name: str = "") -> None:
        """Let a member go: a steward brings its word, or what its first key or another signs."""
        has_key = self.world.nodes[NODE].replica.book.members[self.id_of(handle)].auth is Auth.SELF
        self.do("members.leave", Brought(self.departure(handle, name)) if has_key else Leave(handle), handle)

    def order(
        self, payer: str, payee: str, minor: int, *, name: str = "", payer_account: str = "", **changed: Any
    ) -> Signed:
        """Return a payment in minor units, signed by the payer's key or another's."""
        told = {one: changed.pop(one) for one in ENVELOPE & changed.keys()}
        terms: dict[str, Any] = {
            "payee": payee,
            "amount": hora(minor),
            "payer": payer_account or self.account(payer),
            "payment": drawn_id(self.world.rng.randbytes),
        }
        return self.sign("payments.create", Pay(**(terms | changed)), name or payer, **told)

    def pay(self, payer: str, payee: str, minor: int, **changed: Any) -> str:
        """Pay by an order; returns the payment's id."""
        return self.do("payments.create", Brought(self.order(payer, payee, minor, **changed)), who=payer).id

    def say(self, payer: str, payee: str, minor: int) -> str:
        """Pay by word of mouth."""
        return self.do("payments.create", Pay(payer=payer, payee=payee, amount=Amount(minor, "HORA", 2)), who=payer).id

    def said(self, kind: type[B], at: int = -1) -> B:
        """Return what stands in the ledger of a kind: the newest, or another by its place among them."""
        return self.all_said(kind)[at]

    def all_said(self, kind: type[B]) -> list[B]:
        """Return all that stands in the ledger of a kind."""
        node = self.world.nodes[NODE]
        wires = (one for one in node.disk if one.network == node.network and one.header.lane == LEDGER)
        bodies = (decode_body(one.body_bytes, node.replica.book.kinds)[0] for one in wires)
        return [body for body in bodies if isinstance(body, kind)]

    def write(self, body: Body) -> None:
        """Put down by hand what every node takes, though no home would write it."""
        node = self.world.nodes[NODE]
        book = node.replica.book
        # What a fold looks at that only the store has is read at once, as at a start: no wish has named it before.
        book.source = lambda names: list(node.rows.fetch(names))
        node.replica.journal.write(body, LEDGER, self.world.now)
        book.source = None
        self.world.give(NODE)

    def link_record(self) -> LinkRecord:
        """Return a record of one of its links, as it stands in that lane."""
        node = self.world.nodes[NODE]
        [*_, newest] = (one for one in node.disk if one.network == node.network and one.header.lane.startswith("link/"))
        body, _ = decode_body(newest.body_bytes, {LinkRecord.KIND: LinkRecord})
        assert isinstance(body, LinkRecord)
        return body

    def refuse(self, name: str, body: Body, code: str, at_ms: int | None = None) -> None:
        """Note an entry that the network might have signed next, and that every node refuses."""
        after, wire = self.next(body, at_ms)
        self.refused.append({"name": name, "after": after, "code": code, "wire": wire})

    def accept(self, name: str, body: Body, at_ms: int | None = None) -> None:
        """Note an entry that the network might have signed next, and that every node takes."""
        after, wire = self.next(body, at_ms)
        self.taken.append({"name": name, "after": after, "wire": wire})

    def next(self, body: Body, at_ms: int | None) -> tuple[int, str]:
        """Return how many entries there are, and the one that the network might sign next."""
        node = self.world.nodes[NODE]
        head = node.replica.journal.held.head(node.network, LEDGER)
        assert head is not None and node.keyring is not None
        entry = seal(
            node.keyring.hot, network=node.network, lane=LEDGER, epoch=0, seq=head.position.seq + 1, prev=head.id,
            body=encode_body(body, self.world.now if at_ms is None else at_ms), salt=bytes(16),
        )  # fmt: skip
        return head.position.seq + 1, entry.wire.hex()
