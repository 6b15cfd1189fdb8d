# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bakery: a small feature of nobody's network, behind the real door, so that the door alone is tested."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from aiohttp import ClientSession

from node.http.about import NodeShown
from node.http.app import Api
from node.http.secret import token_hash
from node.loop.refusals import IDEMPOTENCY_REUSED
from node.loop.waiting import Remember, Remembered
from node.store.tokens import Token
from protocol.book.declaration import (
    ANYONE,
    STEWARDS,
    Act,
    Actor,
    At,
    Create,
    Doc,
    List,
    ListOf,
    Page,
    Reckon,
    ReckonForm,
    Role,
    Show,
    TextRef,
    operation_name,
)
from protocol.book.members import Auth, MemberState
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.peers.troubles import Trouble
from protocol.wire.keys import KeyPair
from protocol.wire.shape import AtMost

NETWORK = bytes(range(32))
NOON_MS = 1_777_636_800_000
"""2026-05-01T12:00:00Z."""
STEWARD_TOKEN, AUDITOR_TOKEN, ANAS_TOKEN = "mt_steward", "mt_auditor", "mt_ana"
ANAS_KEYS = KeyPair.from_seed(b"a" * 32)


class Grain(StrEnum):
    RYE = "rye"
    WHEAT = "wheat"


@dataclass(frozen=True, slots=True)
class BakeLoaf:
    """Bake a loaf."""

    grain: Grain
    price: Annotated[Amount, Doc("what it is sold for")]
    note: Annotated[str, AtMost(20)] | None = None
    ready: At | None = None
    seal: bytes | None = None
    toppings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SliceLoaf:
    """Slice it."""

    slices: int = 2


@dataclass(frozen=True, slots=True)
class LoavesWanted:
    """Loaves, of one grain or of all."""

    grain: Grain | None = None
    sliced: bool | None = None
    baked_by: str | None = None


@dataclass(frozen=True, slots=True)
class LoafShown:
    """A loaf."""

    id: str
    grain: Grain
    price: Amount
    note: TextRef | None = None
    ready: At | None = None
    seal: bytes | None = None
    toppings: tuple[str, ...] = ()
    slices: int = 1
    baker: str | None = None


@dataclass(frozen=True, slots=True)
class Crumb:
    """What falls off."""

    weight: int


def _undecided(*_: Any) -> Any:
    raise AssertionError("the door decides nothing")


SHEET = "p{margin:0}"
"""The style sheet of the one page there is."""

OPERATIONS = {
    operation_name(one): one
    for one in (
        Create("loaves", BakeLoaf, plan=_undecided, example="mutirao loaves create --grain rye"),
        Act("loaves", "slice", SliceLoaf, plan=_undecided),
        Act("loaves", "throw-away", SliceLoaf, plan=_undecided, who=STEWARDS),
        Show("loaves", LoafShown, view=_undecided, who=ANYONE),
        List("loaves", LoavesWanted, LoafShown, view=_undecided),
        ListOf("loaves", "crumbs", LoavesWanted, Crumb, view=_undecided),
        Reckon(
            "loaves",
            "weight",
            LoavesWanted,
            Crumb,
            view=_undecided,
            example="mutirao loaves weight",
            forms=(
                ReckonForm("jsonld", "application/ld+json", lambda crumb: f'{{"weight": "{crumb.weight}"}}'),
                ReckonForm("csv", "text/csv", lambda crumb: f"weight\r\n{crumb.weight}\r\n"),
                ReckonForm("html", "text/html", lambda crumb: f"<style>{SHEET}</style>{crumb.weight}", SHEET),
            ),
        ),
        Reckon("loaves", "costs", SliceLoaf, Crumb, view=_undecided, told=True),
    )
}


