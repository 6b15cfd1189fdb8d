# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a node knows of others' links: the graph on which ways are searched."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from protocol.lanes.entry import Millis
from protocol.practices.between.routes.entries import Published, Withdrawn


@dataclass(slots=True)
class Routes:
    """What networks publish of their links, and when it was said."""

    said: dict[bytes, dict[bytes, tuple[Published | Withdrawn, Millis]]] = field(
        default_factory=dict[bytes, dict[bytes, tuple[Published | Withdrawn, Millis]]]
    )

    def of(self, network: bytes) -> Iterator[Published]:
        """Return the links on which a network forwards."""
        return (word for word, _ in self.said.get(network, {}).values() if isinstance(word, Published))

    def on(self, network: bytes, link: bytes) -> Published | None:
        """Return what a network publishes of a link, None where it does not forward on it."""
        word, _ = self.said.get(network, {}).get(link, (None, 0))
        return word if isinstance(word, Published) else None

    def is_withdrawn(self, network: bytes, link: bytes) -> bool:
        """Tell whether a network has said that it forwards on a link no more."""
        word, _ = self.said.get(network, {}).get(link, (None, 0))
        return isinstance(word, Withdrawn)

    def into(self, network: bytes) -> Iterator[tuple[Published, Published]]:
        """Return the links over which partners pass on to a network: its word on each, and the partner's."""
        for near in self.of(network):
            far = self.on(near.partner, near.link)
            if far is not None and (far.partner, far.unit, far.scale) == (network, near.unit, near.scale):
                yield near, far
