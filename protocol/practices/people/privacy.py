# SPDX-License-Identifier: AGPL-3.0-or-later
"""Privacy: what a node holds of a member beside the signed books is the member's, and goes when it says so."""

from dataclasses import dataclass

from protocol.book.addresses import resolve_member
from protocol.book.declaration import Act, Desk, Plan, Practice, Role
from protocol.book.refusals import FORBIDDEN, Refused, refuse


@dataclass(frozen=True, slots=True)
class EraseData:
    """Erase, for good, what is kept of a member beside the signed books: names, notes and contacts.

    Handle, keys, amounts, times and seals of the texts stay: they are in the signed entries.
    """


def plan_erase(desk: Desk, address: str, wish: EraseData) -> Plan | Refused:
    del wish
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    if desk.actor.member != member.id and desk.actor.role is not Role.STEWARD:
        return refuse(FORBIDDEN, allowed="the member itself and stewards")
    return Plan(member.id, erases=(member.id,))


PRACTICE = Practice(
    name="privacy",
    entries=(),
    operations=(
        Act(
            "members",
            "erase",
            EraseData,
            plan=plan_erase,
            example="mutirao members erase ana --yes",
            asks="Erase the names, notes and contacts of {id}? This cannot be undone.",
        ),
    ),
)
