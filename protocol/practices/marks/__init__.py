# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said of goods and of who makes them: labels, guarantees among peers, boycotts and campaigns of support."""

from protocol.book.declaration import Practice
from protocol.practices.marks import campaigns, guarantee, labels

PRACTICES: tuple[Practice, ...] = (labels.PRACTICE, guarantee.PRACTICE, campaigns.PRACTICE)
