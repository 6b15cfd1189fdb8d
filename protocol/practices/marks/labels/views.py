# SPDX-License-Identifier: AGPL-3.0-or-later
"""Labels, schemes, trusted issuers and labelled purchases as they are shown; whether a label counts; what waits."""

from collections.abc import Iterable, Iterator
from typing import Any

import rfc8785

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Errand, News, Urgency
from protocol.book.refusals import MALFORMED, NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.between.networks.known import find_network
from protocol.practices.market.hours import hour_meant
from protocol.practices.marks.labels.bitstring import is_set
from protocol.practices.marks.labels.credentials import label_credential, list_credential, status_place
from protocol.practices.marks.labels.entries import (
    BoardLabel,
    IssuerDistrusted,
    IssuerTrusted,
    LabelIssued,
    LabelName,
    LabelRevoked,
    LabelsBought,
    RevocationLearned,
    SchemeDeclared,
)
from protocol.practices.marks.labels.gtin import digital_link, gtin14
from protocol.practices.marks.labels.index import HeldLabel, LabelIndex, facts_held, status_known
from protocol.practices.marks.labels.multibase import did_of, key_of_did
from protocol.practices.marks.labels.reading import read_label, read_status
from protocol.practices.marks.labels.refusals import ISSUER_KEY_CHANGED
from protocol.practices.marks.labels.state import LabelledPurchase, Labels, LabelState, Scheme, trust_at
from protocol.practices.marks.labels.verdict import (
    LabelAsked,
    LabelFacts,
    LabelStatus,
    against_label,
    covers_code,
    label_warnings,
)
from protocol.practices.marks.labels.wishes import (
    CredentialShown,
    CredentialWanted,
    IssuerShown,
    IssuersWanted,
    LabelShown,
    LabelsWanted,
    LabelToVerify,
    LabelVerified,
    PurchaseShown,
    PurchasesWanted,
    SchemeIssuerShown,
    SchemeShown,
    SchemesWanted,
    TrustShown,
)
from protocol.practices.people.authority import may_see
from protocol.wire.keys import id_text

ENDS_SOON_DAYS = 14
TRUST_ENDS_SOON_DAYS = 30
FLAG_DAYS = 30
"""So long a buyer is told of a purchase whose label had been revoked."""


def find_label(book: Book, address: str) -> HeldLabel | Refused:
    """Return a label of ours, or behind an @ of another network."""
    name, at, network_name = address.partition("@")
    network = find_network(book, network_name) if at else book.network
    if isinstance(network, Refused):
        return network
    id = parse_uuid(name) or b""
    held = book.of(LabelIndex).by_place.get((network, id))
    kept = book.of(Labels).issued.get(id) if network == book.network else None
    if kept is not None:
        # What stands on the board follows the entry: in between, and where it has lapsed there, the entry counts.
        held = HeldLabel(network, BoardLabel(kept.said, kept.signature, kept.revoked_ms), kept.arrival)
    return refuse(NOT_FOUND) if held is None else held


def label_address(book: Book, network: bytes, label: bytes) -> str:
    """Return the id under which a label is shown."""
    own = uuid_text(label)
    return own if network == book.network else f"{own}@{id_text(network)}"


def view_label(desk: Desk, address: str) -> LabelShown | Refused:
    """Show a label, of ours or of another network."""
    held = find_label(desk.book, address)
    return held if isinstance(held, Refused) else _shown(desk, held)


def _shown(desk: Desk, held: HeldLabel) -> LabelShown:
    book, said = desk.book, held.said
    facts, status, asked = facts_held(held), status_known(book, held, desk.now), LabelAsked(desk.now)
    trusted = trust_at(book, said.key, desk.now) is not None
    refused = against_label(facts, asked, trusted=trusted, status=status)
    revoked = status is not None and status.revoked
    return LabelShown(
        id=label_address(book, *held.place),
        network=id_text(held.network),
        scheme=uuid_text(said.scheme),
        scheme_name=said.scheme_name,
        rules=said.rules.hex(),
        issuer=said.issuer,
        issuer_did=facts.issuer,
        holder=said.holder,
        holder_network=id_text(held.holder[0]),
        codes=said.codes,
        plots=said.plots,
        gtins=said.gtins,
        links=tuple(map(digital_link, said.gtins)),
        since=said.from_ms,
        until=said.until_ms,
        issued_at=said.issued_ms,
        level=said.level,
        self_issued=facts.self_issued,
        evidence=facts.evidence,
        state=LabelState.REVOKED if revoked else LabelState.STANDING,
        revoked_at=None if status is None or not revoked else status.since_ms,
        status_days_old=None if status is None else status.days_old(desk.now),
        code=None if refused is None else refused.reason.code,
        warnings=label_warnings(facts, asked, status),
    )


