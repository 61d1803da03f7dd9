"""A TCP balancer on loopback, as a Service is one: each connection goes to the next server that takes it."""

import contextlib
import itertools
import socket
import threading


class Balancer:
    def __init__(self, servers):
        self.turn = itertools.cycle(servers)
        self.count = len(servers)
        self.lock = threading.Lock()
        self.connections = {server.port: 0 for server in servers}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        # A plain close would leave the blocked accept as it is.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for end in self.open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = self.connect()
            if server is None:
                client.close()
                continue
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self.carry, args=ends, daemon=True).start()

    def connect(self):
        for _ in range(self.count):
            port = next(self.turn).port
            with contextlib.suppress(OSError):
                server = socket.create_connection(("127.0.0.1", port), timeout=2)
                server.settimeout(None)
                self.connections[port] += 1
                return server
        return None

    def carry(self, source, target):
        with self.lock:
            self.open |= {source, target}
        with contextlib.suppress(OSError):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := source.recv(65536):
                target.sendall(data)
        # One end has closed: the other one is told, and its thread ends as well.
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self.lock:
            self.open -= {source}
        source.close()
