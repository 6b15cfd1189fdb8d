# SPDX-License-Identifier: AGPL-3.0-or-later
"""Governance: what the group decides, and by whom."""

from protocol.book.declaration import Practice
from protocol.practices.governance import boards, bylaws, companies, councils, errands, motions, parameters, projects

PRACTICES: tuple[Practice, ...] = (
    parameters.PRACTICE,
    motions.PRACTICE,
    boards.PRACTICE,
    bylaws.PRACTICE,
    companies.PRACTICE,
    councils.PRACTICE,
    projects.PRACTICE,
    errands.PRACTICE,
)
