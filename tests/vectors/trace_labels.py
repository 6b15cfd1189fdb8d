# SPDX-License-Identifier: AGPL-3.0-or-later
"""What labels say to a ledger: a scheme, a label given and revoked, an issuer trusted, what was bought under them."""

from dataclasses import replace
from hashlib import sha256

from riacho import DAY_MS, NODE, Riacho, key
from trace_orders import FAR, ORDERS

from protocol.book.gates import MotionWish
from protocol.book.members import Auth, MemberState
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.governance.motions.entries import Ballot, MakeMotion, Vote
from protocol.practices.marks.labels.entries import (
    IssuerDistrusted,
    IssuerTrusted,
    LabelIssued,
    LabelName,
    LabelRevoked,
    LabelsBought,
    LabelTheme,
    RevocationLearned,
    SchemeDeclared,
    SchemeIssuer,
)
from protocol.practices.marks.labels.multibase import did_of
from protocol.practices.marks.labels.wishes import (
    DeclareScheme,
    DistrustIssuer,
    IssueLabel,
    RevokeLabel,
    TrustIssuer,
)

NOTHING = bytes(16)
NOBODY = "X" * 16
SMALL_ORDER = bytes(32)
"""No key: a point of small order."""


def labels(told: Riacho) -> None:
    """Wila labels the honey of Alda, and takes that back; Bia has bought elsewhere under two labels."""
    rules = sha256(b"No sugar is fed.").hexdigest()
    scheme = told.do(
        "label-schemes.declare", DeclareScheme("Honey", rules, LabelTheme.BIODIVERSITY, ("0291",)), who="wila"
    ).id
    _refused_schemes(told)
    wish = IssueLabel(scheme, "alda", ("02910",), plots=("hill-3",), gtins=("4006381333931",))
    label = told.do("labels.issue", wish, who="wila").id
    _refused_labels(told)
    told.do("labels.revoke", RevokeLabel(), label, "wila")
    told.refuse("a label that is revoked", LabelRevoked(parse_uuid(label) or b""), "STATE_CONFLICT")
    told.refuse("no label, revoked", LabelRevoked(NOTHING), "NOT_FOUND")
    _trusted(told)
    _bought(told)


def _refused_schemes(told: Riacho) -> None:
    said = told.said(SchemeDeclared)
    fine = replace(said, scheme=NOTHING)
    told.refuse("a scheme that there is", said, "DUPLICATE")
    for says, changed, code in (
        ("without a name", {"name": " "}, "MALFORMED"),
        ("for no item", {"codes": ("00",)}, "MALFORMED"),
        ("for an item twice", {"codes": ("0291", "0291")}, "MALFORMED"),
        ("with an issuer twice", {"issuers": said.issuers * 2}, "MALFORMED"),
        ("by no key", {"issuers": (SchemeIssuer(said.owner, SMALL_ORDER),)}, "KEY_UNACCEPTABLE"),
        ("of nobody", {"owner": NOBODY}, "MEMBER_UNKNOWN"),
        ("of who has left", {"owner": told.id_of("tereza")}, "MEMBER_NOT_ACTIVE"),
    ):
        told.refuse(f"a scheme {says}", replace(fine, **changed), code)