@dataclass
class HeadIndex:
    """Keeps tokens as the storage does."""

    kept: list[Token] = field(default_factory=list)

    async def add_token(self, token: Token) -> None:
        self.kept.append(replace(token, number=len(self.kept) + 1))

    async def token(self, token_hash: bytes) -> Token | None:
        return next((one for one in self.kept if one.hash == token_hash), None)

    async def tokens(self, after: int, limit: int, member: str | None = None) -> Page:
        found = [one for one in self.kept if one.number > after and member in (None, one.member)]
        return Page(tuple(found[:limit]), found[limit - 1].number if limit < len(found) else None)

    async def live_tokens(self, now: int, *, member: str | None = None, role: str | None = None) -> list[Token]:
        await asyncio.sleep(0)  # as a database does, it lets others go first
        return [
            one
            for one in self.kept
            if (one.member == member if role is None else one.role == role)
            and one.revoked_ms is None
            and (one.expires_ms is None or one.expires_ms > now)
        ]

    async def revoke_token(self, token_hash: bytes, now: int) -> None:
        self.kept = [replace(one, revoked_ms=now) if one.hash == token_hash else one for one in self.kept]


@dataclass
class Bakery:
    """Stands where the runtime stands, and answers from a list of loaves."""

    loaves: list[LoafShown] = field(default_factory=list)
    asked: list[tuple[str, Actor, Any]] = field(default_factory=list)
    answers: dict[bytes, tuple[bytes, Remembered]] = field(default_factory=dict)
    refusal: Refused | Exception | None = None
    problems: list[Trouble] = field(default_factory=list)
    news: list[tuple[int, str, str, Mapping[str, Any]]] = field(default_factory=list)
    told: asyncio.Condition = field(default_factory=asyncio.Condition)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    storage: Any = field(default_factory=HeadIndex)
    now: int = NOON_MS
    book: Any = field(
        default_factory=lambda: SimpleNamespace(
            network=NETWORK,
            currencies={"HORA": SimpleNamespace(scale=2, closed=False, guaranteed=False)},
            parameter=lambda one: one.default,
            members={
                one: SimpleNamespace(
                    id=one, state=MemberState.ACTIVE, auth=auth, keys={ANAS_KEYS.public: SimpleNamespace(revoked=False)}
                )
                for one, auth in (("m1", Auth.SELF), ("m2", Auth.CUSTODIAL))
            },
            member_by_handle={"ana": "m1", "bia": "m2"},
            member_by_key={ANAS_KEYS.public: "m1"},
        )
    )

    def shown(self) -> NodeShown:
        return NodeShown("net", "riacho", "Riacho", "12D3", ("/ip4/127.0.0.1/tcp/1",), "READY", "0", "source")

    def figures(self) -> dict[str, float]:
        return {"entries": 3}

    async def ask(
        self,
        operation: str,
        actor: Actor,
        wish: Any = None,
        *,
        subject: str = "",
        after: int = 0,
        limit: int = 50,
    ) -> Any:
        self.asked.append((operation, actor, wish))
        if isinstance(self.refusal, Exception):
            raise self.refusal
        if self.refusal is not None:
            return self.refusal
        place = int(subject) if subject.isdigit() and int(subject) < len(self.loaves) else None
        match operation:
            case "loaves.create":
                fields = {name: getattr(wish, name) for name in BakeLoaf.__dataclass_fields__}
                self.loaves.append(LoafShown(id=str(len(self.loaves)), baker=actor.member, **fields))
                return self.loaves[-1]
            case "loaves.show" if place is not None:
                return self.loaves[place]
            case "loaves.slice" if place is not None:
                self.loaves[place] = replace(self.loaves[place], slices=wish.slices)
                return self.loaves[place]
            case "loaves.list":
                found = [
                    (arrival, one)
                    for arrival, one in enumerate(self.loaves, 1)
                    if arrival > after and wish.grain in (None, one.grain)
                ]
                more = len(found) > limit
                page = found[:limit]
                return Page(tuple(one for _, one in page), page[-1][0] if more else None)
            case "loaves.crumbs" if place is not None:
                return Page(tuple(map(Crumb, range(self.loaves[place].slices))), None)
            case "loaves.weight":
                return Crumb(700 * sum(wish.grain in (None, one.grain) for one in self.loaves))
            case "loaves.costs":
                return Crumb(wish.slices)
            case "loaves.show":
                return None
            case _:
                return refuse(NOT_FOUND)

    async def knows(self, scope: bytes) -> bool:
        return scope in self.answers

    async def ask_once(
        self, operation: str, actor: Actor, wish: Any = None, *, subject: str = "", remember: Remember
    ) -> Remembered:
        kept = self.answers.get(remember.scope)
        if kept is not None:
            request, answer = kept
            if request != remember.request:
                return Remembered(*remember.render(refuse(IDEMPOTENCY_REUSED)), False)
            return replace(answer, replayed=True)
        result = await self.ask(operation, actor, wish, subject=subject)
        answer = Remembered(*remember.render(result), False)
        self.answers[remember.scope] = remember.request, answer
        return answer

    async def subscribe(
        self, after: int | None, types: frozenset[str] | None, actor: Actor
    ) -> AsyncGenerator[tuple[int, str, str, Mapping[str, Any]], None]:
        del actor
        next_seq = (len(self.news) if after is None else after) + 1

        def is_there() -> bool:
            return next_seq <= len(self.news)

        try:
            while True:
                async with self.told:
                    await self.told.wait_for(is_there)
                one = self.news[next_seq - 1]
                next_seq += 1
                if one[1] == "slow.dropped":
                    return
                if types is None or one[1] in types:
                    yield one
        finally:
            self.left.set()

    async def tell(self, kind: str, resource: str, **figures: Any) -> None:
        async with self.told:
            self.news.append((len(self.news) + 1, kind, resource, figures))
            self.told.notify_all()


