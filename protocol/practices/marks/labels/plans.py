# SPDX-License-Identifier: AGPL-3.0-or-later
"""How wishes with labels are planned: schemes declared, labels issued and revoked, issuers trusted."""

import re
from collections.abc import Iterator

from protocol.book.addresses import local_part, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Publication, Role, Write
from protocol.book.members import Member
from protocol.book.personal import text_refusal
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.practices.between.announcements import board_full
from protocol.practices.between.networks.known import find_network
from protocol.practices.market.hours import hour_meant
from protocol.practices.market.intents import Offer
from protocol.practices.market.orders.entries import OrderPlaced
from protocol.practices.marks.labels.bitstring import packed_list
from protocol.practices.marks.labels.credentials import label_document, list_document, list_item, second_text
from protocol.practices.marks.labels.entries import (
    LABELS_A_LIST,
    LABELS_BOUGHT_MAX,
    SCHEME_NAME_CHARS_MAX,
    BoardLabel,
    IssuerDistrusted,
    IssuerTrusted,
    LabelIssued,
    LabelLevel,
    LabelName,
    LabelRevoked,
    LabelSaid,
    LabelsBought,
    SchemeDeclared,
    SchemeIssuer,
    StatusList,
)
from protocol.practices.marks.labels.gtin import gtin14
from protocol.practices.marks.labels.index import labels_counting
from protocol.practices.marks.labels.multibase import did_of, key_of_did
from protocol.practices.marks.labels.proofs import signature_of
from protocol.practices.marks.labels.refusals import ISSUER_KEY_CHANGED, NOT_AN_ISSUER
from protocol.practices.marks.labels.rules import (
    against_distrust,
    against_scheme,
    against_terms,
    against_trust,
    whole_second,
)
from protocol.practices.marks.labels.state import LABEL_LIFE, Labels
from protocol.practices.marks.labels.wishes import (
    DeclareScheme,
    DistrustIssuer,
    IssueLabel,
    RevokeLabel,
    TrustIssuer,
)
from protocol.practices.people.contacts import whose
from protocol.wire.keys import KeyPair, digest

LABEL_ITEM_MS = 360 * DAY_MS
"""So long a label, or a status list, stands on the board before it is put there anew."""
LABEL_DAYS = 365


def issuer_keys(desk: Desk, member: str) -> KeyPair:
    """Return the key that the home signs a member's labels with: it follows from the node's own secret."""
    return KeyPair.from_seed(digest("label-issuer", desk.secret + member.encode()))


def _speaks_for(desk: Desk, member: Member) -> Refused | None:
    """Return why somebody may not speak for an issuer: it does itself, or a steward, whose node signs for it."""
    allowed = desk.actor.role is Role.STEWARD or desk.actor.member == member.id
    return None if allowed else refuse(FORBIDDEN, allowed="the member itself, or a steward")


def _digest(field: str, text: str) -> bytes | Refused:
    """Return the SHA-256 that a text tells in hexadecimal."""
    if re.fullmatch("[0-9a-f]{64}", text):
        return bytes.fromhex(text)
    return refuse(MALFORMED, field=field, expected="a SHA-256: 64 hexadecimal digits")


def plan_declare(desk: Desk, wish: DeclareScheme) -> Plan | Refused:
    """Declare a scheme."""
    book, owner = desk.book, whose(desk, wish.owner)
    rules = _digest("rules", wish.rules)
    refused = text_refusal("name", wish.name, SCHEME_NAME_CHARS_MAX)
    refused = foremost(refused, *(one for one in (rules, owner) if isinstance(one, Refused)))
    if refused or isinstance(owner, Refused) or isinstance(rules, Refused):
        return refused or refuse(NOT_FOUND)
    found = [resolve_member(book, one) for one in wish.issuers] or [owner]
    issuers: list[SchemeIssuer] = []
    for one in found:
        if isinstance(one, Refused):
            return one
        issuers.append(SchemeIssuer(one.id, issuer_keys(desk, one.id).public))
    body = SchemeDeclared(
        book.drawn(drawn_id(desk.chance)), owner.id, wish.name, rules, wish.topic, wish.codes, tuple(issuers)
    )
    return foremost(against_scheme(book, body), _speaks_for(desk, owner)) or Plan(
        uuid_text(body.scheme), (Write(body),)
    )


