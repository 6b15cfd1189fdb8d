# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the group decides of its order cycles."""

from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter
from protocol.book.parameters import Choice

MEMBER_CHARGED, COMMONS_CHARGED = "charged", "commons"
UNCOLLECTED: Parameter[str] = Parameter(
    "purchasing.uncollected", Choice((MEMBER_CHARGED, COMMONS_CHARGED)), MEMBER_CHARGED,
    "what becomes of goods that nobody collects: charged, their member pays all the same; commons, the commons pays and"
    " has them. It holds for cycles that are opened from then on",
    changed_by=Motion(),
)  # fmt: skip


def to_commons(book: Book) -> bool:
    """Tell whether goods that nobody collects are the commons', in a cycle that is opened now."""
    return book.parameter(UNCOLLECTED) == COMMONS_CHARGED
