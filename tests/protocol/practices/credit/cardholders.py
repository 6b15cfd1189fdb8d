# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cards and terminals at a group's desk: a card that signs, a terminal without a node, and what copies do."""

from dataclasses import dataclass, field
from typing import Any

from protocol.book.money import Amount
from protocol.book.refusals import Reason, Refused
from protocol.book.signed import Signed, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.credit.cards.entries import CardForm, IssueCard
from protocol.practices.credit.cards.fund import FeedGuarantee
from protocol.practices.credit.cards.offline import OfflineTerminal, Papers, read_papers
from protocol.practices.credit.cards.statements import CardPayment, signed_statement
from protocol.practices.credit.cards.views import RegisterTerminal, SyncTerminal
from protocol.practices.money.payments.entries import Pay
from protocol.wire.keys import KeyPair
from tests.protocol.practices.desk import INCEPTION, NETWORK, Group, keys_of


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


@dataclass
class TestCard:
    """A card as its file keeps it: its key, its certificate, and a counter."""

    __test__ = False
    id: str
    keys: KeyPair
    certificate: Signed
    counter: int = 0

    def pays(self, till: OfflineTerminal, minor: int, at_ms: int, /, **changed: Any) -> Signed:
        """Return a payment at a terminal, under the next counter or the one that is told."""
        self.counter = changed.pop("counter", self.counter + 1)
        grant = till.papers.grant
        told: dict[str, Any] = {
            "network": NETWORK,
            "card": parse_uuid(self.id),
            "counter": self.counter,
            "amount": minor,
            "terminal": grant.terminal,
            "account": grant.account,
            "at_ms": at_ms,
        }
        return signed_statement(changed.pop("keys", self.keys), CardPayment(**(told | changed)))


@dataclass
class CardGroup(Group):
    """A group with cards: Ana holds them, Bia and Caio have shops."""

    copies: dict[str, TestCard] = field(default_factory=dict)

    def issue(self, holder: str, load: int, name: str = "card") -> TestCard:
        """Let a member with a key have a card with so much in its purse."""
        keys = keys_of(f"{holder}'s {name}")
        account = f"{self.member(holder).id}.HORA"
        loaded = hours(load) if load else None
        wish = IssueCard(account, keys.public, CardForm.FILE, loaded, drawn_id(self.chance))
        shown = self.do(holder, "cards.create", Brought(self.sign("cards.create", wish, keys_of(holder))))
        return TestCard(shown.id, keys, shown.certificate)

    def papers(self, merchant: str, name: str, keys: KeyPair, network: bytes | None = NETWORK) -> Papers:
        """Return what a terminal takes along, as it reads it."""
        shown = self.view(merchant, "terminal-papers.show", name).show((INCEPTION.wire,), ())
        found = read_papers(shown.grant, shown.hotlist, shown.identity, keys.public, network)
        assert isinstance(found, Papers), found
        return found

    def till(self, merchant: str, name: str = "till") -> OfflineTerminal:
        """Register a terminal and let it go without a node."""
        keys = keys_of(f"{merchant}'s {name}")
        shown = self.do(merchant, "terminals.create", RegisterTerminal(merchant, keys.public))
        return OfflineTerminal(keys, self.papers(merchant, shown.id, keys))

    def sync(self, merchant: str, till: OfflineTerminal) -> Any:
        """Bring a terminal's log to the node, and its papers back."""
        name = uuid_text(till.papers.grant.terminal)
        shown = self.ask(merchant, "terminals.sync", SyncTerminal(tuple(till.records)), name)
        if not isinstance(shown, Refused):
            till.take(self.papers(merchant, name, till.keys))
        return shown

    def card(self, card: TestCard) -> Any:
        return self.view("steward", "cards.show", card.id)

    def of(self, name: str) -> int:
        """Return what an account of the network's own holds."""
        account = self.book.ledger.accounts.get(f"{name}.HORA")
        return 0 if account is None else account.balance_minor

    def feed(self, minor: int) -> None:
        """Let Dora give the commons an amount, and the commons the guarantee fund."""
        self.do("dora", "payments.create", Pay(payer="dora", payee="commons.HORA", amount=hours(minor)))
        self.do("steward", "guarantee-fund.feed", FeedGuarantee(hours(minor)), "HORA")


def taken(found: Signed | Refused) -> Signed:
    """Return the record of a payment that a terminal has taken."""
    assert isinstance(found, Signed), found
    return found


def refusal_of(found: object) -> Reason:
    """Return why something was refused."""
    assert isinstance(found, Refused), found
    return found.reason


def shops() -> CardGroup:
    """Return a group of Ana, Bia, Caio with keys, and Dora without; each may owe 500.00."""
    group = CardGroup()
    group.currency(limit=500_00)
    group.admit("ana", "bia", "caio")
    group.admit("dora", custodial=True)
    return group
