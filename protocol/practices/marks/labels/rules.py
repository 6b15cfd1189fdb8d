# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which entries on labels may stand, and what they change: the same answer on every node."""

import re
from collections.abc import Sequence

from protocol.book.book import Book
from protocol.book.declaration import Entered, Motion, ungated
from protocol.book.ledger import Posting
from protocol.book.refusals import (
    DUPLICATE,
    KEY_UNACCEPTABLE,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.timezones import DAY_MS
from protocol.practices.market.orders.state import ORDERS
from protocol.practices.marks.labels.credentials import is_label_signed
from protocol.practices.marks.labels.entries import (
    IssuerDistrusted,
    IssuerTrusted,
    LabelIssued,
    LabelRevoked,
    LabelSaid,
    LabelsBought,
    RevocationLearned,
    SchemeDeclared,
)
from protocol.practices.marks.labels.gtin import gtin14
from protocol.practices.marks.labels.refusals import LABEL_TAMPERED, NOT_AN_ISSUER, SCHEME_SCOPE
from protocol.practices.marks.labels.state import (
    LABEL_LIFE,
    PURCHASE_DAYS_MAX,
    LabelKept,
    LabelledPurchase,
    Labels,
    Scheme,
    Trust,
)
from protocol.practices.marks.labels.verdict import covers_code
from protocol.wire.keys import is_acceptable_key

TRUST_GATE = Motion()
LABEL_DAYS_MAX = 5 * 366
"""How long a label may count."""
_CODE = re.compile("(?!00)[0-9]{1,5}")
_PLOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SECOND_MS = 1_000


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered)
    return refused.reason if refused else None


def _against(book: Book, entered: Entered) -> Refused | None:
    labels = book.of(Labels)
    match entered.body:
        case SchemeDeclared() as body:
            return against_scheme(book, body)
        case LabelIssued() as body:
            return against_label_issue(book, body)
        case LabelRevoked(label):
            kept = labels.issued.get(label)
            return refuse(NOT_FOUND) if kept is None else LABEL_LIFE.conflict(kept.state, LabelRevoked.KIND)
        case IssuerTrusted() as body:
            return against_trust(body) or ungated(book, TRUST_GATE)
        case IssuerDistrusted(key):
            return against_distrust(book, key, entered.at_ms) or ungated(book, TRUST_GATE)
        case LabelsBought() as body:
            return _against_bought(book, body)
        case RevocationLearned(name):
            if not labels.bought_under(name.network, name.label):
                return refuse(NOT_FOUND)
            return refuse(DUPLICATE) if (name.network, name.label) in labels.learned else None
        case _:
            raise AssertionError(entered.body)


def against_scheme(book: Book, body: SchemeDeclared) -> Refused | None:
    """Return why a scheme may not be declared."""
    members = [one.member for one in body.issuers]
    unknown = next((one for one in (body.owner, *members) if one not in book.members), None)
    owner = book.members.get(body.owner)
    return foremost(
        scope_refusal(body.codes),
        refuse(MALFORMED, field="name", expected="some words") if not body.name.strip() else None,
        _twice("issuers", members),
        None if all(is_acceptable_key(one.key) for one in body.issuers) else refuse(KEY_UNACCEPTABLE),
        None if unknown is None else refuse(MEMBER_UNKNOWN, member=unknown),
        None if owner is None else owner.inactive(),
        refuse(DUPLICATE) if body.scheme in book.of(Labels).schemes else None,
    )


def scope_refusal(codes: Sequence[str]) -> Refused | None:
    """Return why these are no beginnings of item codes."""
    if all(_CODE.fullmatch(one) for one in codes):
        return _twice("codes", codes)
    return refuse(MALFORMED, field="codes", expected="up to five digits of CPC 2.1 each")


def _twice(field: str, names: Sequence[str]) -> Refused | None:
    return refuse(MALFORMED, field=field, expected="each once") if len(set(names)) < len(names) else None


