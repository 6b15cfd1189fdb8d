# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a label does not count, and why one is not issued: each with a code of its own."""

from protocol.book.refusals import Reason, Stage

LABEL_TAMPERED = Reason(
    "LABEL_TAMPERED", Stage.AUTHORITY, 422, "The label is not signed by the issuer that it names",
    "What it says is not what {issuer} has signed, or nobody has. It counts for nothing.",
    heading="The signature does not fit",
    ways=("ask who showed it to you for the original", "look for it in the network: mutirao labels list"),
)  # fmt: skip
ISSUER_UNTRUSTED = Reason(
    "ISSUER_UNTRUSTED", Stage.AUTHORITY, 422, "The group does not trust the label's issuer at that time",
    "The signature fits, and the group does not trust labels of {issuer} at that time.",
    heading="Issuer not trusted: {issuer}",
    ways=("see whom the group trusts: mutirao label-issuers list", "let the group decide: mutirao label-issuers trust"),
)  # fmt: skip
LABEL_NOT_YET = Reason(
    "LABEL_NOT_YET", Stage.RULE, 422, "The label does not count yet",
    "It begins to count on {since}.", heading="It counts from {since} on", ways=("look again on {since}",),
)  # fmt: skip
LABEL_EXPIRED = Reason(
    "LABEL_EXPIRED", Stage.RULE, 422, "The label has expired",
    "It counted until {until}.", heading="It expired on {until}",
    ways=("ask the holder for its newer label",),
)  # fmt: skip
LABEL_REVOKED = Reason(
    "LABEL_REVOKED", Stage.RULE, 422, "The issuer has revoked the label",
    "{issuer} has taken it back. It counts for nothing bought since then.", heading="Revoked by {issuer}",
    ways=("ask the issuer why: {issuer}", "ask the holder for another label"),
)  # fmt: skip
OUT_OF_SCOPE = Reason(
    "OUT_OF_SCOPE", Stage.RULE, 422, "The label does not cover this",
    "It is for {covers}, and not for {asked}.", heading="This label does not cover {asked}",
    ways=("ask the holder for what it covers: {covers}", "look for another label: mutirao labels list"),
)  # fmt: skip
SCHEME_SCOPE = Reason(
    "SCHEME_SCOPE", Stage.RULE, 422, "The scheme is not for these items",
    "The scheme is for {covers}, and not for {asked}. No label was issued.",
    heading="The scheme does not cover {asked}",
    ways=("label only what begins with {covers}", "declare another scheme: mutirao label-schemes declare"),
)  # fmt: skip
NOT_AN_ISSUER = Reason(
    "NOT_AN_ISSUER", Stage.AUTHORITY, 403, "This member may not issue labels of the scheme",
    "{member} is not among those who may issue labels of this scheme. No label was issued.",
    heading="{member} issues none of these",
    ways=("ask one of its issuers: mutirao label-schemes show", "declare a scheme of your own"),
)  # fmt: skip
ISSUER_KEY_CHANGED = Reason(
    "ISSUER_KEY_CHANGED", Stage.RULE, 409, "The node no longer has the key of the scheme's issuer",
    "The node has another secret than when the scheme was declared. Nothing was signed.",
    heading="The node has another key now",
    ways=("declare the scheme anew, and let groups trust its new key: mutirao label-schemes declare",),
)  # fmt: skip
LABEL_REFUSALS = (
    LABEL_TAMPERED, ISSUER_UNTRUSTED, LABEL_NOT_YET, LABEL_EXPIRED, LABEL_REVOKED, OUT_OF_SCOPE, SCHEME_SCOPE,
    NOT_AN_ISSUER, ISSUER_KEY_CHANGED,
)  # fmt: skip
