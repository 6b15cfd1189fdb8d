# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures at the door: those of a wish are drawn anew before anybody sees them."""

from dataclasses import replace
from typing import Any, get_type_hints

from node.http.problems import Denied
from node.http.routes import BODY_BYTES_MAX
from node.store.picture import PICTURE_READ_BYTES_MAX, PictureRefused, redrawn
from protocol.book.declaration import Picture
from protocol.book.refusals import MALFORMED

PICTURE_BODY_BYTES_MAX = PICTURE_READ_BYTES_MAX * 4 // 3 + BODY_BYTES_MAX
"""base64url takes four characters for three bytes."""


def pictures_in(wish: type[Any]) -> tuple[str, ...]:
    """Return the fields of a wish that are pictures."""
    hints = get_type_hints(wish, include_extras=True)
    return tuple(name for name, hint in hints.items() if Picture in getattr(hint, "__metadata__", ()))


async def drawn_anew(wish: Any, pictures: tuple[str, ...]) -> Any:
    """Return a wish with its pictures as they are kept; raises Denied."""
    for name in pictures:
        try:
            wish = replace(wish, **{name: await redrawn(getattr(wish, name))})
        except PictureRefused as refused:
            raise Denied(MALFORMED, field=name, expected=str(refused)) from None
    return wish
