# SPDX-License-Identifier: AGPL-3.0-or-later
"""A terminal without a node: what it knows, and whether it takes a card's payment; its log grows by one record each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.book.refusals import CURRENCY_MISMATCH, MALFORMED, SIGNATURE_INVALID, Refused, foremost, refuse
from protocol.book.signed import Signed
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.credit.cards.refusals import (
    CARD_COUNTER,
    CARD_ELSEWHERE,
    CARD_EXPIRED,
    CARD_FROZEN,
    CARD_UNSEEN,
    CERTIFICATE_INVALID,
    TERMINAL_STALE,
)
from protocol.practices.credit.cards.statements import (
    CardCertificate,
    CardHotlist,
    CardPayment,
    TerminalGrant,
    TerminalRecord,
    local_day,
    read_statement,
    signed_statement,
    verified,
)
from protocol.practices.credit.cards.terminals import LogRead, capped
from protocol.practices.money.receipts import identity_of
from protocol.wire.keys import KeyPair


@dataclass(frozen=True, slots=True)
class Papers:
    """What a terminal has of its network: the newest key of it, its own grant, and the hotlist."""

    network_key: bytes
    grant: TerminalGrant
    hotlist: CardHotlist


def read_papers(
    grant: Signed, hotlist: Signed, identity: Sequence[bytes], key: bytes, network: bytes | None
) -> Papers | Refused:
    """Return papers that hang together: key events of the network, and both signed by its newest key for our key.

    `network` is the one that the terminal belongs to, None the first time.
    """
    found = identity_of(identity)
    if found is None or found.network != (network or found.network):
        return refuse(CERTIFICATE_INVALID)
    newest = found.epochs[-1].key
    granted, hot = verified(TerminalGrant, grant, newest), verified(CardHotlist, hotlist, newest)
    if granted is None or hot is None or granted.network != found.network or hot.network != found.network:
        return refuse(CERTIFICATE_INVALID)
    if granted.key != key or hot.terminal != granted.terminal:
        return refuse(CARD_ELSEWHERE, field="terminal")
    return Papers(newest, granted, hot)


@dataclass(slots=True)
class OfflineTerminal:
    """A terminal and its log: `records` are those that its network may not have yet, `log` stands after the last."""

    keys: KeyPair
    papers: Papers
    log: LogRead = field(default_factory=lambda: LogRead(0, None, 0, 0))
    records: list[Signed] = field(default_factory=list[Signed])

    def accept(self, certificate: Signed, payment: Signed, now: Millis) -> Signed | Refused:
        """Take a card's payment into the log, or say why not: nothing is changed then."""
        card = verified(CardCertificate, certificate, self.papers.network_key)
        if card is None or card.network != self.papers.grant.network:
            known = read_statement(CardCertificate, certificate.data)
            unread = refuse(MALFORMED, field="certificate", expected="canonical CBOR of a certificate")
            return unread if known is None else refuse(CERTIFICATE_INVALID)
        said = read_statement(CardPayment, payment.data)
        if said is None:
            return refuse(MALFORMED, field="payment", expected="canonical CBOR of a card's payment")
        if verified(CardPayment, payment, card.key) is None:
            return refuse(SIGNATURE_INVALID)
        # Where the clock went back, what comes is dated as what came.
        at_ms = max(now, self.log.at_ms)
        if refused := self._against(card, said, at_ms):
            return refused
        day = max(self.log.day, local_day(self.papers.grant.zone, at_ms))
        record = TerminalRecord(
            self.papers.grant.terminal,
            self.log.seq,
            self.log.prev,
            card.version,
            self.papers.hotlist.version,
            day,
            at_ms,
            payment.data,
            payment.signature,
        )
        signed = signed_statement(self.keys, record)
        self.log.take(record, signed.data, said)
        self.records.append(signed)
        return signed

    def _against(self, card: CardCertificate, said: CardPayment, at_ms: Millis) -> Refused | None:
        grant, hotlist = self.papers.grant, self.papers.hotlist
        wrong = {
            "network": said.network != grant.network,
            "card": said.card != card.card,
            "terminal": said.terminal != grant.terminal,
            "merchant": said.account != grant.account,
        }
        field = next((name for name, is_wrong in wrong.items() if is_wrong), None)
        newest = self.log.counters.get(card.card, 0)
        day = max(self.log.day, local_day(grant.zone, at_ms))
        spent = self.log.sums_minor.get(card.card, 0) if day == self.log.day else 0
        hot = card.card in hotlist.cards
        stale = at_ms > hotlist.at_ms + grant.stale_days * DAY_MS
        unseen = at_ms > card.seen_ms + card.unseen_days * DAY_MS
        return foremost(
            None if field is None else refuse(CARD_ELSEWHERE, field=field),
            refuse(CARD_COUNTER, counter=said.counter, newest=newest) if said.counter <= newest else None,
            refuse(CURRENCY_MISMATCH, currency=grant.currency) if card.currency != grant.currency else None,
            refuse(CARD_FROZEN, state="frozen", why="on the hotlist") if hot else None,
            refuse(CARD_EXPIRED) if at_ms > card.expires_ms else None,
            refuse(CARD_UNSEEN, days=card.unseen_days) if unseen else None,
            refuse(TERMINAL_STALE, days=grant.stale_days) if stale else None,
            capped(card.payment_cap, card.day_cap, spent, said.amount, card.currency),
        )

    def take(self, papers: Papers) -> None:
        """Put newer papers in the place of those it has, and let go of the records that its network has."""
        if papers.hotlist.at_ms < self.papers.hotlist.at_ms:
            return
        self.papers = papers
        first = self.log.seq - len(self.records)
        self.records = self.records[max(0, papers.hotlist.synced - first) :]
