# SPDX-License-Identifier: AGPL-3.0-or-later
"""Taking a kiosk's statements in: whether they may stand, and what they do to accounts, tills and rights.

What a kiosk has signed has happened. So nothing in it is refused for what the kiosk could not know: an account that is
not there is the commons', and state money that was paid for currency which nobody gave back is owed by the kiosk. It
has spent rights for that too, so what is outstanding stays backed.
"""

from collections.abc import Iterable, Sequence

from crdt.rights import Rights, StepVerdict
from protocol.book.accounts import account_id, commons_account
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Account, Posting
from protocol.book.members import Auth, MemberState
from protocol.book.refusals import (
    DUPLICATE,
    MALFORMED,
    ORDER_MISMATCH,
    SIGNATURE_INVALID,
    Refused,
    refuse,
)
from protocol.practices.credit.kiosks.entries import KioskSynced
from protocol.practices.credit.kiosks.refusals import KIOSK_FROZEN, KIOSK_GAP
from protocol.practices.credit.kiosks.state import (
    PLACED,
    Kiosk,
    Placed,
    newest_place,
    place_id,
    reserve_behind,
    standing_at,
)
from protocol.practices.credit.kiosks.statements import (
    KioskAct,
    KioskStatement,
    ReadStatement,
    RedemptionSlip,
    SignedStatement,
    is_of_kiosk,
    read_kiosk_statement,
    read_slip,
)
from protocol.practices.credit.reserves.refusals import RIGHTS_EXHAUSTED
from protocol.practices.credit.reserves.state import (
    ISSUED,
    REDEMPTION_LIFE,
    REDEMPTIONS,
    Redemption,
    Reserve,
)


def read_of(book: Book, kiosk: Kiosk, signed: SignedStatement) -> ReadStatement | Refused:
    """Return a statement that this kiosk has signed for this network, or why it is none."""
    read = read_kiosk_statement(signed)
    if read is None:
        return refuse(MALFORMED, field="statements", expected="statements of a kiosk")
    if (read.said.network, read.said.kiosk) != (book.network, kiosk.id):
        return refuse(ORDER_MISMATCH, field="kiosk")
    return read if is_of_kiosk(kiosk.key, read) else refuse(SIGNATURE_INVALID)


def cost_minor(reserve: Reserve, said: KioskStatement) -> int:
    """Return how many rights a statement spends: state money that leaves takes those that go with it."""
    return reserve.consumed_minor(said.amount) if said.act is KioskAct.PAY else said.amount


def against_syncing(book: Book, kiosk: Kiosk, statements: Iterable[SignedStatement]) -> Refused | None:
    """Return why statements may not stand, one after the other: the same answer on every node."""
    reserve = reserve_behind(book, kiosk)
    rights, any_read = reserve.rights, False
    for signed in statements:
        read = read_of(book, kiosk, signed)
        if isinstance(read, Refused):
            return read
        stands = standing_at(book, reserve, kiosk, read)
        verdict = rights.judge(read.step(cost_minor(reserve, read.said)), None if stands is None else stands.digest)
        if verdict is not StepVerdict.NEXT:
            return _told(verdict, rights, kiosk, read, reserve)
        if read.said.act is KioskAct.PAY:
            slip = None if read.said.slip is None else read_slip(read.said.slip)
            book.rows(REDEMPTIONS).need([_redemption_id(read, slip)])
        rights, any_read = rights.take(read.step(cost_minor(reserve, read.said))), True
    return None if any_read else refuse(MALFORMED, field="statements", expected="at least one")


def _told(verdict: StepVerdict, rights: Rights, kiosk: Kiosk, read: ReadStatement, reserve: Reserve) -> Refused:
    if verdict is StepVerdict.KNOWN:
        return refuse(DUPLICATE)
    if verdict is StepVerdict.FROZEN:
        return refuse(KIOSK_FROZEN, place=kiosk.forked_at or 0)
    if verdict is StepVerdict.EXHAUSTED:
        held, wished = rights.held(kiosk.id), cost_minor(reserve, read.said)
        return refuse(RIGHTS_EXHAUSTED, available=held, wished=wished, missing=wished - held, currency=kiosk.currency)
    # One that names another statement before it than we have is no fork yet: that other one is.
    place = rights.newest.get(kiosk.id, (0, b""))[0]
    return refuse(KIOSK_GAP, place=place + 1 if read.said.place > place + 1 else max(1, place))


def forks(book: Book, kiosk: Kiosk, statements: Iterable[SignedStatement]) -> tuple[Placed, SignedStatement] | None:
    """Return what stands at a place, and another statement of the kiosk's at the same; None where it has not forked."""
    reserve = reserve_behind(book, kiosk)
    for signed in statements:
        read = read_of(book, kiosk, signed)
        if isinstance(read, Refused):
            return None
        stands = standing_at(book, reserve, kiosk, read)
        if stands is not None and stands.digest != read.digest:
            return stands, signed
    return None


