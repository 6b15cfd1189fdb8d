# SPDX-License-Identifier: AGPL-3.0-or-later
"""A new address to dial, given to a running node."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from aiohttp.web import StreamResponse

from node.http.answers import respond
from node.http.problems import Denied
from node.http.routes import Exchange, Route, no_more, read_wish
from node.http.schema import json_bytes
from node.loop.refusals import STORAGE_FAILED
from protocol.book.declaration import STEWARDS, Doc
from protocol.book.refusals import MALFORMED
from protocol.wire.shape import AtMost

DIAL_ADDRESS_CHARS_MAX = 256


@dataclass(frozen=True, slots=True)
class DialNetwork:
    """Keep a connection to another network's node from now on, also after a start."""

    address: Annotated[
        str, AtMost(DIAL_ADDRESS_CHARS_MAX), Doc("its multiaddr, such as /dns4/serra.example/tcp/4001/p2p/12D3Koo...")
    ]


class Dials:
    """Answers for what a node dials; `dial` raises ValueError where an address is none."""

    def __init__(self, dial: Callable[[str], None]) -> None:
        self._dial = dial

    def routes(self) -> Iterator[Route]:
        """Return the one route."""
        yield Route(
            "POST",
            "/v1/admin/peers",
            "admin.connect",
            STEWARDS,
            self._connect,
            scope="admin:write",
            wish=DialNetwork,
            answer=DialNetwork,
            summary="Dial another network's node from now on, without a restart.",
            example="mutirao network connect /dns4/serra.example/tcp/4001/p2p/12D3KooW...",
        )

    async def _connect(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        wish = read_wish(DialNetwork, exchange.body)
        try:
            self._dial(wish.address)
        except ValueError:
            raise Denied(MALFORMED, field="address") from None
        except OSError:
            raise Denied(STORAGE_FAILED) from None
        return respond(json_bytes(wish))