def list_labels(desk: Desk, wanted: LabelsWanted, after: int) -> Iterator[tuple[int, LabelShown]] | Refused:
    """List the labels on the boards that are held here, in the order in which they came."""
    book = desk.book
    network = None if wanted.network is None else find_network(book, wanted.network)
    if isinstance(network, Refused):
        return network
    scheme = None if wanted.scheme is None else parse_uuid(wanted.scheme)
    if wanted.scheme is not None and scheme is None:
        return refuse(MALFORMED, field="scheme", expected="the id of a scheme")

    def sought(held: HeldLabel) -> bool:
        said = held.said
        return (
            held.arrival > after
            and (network is None or held.network == network)
            and (wanted.holder is None or said.holder == wanted.holder)
            and (scheme is None or said.scheme == scheme)
            and (wanted.code is None or covers_code(said.codes, wanted.code))
        )

    found = sorted(filter(sought, book.of(LabelIndex).by_place.values()), key=lambda one: one.arrival)
    shown = ((one.arrival, _shown(desk, one)) for one in found)
    return ((at, one) for at, one in shown if wanted.valid in (None, one.code is None))


def view_verify(desk: Desk, wanted: LabelToVerify) -> LabelVerified | Refused:
    """Tell whether a label counts; each reason why it does not has its code."""
    book = desk.book
    at_ms = hour_meant(book, "at", wanted.at, is_end=False)
    gtin = None if wanted.gtin is None else gtin14(wanted.gtin)
    if isinstance(at_ms, Refused):
        return at_ms
    if wanted.gtin is not None and gtin is None:
        return refuse(MALFORMED, field="gtin", expected="a GTIN whose check digit is right")
    if (wanted.label is None) == (wanted.credential is None):
        return refuse(MALFORMED, field="label", expected="a label's id, or a credential")
    asked = LabelAsked(desk.now if at_ms is None else at_ms, wanted.code, wanted.plot, gtin)
    found = _held_facts(desk, wanted) if wanted.credential is None else read_label(wanted.credential)
    if isinstance(found, Refused):
        return found
    facts, status = found if isinstance(found, tuple) else (found, status_heard(book, found, desk.now))
    if wanted.status_list is not None:
        told = read_status(wanted.status_list, facts)
        if isinstance(told, Refused):
            return told
        status = told if status is None or (told.as_of_ms > status.as_of_ms and not status.revoked) else status
    trust = trust_at(book, facts.key, asked.at_ms)
    refused = against_label(facts, asked, trusted=trust is not None, status=status)
    if refused is not None or trust is None:
        return refused or refuse(NOT_FOUND)
    return LabelVerified(
        label=facts.label,
        scheme=facts.scheme,
        scheme_name=facts.scheme_name,
        issuer=facts.issuer,
        issuer_name=facts.issuer_name,
        holder=facts.holder,
        holder_name=facts.holder_name,
        codes=tuple(facts.codes),
        plots=tuple(facts.plots),
        gtins=tuple(facts.gtins),
        links=tuple(map(digital_link, facts.gtins)),
        since=facts.from_ms,
        until=facts.until_ms,
        level=facts.level,
        evidence=facts.evidence,
        trusted_since=trust.since_ms,
        trusted_until=trust.until_ms,
        status_days_old=None if status is None else status.days_old(asked.at_ms),
        warnings=label_warnings(facts, asked, status),
    )


def _held_facts(desk: Desk, wanted: LabelToVerify) -> tuple[LabelFacts, LabelStatus | None] | Refused:
    held = find_label(desk.book, wanted.label or "")
    return held if isinstance(held, Refused) else (facts_held(held), status_known(desk.book, held, desk.now))


