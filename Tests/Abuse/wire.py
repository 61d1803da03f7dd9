"""Connections to the server, and HTTP/2 frames made by hand (RFC 9113), for peers that a library would not let misbehave."""

import json
import socket
import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
CANCEL = struct.pack(">I", 8)
INITIAL_WINDOW_SIZE = 4


class Target:
    """Where the server is, and how to reach it."""

    def __init__(self, ready, ca):
        with open(ready, encoding="utf-8") as file:
            addresses = json.load(file)
        self.webhook, self.metrics, self.health = (
            self._split(addresses[name]) for name in ("webhook", "metrics", "health")
        )
        self.ca = ca

    @staticmethod
    def _split(address):
        host, port = address.rsplit(":", 1)
        return host, int(port)

    @property
    def url(self):
        return "https://localhost:%d/validate?timeout=10s" % self.webhook[1]

    def tcp(self, timeout=15, receive_buffer=None):
        """A plain connection. Nothing on it waits longer than `timeout` seconds."""
        raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(timeout)
        raw.connect(self.webhook)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return raw

    def tls(self, alpn="http/1.1", timeout=15, receive_buffer=None):
        """A TLS connection that has agreed on `alpn`."""
        context = ssl.create_default_context(cafile=self.ca)
        context.set_alpn_protocols([alpn])
        raw = self.tcp(timeout, receive_buffer)
        try:
            return context.wrap_socket(raw, server_hostname="localhost")
        except BaseException:
            raw.close()
            raise

    def http2(self, settings=b"", **options):
        """An HTTP/2 connection that has sent its preface."""
        connection = self.tls("h2", **options)
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))
        return connection


def frame(kind, flags, stream, payload=b""):
    """One frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def setting(identifier, value):
    """One entry of a SETTINGS frame."""
    return struct.pack(">HI", identifier, value)


def literal(name, value):
    """A field in HPACK: literal, not indexed, not Huffman-coded; both parts shorter than 127 bytes."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def request_fields(path=b"/validate", length=None):
    """The header block of a POST."""
    block = literal(b":method", b"POST") + literal(b":scheme", b"https")
    block += literal(b":authority", b"localhost") + literal(b":path", path)
    block += literal(b"content-type", b"application/json")
    if length is not None:
        block += literal(b"content-length", str(length).encode())
    return block


def http1_request(body, path=b"/validate", fields=b""):
    """A POST of HTTP/1.1."""
    return b"POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n%scontent-length: %d\r\n\r\n%s" % (
        path, fields, len(body), body)


def read_http1_answer(connection, received=b""):
    """One answer: its status, its body, and what came behind it."""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, rest = received.split(b"\r\n\r\n", 1)
    lines = head.split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:"))
    while len(rest) < length:
        rest += _more(connection)
    return int(lines[0].split()[1]), rest[:length], rest[length:]


def _more(connection):
    received = connection.recv(65536)
    if not received:
        raise ConnectionError("the server closed the connection")
    return received


def read_to_end(connection):
    """Everything until the server closes, however it closes."""
    received = b""
    try:
        while True:
            piece = connection.recv(65536)
            if not piece:
                return received
            received += piece
    except (ConnectionError, ssl.SSLError, OSError):
        return received
