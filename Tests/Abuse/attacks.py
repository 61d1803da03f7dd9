"""The attacks. Each does its worst on connections of its own, and returns what it did; that the server refused it, and for
what reason, is read off the metrics (`EXPECTED`)."""

import os
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import wire
from wire import frame, http1_request, literal, read_to_end, request_fields, setting

GONE = (ConnectionError, ssl.SSLError, OSError)

# What each attack must be refused for, once for each of its connections: one reason, or any of several.
EXPECTED = {
    "slow_headers": ("slow_header",),
    "half_prefaces": ("slow_header",),
    "slow_bodies": ("slow_body",),
    # Whoever sends ahead without reading is cut by whichever bound it meets first.
    "slow_readers": ("slow_reader", "pipeline_overflow"),
    "closed_windows": ("slow_reader", "pipeline_overflow"),
    "rapid_reset": ("reset_flood",),
    "continuation_flood": ("continuation_flood",),
    "settings_flood": ("control_flood",),
    "ping_flood": ("control_flood",),
    "window_update_flood": ("control_flood",),
    "empty_data_flood": ("control_flood",),
    "broken_frames": ("protocol_error",),
    "smuggling": ("bad_request",),
    "huge_headers": ("header_too_large",),
    "huge_bodies": ("body_too_large",),
    "tls_garbage": ("tls_handshake",),
    "half_handshakes": ("tls_handshake",),
}
# Streams of a connection that are refused one by one.
STREAMS = {"closed_windows": 50}


def each(count, body):
    """Runs `body(number)` for so many numbers, some at a time."""
    with ThreadPoolExecutor(max_workers=10) as pool:
        return list(pool.map(body, range(count)))