def plan_issue(desk: Desk, wish: IssueLabel) -> Plan | Refused:
    """Issue a label, and put it on the board with the status list that tells of it."""
    book, issuer = desk.book, whose(desk, wish.issuer)
    scheme = book.of(Labels).schemes.get(parse_uuid(wish.scheme) or b"")
    holder = _holder(book, wish.holder)
    span = _span(desk, wish)
    evidence = None if wish.evidence is None else _digest("evidence", wish.evidence)
    refused = foremost(*(one for one in (issuer, holder, span, evidence) if isinstance(one, Refused)))
    gtins = tuple(gtin14(one) or "" for one in wish.gtins)
    if refused is None and not all(gtins):
        refused = refuse(MALFORMED, field="gtins", expected="a GTIN whose check digit is right")
    if refused or scheme is None or isinstance(issuer, Refused):
        return refused or refuse(NOT_FOUND)
    assert not isinstance(holder, Refused) and not isinstance(span, Refused) and not isinstance(evidence, Refused)
    key, keys = scheme.key_of(issuer.id), issuer_keys(desk, issuer.id)
    if key is None:
        return foremost(_speaks_for(desk, issuer), refuse(NOT_AN_ISSUER, member=issuer.handle)) or refuse(NOT_FOUND)
    own, network, handle = holder
    is_self = own == issuer.id
    if not is_self and wish.level is LabelLevel.SELF:
        return refuse(MALFORMED, field="level", expected="self only where holder and issuer are one")
    said = LabelSaid(
        label=book.drawn(drawn_id(desk.chance)),
        scheme=scheme.body.scheme,
        scheme_name=scheme.body.name,
        rules=scheme.body.rules,
        topic=scheme.body.topic,
        declared_ms=whole_second(scheme.at_ms),
        owner=book.members[scheme.body.owner].handle,
        key=key,
        issuer=issuer.handle,
        holder=handle,
        holder_network=network,
        number=book.of(Labels).numbers.get(key, 0),
        codes=wish.codes,
        plots=wish.plots,
        gtins=gtins,
        from_ms=span[0],
        until_ms=span[1],
        issued_ms=whole_second(desk.now),
        level=LabelLevel.SELF if is_self else wish.level,
        evidence=evidence,
    )
    body = LabelIssued(issuer.id, own, said, bytes(64))
    refused = foremost(against_terms(book, body), _speaks_for(desk, issuer))
    refused = refused or (None if keys.public == key else refuse(ISSUER_KEY_CHANGED)) or board_full(book, said.label)
    if refused is not None:
        return refused
    signature = signature_of(label_document(book.network, said), keys, second_text(said.issued_ms))
    number = said.number // LABELS_A_LIST
    published = (
        label_published(desk, said, signature, None),
        list_published(desk, keys, issuer.handle, number, book.of(Labels).revoked_numbers(key, number)),
    )
    return Plan(uuid_text(said.label), (Write(LabelIssued(issuer.id, own, said, signature)),), published=published)


def _holder(book: Book, address: str) -> tuple[str | None, bytes | None, str] | Refused:
    """Return who gets a label: a member of ours by id, or another network and the handle there."""
    local = local_part(book, address)
    if local is not None:
        member = resolve_member(book, local)
        return member if isinstance(member, Refused) else (member.id, None, member.handle)
    handle, _, name = address.partition("@")
    network = find_network(book, name)
    if isinstance(network, Refused):
        return network
    is_handle = 0 < len(handle) <= 32 and handle.isascii() and handle.replace("-", "").isalnum()
    return (None, network, handle) if is_handle else refuse(MALFORMED, field="holder", expected="handle@network")


