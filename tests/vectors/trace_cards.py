# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of cards, terminals and the fund that stands for copies of cards."""

from dataclasses import replace
from typing import Any

from riacho import DAY_MS, NODE, Riacho, hora, key

from protocol.book.accounts import commons_account
from protocol.book.money import Amount
from protocol.book.signed import Signed, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.practices.credit.cards.entries import (
    CardEnded,
    CardForm,
    CardFrozen,
    CardIssued,
    CardLoaded,
    CardRenewed,
    CardUnloaded,
    GuaranteeFed,
    IssueCard,
    LoadCard,
    TerminalRegistered,
    TerminalRetired,
    TerminalSynced,
)
from protocol.practices.credit.cards.fund import FeedGuarantee
from protocol.practices.credit.cards.state import CARDS, Terminals
from protocol.practices.credit.cards.statements import (
    CardPayment,
    TerminalRecord,
    local_day,
    record_digest,
    signed_statement,
)
from protocol.practices.credit.cards.views import (
    EndCard,
    FreezeCard,
    RegisterTerminal,
    RenewCard,
    RetireTerminal,
    SyncTerminal,
    UnloadCard,
)
from protocol.practices.credit.typed.codes import (
    CodePaid,
    CodesIssued,
    CodesWithdrawn,
    IssueCodes,
    PaperCodes,
    WithdrawCodes,
)
from protocol.practices.credit.typed.pins import PinMissed, PinPaid, PinSet, SetPin
from protocol.practices.credit.typed.taking import TakeTyped
from protocol.practices.money.commons.state import alone_minor
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.members.entries import Leave, MemberLeft
from protocol.practices.people.members.views import Resume, Suspend

NOTHING = bytes(16)


class Till:
    """A terminal as its log stands: who signs it, and what it wrote last."""

    def __init__(self, told: Riacho, name: str, account: str) -> None:
        self.told, self.keys, self.account = told, key(name), account
        shown = told.do("terminals.create", RegisterTerminal(account, self.keys.public))
        self.id = parse_uuid(shown.id) or b""
        self.seq = 0
        self.prev: bytes | None = None

    def paid(self, card: bytes, counter: int, amount: int, by: str, **changed: Any) -> Signed:
        """Return what a card signs here."""
        said = CardPayment(self.told.network, card, counter, amount, self.id, self.account, self.told.world.now)
        return signed_statement(key(by), replace(said, **changed))

    def record(self, payment: Signed, by: str = "", **changed: Any) -> Signed:
        """Return the next record of its log, which holds a payment."""
        now = self.told.world.now
        day = local_day("UTC UTC0", now)
        said = TerminalRecord(self.id, self.seq, self.prev, 1, 0, day, now, payment.data, payment.signature)
        return signed_statement(key(by) if by else self.keys, replace(said, **changed))

    def sync(self, *records: Signed) -> None:
        """Send what was written."""
        self.told.do("terminals.sync", SyncTerminal(records), self.told_id)
        self.seq += len(records)
        self.prev = record_digest(records[-1].data)

    @property
    def told_id(self) -> str:
        return uuid_text(self.id)


def cards(told: Riacho) -> None:
    """Bia's card pays at two terminals that never met, by one counter; the fund pays the second merchant."""
    bia, dora = told.account("bia"), told.account("dora")
    card = issued(told, bia)
    told.do("payments.create", Pay(commons_account("HORA"), hora(5_00), bia), who="bia")
    told.do("guarantee-fund.feed", FeedGuarantee(hora(3_00)), "HORA")
    first, second = Till(told, "first till", dora), Till(told, "second till", dora)
    first.sync(first.record(first.paid(card, 17, 4_00, "bia's card")))
    told.accept("a card that has paid out of its purse, loaded", CardLoaded(None, LoadCard(card, hora(1_00))))
    second.sync(second.record(second.paid(card, 17, 4_50, "bia's card")))
    told.write(GuaranteeFed("HORA", 2_00))
    refused_acts(told, card, first)
    refused_records(told, card, first)
    told.do("cards.renew", RenewCard(), uuid_text(card))
    told.do("cards.unload", UnloadCard(hora(1_00)), uuid_text(card), "bia")
    told.write(CardLoaded(None, LoadCard(card, hora(1_00))))
    second.sync(second.record(second.paid(card, 18, 4_00, "bia's card")))
    told.do("cards.freeze", FreezeCard(), uuid_text(card), "bia")
    told.do("cards.renew", RenewCard(), uuid_text(card))
    told.write(CardLoaded(None, LoadCard(card, hora(1_00))))
    word = MemberLeft(None, Leave(told.id_of("bia")))
    told.refuse("a member who leaves with a card", word, "CARDS_OPEN")
    told.do("cards.end", EndCard(), uuid_text(card), "bia")
    told.refuse("a purse unloaded after its end", CardUnloaded(card, 1), "STATE_CONFLICT")
    for kind in (CardRenewed, CardEnded):
        told.refuse(f"an ended card, {kind.KIND}", kind(card), "STATE_CONFLICT")
    told.refuse("an ended card, frozen", CardFrozen(card, lost=False), "STATE_CONFLICT")
    told.refuse("an ended card, loaded", CardLoaded(None, LoadCard(card, hora(1))), "STATE_CONFLICT")
    for till in (first, second):
        told.do("terminals.retire", RetireTerminal(), till.told_id)
    told.refuse("a terminal retired twice", TerminalRetired(first.id), "STATE_CONFLICT")
    told.refuse("no terminal, retired", TerminalRetired(NOTHING), "NOT_FOUND")


