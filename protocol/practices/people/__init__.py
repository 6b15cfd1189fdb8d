# SPDX-License-Identifier: AGPL-3.0-or-later
"""People: who is a member, by which keys and for whom else one acts."""

from protocol.book.declaration import Practice
from protocol.practices.people import (
    absences,
    contacts,
    devices,
    guardians,
    imports,
    invitations,
    mandates,
    members,
    names,
    pictures,
    privacy,
    returns,
)

PRACTICES: tuple[Practice, ...] = (
    invitations.PRACTICE,
    members.PRACTICE,
    names.PRACTICE,
    returns.PRACTICE,
    absences.PRACTICE,
    guardians.PRACTICE,
    imports.PRACTICE,
    devices.PRACTICE,
    mandates.PRACTICE,
    privacy.PRACTICE,
    contacts.PRACTICE,
    pictures.PRACTICE,
)