def pour(connection, piece, times):
    """Sends `piece` again and again until it is sent so often or the server is gone; returns how often it was sent."""
    batch = max(1, 65536 // len(piece))
    sent = 0
    try:
        while sent < times:
            connection.sendall(piece * min(batch, times - sent))
            sent += min(batch, times - sent)
    except GONE:
        pass
    return sent


def trickle(connections, first, piece, pause=0.3, seconds=30):
    """Sends `first`, and then `piece` now and then, until the server has closed every connection."""
    waiting = []
    for connection in connections:
        connection.sendall(first)
        connection.settimeout(0.001)
        waiting.append(connection)
    deadline = time.monotonic() + seconds
    while waiting and time.monotonic() < deadline:
        time.sleep(pause)
        waiting = [connection for connection in waiting if _goes_on(connection, piece)]
    for connection in connections:
        connection.close()
    return len(waiting)


def _goes_on(connection, piece):
    try:
        connection.sendall(piece)
        return bool(connection.recv(65536)) and _goes_on(connection, piece)
    except (socket.timeout, ssl.SSLWantReadError):
        return True
    except GONE:
        return False


def slow_headers(target, count):
    """A header that comes byte by byte."""
    left = trickle(each(count, lambda _: target.tls()), b"POST /validate HTTP/1.1\r\nhost: localhost\r\nx: ", b"y")
    return "%d left open" % left


def half_prefaces(target, count):
    """HTTP/2 that never gets beyond its first line."""
    left = trickle(each(count, lambda _: target.tls("h2")), wire.PREFACE[:10], b"")
    return "%d left open" % left


def slow_bodies(target, count):
    """A body that comes byte by byte."""
    request = http1_request(b"x" * 5000)[:-5000]
    left = trickle(each(count, lambda _: target.tls()), request, b"x")
    return "%d left open" % left


def slow_readers(target, count):
    """Requests without end, of which no answer is read."""
    def attack(_):
        with target.tls(timeout=2, receive_buffer=4096) as connection:
            sent = pour(connection, http1_request(b"{}"), 400_000)
            time.sleep(12)
            return sent
    return "%d requests sent" % sum(each(count, attack))


def closed_windows(target, count):
    """Requests over HTTP/2 whose answers find no window, for longer than an answer may wait."""
    def attack(_):
        with target.http2(setting(wire.INITIAL_WINDOW_SIZE, 0), timeout=45) as connection:
            for stream in range(1, 2 * STREAMS["closed_windows"], 2):
                connection.sendall(
                    frame(wire.HEADERS, wire.END_HEADERS, stream, request_fields())
                    + frame(wire.DATA, wire.END_STREAM, stream, b"{}"))
            return len(read_to_end(connection))
    return "%d bytes came" % sum(each(count, attack))


def rapid_reset(target, count, total=100_000):
    """Streams opened and reset at once (CVE-2023-44487)."""
    pairs = b"".join(
        frame(wire.HEADERS, wire.END_HEADERS, stream, request_fields())
        + frame(wire.RST_STREAM, 0, stream, wire.CANCEL)
        for stream in range(1, 2 * (total // count), 2))

    def attack(_):
        with target.http2() as connection:
            try:
                connection.sendall(pairs)
            except GONE:
                pass
            read_to_end(connection)
    each(count, attack)
    return "%d streams on %d connections" % (total, count)


def continuation_flood(target, count):
    """A header that goes on and on (CVE-2024-28182)."""
    def attack(_):
        with target.http2() as connection:
            connection.sendall(frame(wire.HEADERS, 0, 1, request_fields()))
            sent = pour(connection, frame(wire.CONTINUATION, 0, 1, literal(b"x", b"y" * 100)), 20_000)
            read_to_end(connection)
            return sent
    return "%d frames" % sum(each(count, attack))


def _frame_flood(piece, before=b""):
    def flood(target, count):
        def attack(_):
            with target.http2() as connection:
                connection.sendall(before)
                sent = pour(connection, piece, 50_000)
                read_to_end(connection)
                return sent
        return "%d frames" % sum(each(count, attack))
    return flood


settings_flood = _frame_flood(frame(wire.SETTINGS, 0, 0, setting(wire.INITIAL_WINDOW_SIZE, 65535)))
ping_flood = _frame_flood(frame(wire.PING, 0, 0, b"abuse!!!"))
window_update_flood = _frame_flood(frame(wire.WINDOW_UPDATE, 0, 0, b"\x00\x00\x00\x01"))
empty_data_flood = _frame_flood(
    frame(wire.DATA, 0, 1), frame(wire.HEADERS, wire.END_HEADERS, 1, request_fields()))


def broken_frames(target, count):
    """DATA on the connection itself."""
    def attack(_):
        with target.http2() as connection:
            connection.sendall(frame(wire.DATA, 0, 0, b"x"))
            read_to_end(connection)
    each(count, attack)
    return "%d connections" % count


def _said_and_answered(message, status):
    def attack_all(target, count):
        def attack(_):
            with target.tls() as connection:
                try:
                    connection.sendall(message)
                except GONE:
                    pass
                return read_to_end(connection).startswith(b"HTTP/1.1 %d " % status)
        return "%d of %d answered with %d" % (sum(each(count, attack)), count, status)
    return attack_all


smuggling = _said_and_answered(
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400)
huge_headers = _said_and_answered(b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 100_000, 431)
huge_bodies = _said_and_answered(http1_request(b"", fields=b"")[:-len(b"content-length: 0\r\n\r\n")]
                                 + b"content-length: 99999999\r\n\r\n" + b"x" * 100_000, 413)


def tls_garbage(target, count):
    """Bytes that are no handshake."""
    def attack(number):
        with target.tcp() as connection:
            try:
                connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" if number % 2 else b"\xff" + os.urandom(999))
            except GONE:
                pass
            read_to_end(connection)
    each(count, attack)
    return "%d connections" % count


def half_handshakes(target, count):
    """Handshakes that stop: inside the ClientHello, or behind it, when the server has done its work."""
    context = ssl.create_default_context(cafile=target.ca)
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    connections = [target.tcp() for _ in range(count)]
    for number, connection in enumerate(connections):
        connection.sendall(hello if number % 2 else hello[:-20])
    for connection in connections:
        read_to_end(connection)
        connection.close()
    return "%d connections" % count


class IdleConnections:
    """TLS connections on which nothing happens."""

    def __init__(self, target, count):
        self.connections = each(count, lambda _: target.tls())

    def ask(self, request, every):
        """How many of some of them still answer."""
        asked = self.connections[::every]
        answered = 0
        for connection in asked:
            try:
                connection.sendall(request)
                answered += wire.read_http1_answer(connection)[0] == 200
            except GONE:
                pass
        return answered, len(asked)

    def close(self):
        """Lets go of all."""
        for connection in self.connections:
            connection.close()


def storm(target, plan):
    """Runs the attacks of `plan`, a count of connections by name, all at once; returns what each one said."""
    said = {}

    def run(name, count):
        try:
            said[name] = globals()[name](target, count)
        except Exception as error:  # pylint: disable=broad-except
            said[name] = "did not work: %r" % error

    threads = [threading.Thread(target=run, args=item) for item in plan.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said
