"""Kills `spiderpool-webhook serve --store` with SIGKILL while clients create pools through it, over and over.

What was answered `allowed: true` must be in the store after each kill, exactly as it was sent, and must be known to
the next server; what is in the store must have been sent. Ends with `N passed, N failed`.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
import time

CLIENTS = 8
RANGE = 4  # addresses in a pool
DATABASE = ".spiderpool-webhook.sqlite3"


def pool(number):
    """The name and the object of a pool that overlaps no other."""
    first = (10 << 24) + number * RANGE
    addresses = [".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0)) for value in (first, first + RANGE - 1)]
    name = f"pool-{number}"
    return name, {
        "apiVersion": "spiderpool.spidernet.io/v2beta1",
        "kind": "SpiderIPPool",
        "metadata": {
            "name": name,
            "uid": f"00000000-0000-4000-8000-{number:012d}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "finalizers": ["spiderpool.spidernet.io"],
        },
        "spec": {"ipVersion": 4, "subnet": "10.0.0.0/8", "ips": ["-".join(addresses)]},
    }


def review(number, name, thing, dry_run=False):
    """The review that an API server sends for the creation of a pool, as bytes."""
    kind = {"group": "spiderpool.spidernet.io", "version": "v2beta1", "kind": "SpiderIPPool"}
    resource = {"group": "spiderpool.spidernet.io", "version": "v2beta1", "resource": "spiderippools"}
    request = {
        "uid": f"11111111-0000-4000-8000-{number:012d}",
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": name,
        "operation": "CREATE",
        "userInfo": {"username": "crash-test"},
        "object": thing,
        "oldObject": None,
        "dryRun": dry_run,
    }
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).encode()


class Server:
    """A running server, killed rather than stopped."""

    def __init__(self, arguments):
        self.ready_file = os.path.join(arguments.scratch, "ready")
        self.log = open(os.path.join(arguments.scratch, "log"), "ab")
        if os.path.exists(self.ready_file):
            os.remove(self.ready_file)
        certs = os.path.join(arguments.scratch, "certs")
        ports = [word for port in ("listen", "health-listen", "metrics-listen") for word in (f"--{port}", "127.0.0.1:0")]
        self.process = subprocess.Popen(
            [arguments.program, "serve", "--store", arguments.store, "--ready-file", self.ready_file, *ports]
            + ["--tls-cert", f"{certs}/tls.crt", "--tls-key", f"{certs}/tls.key"],
            stdout=self.log,
            stderr=self.log,
        )

    def wait(self):
        """Returns the address once the server says it is ready."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with open(self.ready_file, encoding="utf-8") as file:
                    return json.load(file)["webhook"]
            except (FileNotFoundError, ValueError):
                time.sleep(0.005)
        raise SystemExit(f"the server did not become ready; see its log:\n{self.tail()}")

    def tail(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-10:])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


class Client:
    """One connection, kept alive."""

    def __init__(self, address, trust):
        host, port = address.rsplit(":", 1)
        self.connection = http.client.HTTPSConnection(host, int(port), context=trust, timeout=20)

    def ask(self, number, name, thing, dry_run=False):
        headers = {"Content-Type": "application/json"}
        self.connection.request("POST", "/validate?timeout=10s", review(number, name, thing, dry_run), headers)
        answer = self.connection.getresponse()
        return json.loads(answer.read())["response"]


class Load:
    """Clients that create pools until the server is gone."""

    def __init__(self, address, trust, first):
        self.address, self.trust = address, trust
        self.changed = threading.Condition()
        self.next = first
        self.sent, self.admitted, self.wrong = set(), set(), []
        self.threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def take(self):
        with self.changed:
            self.next += 1
            self.sent.add(self.next - 1)
            return self.next - 1

    def run(self):
        client = Client(self.address, self.trust)
        while True:
            number = self.take()
            try:
                response = client.ask(number, *pool(number))
            except (OSError, http.client.HTTPException, ValueError):
                return  # no whole answer: nothing is promised
            with self.changed:
                if response["allowed"]:
                    self.admitted.add(number)
                else:
                    self.wrong.append(f"pool-{number}: {response['status']['message']}")
                self.changed.notify()

    def wait(self, count):
        """Returns once so many creations were answered, or all clients have given up."""
        with self.changed:
            enough = lambda: len(self.admitted) + len(self.wrong) >= count or not any(t.is_alive() for t in self.threads)
            while not enough():
                self.changed.wait(0.5)

    def join(self):
        for thread in self.threads:
            thread.join()


