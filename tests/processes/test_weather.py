# SPDX-License-Identifier: AGPL-3.0-or-later
"""The weather that the stories rely on does what it says: nothing is torn, and what is parted hears nothing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest
from processes.harness import Commune, until
from processes.weather import RESENDS_MAX, SEGMENT_BYTES, Line, Weather

BYTES = bytes(range(256)) * 256
SHORT_SECONDS = 0.3


@pytest.fixture
def weather() -> Iterator[Weather]:
    weather = Weather(Random(1))
    yield weather
    weather.close()


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says back what it hears; returns its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def speak(call: socket.socket) -> None:
        with call, suppress(OSError):
            while heard := call.recv(65_536):
                call.sendall(heard)

    def listen() -> None:
        while True:
            try:
                call, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=speak, args=(call,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.fixture
def line(weather: Weather, commune: Commune, echo: int) -> Line:
    return weather.line("riacho", "serra", port=commune.port(), target=echo)


def call(line: Line) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), timeout=10)


def hear(caller: socket.socket, size: int) -> bytes:
    heard = b""
    while len(heard) < size:
        more = caller.recv(65_536)
        if not more:
            return heard
        heard += more
    return heard


def test_what_is_lost_comes_late_whole_and_in_order(weather: Weather, line: Line) -> None:
    weather.loss = 0.1
    with call(line) as caller:
        caller.sendall(BYTES)
        assert hear(caller, len(BYTES)) == BYTES
    assert weather.figures.lost > 0
    assert weather.figures.segments >= 2 * len(BYTES) // SEGMENT_BYTES


def test_who_loses_all_gives_the_connection_up(weather: Weather, line: Line) -> None:
    weather.loss = 1.0
    with call(line) as caller:
        caller.sendall(b"anybody?")
        until(lambda: _has_ended(caller), "the connection ends")
    assert (weather.figures.lost, weather.figures.given_up) == (RESENDS_MAX, 1)


def test_parted_in_silence_nothing_comes_until_it_is_healed(weather: Weather, line: Line) -> None:
    with call(line) as caller:
        caller.sendall(b"1")
        assert hear(caller, 1) == b"1"
        weather.part(["riacho"], ["serra"])
        caller.sendall(b"2")
        caller.settimeout(SHORT_SECONDS)
        with pytest.raises(TimeoutError):
            caller.recv(1)
        caller.settimeout(10)
        weather.heal()
        assert hear(caller, 1) == b"2"


def test_parted_by_a_cut_connections_end_and_new_ones_too(weather: Weather, line: Line) -> None:
    with call(line) as caller:
        caller.sendall(b"1")
        assert hear(caller, 1) == b"1"
        weather.part(["riacho"], how="cut")
        until(lambda: _has_ended(caller), "the connection ends", SHORT_SECONDS)
    with call(line) as caller:
        until(lambda: _has_ended(caller), "a new one ends too", SHORT_SECONDS)
    weather.heal()
    with call(line) as caller:
        caller.sendall(b"3")
        assert hear(caller, 1) == b"3"


def test_those_of_one_group_hear_each_other(weather: Weather, line: Line) -> None:
    weather.part(["riacho", "serra"], ["encants"], how="cut")
    with call(line) as caller:
        caller.sendall(b"1")
        assert hear(caller, 1) == b"1"


def _has_ended(caller: socket.socket) -> bool:
    """Tell whether a connection is over; one that is merely silent is not."""
    try:
        return caller.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False