def against_label_issue(book: Book, body: LabelIssued) -> Refused | None:
    """Return why a label may not be issued."""
    refused = against_terms(book, body)
    if refused is None and not is_label_signed(book.network, body.said, body.signature):
        refused = refuse(LABEL_TAMPERED, issuer=body.said.issuer)
    return refused


def against_terms(book: Book, body: LabelIssued) -> Refused | None:
    """Return why a label may not be issued, its signature apart."""
    labels, said = book.of(Labels), body.said
    scheme, issuer = labels.schemes.get(said.scheme), book.members.get(body.issuer)
    if scheme is None or issuer is None:
        return foremost(form_refusal(said), refuse(NOT_FOUND))
    holder = None if body.holder is None else book.members.get(body.holder)
    return foremost(
        form_refusal(said),
        None if scheme.key_of(body.issuer) == said.key else refuse(NOT_AN_ISSUER, member=issuer.handle),
        refuse(DUPLICATE) if said.label in labels.issued else None,
        None if _is_of(book, scheme, body) else refuse(MALFORMED, field="said", expected="what the scheme says"),
        issuer.inactive(),
        None if holder is None else holder.inactive(),
        beyond_scheme(scheme, said),
    )


def form_refusal(said: LabelSaid) -> Refused | None:
    """Return why what a label says has no form."""
    refused = scope_refusal(said.codes) or _twice("plots", said.plots) or _twice("gtins", said.gtins)
    if refused is None and not said.codes:
        refused = refuse(MALFORMED, field="codes", expected="at least one beginning of an item code")
    if refused is None and not all(_PLOT.fullmatch(one) for one in said.plots):
        refused = refuse(MALFORMED, field="plots", expected="letters, digits, points and dashes")
    if refused is None and any(gtin14(one) != one for one in said.gtins):
        refused = refuse(MALFORMED, field="gtins", expected="a GTIN whose check digit is right")
    whole = all(one % _SECOND_MS == 0 for one in (said.from_ms, said.until_ms, said.issued_ms))
    if refused is None and not (whole and 0 < said.until_ms - said.from_ms <= LABEL_DAYS_MAX * DAY_MS):
        refused = refuse(MALFORMED, field="until", expected="after it begins, five years at most")
    return refused


def _is_of(book: Book, scheme: Scheme, body: LabelIssued) -> bool:
    """Tell whether a label says of its scheme, its issuer and its holder what the book does, at the next number."""
    said, declared, numbers = body.said, scheme.body, book.of(Labels).numbers
    own = body.holder is None or (body.holder in book.members and said.holder_network is None)
    abroad = body.holder is not None or said.holder_network not in (None, book.network)
    told = (said.scheme_name, said.rules, said.topic, said.declared_ms, said.number, said.owner, said.issuer)
    handles = tuple(book.members[one].handle for one in (declared.owner, body.issuer))
    named = body.holder is None or book.members[body.holder].handle == said.holder
    return own and abroad and named and told == (
        declared.name, declared.rules, declared.topic, whole_second(scheme.at_ms), numbers.get(said.key, 0), *handles,
    )  # fmt: skip


def whole_second(at_ms: int) -> int:
    """Return an hour without its part of a second: credentials tell none."""
    return at_ms - at_ms % _SECOND_MS


def beyond_scheme(scheme: Scheme, said: LabelSaid) -> Refused | None:
    """Return which item of a label its scheme is not for."""
    covered = scheme.body.codes
    beyond = next((one for one in said.codes if covered and not covers_code(covered, one)), None)
    return None if beyond is None else refuse(SCHEME_SCOPE, covers=", ".join(covered), asked=beyond)


def against_trust(body: IssuerTrusted) -> Refused | None:
    """Return why a key may not be trusted so."""
    if not is_acceptable_key(body.key):
        return refuse(KEY_UNACCEPTABLE)
    late = body.until_ms is not None and body.until_ms <= body.since_ms
    return refuse(MALFORMED, field="until", expected="after it begins") if late else None