@dataclass(frozen=True)
class Answer:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        assert self.headers["Content-Type"] == "application/problem+json"
        problem = self.json
        assert problem["status"] == self.status
        assert set(problem) == {"type", "title", "status", "code", "heading", "detail", "ways", "transient", "figures"}
        return problem["code"]


@dataclass
class Shop:
    """A bakery behind its open door, and somebody who asks there."""

    bakery: Bakery
    api: Api
    url: str
    session: ClientSession

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = ANAS_TOKEN,
        key: str | None = None,
        **headers: str,
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        async with self.session.request(
            method, self.url + path, data=data, headers=sent, skip_auto_headers=("Content-Type",)
        ) as response:
            return Answer(response.status, response.headers, await response.read())


LOAF = {"grain": "rye", "price": {"value": "1255", "asset_code": "HORA", "asset_scale": 2}}


@pytest.fixture
async def bakery() -> Bakery:
    found = Bakery()
    for token, role, member in (
        (STEWARD_TOKEN, Role.STEWARD, None),
        (AUDITOR_TOKEN, Role.AUDITOR, None),
        (ANAS_TOKEN, Role.MEMBER, "m1"),
    ):
        await found.storage.add_token(Token(token_hash(token), role, "for the test", "last", 0, member))
    return found


@pytest.fixture
async def shop(bakery: Bakery) -> AsyncIterator[Shop]:
    drawn = iter(range(1_000_000))
    api = Api(
        bakery,  # type: ignore[reportArgumentType] - nobody asks it for private items
        OPERATIONS,
        about=bakery.shown,
        troubles=lambda: bakery.problems,
        now=lambda: bakery.now,
        chance=lambda size: sha256(b"%d" % next(drawn)).digest()[:size],
    )
    url = await api.start("127.0.0.1", 0)
    async with ClientSession() as session:
        yield Shop(bakery, api, url, session)
    await api.stop()


@pytest.fixture
def loaf() -> dict[str, Any]:
    return json.loads(json.dumps(LOAF))


@pytest.fixture
def anas_keys() -> KeyPair:
    return ANAS_KEYS


@pytest.fixture
def operations() -> dict[str, Any]:
    return dict(OPERATIONS)
