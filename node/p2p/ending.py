# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a connection ends without harming anybody else."""

from collections.abc import Awaitable, Callable

import trio


class ConnectionFault(Exception):
    """The peer broke the protocol or fell silent: its connection ends, and nothing else does."""


async def contained(run: Callable[..., Awaitable[object]], *args: object) -> Exception | None:
    """Run one connection or stream and return what broke it, if anything did.

    Fault 3 of libp2p 0.8.1: an exception in any stream handler ends the whole host.
    Fault 4: so does one in its own handler of the pubsub protocol, which we do not speak.
    Cancellation passes through: it belongs to whoever asked for it.
    """
    failure: Exception | None = None
    try:
        await run(*args)
    except* Exception as group:  # noqa: BLE001 - that is the promise
        failure = first_of(group)
    return failure


def first_of(error: BaseException) -> Exception:
    """Return the first plain exception in a group, which is what broke first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Exception) else RuntimeError(repr(error))


def bottom_of(error: BaseException) -> str:
    """Say what was at the bottom of a failure: trio wraps it in groups and in an error of its own."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif isinstance(error, trio.TrioInternalError) and error.__cause__ is not None:
            error = error.__cause__
        else:
            return (error.strerror or str(error)) if isinstance(error, OSError) else repr(error)


async def close_at_once(socket: trio.SocketStream) -> None:
    """Close a socket without asking anybody, and so without waiting for anybody.

    Fault 16 of libp2p 0.8.1: a host that ends leaks sockets, and waits for peers that may have ended their own way.
    """
    await trio.aclose_forcefully(socket)
