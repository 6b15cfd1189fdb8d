# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paper codes: a member carries a list of codes, each of which pays once, up to a cap, typed in at a shop.

The node draws them and tells them once; the ledger holds their digests. Whoever has the paper can pay with it.
"""

import re
from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_account
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, Entered, OwnId, Plan, Ref, ToldOnce, Uuid, Write
from protocol.book.ledger import Account, Posting
from protocol.book.levies import payer_levy
from protocol.book.money import Amount, minor_of, payable
from protocol.book.payments import PAYMENT_LIFE, Payment, PaymentAuth
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    foremost,
    refuse,
)
from protocol.book.signed import AccountId, Digest, Id16, Signed, Time, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.money.payments.transfers import begin_payment, beyond_limits, unable
from protocol.practices.people.authority import PAYMENT_EXISTS, acts_for, not_said_by, spoken_for
from protocol.wire.keys import digest
from protocol.wire.shape import AtMost, Range

PAPER_CODES_MAX = 20
"""Codes of one list."""
PAPER_CODE_CHARS_MAX = 32
_CODE_BYTES = 10
_LIFE_MS = 180 * 24 * 60 * 60 * 1_000

CODE_UNKNOWN = Reason(
    "CODE_UNKNOWN", Stage.SUBJECT, 404, "No paper has this code",
    "No paper of this group has this code. Nothing was paid.", heading="This code pays nothing",
    ways=("look at it once more: it has neither 0 nor 1", "take another code of the paper"),
)  # fmt: skip
CODE_USED = Reason(
    "CODE_USED", Stage.SUBJECT, 409, "This code has paid already", "A code pays once. Nothing was paid twice.",
    heading="It has paid already", ways=("take another code of the paper",),
)  # fmt: skip
CODE_EXPIRED = Reason(
    "CODE_EXPIRED", Stage.RULE, 422, "This paper counts no more",
    "It has expired, or its holder has withdrawn it. Nothing was paid.", heading="This paper counts no more",
    ways=("ask its holder for a newer paper",),
)  # fmt: skip
CODE_CAP = Reason(
    "CODE_CAP", Stage.RULE, 422, "This code pays less", "Each code pays at most {limit}. Nothing was paid.",
    heading="At most {limit} by one code", ways=("pay {limit} by this code and the rest by another",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class IssueCodes:
    """Have a paper with codes, each of which pays once at a shop; whoever has the paper can pay with it."""

    account: Annotated[
        str, AtMost(ADDRESS_CHARS_MAX), Ref("accounts"), Doc("whose paper; a signed wish names the account by id")
    ]
    cap: Annotated[Amount, Doc("what each code pays at most")]
    count: Annotated[int, Range(1, PAPER_CODES_MAX), Doc("how many codes")] = 10
    paper: Annotated[Id16 | None, Uuid, OwnId, Doc("a UUID of your own for the paper")] = None


@dataclass(frozen=True, slots=True)
class CodesIssued:
    """A member has a paper whose codes have these digests."""

    KIND: ClassVar[str] = "paper-codes/issued"
    OPERATION: ClassVar[str] = "paper-codes.create"
    WISH: ClassVar[type[IssueCodes]] = IssueCodes
    signed: Signed | None
    word: IssueCodes | None
    codes: Annotated[tuple[Digest, ...], AtMost(PAPER_CODES_MAX)]
    not_after_ms: Time


@dataclass(frozen=True, slots=True)
class CodePaid:
    """A code was typed in: it pays a shop, once."""

    KIND: ClassVar[str] = "paper-codes/paid"
    payment: Id16
    code: Annotated[str, AtMost(PAPER_CODE_CHARS_MAX)]
    payee: AccountId
    amount: Annotated[int, Range(1, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class CodesWithdrawn:
    """The codes of a paper pay nothing any more."""

    KIND: ClassVar[str] = "paper-codes/withdrawn"
    paper: Id16


CodesSaid = CodesIssued | CodePaid | CodesWithdrawn


@dataclass(slots=True)
class Paper:
    """A paper: whose it is, what each code pays (minor units), which have paid."""

    id: bytes
    arrival: int
    account: str
    cap_minor: int
    not_after_ms: Millis
    count: int
    used: int = 0
    withdrawn: bool = False


@dataclass(slots=True)
class PaperCodes:
    """All papers, and of each code its paper, None once it has paid."""

    by_id: dict[bytes, Paper] = field(default_factory=dict[bytes, Paper])
    by_code: dict[bytes, bytes | None] = field(default_factory=dict[bytes, bytes | None])


@dataclass(frozen=True, slots=True)
class PayByCode:
    """Take a payment by a code of a customer's paper, typed in at your shop."""

    code: Annotated[str, AtMost(64), Doc("the code, as it stands on the paper")]
    amount: Annotated[Amount, Doc("how much; at most the cap of the code")]
    payee: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Doc("the account that is paid, of yours; default: the only one")
    ] = None