def status_heard(book: Book, facts: LabelFacts, now: Millis) -> LabelStatus | None:
    """Return what is known here of the revocation of a label that came as a file, by the id and the key it bears."""
    name = parse_uuid(facts.label.removeprefix("urn:uuid:"))
    kept = book.of(Labels).issued.get(name or b"")
    index = book.of(LabelIndex)
    held = [index.by_place[place] for place in _places(book, name) if place in index.by_place]
    if kept is not None and kept.said.key == facts.key:
        held = [HeldLabel(book.network, BoardLabel(kept.said, kept.signature, kept.revoked_ms), kept.arrival)]
    known = [status_known(book, one, now) for one in held if one.said.key == facts.key and one.intact]
    return next((one for one in known if one is not None), None)


def _places(book: Book, name: bytes | None) -> Iterator[tuple[bytes, bytes]]:
    """Yield where a label of this id may stand: on the board of any network that has lists here."""
    if name is not None:
        yield from ((network, name) for network in {network for network, _ in book.of(LabelIndex).lists})


def view_credential(desk: Desk, wanted: CredentialWanted) -> CredentialShown | Refused:
    """Return a label, or the status list that it names, as a credential that others can check."""
    held = find_label(desk.book, wanted.label)
    if isinstance(held, Refused):
        return held
    secured: dict[str, Any] = label_credential(held.network, held.said, held.label.signature)
    if wanted.status:
        listed = desk.book.of(LabelIndex).lists.get((held.network, status_place(held.network, held.said)[0]))
        if listed is None:
            return refuse(NOT_FOUND)
        if held.label.revoked_ms is not None and listed.bits is not None and not is_set(listed.bits, held.index):
            # Revoked since the home has another secret: the old key, which alone may say so here, signs no more.
            return refuse(ISSUER_KEY_CHANGED)
        secured = list_credential(held.network, listed.said)
    return CredentialShown(rfc8785.dumps(secured).decode())


def credential_text(shown: CredentialShown) -> str:
    """Return a credential as a file."""
    return shown.credential + "\n"


def view_scheme(desk: Desk, id: str) -> SchemeShown | Refused:
    """Show a scheme."""
    scheme = desk.book.of(Labels).schemes.get(parse_uuid(id) or b"")
    return refuse(NOT_FOUND) if scheme is None else _scheme_shown(desk.book, scheme)


def list_schemes(desk: Desk, wanted: SchemesWanted, after: int) -> Iterable[tuple[int, SchemeShown]]:
    """List the schemes of this network."""
    del wanted
    found = since(list(desk.book.of(Labels).schemes.values()), after)
    return ((cursor, _scheme_shown(desk.book, one)) for cursor, one in found)


def _scheme_shown(book: Book, scheme: Scheme) -> SchemeShown:
    body, numbers = scheme.body, book.of(Labels).numbers
    return SchemeShown(
        id=uuid_text(body.scheme),
        name=body.name,
        owner=book.members[body.owner].handle,
        rules=body.rules.hex(),
        topic=body.topic,
        codes=body.codes,
        issuers=tuple(
            SchemeIssuerShown(book.members[one.member].handle, did_of(one.key), numbers.get(one.key, 0))
            for one in body.issuers
        ),
        declared_at=scheme.at_ms,
    )


def view_issuer(desk: Desk, id: str) -> IssuerShown | Refused:
    """Show an issuer that the group trusts, or has trusted."""
    key = key_of_did(id)
    known = key is not None and key in desk.book.of(Labels).trusted
    return _issuer_shown(desk, key) if known and key is not None else refuse(NOT_FOUND)


def list_issuers(desk: Desk, wanted: IssuersWanted, after: int) -> Iterable[tuple[int, IssuerShown]]:
    """List the issuers that the group trusts, or has trusted, in the order of the first decision."""
    del wanted
    trusted = desk.book.of(Labels).trusted
    cursors = ((periods[0].arrival + 1, key) for key, periods in trusted.items())
    return ((cursor, _issuer_shown(desk, key)) for cursor, key in cursors if cursor > after)


