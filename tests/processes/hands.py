# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two ways to act on a real node, as a program and as somebody at a terminal: the same story by both."""

import json
import time
from pathlib import Path
from typing import Any, Protocol

from processes.harness import Api, Member, Node, mutirao, order_json, text_of, units

from cli.keys import bytes_of
from protocol.book.wishes import sign_wish
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.members.entries import Leave
from protocol.wire.keys import KeyPair

AMOUNTS = ("limit", "credit_limit", "balance_limit", "amount")
"""Fields of wishes that are amounts: written here as members write them."""

Json = dict[str, Any]


class Refusal(Exception):
    """A rule has refused it; the problem says which and why."""

    def __init__(self, problem: Json) -> None:
        super().__init__(problem["code"], problem["detail"])
        self.code = problem["code"]
        self.figures = problem["figures"]
        self.detail = problem["detail"]


class Hand(Protocol):
    """One way to act on a node: the same nouns and verbs, by another road."""

    def act(
        self, node: Node, noun: str, verb: str, subject: str = "", *, by: Member | None = None, **fields: str
    ) -> Json:
        """Do as the steward, or by a member's key; amounts are written as members write them."""
        ...

    def pay(self, member: Member, payee: str, amount: str) -> Json:
        """Pay by an order that the member signs; returns the payment once it is on its way no more."""
        ...

    def come_back(self, member: Member, code: str, keys: KeyPair) -> Json:
        """Come back after leaving, by a key, old or new."""
        ...

    def leave(self, member: Member, *, with_steward: bool = False) -> Json:
        """Leave, as the member's key signs it; brought by the member, or by a steward."""
        ...

    def show(self, node: Node, noun: str, subject: str) -> Json:
        """Show one thing."""
        ...


class ByHttp:
    """Acts as a client program does."""

    def act(
        self, node: Node, noun: str, verb: str, subject: str = "", *, by: Member | None = None, **fields: str
    ) -> Json:
        body: Json = {name: units(value) if name in AMOUNTS else value for name, value in fields.items()}
        if "basis_points" in body:
            body["basis_points"] = int(fields["basis_points"])
        path = f"/v1/{noun}/{subject}/{verb}" if subject else f"/v1/{noun}"
        return self._post(node.api if by is None else self.session(by), path, body)

    def pay(self, member: Member, payee: str, amount: str) -> Json:
        question = member.question(payee, float(amount))
        price = self._post(member.node.api, "/v1/quotes", question)
        payment = self._post(member.node.api, "/v1/payments", {"signed": order_json(member.sign(price))})
        return member.node.ended(payment["id"])

    def come_back(self, member: Member, code: str, keys: KeyPair) -> Json:
        joining = order_json(sign_joining(keys, member.node.network, member.handle))
        door = Api(member.node.http_port, None)
        return self._post(door, f"/v1/members/{member.handle}/return", {"code": code, "joining": joining})

    def leave(self, member: Member, *, with_steward: bool = False) -> Json:
        assert member.keys is not None
        until_ms = round(time.time() * 1000) + 600_000
        signed = sign_wish(
            member.keys, "members.leave", Leave(member.account.partition(".")[0]),
            network=member.node.network, order_seq=next(member.order_seqs), not_after_ms=until_ms,
        )  # fmt: skip
        api = member.node.api if with_steward else self.session(member)
        return self._post(api, f"/v1/members/{member.handle}/leave", {"signed": order_json(signed)})

    def show(self, node: Node, noun: str, subject: str) -> Json:
        return node.api.get(f"/v1/{noun}/{subject}")

    def session(self, member: Member) -> Api:
        """Sign in with a member's key."""
        assert member.keys is not None
        door = Api(member.node.http_port, None)
        key = text_of(member.keys.public)
        asked = door.post("/v1/challenges", {"key": key})["challenge"]
        challenge = bytes_of(asked)
        assert challenge.startswith(member.node.network), "what is signed names the network"
        signature = text_of(member.keys.sign("session", challenge))
        session = door.post("/v1/sessions", {"key": key, "challenge": asked, "signature": signature})
        return Api(member.node.http_port, session["token"])

    def _post(self, api: Api, path: str, body: Json) -> Json:
        reply = api.ask("POST", path, body)
        if reply.status >= 400:
            raise Refusal(reply.json)
        return reply.json


class ByCommand:
    """Acts as somebody at a terminal does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def act(
        self, node: Node, noun: str, verb: str, subject: str = "", *, by: Member | None = None, **fields: str
    ) -> Json:
        options = [word for name, value in fields.items() for word in (f"--{name.replace('_', '-')}", value)]
        own = [] if by is None else ["--key", self._key_of(by)]
        return self._run(node, noun, verb, *([subject] if subject else []), *options, *own)

    def pay(self, member: Member, payee: str, amount: str) -> Json:
        return self._run(member.node, "pay", payee, amount, "--key", self._key_of(member))

    def come_back(self, member: Member, code: str, keys: KeyPair) -> Json:
        file = self.write_key(f"{member.node.handle}-back", keys)
        return self._run(member.node, "members", "return", member.handle, "--code", code, "--key", file)

    def leave(self, member: Member, *, with_steward: bool = False) -> Json:
        token = ("--token", member.node.api.token or "") if with_steward else ()
        return self._run(member.node, "members", "leave", member.handle, "--key", self._key_of(member), *token)

    def show(self, node: Node, noun: str, subject: str) -> Json:
        return self._run(node, noun, "show", subject)

    def as_member(self, member: Member) -> tuple[str, ...]:
        """Return the options by which somebody acts with a member's key."""
        return ("--node", member.node.url, "--key", self._key_of(member), "--json")

    def _key_of(self, member: Member) -> str:
        assert member.keys is not None
        return self.write_key(f"{member.node.handle}-{member.handle}", member.keys)

    def write_key(self, name: str, keys: KeyPair) -> str:
        """Write a key as `mutirao keys new` does."""
        file = self._folder / f"{name}-{keys.public.hex()[:8]}.key"
        if not file.exists():
            held = {
                "form": "mutirao-key-1",
                "public_key": text_of(keys.public),
                "secret_seed": text_of(_SEEDS[keys.public]),
            }
            file.touch(mode=0o600)
            file.write_text(json.dumps(held))
        return str(file)

    def _run(self, node: Node, *words: str) -> Json:
        who = {} if "--key" in words else {"MUTIRAO_TOKEN": node.api.token or ""}
        done = mutirao(*words, "--json", MUTIRAO_NODE=node.url, **who)
        told = json.loads(done.stdout or "{}")
        if done.returncode in (1, 4):
            assert done.stderr.startswith(f"mutirao: {told['code']}: "), done.stderr
            raise Refusal(told)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return told


_SEEDS: dict[bytes, bytes] = {}


def keys_of(name: str) -> KeyPair:
    """Return the key pair that a name stands for, the same each time."""
    seed = name.encode().ljust(32, b".")
    keys = KeyPair.from_seed(seed)
    _SEEDS[keys.public] = seed
    return keys