@dataclass(frozen=True, slots=True)
class WithdrawCodes:
    """Let the codes of a paper pay nothing any more: it is lost."""


@dataclass(frozen=True, slots=True)
class CodesWanted:
    """Papers: your own, or for those who read all, everybody's."""


@dataclass(frozen=True, slots=True)
class PaperShown:
    """A paper with codes. The node draws the codes, and whoever has the paper can pay: it is custodial."""

    id: Annotated[str, Doc("its id")]
    holder: Annotated[str, Doc("the handle of its holder")]
    cap: Annotated[Amount, Doc("what each code pays at most")]
    left: Annotated[int, Doc("how many codes have not paid yet")]
    not_after: Annotated[At, Doc("until when they pay")]
    withdrawn: Annotated[bool, Doc("whether it was withdrawn")]
    codes: Annotated[tuple[str, ...] | None, ToldOnce, Doc("the codes to print; shown once")] = None


def paper_digest(code: str) -> bytes:
    """Return the digest by which the ledger knows a code, however it is typed."""
    return digest("paper-code", re.sub(r"[\s-]", "", code).upper().encode())


def code_cap_minor(book: Book, wish: IssueCodes) -> int | Refused:
    """Return what each code pays at most, in minor units."""
    code = book.ledger.accounts[wish.account].currency
    minor = minor_of(wish.cap, code, book.currencies[code].scale)
    return minor if isinstance(minor, Refused) else payable(minor) or minor


