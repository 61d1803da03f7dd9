"""A relay of HTTP/1.1 over TLS on loopback, that can end a server at a chosen point of a request's way.

Comes in: where connections go to, and a trap. Goes out: a port to connect to instead. It reads of a request no more than its
first line and its length.
"""

import asyncio
import contextlib
import re
import ssl
import threading

REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1\r\n")
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)

MUTATION, VALIDATION = "mutation", "validation"
# Writes of a pool's status, of a subnet's status, and of a pool itself.
COMMIT, CARVING, MAKING = WRITES = "commit", "carving", "making"
AFTER_RESERVE, BEFORE_ANSWER = "after reserve", "before answer"


def points(write):
    return tuple(f"{moment} {write}" for moment in ("before", "during", "after"))


POINTS = (AFTER_RESERVE, *points(COMMIT), BEFORE_ANSWER)
POOL_POINTS = (*points(CARVING), *points(MAKING))


def kind(method, path):
    """What a request is in the life of an address or a pool, or None."""
    path = path.split(b"?")[0]
    if method == b"POST" and path in (b"/mutate", b"/validate"):
        return MUTATION if path == b"/mutate" else VALIDATION
    if method == b"PUT" and re.fullmatch(rb"/apis/\S+/spiderippools/[^/]+/status", path):
        return COMMIT
    if method == b"PUT" and re.fullmatch(rb"/apis/\S+/spidersubnets/[^/]+/status", path):
        return CARVING
    if method in (b"POST", b"PATCH") and re.fullmatch(rb"/apis/\S+/spiderippools(/[^/]+)?", path):
        return MAKING
    return None


class Trap:
    """Springs once for each time it is set: the first server to reach the point is killed."""

    def __init__(self):
        self.lock = threading.Lock()
        self.point = self.victim = None
        self.sprung = threading.Event()

    def set(self, point):
        with self.lock:
            self.point, self.victim = point, None
            self.sprung.clear()

    def reached(self, point, server):
        """Whether the server was killed for being there."""
        with self.lock:
            if self.point != point:
                return False
            self.point, self.victim = None, server
            server.process.kill()
            self.sprung.set()
            return True


class Relay:
    """`routes` are pairs: a port to connect to, and the server that is killed on this way. Each connection takes the next
    one that answers."""

    def __init__(self, routes, certificate, key, authority, trap):
        self.routes, self.trap, self.turn = routes, trap, 0
        self.trust = ssl.create_default_context(cafile=authority)
        self.own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.own.load_cert_chain(certificate, key)
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self.run, args=(started,), daemon=True).start()
        started.wait()
        self.url = f"https://127.0.0.1:{self.port}"

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        listener = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.own, backlog=1024))
        self.port = listener.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()
        listener.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.1))
        self.loop.close()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def connect(self):
        for _ in self.routes:
            self.turn += 1
            port, server = self.routes[self.turn % len(self.routes)]
            with contextlib.suppress(OSError):
                return server, await asyncio.open_connection("127.0.0.1", port, ssl=self.trust)
        return None, (None, None)

    async def serve(self, from_client, to_client):
        server, (from_server, to_server) = await self.connect()
        if server is None:
            to_client.close()
            return
        way = Way(self.trap, server)
        both = [asyncio.ensure_future(way.carry_requests(from_client, to_server)),
                asyncio.ensure_future(way.carry_answers(from_server, to_client))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for end in (to_client, to_server):
                end.close()


class Way:
    """One connection, and the request that is on its way; there is one at a time."""

    def __init__(self, trap, server):
        self.trap, self.server = trap, server
        self.kind, self.missing = None, 0

    async def carry_requests(self, source, target):
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                self.begin(data)
                if self.kind in WRITES and self.trap.reached(f"before {self.kind}", self.server):
                    return
                target.write(data)
                await target.drain()
                if self.kind in WRITES and self.missing <= 0 and self.trap.reached(f"during {self.kind}", self.server):
                    return

    def begin(self, data):
        if head := REQUEST.match(data):
            self.kind, length = kind(*head.groups()), LENGTH.search(data)
            self.missing = (int(length.group(1)) if length else 0) + data.find(b"\r\n\r\n") + 4
        self.missing -= len(data)

    async def carry_answers(self, source, target):
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                answered, self.kind = self.kind, None
                unseen = f"after {answered}" if answered in WRITES else {VALIDATION: BEFORE_ANSWER}.get(answered)
                if unseen and self.trap.reached(unseen, self.server):
                    return
                target.write(data)
                await target.drain()
                if answered == MUTATION:
                    self.trap.reached(AFTER_RESERVE, self.server)