def new_ones(book: Book, kiosk: Kiosk, statements: Iterable[SignedStatement]) -> tuple[SignedStatement, ...]:
    """Return the statements that were not taken in yet: what is brought again changes nothing."""
    most = newest_place(reserve_behind(book, kiosk), kiosk)
    known = (
        read.said.place <= most if (read := read_kiosk_statement(one)) is not None else False for one in statements
    )
    return tuple(one for one, is_known in zip(statements, known, strict=True) if not is_known)


def take_in(book: Book, kiosk: Kiosk, body: KioskSynced, entered: Entered) -> Sequence[Posting]:
    """Do what a kiosk has done: part of the fold."""
    reserve, postings = reserve_behind(book, kiosk), list[Posting]()
    kiosk.synced_ms = entered.at_ms
    changes: dict[str, int] = {}
    for signed in body.statements:
        read = read_kiosk_statement(signed)
        assert read is not None
        held, given = reserve.rights.held(kiosk.id), kiosk.given_minor
        name = place_id(kiosk.id, read.said.place)
        book.rows(PLACED).add(Placed(name, kiosk.id, read.said.place, signed, read.digest, held, given))
        reserve.rights = reserve.rights.take(read.step(cost_minor(reserve, read.said)))
        match read.said.act:
            case KioskAct.ISSUE:
                made = _issue(book, kiosk, read.said)
            case KioskAct.PAY:
                made = _pay(book, kiosk, reserve, read, entered, changes)
            case KioskAct.SEND:
                made = ()
        for one in made:
            changes[one.account] = changes.get(one.account, 0) + one.amount_minor
        postings += made
    return postings


def _issue(book: Book, kiosk: Kiosk, said: KioskStatement) -> Sequence[Posting]:
    kiosk.issued_minor += said.amount
    account = _account(book, kiosk, said.account or "")
    payee = commons_account(kiosk.currency) if account is None else account.id
    issued = ISSUED.of(kiosk.currency)
    return (
        Posting(issued, -said.amount, "issue", None, payee),
        Posting(payee, said.amount, "issue", None, issued),
    )


def _account(book: Book, kiosk: Kiosk, address: str) -> Account | None:
    """Return the account that a kiosk means by an id or a handle, None where there is none that can be paid."""
    name = book.member_by_handle.get(address)
    account = book.ledger.accounts.get(address if name is None else account_id(name, kiosk.currency))
    if account is None or account.member is None or account.currency != kiosk.currency:
        return None
    return None if book.members[account.member].state is MemberState.LEFT else account


def _redemption_id(read: ReadStatement, slip: RedemptionSlip | None) -> bytes:
    """Return the id of a redemption at a kiosk: that of the member's slip, or one that follows from the statement."""
    return read.digest[:16] if slip is None else slip.redemption


def _pay(
    book: Book, kiosk: Kiosk, reserve: Reserve, read: ReadStatement, entered: Entered, changes: dict[str, int]
) -> Sequence[Posting]:
    """Take back what a member gave at a kiosk; where it gave nothing, the kiosk owes what it has paid."""
    said = read.said
    slip = None if said.slip is None else read_slip(said.slip)
    fee = reserve.fee_minor(said.amount)
    payout, name = said.amount - fee, _redemption_id(read, slip)
    kiosk.paid_minor += payout
    kiosk.till_minor -= payout
    reserve.away_minor -= payout
    account = _account(book, kiosk, said.account or "")
    is_given = account is not None and name not in book.rows(REDEMPTIONS) and _is_given(book, account, said, slip)
    if not is_given or account is None or said.amount > account.balance_minor + changes.get(account.id, 0):
        kiosk.unmet_minor += payout
        reserve.reserve_minor -= payout
        return ()
    reserve.rights = reserve.rights.create(kiosk.id, said.amount)
    kiosk.given_minor += said.amount
    reserve.reserve_minor -= said.amount
    reserve.fund_minor += fee
    state = REDEMPTION_LIFE.after(None, KioskSynced.KIND)
    found = Redemption(
        name, entered.seq, said.at_ms, account.id, kiosk.currency, said.amount, fee, said.at_ms, state, said.at_ms
    )
    book.rows(REDEMPTIONS).add(found)
    issued = ISSUED.of(kiosk.currency)
    return (
        Posting(account.id, -said.amount, "redemption", None, issued),
        Posting(issued, said.amount, "redemption", None, account.id),
    )


def _is_given(book: Book, account: Account, said: KioskStatement, slip: RedemptionSlip | None) -> bool:
    """Tell whether a member has given currency back at a kiosk: by its key, or by its word if it has none."""
    member = book.members[account.member or ""]
    if slip is None:
        return said.slip is None and member.auth is Auth.CUSTODIAL
    key = member.keys.get(slip.key)
    same = (slip.network, slip.account, slip.amount) == (book.network, account.id, said.amount)
    return same and key is not None and not key.revoked and said.at_ms <= slip.not_after_ms
