# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes room for the few parts of libp2p that mutirao uses: the rest of it is not loaded, and writes no log.

Whoever imports any module of libp2p also runs the code of the packages around it, which import every transport,
discovery and router that libp2p has: 37 MB and two thirds of a second that a node has no use for. Here those
packages are entered into `sys.modules` without their code, so that Python still finds their modules, and imports
those that are asked for. docs/decisions/0009 tells more.
"""

import logging
import sys
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec
from types import ModuleType

LIBP2P_VERSION = "0.8.1"

# Packages whose own code imports what we do not use. Their modules are loaded as ever.
PASSED_OVER = (
    "libp2p",
    "libp2p.network",
    "libp2p.pubsub",
    "libp2p.security",
    "libp2p.tools",
    "libp2p.tools.anyio_service",
    "libp2p.transport",
    "libp2p.transport.quic",
)
# `libp2p.custom_types` wants this class for the name of a type, and with it all of QUIC.
STANDS_IN = ("libp2p.transport.quic.stream", "QUICStream")


def require_version(found: str) -> None:
    """Raise ImportError unless this is the libp2p that node/p2p was written and tested for."""
    if found != LIBP2P_VERSION:
        raise ImportError(
            f"mutirao is made for libp2p {LIBP2P_VERSION}, but libp2p {found} is installed: install the locked "
            "version, or adapt node/p2p to the new one and run tests/node/p2p"
        )


def make_room() -> None:
    """Let modules of libp2p be imported without the code of the packages around them.

    Where somebody has loaded libp2p whole before, it stays so.
    """
    if "libp2p" in sys.modules:
        return
    for name in PASSED_OVER:
        spec = find_spec(name)
        if spec is None:
            raise ImportError(f"libp2p {LIBP2P_VERSION} has no package {name}")
        _enter(name, module_from_spec(spec))
    name, kind = STANDS_IN
    stand_in = ModuleType(name)
    setattr(stand_in, kind, type(kind, (), {}))
    _enter(name, stand_in)


def silence() -> None:
    """Let libp2p write no logs: a traceback for every peer that hangs up, and sometimes key material."""
    for noisy in ("libp2p", "multiaddr", "trio-websocket"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL + 1)
        logging.getLogger(noisy).propagate = False  # some of its modules set a level of their own


def _enter(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    package, _, last = name.rpartition(".")
    if package:
        setattr(sys.modules[package], last, module)


require_version(version("libp2p"))
silence()
make_room()