def stored(arguments):
    """What a copy of the database holds, read by another program than ours: pools by number."""
    copy = os.path.join(arguments.scratch, "copy")
    shutil.rmtree(copy, ignore_errors=True)
    os.mkdir(copy)
    for name in os.listdir(arguments.store):
        if name.startswith(DATABASE):
            shutil.copy(os.path.join(arguments.store, name), copy)
    connection = sqlite3.connect(os.path.join(copy, DATABASE))
    try:
        check = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if check != "ok":
            raise SystemExit(f"the database is damaged: {check}")
        pools = (
            "SELECT objects.name, uid, objects.version, json FROM objects"
            " JOIN types ON types.name = objects.type WHERE kind = 'SpiderIPPool'"
        )
        rows = connection.execute(pools).fetchall()
        version = connection.execute("SELECT version FROM store").fetchone()[0]
    finally:
        connection.close()
    found = {}
    for name, uid, row_version, text in rows:
        thing = json.loads(text)
        number = int(name.removeprefix("pool-"))
        _, expected = pool(number)
        same = thing["spec"] == expected["spec"] and thing["metadata"]["uid"] == uid == expected["metadata"]["uid"]
        found[number] = same and thing["metadata"]["resourceVersion"] == str(row_version) and row_version <= version
    return found


class Report:
    """Counts checks, and prints those that fail."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}")


def known(client, number):
    """Whether a server refuses a pool that would overlap this one, and names this one. Nothing is changed."""
    _, thing = pool(number)
    thing["metadata"]["name"] = "overlapping"
    del thing["metadata"]["uid"]
    response = client.ask(number, "overlapping", thing, dry_run=True)
    return not response["allowed"] and f"pool-{number}" in json.dumps(response["status"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--scratch", required=True)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    arguments.store = os.path.join(arguments.scratch, "store")
    os.mkdir(arguments.store)
    chance = random.Random(arguments.seed)
    print(f"seed {arguments.seed}, {arguments.rounds} rounds, {CLIENTS} clients")
    trust = ssl.create_default_context(cafile=os.path.join(arguments.scratch, "certs", "ca.crt"))
    report = Report()
    admitted, sent, first = set(), set(), 0
    began = time.monotonic()

    for number in range(arguments.rounds):
        server = Server(arguments)
        address = server.wait()
        if admitted:
            client = Client(address, trust)
            sample = chance.sample(sorted(admitted), min(10, len(admitted)))
            missing = [pool for pool in sample if not known(client, pool)]
            report.check(not missing, f"round {number}: the server does not know pools {missing}")
        load = Load(address, trust, first)
        load.wait(chance.randrange(1, 120))
        time.sleep(chance.random() * 0.02)  # somewhere between two answers
        server.kill()
        load.join()
        first = load.next
        admitted |= load.admitted
        sent |= load.sent
        found = stored(arguments)
        report.check(not load.wrong, f"round {number}: refused {load.wrong[:3]}")
        lost = sorted(admitted - found.keys())
        report.check(not lost, f"round {number}: {len(lost)} admitted pools are lost: {lost[:10]}")
        strange = sorted(found.keys() - sent)
        report.check(not strange, f"round {number}: pools that nobody sent: {strange[:10]}")
        torn = sorted(key for key, same in found.items() if not same)
        report.check(not torn, f"round {number}: pools that are not as they were sent: {torn[:10]}")

    server = Server(arguments)
    client = Client(server.wait(), trust)
    missing = [number for number in sorted(admitted) if not known(client, number)]
    server.kill()
    report.check(not missing, f"in the end: the server does not know pools {missing[:10]}")
    report.check(len(admitted) >= arguments.rounds, f"only {len(admitted)} pools were admitted")
    print(f"{len(admitted)} creations admitted, {len(sent) - len(admitted)} without an answer", end=", ")
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{report.passed} passed, {report.failed} failed")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
