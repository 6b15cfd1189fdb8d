# SPDX-License-Identifier: AGPL-3.0-or-later
"""The kiosk's own side, out of reach of any node: what it holds, and what it may sign with that.

It begins with what the network has told it last and goes on by its own statements alone, on the rules that the network
keeps too. Whoever keeps it makes it durable before a statement leaves it: an old copy would sign at a place twice.
"""

from dataclasses import dataclass, field, replace

from crdt.rights import Rights, StepVerdict
from protocol.book.money import BASIS_POINTS
from protocol.book.refusals import AMOUNT_NOT_POSITIVE, DUPLICATE, MALFORMED, STATE_CONFLICT, Refused, refuse
from protocol.lanes.entry import Millis
from protocol.practices.credit.kiosks.refusals import KIOSK_BEHIND, KIOSK_FROZEN, TILL_SHORT
from protocol.practices.credit.kiosks.statements import (
    KioskAct,
    KioskStatement,
    RedemptionSlip,
    SignedSlip,
    SignedStatement,
    read_kiosk_statement,
    read_slip,
    sign_statement,
)
from protocol.practices.credit.reserves.refusals import RIGHTS_EXHAUSTED
from protocol.wire.keys import KeyPair


@dataclass(frozen=True, slots=True)
class KioskTold:
    """What the network has told a kiosk of itself; amounts in minor units.

    `place` and `head` are the newest statement that it has taken in, `rights_minor` what was left then, `given_minor`
    all that was ever given, and `till_filled_minor` all state money that was brought.
    """

    network: bytes
    kiosk: bytes
    currency: str
    scale: int
    num: int
    den: int
    fee: int
    place: int
    head: bytes
    given_minor: int
    rights_minor: int
    till_minor: int
    till_filled_minor: int


@dataclass(frozen=True, slots=True)
class OfflineKiosk:
    """A kiosk by itself: its key, what it was told last, and what it has signed since; it never changes."""

    keys: KeyPair
    told: KioskTold
    signed: tuple[SignedStatement, ...] = ()
    slips: tuple[tuple[bytes, int], ...] = field(default=())
    """The redemptions that it has paid, and until when their slips hold."""

    @property
    def rights(self) -> Rights:
        """What it holds after its own statements."""
        told = self.told
        rights = replace(Rights().create(told.kiosk, told.rights_minor), newest={told.kiosk: (told.place, told.head)})
        for signed in self.signed:
            read = read_kiosk_statement(signed)
            assert read is not None
            rights = rights.take(read.step(self._cost(read.said)))
        return rights

    @property
    def rights_minor(self) -> int:
        """How much it may still issue."""
        return self.rights.held(self.told.kiosk)

    @property
    def till_minor(self) -> int:
        """The state money in its till."""
        paid = (read.said for one in self.signed if (read := read_kiosk_statement(one)) is not None)
        return self.told.till_minor - sum(self._payout(one.amount) for one in paid if one.act is KioskAct.PAY)

    def load(self, told: KioskTold) -> "OfflineKiosk | Refused":
        """Go on from what the network tells now: what it has taken in need not be brought again."""
        if (told.network, told.kiosk) != (self.told.network, self.told.kiosk):
            return refuse(MALFORMED, field="kiosk", expected="what the network shows of this kiosk")
        older = told.place < self.told.place or told.given_minor < self.told.given_minor
        if older or (told.till_filled_minor < self.told.till_filled_minor and told.place == self.told.place):
            return refuse(STATE_CONFLICT, state="newer than what you have")
        place, head = self.rights.newest[self.told.kiosk]
        if told.place > place:
            return refuse(KIOSK_BEHIND, place=told.place)
        left = tuple(one for one in self.signed if (read := read_kiosk_statement(one)) and read.said.place > told.place)
        at = self.signed[len(self.signed) - len(left) - 1] if len(left) < len(self.signed) else None
        read = None if at is None else read_kiosk_statement(at)
        known = self.told.head if read is None else read.digest
        if told.place == place:
            known = head
        return refuse(KIOSK_FROZEN, place=told.place) if known != told.head else replace(self, told=told, signed=left)

    def issue(self, account: str, amount_minor: int, now: Millis) -> "OfflineKiosk | Refused":
        """Issue to a member, by an account's id or a handle."""
        return self._sign(KioskAct.ISSUE, amount_minor, now, account=account)

    def send(self, to: bytes | None, amount_minor: int, now: Millis) -> "OfflineKiosk | Refused":
        """Give rights to another kiosk, or back to the network."""
        return self._sign(KioskAct.SEND, amount_minor, now, to=to)

    def pay(
        self, account: str, amount_minor: int, now: Millis, slip: SignedSlip | None = None
    ) -> "OfflineKiosk | Refused":
        """Pay state money for what a member gives back: by the slip that it has signed, or by word if it has no key."""
        read = None if slip is None else read_slip(slip)
        if slip is not None and (read is None or not self._fits(read, account, amount_minor, now)):
            return refuse(MALFORMED, field="slip", expected="a slip that the member has signed, for as much, in force")
        if read is not None and any(read.redemption == name for name, _ in self.slips):
            return refuse(DUPLICATE)
        payout, till = self._payout(amount_minor), self.till_minor
        if payout > till:
            return refuse(TILL_SHORT, available=till, wished=payout, currency=self.told.currency)
        after = self._sign(KioskAct.PAY, amount_minor, now, account=account, slip=slip)
        if isinstance(after, Refused) or read is None:
            return after
        kept = tuple(one for one in self.slips if one[1] >= now)
        return replace(after, slips=(*kept, (read.redemption, read.not_after_ms)))

    def _fits(self, slip: RedemptionSlip, account: str, amount_minor: int, now: Millis) -> bool:
        same = (slip.network, slip.account, slip.amount) == (self.told.network, account, amount_minor)
        return same and now <= slip.not_after_ms

    def _sign(
        self,
        act: KioskAct,
        amount_minor: int,
        now: Millis,
        *,
        account: str | None = None,
        to: bytes | None = None,
        slip: SignedSlip | None = None,
    ) -> "OfflineKiosk | Refused":
        if amount_minor <= 0:
            return refuse(AMOUNT_NOT_POSITIVE)
        told, rights = self.told, self.rights
        place, head = rights.newest[told.kiosk]
        said = KioskStatement(
            told.network, told.kiosk, place + 1, head or None, act, amount_minor, account, to, slip, now
        )
        signed = sign_statement(self.keys, said)
        read = read_kiosk_statement(signed)
        if read is None:
            return refuse(MALFORMED, field="account", expected="an account or a handle")
        verdict, wished = rights.judge(read.step(self._cost(said))), self._cost(said)
        if verdict is StepVerdict.EXHAUSTED:
            held = rights.held(told.kiosk)
            return refuse(
                RIGHTS_EXHAUSTED, available=held, wished=wished, missing=wished - held, currency=told.currency
            )
        assert verdict is StepVerdict.NEXT, verdict
        return replace(self, signed=(*self.signed, signed))

    def _cost(self, said: KioskStatement) -> int:
        """Return how many rights it spends: state money takes those that go with it, rounded up."""
        return -(-said.amount * self.told.num // self.told.den) if said.act is KioskAct.PAY else said.amount

    def _payout(self, amount_minor: int) -> int:
        return amount_minor - amount_minor * self.told.fee // BASIS_POINTS