def against_codes(book: Book, body: CodesSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry on paper codes may not stand: the same answer on every node."""
    papers = book.of(PaperCodes)
    if isinstance(body, CodesIssued):
        return _against_issuing(book, body, said_in(book, body, IssueCodes))
    if isinstance(body, CodesWithdrawn):
        paper = papers.by_id.get(body.paper)
        if paper is None:
            return refuse(NOT_FOUND)
        return refuse(STATE_CONFLICT, state="withdrawn") if paper.withdrawn else None
    known = paper_digest(body.code)
    if known not in papers.by_code:
        return refuse(CODE_UNKNOWN)
    name = papers.by_code[known]
    if name is None:
        return refuse(CODE_USED)
    if body.payment in book.payments:
        return refuse(PAYMENT_EXISTS)
    paper, payee = papers.by_id[name], book.ledger.accounts.get(body.payee)
    if payee is None or payee.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=body.payee)
    if paper.withdrawn or at_ms > paper.not_after_ms:
        return refuse(CODE_EXPIRED)
    payer = book.ledger.accounts[paper.account]
    over = body.amount + payer_levy(book, payer, payee, body.amount) > paper.cap_minor
    return (
        book.members[payer.member or ""].inactive()
        or (refuse(CODE_CAP, limit=paper.cap_minor, currency=payer.currency) if over else None)
        or unable(book, payer, payee, body.amount)
    )


def _against_issuing(book: Book, body: CodesIssued, said: Said[IssueCodes]) -> Refused | None:
    wish, papers = said.wish, book.of(PaperCodes)
    account = book.ledger.accounts.get(wish.account)
    if account is None or account.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=wish.account)
    member, cap = book.members[account.member], code_cap_minor(book, wish)
    twice = wish.paper in papers.by_id or any(one in papers.by_code for one in body.codes)
    odd = len(set(body.codes)) != wish.count or len(body.codes) != wish.count
    return foremost(
        cap if isinstance(cap, Refused) else None,
        refuse(MALFORMED, field="codes", expected="as many as were wished for") if odd else None,
        not_said_by(said, member, capped=False),
        refuse(DUPLICATE) if twice else None,
        member.inactive(),
    )


def fold_codes(book: Book, body: CodesSaid, entered: Entered) -> Sequence[Posting]:
    """Fold an entry on paper codes."""
    papers = book.of(PaperCodes)
    match body:
        case CodesIssued():
            wish = said_in(book, body, IssueCodes).wish
            cap = code_cap_minor(book, wish)
            assert wish.paper is not None and isinstance(cap, int)
            paper = Paper(wish.paper, entered.seq, wish.account, cap, body.not_after_ms, wish.count)
            papers.by_id[paper.id] = paper
            papers.by_code.update(dict.fromkeys(body.codes, paper.id))
            return ()
        case CodesWithdrawn():
            papers.by_id[body.paper].withdrawn = True
            return ()
        case CodePaid():
            known = paper_digest(body.code)
            paper = papers.by_id[papers.by_code[known] or b""]
            papers.by_code[known] = None
            paper.used += 1
            return begin_payment(book, typed_payment(body.payment, entered, paper.account, body.payee, body.amount))


def typed_payment(name: bytes, entered: Entered, payer: str, payee: str, minor: int) -> Payment:
    """Return a payment that was typed in at a shop: it rests on the network's word, and so it is custodial."""
    state = PAYMENT_LIFE.after(None, entered.body.KIND)
    return Payment(name, entered.seq, entered.at_ms, payer, payee, minor, minor, state, PaymentAuth.CUSTODIAL)


def plan_issue_codes(desk: Desk, said: Said[IssueCodes]) -> Plan | Refused:
    book = desk.book
    if said.signed is None:
        account = spoken_for(desk, said.wish.account, said.wish.cap.asset_code, allowed="the holder")
        if isinstance(account, Refused):
            return account
        said = Said(replace(said.wish, account=account.id))
    wish, not_after = said.wish, desk.now + _LIFE_MS
    letters = [b32encode(desk.chance(_CODE_BYTES)).decode("ascii") for _ in range(wish.count)]
    codes = tuple("-".join(one[at : at + 4] for at in range(0, len(one), 4)) for one in letters)
    body = CodesIssued(*said.held, tuple(paper_digest(one) for one in codes), not_after)
    if refused := _against_issuing(book, body, said):
        return refused
    cap = code_cap_minor(book, wish)
    assert wish.paper is not None and isinstance(cap, int)
    paper = Paper(wish.paper, 0, wish.account, cap, not_after, wish.count)
    return Plan(uuid_text(wish.paper), (Write(body),), answer=shown_paper(book, paper, codes))


def plan_pay_code(desk: Desk, wish: PayByCode) -> Plan | Refused:
    book = desk.book
    name = book.of(PaperCodes).by_code.get(paper_digest(wish.code))
    currency = None if name is None else book.ledger.accounts[book.of(PaperCodes).by_id[name].account].currency
    payee = shop_of(desk, wish.payee, currency)
    if isinstance(payee, Refused):
        return payee
    minor = minor_of(wish.amount, payee.currency, book.currencies[payee.currency].scale)
    refused = minor if isinstance(minor, Refused) else payable(minor)
    if refused is not None:
        return refused
    assert isinstance(minor, int)
    code = re.sub(r"[\s-]", "", wish.code).upper()[:PAPER_CODE_CHARS_MAX]
    body = CodePaid(book.drawn(drawn_id(desk.chance)), code, payee.id, minor)
    refused = against_codes(book, body, desk.now)
    if refused is None:
        assert name is not None
        payer = book.ledger.accounts[book.of(PaperCodes).by_id[name].account]
        refused = beyond_limits(book, payer, payee, minor, desk.now)
    return refused or Plan(uuid_text(body.payment), (Write(body),))


def shop_of(desk: Desk, address: str | None, currency: str | None) -> Account | Refused:
    """Return the account of whoever takes a payment at its shop: its own, or one that a steward types for."""
    named = address if address is not None else desk.actor.member
    if named is None:
        return refuse(MALFORMED, field="payee", expected="a value")
    account = resolve_account(desk.book, named, currency)
    theirs = isinstance(account, Account) and desk.actor.member not in (None, account.member)
    return refuse(FORBIDDEN, allowed="the payee") if theirs else account


def plan_withdraw_codes(desk: Desk, name: str, wish: WithdrawCodes) -> Plan | Refused:
    del wish
    book = desk.book
    paper = book.of(PaperCodes).by_id.get(parse_uuid(name) or b"")
    owner = None if paper is None else book.members[book.owner_of(paper.account)]
    is_steward = desk.actor.member is None
    if paper is None or owner is None or not (is_steward or acts_for(desk.actor, owner)):
        return refuse(NOT_FOUND)
    body = CodesWithdrawn(paper.id)
    return against_codes(book, body, desk.now) or Plan(name, (Write(body),))


def shown_paper(book: Book, paper: Paper, codes: tuple[str, ...] | None = None) -> PaperShown:
    """Return a paper as it is shown; its codes once."""
    code = paper.account.partition(".")[2]
    return PaperShown(
        uuid_text(paper.id),
        book.name_of(paper.account),
        book.amount(code, paper.cap_minor),
        paper.count - paper.used,
        paper.not_after_ms,
        paper.withdrawn,
        codes,
    )


def view_paper(desk: Desk, name: str) -> PaperShown | Refused:
    paper = desk.book.of(PaperCodes).by_id.get(parse_uuid(name) or b"")
    seen = paper is not None and (desk.actor.role in READERS or desk.book.owner_of(paper.account) == desk.actor.member)
    return shown_paper(desk.book, paper) if paper is not None and seen else refuse(NOT_FOUND)


def view_papers_held(desk: Desk, wanted: CodesWanted, after: int) -> Iterable[tuple[int, PaperShown]]:
    del wanted
    book, actor = desk.book, desk.actor
    found = since(list(book.of(PaperCodes).by_id.values()), after)
    seen = (one for one in found if actor.role in READERS or book.owner_of(one[1].account) == actor.member)
    return ((cursor, shown_paper(book, paper)) for cursor, paper in seen)
