# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms that bear files (RFC 7578): their fields as other forms have them, and each file's bytes under its field."""

import re
from collections.abc import Mapping, Sequence

from node.http.problems import Denied
from protocol.book.refusals import MALFORMED

MULTIPART_TYPE = "multipart/form-data"
PARTS_MAX = 200
PART_HEAD_BYTES_MAX = 2_000
_BOUNDARY = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=? -]{1,70})"?', re.ASCII)
_NAME = re.compile(rb'form-data;.*?\bname="([^"\r\n]{1,200})"', re.IGNORECASE)


def read_multipart(content_type: str, body: bytes) -> tuple[dict[str, Sequence[str]], Mapping[str, bytes]]:
    """Return the texts of a form by field, and the files, empty ones left out; raises Denied."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise _malformed()
    mark = b"\r\n--" + boundary[1].encode()
    before, *parts = (b"\r\n" + body).split(mark, PARTS_MAX + 1)
    if before.strip() or not parts or len(parts) > PARTS_MAX or not parts[-1].startswith(b"--"):
        raise _malformed()
    texts: dict[str, list[str]] = {}
    files: dict[str, bytes] = {}
    for part in parts[:-1]:
        head, blank, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        # The bound comes first: to search a long head takes time that grows with its square.
        name = _NAME.search(head) if len(head) <= PART_HEAD_BYTES_MAX else None
        if not blank or name is None:
            raise _malformed()
        try:
            field = name[1].decode()
            if b"filename=" in head:
                if content:
                    files[field] = content
            else:
                texts.setdefault(field, []).append(content.decode().replace("\r\n", "\n"))
        except UnicodeDecodeError:
            raise _malformed() from None
    return {name: tuple(values) for name, values in texts.items()}, files


def _malformed() -> Denied:
    return Denied(MALFORMED, field="body", expected="a form in UTF-8")