def _issuer_shown(desk: Desk, key: bytes) -> IssuerShown:
    book = desk.book
    periods = (TrustShown(one.since_ms, one.until_ms, one.decided_ms) for one in book.of(Labels).trusted[key])
    held = sum(1 for one in book.of(LabelIndex).by_place.values() if one.said.key == key)
    return IssuerShown(did_of(key), trust_at(book, key, desk.now) is not None, tuple(periods), held)


def view_purchase(desk: Desk, id: str) -> PurchaseShown | Refused:
    """Show a purchase under labels."""
    one = desk.book.of(Labels).purchases.get(parse_uuid(id) or b"")
    return _purchase_shown(desk.book, one) if one and may_see(desk.actor, one.buyer) else refuse(NOT_FOUND)


def list_purchases(desk: Desk, wanted: PurchasesWanted, after: int) -> Iterable[tuple[int, PurchaseShown]]:
    """List purchases under labels: one's own, or all for those who read all."""
    for cursor, one in since(list(desk.book.of(Labels).purchases.values()), after):
        if may_see(desk.actor, one.buyer) and wanted.flagged in (None, bool(one.flagged)):
            yield cursor, _purchase_shown(desk.book, one)


def _purchase_shown(book: Book, one: LabelledPurchase) -> PurchaseShown:
    def named(names: Iterable[LabelName]) -> tuple[str, ...]:
        return tuple(label_address(book, name.network, name.label) for name in names)

    return PurchaseShown(
        id=uuid_text(one.order),
        buyer=book.members[one.buyer].handle,
        ordered_at=one.at_ms,
        labels=named(one.labels),
        flagged=named(one.flagged),
        revoked_at=one.revoked_ms,
        learned_at=one.learned_ms,
    )


def news(book: Book, entered: Entered) -> Iterable[News]:
    labels = book.of(Labels)
    match entered.body:
        case SchemeDeclared(scheme, owner):
            yield News("label-scheme.declared", uuid_text(scheme), (owner,))
        case LabelIssued(issuer, holder, said):
            yield News("label.issued", uuid_text(said.label), (issuer, *(() if holder is None else (holder,))))
        case LabelRevoked(label):
            kept = labels.issued[label]
            people = (kept.issuer, *(() if kept.holder is None else (kept.holder,)))
            yield News("label.revoked", uuid_text(label), people)
        case IssuerTrusted(key):
            yield News("label-issuer.trusted", did_of(key))
        case IssuerDistrusted(key):
            yield News("label-issuer.distrusted", did_of(key))
        case LabelsBought():
            pass
        case RevocationLearned(name):
            for one in labels.bought_under(name.network, name.label):
                if name in one.flagged:
                    yield News("label-purchase.flagged", uuid_text(one.order), (one.buyer,))
        case _:
            raise AssertionError(entered.body)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what a member has bought under a label that had been revoked by then."""
    for one in desk.book.of(Labels).purchases.values():
        if one.buyer == desk.actor.member and one.learned_ms and desk.now < one.learned_ms + FLAG_DAYS * DAY_MS:
            yield Errand(
                uuid_text(one.order),
                desk.book.members[one.buyer].handle,
                "labels.flagged",
                "What you bought had a label that was revoked by then",
                "label-purchases.show",
                Urgency.NEWS,
            )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the labels of ours that end soon, and the issuers whom the group trusts for few days more."""
    book, labels = desk.book, desk.book.of(Labels)
    for kept in labels.issued.values():
        if kept.revoked_ms is None and 0 <= kept.said.until_ms - desk.now <= ENDS_SOON_DAYS * DAY_MS:
            yield Errand(
                uuid_text(kept.said.label),
                kept.said.holder,
                "labels.ends",
                "Its label ends soon; a new one is a new look",
                "labels.issue",
                Urgency.DATE,
                until_ms=kept.said.until_ms,
            )
    for key in labels.trusted:
        trust = trust_at(book, key, desk.now)
        if trust and trust.until_ms and trust.until_ms - desk.now <= TRUST_ENDS_SOON_DAYS * DAY_MS:
            yield Errand(
                did_of(key),
                did_of(key),
                "labels.trust_ends",
                "The group trusts this issuer for few days more",
                "label-issuers.trust",
                Urgency.DATE,
                until_ms=trust.until_ms,
            )