def issued(told: Riacho, bia: str) -> bytes:
    """Let Bia have a card, and refuse what is none; returns its id."""
    fit = IssueCard(bia, key("bia's card").public, CardForm.FILE, hora(6_00), drawn_id(told.world.rng.randbytes))

    def refuse(says: str, code: str, **changed: Any) -> None:
        told.refuse(f"a card {says}", CardIssued(None, replace(fit, **changed)), code)

    refuse("for no account", "ACCOUNT_UNKNOWN", account="nobody.HORA")
    refuse("without an id", "MALFORMED", card=None)
    refuse("whose key is none", "KEY_UNACCEPTABLE", card_key=bytes(32))
    refuse("loaded in another currency", "CURRENCY_MISMATCH", load=Amount(1, "LUA", 2))
    refuse("loaded with a part of the smallest", "SCALE_EXCEEDED", load=Amount(1, "HORA", 3))
    refuse("loaded with nothing", "AMOUNT_NOT_POSITIVE", load=hora(0))
    refuse("loaded with more than can be", "AMOUNT_TOO_LARGE", load=Amount(2**62, "HORA", 0))
    refuse("by word for who has a key", "FORBIDDEN", account=told.account("dora"))
    refuse("by a member's key", "KEY_TAKEN", card_key=key("dora").public)
    told.do("members.suspend", Suspend(), "bia")
    refuse("for who is suspended", "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "bia")
    shown = told.do("cards.create", replace(fit), who="bia")
    refuse("that there is", "DUPLICATE")
    card = parse_uuid(shown.id) or b""
    for says, amount, code in (
        ("in another currency", Amount(1, "LUA", 2), "CURRENCY_MISMATCH"),
        ("with a part of the smallest", Amount(1, "HORA", 3), "SCALE_EXCEEDED"),
        ("with nothing", hora(0), "AMOUNT_NOT_POSITIVE"),
        ("with more than can be", Amount(2**62, "HORA", 0), "AMOUNT_TOO_LARGE"),
    ):
        told.refuse(f"a purse loaded {says}", CardLoaded(None, LoadCard(card, amount)), code)
    return card


def refused_acts(told: Riacho, card: bytes, till: Till) -> None:
    """Refuse what nobody can do with a card, a terminal and the fund."""
    fit = LoadCard(card, hora(1))
    told.refuse("a frozen card, loaded", CardLoaded(None, fit), "STATE_CONFLICT")
    told.refuse("no card, loaded", CardLoaded(None, replace(fit, card=NOTHING)), "NOT_FOUND")
    signed = told.sign("cards.load", fit, "dora")
    told.refuse("a card loaded by another's key", CardLoaded(signed, None), "FORBIDDEN")
    purse = told.world.nodes[NODE].replica.book.rows(CARDS)[card].purse_minor
    told.accept("a purse unloaded of all that it holds", CardUnloaded(card, purse))
    told.refuse("a purse unloaded of a cent more", CardUnloaded(card, purse + 1), "CARD_PURSE_SHORT")
    told.refuse("a purse unloaded of more than it holds", CardUnloaded(card, 6_01), "CARD_PURSE_SHORT")
    for body in (CardUnloaded(NOTHING, 1), CardFrozen(NOTHING, lost=True), CardRenewed(NOTHING), CardEnded(NOTHING)):
        told.refuse(f"no card, {body.KIND}", body, "NOT_FOUND")
    told.do("members.suspend", Suspend(), "bia")
    told.refuse("a card of who is suspended, loaded", CardLoaded(None, fit), "STATE_CONFLICT")
    told.refuse("a card of who is suspended, renewed", CardRenewed(card), "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "bia")
    dora = told.account("dora")
    fit_till = TerminalRegistered(NOTHING, dora, key("third till").public)
    for says, changed, code in (
        ("whose key is none", {"key": bytes(32)}, "KEY_UNACCEPTABLE"),
        ("for no account", {"account": "nobody.HORA"}, "ACCOUNT_UNKNOWN"),
        ("that there is", {"terminal": till.id}, "DUPLICATE"),
        ("by a card's key", {"key": key("bia's card").public}, "KEY_TAKEN"),
        ("for a closed currency", {"account": f"{told.id_of('dora')}.SOL"}, "CURRENCY_CLOSED"),
    ):
        told.refuse(f"a terminal {says}", replace(fit_till, **changed), code)
    told.do("members.suspend", Suspend(), "dora")
    told.refuse("a terminal of who is suspended", fit_till, "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "dora")
    alone = alone_minor(told.world.nodes[NODE].replica.book, "HORA", told.world.now)
    told.accept("a guarantee fund fed with what stewards may alone", GuaranteeFed("HORA", alone))
    told.refuse("a guarantee fund fed with a cent more", GuaranteeFed("HORA", alone + 1), "MOTION_NEEDED")
    told.refuse("a guarantee fund in no currency", GuaranteeFed("NADA", 1), "CURRENCY_UNKNOWN")
    told.refuse("a guarantee fund in a closed currency", GuaranteeFed("SOL", 1), "CURRENCY_CLOSED")


def refused_records(told: Riacho, card: bytes, till: Till) -> None:
    """Refuse logs that were tampered with, or that no honest terminal would have written."""
    now = told.world.now
    paid = till.paid(card, 18, 1_00, "bia's card")
    ana = told.account("ana")
    fit = till.record(paid)

    def refuse(says: str, code: str, *records: Signed, at_ms: int | None = None, terminal: bytes = till.id) -> None:
        told.refuse(f"a log {says}", TerminalSynced(terminal, records), code, at_ms)

    refuse("of no terminal", "NOT_FOUND", fit, terminal=NOTHING)
    # A map whose last key stands first is not canonical.
    refuse("whose bytes are not canonical", "MALFORMED", replace(fit, data=b"\xb9\x00\x09" + fit.data[1:]))
    refuse("that was tampered with", "SIGNATURE_INVALID", replace(fit, signature=bytes(64)))
    refuse("signed by another terminal", "SIGNATURE_INVALID", till.record(paid, "second till"))
    refuse(
        "of a payment that the card has not signed", "SIGNATURE_INVALID", till.record(till.paid(card, 18, 1, "dora"))
    )
    for field, changed in (
        ("network", {"network": bytes(32)}),
        ("terminal", {"terminal": NOTHING}),
        ("merchant", {"account": ana}),
    ):
        elsewhere = till.record(till.paid(card, 18, 1, "bia's card", **changed))
        refuse(f"of a payment for another {field}", "CARD_ELSEWHERE", elsewhere)
    refuse("of no card", "NOT_FOUND", till.record(till.paid(NOTHING, 18, 1, "bia's card")))
    refuse("with a gap", "TERMINAL_LOG_BROKEN", till.record(paid, seq=till.seq + 1))
    refuse("that goes on from another record", "TERMINAL_LOG_BROKEN", till.record(paid, prev=bytes(32)))
    refuse("dated two days ahead", "RECORD_MISDATED", till.record(paid, at_ms=now + 2 * DAY_MS))
    refuse("dated before the record before it", "RECORD_MISDATED", till.record(paid, at_ms=now - 2 * DAY_MS))
    again = till.record(till.paid(card, 17, 1, "bia's card"))
    refuse("in which a card's counter stands still", "CARD_COUNTER", again)
    refuse("by a certificate that was never made", "CERTIFICATE_INVALID", till.record(paid, version=2))
    seq = told.world.nodes[NODE].replica.book.head
    assert seq is not None
    refuse("of a card that it knew to be hot", "CARD_FROZEN", till.record(paid, hotlist=seq[0]))
    late = now + 15 * DAY_MS
    record = till.record(paid, at_ms=late, day=late // DAY_MS)
    refuse("of a card that was not seen for 15 days", "CARD_UNSEEN", record, at_ms=late)
    late = now + 731 * DAY_MS
    record = till.record(paid, at_ms=late, day=late // DAY_MS)
    refuse("of a card that has expired", "CARD_EXPIRED", record, at_ms=late)
    # What lies at a border itself is taken: the caps of a payment and of a day, and the dates of a record.
    today, ahead = now // DAY_MS, now + DAY_MS
    known = told.world.nodes[NODE].replica.book.of(Terminals).by_id[till.id].at_ms

    def taken(says: str, record: Signed) -> None:
        told.accept(f"a log {says}", TerminalSynced(till.id, (record,)))

    most = till.paid(card, 18, 200_00, "bia's card")
    taken("dated just a day ahead, of just the cap of a payment", till.record(most, at_ms=ahead, day=today + 1))
    refuse("dated a millisecond more ahead", "RECORD_MISDATED", till.record(paid, at_ms=ahead + 1, day=today + 1))
    taken("dated as the record before it", till.record(paid, at_ms=known, day=known // DAY_MS))
    early = till.record(paid, at_ms=known - 1, day=known // DAY_MS)
    refuse("dated a millisecond before it", "RECORD_MISDATED", early)
    taken("whose day is the next one", till.record(paid, day=today + 1))
    refuse("whose day is the one after the next", "RECORD_MISDATED", till.record(paid, day=today + 2))
    taken("of just the cap of a day", till.record(till.paid(card, 18, 196_00, "bia's card")))
    expires_ms = told.world.nodes[NODE].replica.book.rows(CARDS)[card].terms[0].expires_ms
    last = till.record(paid, at_ms=expires_ms, day=expires_ms // DAY_MS)
    refuse("of a card in its last moment, that was not seen", "CARD_UNSEEN", last, at_ms=expires_ms)
    over = till.record(paid, at_ms=expires_ms + 1, day=expires_ms // DAY_MS)
    refuse("of a card that has expired a millisecond ago", "CARD_EXPIRED", over, at_ms=expires_ms + 1)
    refuse("beyond the cap of a payment", "CARD_PAYMENT_CAP", till.record(till.paid(card, 18, 200_01, "bia's card")))
    refuse("beyond the cap of a day", "CARD_DAILY_CAP", till.record(till.paid(card, 18, 196_01, "bia's card")))


def typed(told: Riacho) -> None:
    """Bia has a paper with two codes and a PIN; shops are paid by both."""
    bia, dora = told.account("bia"), told.account("dora")
    fit = IssueCodes(bia, hora(5_00), 2, drawn_id(told.world.rng.randbytes))
    digests = (bytes(32), bytes([1] * 32))

    def refuse(says: str, code: str, codes: tuple[bytes, ...] = digests, **changed: Any) -> None:
        told.refuse(f"a paper {says}", CodesIssued(None, replace(fit, **changed), codes, told.world.now), code)

    refuse("for no account", "ACCOUNT_UNKNOWN", account="nobody.HORA")
    refuse("whose codes pay nothing", "AMOUNT_NOT_POSITIVE", cap=hora(0))
    refuse("whose codes pay in another currency", "CURRENCY_MISMATCH", cap=Amount(1, "LUA", 2))
    refuse("whose codes pay a part of the smallest", "SCALE_EXCEEDED", cap=Amount(1, "HORA", 3))
    refuse("whose codes pay more than can be", "AMOUNT_TOO_LARGE", cap=Amount(2**62, "HORA", 0))
    refuse("without an id", "MALFORMED", paper=None)
    refuse("with fewer codes than were wished for", "MALFORMED", digests[:1])
    refuse("by word for who has a key", "FORBIDDEN", account=dora)
    shown = told.do("paper-codes.create", fit, who="bia")
    refuse("that there is", "DUPLICATE")
    first, second = (one.replace("-", "") for one in shown.codes)
    told.do("typed-payments.create", TakeTyped(hora(2_00), shown.codes[0]), who="dora")
    told.refuse("a code that nobody has", CodePaid(NOTHING, "AAAA", dora, 1), "CODE_UNKNOWN")
    told.refuse("a code that has paid", CodePaid(NOTHING, first, dora, 1), "CODE_USED")
    told.refuse("a code that pays nobody", CodePaid(NOTHING, second, "nobody.HORA", 1), "ACCOUNT_UNKNOWN")
    told.accept("a code that pays just its cap", CodePaid(NOTHING, second, dora, 5_00))
    papers = told.world.nodes[NODE].replica.book.of(PaperCodes).by_id
    last = CodePaid(NOTHING, second, dora, 1), papers[parse_uuid(shown.id) or b""].not_after_ms
    told.accept("a code in its last moment", *last)
    told.refuse("a code a millisecond too late", last[0], "CODE_EXPIRED", last[1] + 1)
    taken = parse_uuid(told.say("bia", "caio", 1)) or b""
    told.refuse("a code that pays as a payment that there is", CodePaid(taken, second, dora, 1), "PAYMENT_EXISTS")
    solar = f"{told.id_of('dora')}.SOL"
    told.refuse("a code that pays in another currency", CodePaid(NOTHING, second, solar, 1), "CURRENCY_MISMATCH")
    for handle, says in (("bia", "whose holder"), ("dora", "whose payee")):
        told.do("members.suspend", Suspend(), handle)
        told.refuse(f"a code {says} is suspended", CodePaid(NOTHING, second, dora, 1), "MEMBER_NOT_ACTIVE")
        told.do("members.resume", Resume(), handle)
    told.refuse("a code that pays beyond its cap", CodePaid(NOTHING, second, dora, 5_01), "CODE_CAP")
    told.refuse("a code that pays its holder", CodePaid(NOTHING, second, bia, 1), "SAME_ACCOUNT")
    told.do("paper-codes.withdraw", WithdrawCodes(), shown.id, "bia")
    told.refuse("a code of a paper that is withdrawn", CodePaid(NOTHING, second, dora, 1), "CODE_EXPIRED")
    told.refuse("a paper withdrawn twice", CodesWithdrawn(parse_uuid(shown.id) or b""), "STATE_CONFLICT")
    told.refuse("no paper, withdrawn", CodesWithdrawn(NOTHING), "NOT_FOUND")
    told.refuse("a PIN of nobody, missed", PinMissed("B" * 16), "MEMBER_UNKNOWN")
    told.refuse("a PIN missed of who has none", PinMissed(told.id_of("bia")), "NOT_FOUND")
    told.refuse("a PIN of nobody", PinSet("B" * 16, bytes(32)), "MEMBER_UNKNOWN")
    told.refuse("a PIN of who has a key", PinSet(told.id_of("dora"), bytes(32)), "FORBIDDEN")
    told.refuse("a payment by a PIN that nobody has set", PinPaid(NOTHING, bia, dora, 1), "NOT_FOUND")
    told.do("members.suspend", Suspend(), "bia")
    refuse("for who is suspended", "MEMBER_NOT_ACTIVE", paper=NOTHING, codes=(bytes([2] * 32), bytes([3] * 32)))
    told.refuse("a PIN of who is suspended", PinSet(told.id_of("bia"), bytes(32)), "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "bia")
    told.do("pins.create", SetPin("4711"), who="bia")
    for says, body, code in (
        ("as one that there is", PinPaid(taken, bia, dora, 1), "PAYMENT_EXISTS"),
        ("to oneself", PinPaid(NOTHING, bia, bia, 1), "SAME_ACCOUNT"),
        ("in another currency", PinPaid(NOTHING, bia, solar, 1), "CURRENCY_MISMATCH"),
    ):
        told.refuse(f"a payment by PIN {says}", body, code)
    for handle, says in (("bia", "of who"), ("dora", "to who")):
        told.do("members.suspend", Suspend(), handle)
        told.refuse(f"a payment by PIN {says} is suspended", PinPaid(NOTHING, bia, dora, 1), "MEMBER_NOT_ACTIVE")
        told.do("members.resume", Resume(), handle)
    told.do("typed-payments.create", TakeTyped(hora(1_00), number=1_001, pin="4711"), who="dora")
    for _ in range(3):
        told.write(PinMissed(told.id_of("bia")))
    told.refuse("a payment by a PIN that is locked", PinPaid(NOTHING, bia, dora, 1), "PIN_LOCKED")
    told.refuse("a payment by PIN to nobody", PinPaid(NOTHING, bia, "nobody.HORA", 1), "ACCOUNT_UNKNOWN")


def card_wishes(name: bytes) -> tuple[tuple[str, str, object], ...]:
    """Return what holders sign, each with what it is and its operation."""
    account = "ANAANAANAANAANAA.HORA"
    return (
        (
            "a card with a purse",
            "cards.create",
            IssueCard(account, key("card").public, CardForm.NFC, hora(50_00), name),
        ),
        ("a purse is loaded", "cards.load", LoadCard(name, hora(20_00))),
        ("a paper with ten codes", "paper-codes.create", IssueCodes(account, hora(10_00), 10, name)),
    )