def _span(desk: Desk, wish: IssueLabel) -> tuple[Millis, Millis] | Refused:
    since = hour_meant(desk.book, "since", wish.since, is_end=False)
    until = hour_meant(desk.book, "until", wish.until, is_end=True)
    if isinstance(since, Refused) or isinstance(until, Refused):
        return since if isinstance(since, Refused) else until  # type: ignore[return-value]
    begins = whole_second(desk.now if since is None else since)
    return begins, whole_second(begins + LABEL_DAYS * DAY_MS if until is None else until)


def label_published(desk: Desk, said: LabelSaid, signature: bytes, revoked_ms: Millis | None) -> Publication:
    """Return how a label is put on the board."""
    ends = min(max(said.until_ms, desk.now) + DAY_MS, desk.now + LABEL_ITEM_MS)
    return Publication(said.label, BoardLabel(said, signature, revoked_ms), ends)


def list_published(desk: Desk, keys: KeyPair, issuer: str, number: int, revoked: list[int]) -> Publication:
    """Return how a status list is put on the board, as of now."""
    unsigned = StatusList(keys.public, issuer, number, whole_second(desk.now), packed_list(revoked), bytes(64))
    network = desk.book.network
    signature = signature_of(list_document(network, unsigned), keys, second_text(unsigned.issued_ms))
    body = StatusList(unsigned.key, issuer, number, unsigned.issued_ms, unsigned.packed, signature)
    return Publication(list_item(network, keys.public, number), body, desk.now + LABEL_ITEM_MS)


def plan_revoke(desk: Desk, id: str, wish: RevokeLabel) -> Plan | Refused:
    """Take a label back: the label and its status list say so from now on."""
    del wish
    book = desk.book
    kept = book.of(Labels).issued.get(parse_uuid(id) or b"")
    if kept is None:
        return refuse(NOT_FOUND)
    issuer = book.members[kept.issuer]
    refused = foremost(_speaks_for(desk, issuer), LABEL_LIFE.conflict(kept.state, LabelRevoked.KIND))
    if refused is not None:
        return refused
    published = [label_published(desk, kept.said, kept.signature, desk.now)]
    keys, number = issuer_keys(desk, kept.issuer), kept.said.number // LABELS_A_LIST
    if keys.public == kept.said.key:
        revoked = [*book.of(Labels).revoked_numbers(kept.said.key, number), kept.said.number % LABELS_A_LIST]
        published.append(list_published(desk, keys, issuer.handle, number, revoked))
    return Plan(id, (Write(LabelRevoked(kept.said.label)),), published=tuple(published))


def plan_trust(desk: Desk, wish: TrustIssuer) -> Plan | Refused:
    """Trust an issuer; the group has decided it."""
    key = key_of_did(wish.issuer)
    since = hour_meant(desk.book, "since", wish.since, is_end=False)
    until = hour_meant(desk.book, "until", wish.until, is_end=True)
    if key is None:
        return refuse(MALFORMED, field="issuer", expected="a did:key of an Ed25519 key")
    if isinstance(since, Refused) or isinstance(until, Refused):
        return since if isinstance(since, Refused) else until  # type: ignore[return-value]
    body = IssuerTrusted(key, desk.now if since is None else since, until)
    return against_trust(body) or Plan(did_of(key), (Write(body),))


def plan_distrust(desk: Desk, id: str, wish: DistrustIssuer) -> Plan | Refused:
    """Trust an issuer no more; the group has decided it."""
    del wish
    key = key_of_did(id)
    refused = refuse(NOT_FOUND) if key is None else against_distrust(desk.book, key, desk.now)
    if refused is not None or key is None:
        return refused or refuse(NOT_FOUND)
    return Plan(id, (Write(IssuerDistrusted(key)),))


def labels_of_order(desk: Desk, body: OrderPlaced, offer: Offer) -> Iterator[Write]:
    """Yield what is written beside an order: under which labels it is placed, as they are known here now."""
    network = body.partner or desk.book.network
    found = labels_counting(desk.book, network, offer.member, body.code, desk.now)
    names = tuple(LabelName(*one.place) for one in found)[:LABELS_BOUGHT_MAX]
    if names:
        yield Write(LabelsBought(body.order, names))
