# SPDX-License-Identifier: AGPL-3.0-or-later
"""A barter club at its desk: its members have offers on the board, and decide by vote what circulates."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from protocol.book.declaration import Actor, Desk, Plan, Publication, Refused
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid, uuid_text
from protocol.lanes.items import ItemSaid, seal_item
from protocol.peers.boards import BOARD_NEWS, Boards, HeldItem
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.market.wishes import PublishOffer
from protocol.practices.money.openings import OpenBalances, OpeningBalance
from protocol.practices.money.payments.entries import Pay
from protocol.wire.codec import encode
from protocol.wire.shape import to_map
from tests.protocol.practices.desk import DAY_MS, HOT, NETWORK, STEWARD, Group

CODE = "CREDITO"
FOUNDERS = ("ana", "bia", "caio")


def moment(text: str) -> int:
    """Return an hour in UTC, milliseconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@dataclass
class Club(Group):
    """A group whose board is heard as a replica hears it."""

    secret: bytes = b"the club's"
    quick: bool = False
    """Whether no plan is watched for changing the book: for the founding of large groups."""

    def ask(self, who: str | Actor, name: str, wish: Any, subject: str | None = None) -> Any:
        if not self.quick:
            return super().ask(who, name, wish, subject)
        planned = self.plan(name, self.actor(who) if isinstance(who, str) else who, wish, subject)
        if isinstance(planned, Refused):
            return planned
        self.carry_out(planned)
        return planned.answer or self.view(who, f"{planned.noun or name.partition('.')[0]}.show", planned.shows)

    def desk(self, actor: Actor = STEWARD) -> Desk:
        return replace(super().desk(actor), secret=self.secret)

    def carry_out(self, plan: Plan) -> None:
        super().carry_out(plan)
        for one in plan.published:
            self.pin(one)

    def pin(self, said: Publication) -> None:
        """Put an item on the board, or take it down."""
        boards = self.book.of(Boards)
        before = boards.get(NETWORK, said.item)
        version = 1 if before is None else before.said.version + 1
        kind = said.body.KIND if said.body is not None else (before.said.kind if before else "")
        not_after = said.not_after_ms or (before.said.not_after if before else 0)
        body = None if said.body is None else encode(to_map(said.body))
        item = seal_item(HOT, ItemSaid(1, NETWORK, 0, said.item, version, not_after, said.seen_by, kind, body))
        held = None if before is None else HeldItem(before, boards.arrival)
        boards.put(item, boards.arrival + 1)
        for hear in self.book.fillings(BOARD_NEWS):
            hear(self.book, held, HeldItem(item, boards.arrival))

    def offer(self, handle: str, title: str = "Bread", **said: Any) -> str:
        """Let a member offer something; returns the offer's id."""
        wish = PublishOffer(title=title, member=handle, **{"prices": (credits_of(1_00),), **said})
        planned = self.plan("offers.publish", self.actor("steward"), wish)
        assert isinstance(planned, Plan), planned
        self.carry_out(planned)
        return uuid_text(planned.published[0].item)

    def decide(self, name: str, wish: Any, subject: str = "", voters: tuple[str, ...] = FOUNDERS) -> None:
        """Let the group vote for a wish, and a week pass."""
        motion = self.do("steward", name, wish, subject)
        for handle in voters:
            self.do(handle, "motions.vote", Vote(parse_uuid(motion.id) or b"", Ballot.YES), motion.id)
        self.pass_time(self.now + 7 * DAY_MS)
        assert self.view("ana", "motions.show", motion.id).state is MotionState.EXECUTED

    def set(self, name: str, value: str, currency: str | None = None) -> None:
        """Let the group decide a figure."""
        subject = name if currency is None else f"{name}.{currency}"
        self.decide("parameters.set", SetParameter(value), subject)

    def say(self, payer: str, payee: str, minor: int) -> None:
        """Pay by word of mouth."""
        self.do(payer, "payments.create", Pay(payer=payer, payee=payee, amount=credits_of(minor)))

    def listed(self, who: str, name: str, wanted: Any) -> list[Any]:
        """Return a list that nobody is refused."""
        found = self.list(who, name, wanted)
        assert isinstance(found, list)
        return found

    def circulation(self) -> Any:
        return self.view("ana", "circulation.show", CODE)

    def open_with(self, balances: dict[str, int]) -> None:
        """Begin with what members held in another book; the commons owes it."""
        told = {**balances, "commons": -sum(balances.values())}
        scale = self.book.currencies[CODE].scale
        opened = [OpeningBalance(handle, credits_of(minor, scale)) for handle, minor in told.items()]
        self.do("steward", "openings.create", OpenBalances(CODE, tuple(opened)))


def credits_of(minor: int, scale: int = 2) -> Amount:
    return Amount(minor, CODE, scale)


def club(*, at: str = "2027-01-05T12:00", limit: int = 0, scale: int = 2, per_seller: str = "50") -> Club:
    """Three founders, who have decided how much may circulate for each who sells."""
    told = Club(now=moment(at))
    told.currency(CODE, limit=limit, scale=scale)
    told.admit(*FOUNDERS, custodial=True)
    told.set("circulation.per_seller", per_seller, CODE)
    return told