def against_distrust(book: Book, key: bytes, now: int) -> Refused | None:
    """Return why a key may not be trusted no more: it is not."""
    found = book.of(Labels).trusted.get(key)
    if found is None:
        return refuse(NOT_FOUND)
    ends = any(one.until_ms is None or one.until_ms > now for one in found)
    return None if ends else refuse(STATE_CONFLICT, state="not trusted")


def _against_bought(book: Book, body: LabelsBought) -> Refused | None:
    order = book.rows(ORDERS).get(body.order)
    if order is None or True not in order.own_sides or not body.labels:
        return refuse(NOT_FOUND)
    if len(set(body.labels)) < len(body.labels):
        return refuse(MALFORMED, field="labels", expected="each once")
    labels = book.of(Labels)
    if any((one.network, one.label) in labels.learned for one in body.labels):
        return refuse(STATE_CONFLICT, state="revoked")
    return refuse(DUPLICATE) if body.order in labels.purchases else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    labels, seq, at_ms = book.of(Labels), entered.seq, entered.at_ms
    match entered.body:
        case SchemeDeclared() as body:
            labels.schemes[body.scheme] = Scheme(seq, at_ms, body)
        case LabelIssued(issuer, holder, said, signature) as body:
            state = LABEL_LIFE.after(None, body.KIND)
            labels.issued[said.label] = LabelKept(seq, issuer, holder, said, signature, state)
            labels.numbers[said.key] = said.number + 1
        case LabelRevoked(label) as body:
            kept = labels.issued[label]
            kept.state, kept.revoked_ms = LABEL_LIFE.after(kept.state, body.KIND), at_ms
        case IssuerTrusted(key, since_ms, until_ms):
            labels.trusted.setdefault(key, []).append(Trust(seq, at_ms, since_ms, until_ms))
        case IssuerDistrusted(key):
            for one in labels.trusted[key]:
                if one.until_ms is None or one.until_ms > at_ms:
                    one.until_ms = at_ms
        case LabelsBought(order, names):
            row = book.rows(ORDERS)[order]
            _forget_old(labels, at_ms)
            labels.purchases[order] = LabelledPurchase(order, seq, row.at_ms, row.placed.buyer, names)
        case RevocationLearned(name, revoked_ms):
            labels.learned[name.network, name.label] = revoked_ms
            for one in labels.bought_under(name.network, name.label):
                if one.at_ms >= revoked_ms:
                    one.flagged = (*one.flagged, name)
                    one.learned_ms = one.learned_ms or at_ms
                    one.revoked_ms = min(revoked_ms, one.revoked_ms or revoked_ms)
        case _:
            raise AssertionError(entered.body)
    return ()


def _forget_old(labels: Labels, now: int) -> None:
    """Remember no longer what was bought long ago."""
    old = [name for name, one in labels.purchases.items() if one.at_ms < now - PURCHASE_DAYS_MAX * DAY_MS]
    for name in old:
        del labels.purchases[name]
    if old:
        left = {(one.network, one.label) for purchase in labels.purchases.values() for one in purchase.labels}
        labels.learned = {name: at_ms for name, at_ms in labels.learned.items() if name in left}


def numbers_astray(book: Book) -> str | None:
    """Return which key counts its labels wrongly: two of them would share a bit of its status list."""
    counted: dict[bytes, set[int]] = {}
    for one in book.of(Labels).issued.values():
        counted.setdefault(one.said.key, set()).add(one.said.number)
    numbers = book.of(Labels).numbers
    wrong = [key.hex() for key, many in numbers.items() if counted.get(key, set()) != set(range(many))]
    return f"the labels of {wrong[0]} are not numbered from 0" if wrong else None


def flags_astray(book: Book) -> str | None:
    """Return which purchase is flagged though its label was not revoked by then, or is not flagged though it was."""
    labels = book.of(Labels)
    for one in labels.purchases.values():
        due = {
            name
            for name in one.labels
            if (since := labels.learned.get((name.network, name.label))) is not None and since <= one.at_ms
        }
        if due != set(one.flagged):
            return f"{one.order.hex()} is flagged wrongly"
    return None