def _refused_labels(told: Riacho) -> None:
    entry = told.said(LabelIssued)
    again = replace(entry, said=replace(entry.said, number=entry.said.number + 1))
    told.refuse("a label that there is", again, "DUPLICATE")
    fine = replace(entry.said, label=NOTHING, number=entry.said.number + 1)
    second = replace(entry, said=fine)
    told.refuse("a label whose signature is another's", second, "LABEL_TAMPERED")
    for says, changed, code in (
        ("of no scheme", {"scheme": NOTHING}, "NOT_FOUND"),
        ("by a key that may not issue it", {"key": key("ana").public, "number": 0}, "NOT_AN_ISSUER"),
        ("for jam", {"codes": ("21494",)}, "SCHEME_SCOPE"),
        ("for nothing", {"codes": ()}, "MALFORMED"),
        ("of a plot with a blank", {"plots": ("hill 3",)}, "MALFORMED"),
        ("of a number with a wrong check digit", {"gtins": ("04006381333932",)}, "MALFORMED"),
        ("that ends before it begins", {"until_ms": fine.from_ms - 1_000}, "MALFORMED"),
        ("for more than five years", {"until_ms": fine.from_ms + 1_831 * DAY_MS}, "MALFORMED"),
        ("with parts of a second", {"issued_ms": fine.issued_ms + 1}, "MALFORMED"),
        ("at a number that is taken", {"number": fine.number - 1}, "MALFORMED"),
        ("by another name", {"scheme_name": "Jam"}, "MALFORMED"),
    ):
        told.refuse(f"a label {says}", replace(second, said=replace(fine, **changed)), code)
    gone = told.id_of("tereza")
    handles = told.world.nodes[NODE].replica.book.members
    left = replace(second, holder=gone, said=replace(fine, holder=handles[gone].handle))
    told.refuse("a label for who has left", left, "MEMBER_NOT_ACTIVE")


def _trusted(told: Riacho) -> None:
    did = did_of(key("a certifier").public)
    told.refuse("no issuer, trusted no more", IssuerDistrusted(key("a certifier").public), "NOT_FOUND")
    trusted = IssuerTrusted(key("a certifier").public, 0, None)
    told.refuse("an issuer whom the group has not chosen", trusted, "MOTION_NEEDED")
    told.refuse("an issuer without a key", replace(trusted, key=SMALL_ORDER), "KEY_UNACCEPTABLE")
    told.refuse("an issuer trusted until before", replace(trusted, since_ms=2, until_ms=1), "MALFORMED")
    other = did_of(key("another certifier").public)
    _decided(
        told,
        "Certifiers",
        *(MotionWish("label-issuers.trust", "", TrustIssuer(one)) for one in (did, other)),
        MotionWish("label-issuers.distrust", did, DistrustIssuer()),
    )
    told.refuse("an issuer dropped by nobody", IssuerDistrusted(key("another certifier").public), "MOTION_NEEDED")
    told.refuse("an issuer who is trusted no more", IssuerDistrusted(trusted.key), "STATE_CONFLICT")


def _decided(told: Riacho, title: str, *wishes: MotionWish) -> None:
    """Let all members without a key and Alda carry a motion, and a week pass."""
    motion = told.do("motions.create", MakeMotion(title, wishes), who="wila").id
    vote = Vote(parse_uuid(motion) or b"", Ballot.YES)
    told.do("motions.vote", Brought(told.sign("motions.vote", vote, "alda")), motion, "alda")
    members = told.world.nodes[NODE].replica.book.members.values()
    for one in members:
        if one.auth is Auth.CUSTODIAL and one.state is MemberState.ACTIVE:
            told.do("motions.vote", vote, motion, one.handle)
    told.world.now += 7 * DAY_MS
    told.world.tick(1)
    assert told.do("motions.show", None, motion).state == "executed"


def _bought(told: Riacho) -> None:
    name, other = LabelName(FAR, NOTHING), LabelName(FAR, b"\1" * 16)
    order = ORDERS["bought"]
    told.refuse("no order under a label", LabelsBought(NOTHING, (name,)), "NOT_FOUND")
    told.refuse("an order under no label", LabelsBought(order, ()), "NOT_FOUND")
    told.refuse("an order that is sold, under a label", LabelsBought(ORDERS["sold"], (name,)), "NOT_FOUND")
    told.refuse("an order under a label twice", LabelsBought(order, (name, name)), "MALFORMED")
    told.write(LabelsBought(order, (name, other)))
    told.refuse("an order whose labels are known", LabelsBought(order, (name,)), "DUPLICATE")
    told.refuse("a revocation of what nobody has bought", RevocationLearned(LabelName(FAR, b"\2" * 16), 0), "NOT_FOUND")
    told.write(RevocationLearned(name, 0))
    told.refuse("a revocation that is known", RevocationLearned(name, 0), "DUPLICATE")
    told.refuse("an order under a label that is revoked", LabelsBought(ORDERS["open"], (name,)), "STATE_CONFLICT")
