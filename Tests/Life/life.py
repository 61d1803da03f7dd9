"""Follows `spiderpool-webhook serve` from its start to its end, with clients that never stop asking. See run.sh."""

import argparse
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time

CLIENTS = 4
SHUTDOWN_DELAY = 2.0


class Server:
    """One run of the program."""

    def __init__(self, program, scratch, *state):
        self.certificates = os.path.join(scratch, "certs")
        self.ready_file = os.path.join(scratch, "ready")
        self.log = open(os.path.join(scratch, "log"), "ab")
        self.process = subprocess.Popen(
            [program, "serve", *state, "--tls-cert", self.certificates + "/tls.crt", "--tls-key", self.certificates + "/tls.key",
             "--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0",
             "--ready-file", self.ready_file, "--shutdown-delay", "%dms" % (1000 * SHUTDOWN_DELAY)],
            stderr=self.log, stdin=subprocess.DEVNULL)

    def wait_ready(self):
        """The addresses, once reviews are served."""
        wait_until(lambda: os.path.exists(self.ready_file) or self.process.poll() is not None, 30)
        with open(self.ready_file, encoding="ascii") as file:
            self.addresses = json.load(file)

    def address(self, name):
        """Host and port of one of its ports."""
        host, port = self.addresses[name].rsplit(":", 1)
        return host, int(port)

    def connect(self):
        """A TLS connection that trusts the scratch authority alone."""
        context = ssl.create_default_context(cafile=self.certificates + "/ca.crt")
        return http.client.HTTPSConnection(*self.address("webhook"), context=context, timeout=20)

    def serial(self):
        """The serial number of the certificate that a new connection is shown."""
        connection = self.connect()
        connection.connect()
        try:
            return connection.sock.getpeercert()["serialNumber"]
        finally:
            connection.close()

    def get(self, port, path):
        """Status and text of a GET on a plain port."""
        connection = http.client.HTTPConnection(*self.address(port), timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def metric(self, line):
        """The value of one sample, by its name and labels as they are written."""
        for text in self.get("metrics", "/metrics")[1].splitlines():
            if text.startswith(line + " "):
                return float(text.rsplit(" ", 1)[1])
        return 0.0


class Client(threading.Thread):
    """Asks without a pause, and goes to another connection only when it is told to."""

    def __init__(self, server, review):
        super().__init__(daemon=True)
        self.server, self.review = server, review
        self.stopping = False  # the server was asked to end: being refused a connection is no failure any more
        self.answers = self.closed = 0
        self.failures = []
        self.start()

    def run(self):
        while True:
            connection = self.server.connect()
            try:
                connection.connect()
            except ConnectionRefusedError:
                if not self.stopping:
                    self.failures.append("refused while serving")
                return
            except OSError as error:
                # Reset between the kernel's backlog and accept(): the listener was closed in that moment.
                if not self.stopping:
                    self.failures.append("no connection: %r" % error)
                return
            try:
                self.ask(connection)
            except Exception as error:  # pylint: disable=broad-except
                self.failures.append("no answer: %r" % error)
                return
            finally:
                connection.close()

    def ask(self, connection):
        """Reviews over one connection until the server wants it closed."""
        while True:
            connection.request(
                "POST", "/validate?timeout=10s", self.review, {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200 or b'"allowed"' not in body:
                self.failures.append("%d %r" % (response.status, body[:80]))
            self.answers += 1
            if response.getheader("connection", "").lower() == "close":
                self.closed += 1
                return


class Report:
    """Counts and prints what was found."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, detail=""):
        """One finding."""
        self.passed += bool(good)
        self.failed += not good
        print("%s  %s%s" % ("passed" if good else "FAILED", name, detail and ": %s" % detail), flush=True)


def wait_until(condition, seconds):
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def follow_certificate(server, program, report):
    """The certificate is renewed, replaced by one that does not fit, and renewed again."""
    first = server.serial()
    certs = [program, "certs", "renew", "--dir", server.certificates]
    subprocess.run(certs, check=True, stdout=subprocess.DEVNULL)
    report.check("a renewed certificate is shown without a restart", wait_until(lambda: server.serial() != first, 20))
    second = server.serial()

    refused = 'spiderpool_webhook_certificate_reloads_total{result="failure"}'
    before = server.metric(refused)
    shutil.copy(server.certificates + "/ca.crt", server.certificates + "/tls.crt")
    report.check("a pair that does not fit is refused and counted", wait_until(lambda: server.metric(refused) > before, 20))
    report.check("the old certificate stays meanwhile", server.serial() == second and server.get("health", "/readyz")[0] == 200)

    # With the names of the spoilt certificate gone, they are told again.
    subprocess.run([*certs, "--host", "localhost", "--host", "127.0.0.1"], check=True, stdout=subprocess.DEVNULL)
    report.check("the next good pair is shown", wait_until(lambda: server.serial() != second, 20))


def follow_end(server, clients, report):
    """SIGTERM under load."""
    for client in clients:
        client.stopping = True
    server.process.send_signal(signal.SIGTERM)
    report.check("not ready at once", wait_until(lambda: server.get("health", "/readyz")[0] == 503, SHUTDOWN_DELAY / 2))
    report.check("new connections are still served", server.serial() is not None)
    code = server.process.wait(timeout=40)
    for client in clients:
        client.join(timeout=30)
    report.check("exit 0", code == 0, "exit %d" % code)
    report.check("every client was told to close", all(client.closed for client in clients))
    failures = [failure for client in clients for failure in client.failures]
    answers = sum(client.answers for client in clients)
    report.check("no review failed", not failures and answers, "%d answered%s" % (answers, "; %s" % failures[:3] if failures else ""))


def follow_start(program, scratch, report):
    """Ends before the beginning, and beginnings that cannot be."""
    kubeconfig = os.path.join(scratch, "kubeconfig")
    with open(kubeconfig, "w", encoding="ascii") as file:
        json.dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
            "users": [{"name": "c", "user": {"token": "t"}}]}, file)
    server = Server(program, scratch, "--kubeconfig", kubeconfig)
    report.check("without its cluster the server waits", server.process.poll() is None and not wait_until(
        lambda: server.process.poll() is not None or os.path.exists(server.ready_file), 1.5))
    server.process.send_signal(signal.SIGTERM)
    report.check("and ends when asked", server.process.wait(timeout=20) == 0)

    for name, arguments, expected in [
            ("no state", ["serve"], 2), ("two states", ["serve", "--in-cluster", "--store", "x"], 2),
            ("an unknown flag", ["serve", "--bogus"], 2),
            ("no certificate", ["serve", "--store", scratch, "--tls-cert", "/nowhere"], 3),
            ("no Pod", ["serve", "--in-cluster", "--tls-cert", server.certificates + "/tls.crt",
                        "--tls-key", server.certificates + "/tls.key"], 3),
            ("a bad address", ["serve", "--store", scratch + "/store", "--listen", "nowhere", "--tls-cert",
                               server.certificates + "/tls.crt", "--tls-key", server.certificates + "/tls.key"], 2)]:
        ended = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=30, check=False)
        report.check("%s: exit %d and a sentence" % (name, expected), ended.returncode == expected and ended.stderr.strip(),
                     "exit %d, %r" % (ended.returncode, ended.stderr.decode().strip().splitlines()[:1]))


def main():
    """Runs it all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--scratch", required=True)
    parser.add_argument("--review", required=True)
    arguments = parser.parse_args()
    report = Report()
    with open(arguments.review, "rb") as file:
        review = file.read()
    subprocess.run(
        [arguments.program, "certs", "issue", "--dir", arguments.scratch + "/certs", "--host", "localhost", "--host", "127.0.0.1"],
        check=True, stdout=subprocess.DEVNULL)
    os.mkdir(arguments.scratch + "/store")
    follow_start(arguments.program, arguments.scratch, report)
    server = Server(arguments.program, arguments.scratch, "--store", arguments.scratch + "/store")
    try:
        server.wait_ready()
        report.check("ready", server.get("health", "/readyz?verbose")[0] == 200)
        clients = [Client(server, review) for _ in range(CLIENTS)]
        follow_certificate(server, arguments.program, report)
        follow_end(server, clients, report)
    finally:
        server.process.kill()
    print("%d passed, %d failed" % (report.passed, report.failed))
    if report.failed:
        with open(arguments.scratch + "/log", encoding="utf-8") as file:
            print("".join(line for line in file if " decided " not in line)[-4000:], file=sys.stderr)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
