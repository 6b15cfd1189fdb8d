# SPDX-License-Identifier: AGPL-3.0-or-later
"""Under which words rows of the book are found."""

from collections.abc import Iterator

from protocol.book.tables import Name, Word

CALLED_TABLE = "called"
"""The table of what members are called (protocol.practices.people.called): by their names others' rows are found."""


def searched_by(note: bytes | None, *accounts: str) -> Iterator[Word]:
    """Yield under what a row is searched for: its note, the members of these accounts, and addresses elsewhere."""
    for account in accounts:
        name = account.partition(".")[0]
        yield Name(CALLED_TABLE, name) if name.isupper() else name
    if note is not None:
        yield note
