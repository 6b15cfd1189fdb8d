# SPDX-License-Identifier: AGPL-3.0-or-later
"""A wire between two nodes that can be cut, go silent, be slow, and be mended: a TCP proxy in threads."""

import socket
import threading
import time
from contextlib import suppress

CHUNK_BYTES = 64 * 1024


class Wire:
    """Carries what comes to `port` on to another port of this machine, as long as it is whole.

    `source` is the address from which it calls, where that is to be another than the usual one.
    """

    def __init__(self, port: int, target: int, *, source: str | None = None) -> None:
        self.port = port
        self.delay_seconds = 0.0
        self.carried_bytes = 0
        self._target = target
        self._source = source
        self._speaks = threading.Event()
        self._speaks.set()
        self._is_cut = False
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Cut it: connections end, and new ones are refused."""
        self._is_cut = True
        self._speaks.set()
        with self._lock:
            for one in self._sockets:
                _end(one)

    def silence(self) -> None:
        """Carry nothing any more, and leave both ends in the belief that they are connected."""
        self._speaks.clear()

    def mend(self) -> None:
        """Carry again."""
        self._is_cut = False
        self._speaks.set()

    def close(self) -> None:
        """End it for good."""
        self.cut()
        _end(self._listening)
        self._listening.close()

    def _listen(self) -> None:
        while True:
            try:
                inbound, _ = self._listening.accept()
            except OSError:
                return
            if self._is_cut:
                inbound.close()
                continue
            try:
                source = None if self._source is None else (self._source, 0)
                outbound = socket.create_connection(("127.0.0.1", self._target), source_address=source)
            except OSError:
                inbound.close()
                continue
            with self._lock:
                self._sockets |= {inbound, outbound}
            for pair in ((inbound, outbound), (outbound, inbound)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (chunk := source.recv(CHUNK_BYTES)) and not self._is_cut:
                self._speaks.wait()
                if self.delay_seconds:
                    time.sleep(self.delay_seconds)
                if self._is_cut:
                    break
                target.sendall(chunk)
                self.carried_bytes += len(chunk)
        with self._lock:
            for one in (source, target):
                _end(one)
                if one in self._sockets:
                    self._sockets.discard(one)
                else:
                    one.close()  # the other direction is done with it too


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
