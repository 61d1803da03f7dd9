"""Abuses a running server while a well-behaved client is served, and checks what is left of it afterwards. See run.sh."""

import argparse
import re
import subprocess
import sys

import attacks
from observe import GoodClient, Metrics, descriptors, resident_kib, wait_until
from wire import Target, http1_request, read_http1_answer

# Connections per attack.
PLAN = {
    "slow_headers": 50, "half_prefaces": 20, "slow_bodies": 50, "slow_readers": 5, "closed_windows": 5,
    "rapid_reset": 20, "continuation_flood": 20, "settings_flood": 10, "ping_flood": 10, "window_update_flood": 10,
    "empty_data_flood": 10, "broken_frames": 20, "smuggling": 20, "huge_headers": 20, "huge_bodies": 20,
    "tls_garbage": 200, "half_handshakes": 100,
}
IDLE = 2_000
CONNECTION_LIMIT = 3_000

# The whole attack is made twice, and the second time must not cost memory that the first did not: the allocator keeps what it
# once had. The second round opens some 5,500 connections and 110,000 streams, so a leak of 80 bytes for each stream, or of
# 1.5 KiB for each connection, would be seen.
RESIDENT_TOLERANCE_KIB = 8 << 10
# OpenSSL's state, ours, and the kernel's not counted.
RESIDENT_PER_IDLE_KIB = 64


class Report:
    """Counts and prints what was found."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, detail=""):
        """One finding."""
        self.passed += bool(good)
        self.failed += not good
        print("%s  %s%s" % ("passed" if good else "FAILED", name, detail and ": %s" % detail), flush=True)


class Load:
    """h2load with reviews, in one of the protocols."""

    def __init__(self, target, review, seconds, *options):
        command = ["h2load", "-D", str(seconds), "-t", "1", "-d", review, "-H", "content-type: application/json", *options]
        self._process = subprocess.Popen(command + [target.url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self):
        """Requests answered with success, and the rest."""
        output = self._process.communicate(timeout=120)[0]
        match = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", output)
        if not match:
            return 0, output[-300:]
        done, succeeded = int(match[1]), int(match[2])
        return succeeded, "" if done == succeeded else output[-600:]


def percentile(values, share):
    """A value of a sorted list, in milliseconds."""
    return 1000 * values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def attack_round(target, arguments, report, plan, seconds):
    """Load, every attack and the good client together."""
    before = Metrics(target)
    with open(arguments.review, "rb") as file:
        good = GoodClient(target, file.read()).start()
    # A connection ends in good order after a million requests, and h2load makes no other one in its place: so many share the
    # load that none comes there, even one that has a loop of the server to itself beside few others.
    loads = {
        "HTTP/1.1": Load(target, arguments.review, seconds, "--h1", "-c", "10"),
        "HTTP/2": Load(target, arguments.review, seconds, "-c", "16", "-m", "5"),
    }
    said = attacks.storm(target, plan)
    for protocol, load in loads.items():
        succeeded, trouble = load.finish()
        report.check("load over %s" % protocol, succeeded and not trouble, trouble or "%d reviews in %d s" % (succeeded, seconds))
    latencies, failures = good.stop()
    report.check(
        "a client that behaves is served throughout", latencies and not failures,
        failures[:3] or "%d reviews, p50 %.1f ms, p99 %.1f ms, longest %.0f ms" % (
            len(latencies), percentile(latencies, 0.5), percentile(latencies, 0.99), percentile(latencies, 1)))
    check_refusals(target, report, plan, said, before)


def check_refusals(target, report, plan, said, before):
    """Every connection of every attack was refused for what it did."""
    groups = {}
    for name, count in plan.items():
        names, expected = groups.get(attacks.EXPECTED[name], ([], 0))
        groups[attacks.EXPECTED[name]] = (names + [name], expected + count * attacks.STREAMS.get(name, 1))

    def refused(reasons):
        now = Metrics(target)
        return sum(now.refused(reason) - before.refused(reason) for reason in reasons)

    for reasons, (names, expected) in groups.items():
        wait_until(lambda: refused(reasons) >= expected, 10)
        count = refused(reasons)
        what = "; ".join("%s %s" % (name, said[name]) for name in names)
        report.check("%s is refused" % " or ".join(reasons), count >= expected, "%d counted for %d: %s" % (count, expected, what))


def check_idle(target, arguments, report):
    """Weighs the idle connections, on a server that has served nobody yet."""
    before = resident_kib(arguments.pid)
    idle = attacks.IdleConnections(target, IDLE)
    each = (resident_kib(arguments.pid) - before) / IDLE
    report.check("an idle TLS connection is small", each <= RESIDENT_PER_IDLE_KIB, "%.1f KiB each of %d" % (each, IDLE))
    return idle


def check_connection_limit(target, report):
    """Connections beyond the limit are closed, and others live on."""
    before = Metrics(target).refused("connection_limit")
    with target.tls() as served:
        crowd = [target.tcp() for _ in range(CONNECTION_LIMIT + 200)]
        wait_until(lambda: Metrics(target).refused("connection_limit") - before >= 200, 10)
        refused = Metrics(target).refused("connection_limit") - before
        report.check("connections beyond the limit are refused", refused >= 200, "%d" % refused)
        served.sendall(http1_request(b"{}"))
        report.check("those below it are served", read_http1_answer(served)[0] in (200, 400))
        for connection in crowd:
            connection.close()


def quiet(target):
    """Waits until the server has let go of every connection."""
    return wait_until(lambda: Metrics(target).open == 0, 30)


def main():
    """Everything, in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ready", required=True, help="the server's ready file")
    parser.add_argument("--ca", required=True)
    parser.add_argument("--review", required=True)
    parser.add_argument("--pid", required=True, type=int)
    parser.add_argument("--seconds", type=int, default=30)
    arguments = parser.parse_args()
    target = Target(arguments.ready, arguments.ca)
    report = Report()

    idle = check_idle(target, arguments, report)
    print("— the first round", flush=True)
    attack_round(target, arguments, report, PLAN, 3)
    idle.close()
    check_connection_limit(target, report)
    report.check("every connection is let go", quiet(target), "%d open" % Metrics(target).open)
    baseline, open_before = resident_kib(arguments.pid), descriptors(arguments.pid)

    print("— the second round, with %d s of load" % arguments.seconds, flush=True)
    idle = attacks.IdleConnections(target, IDLE)
    attack_round(target, arguments, report, PLAN, arguments.seconds)
    with open(arguments.review, "rb") as file:
        answered, asked = idle.ask(http1_request(file.read()), 20)
    report.check("idle connections are alive after it", answered == asked, "%d of %d" % (answered, asked))
    idle.close()
    check_connection_limit(target, report)

    print("— afterwards", flush=True)
    report.check("every connection is let go", quiet(target), "%d open" % Metrics(target).open)
    same = wait_until(lambda: descriptors(arguments.pid) == open_before, 10)
    report.check("descriptors are back where they were", same, "%d, before %d" % (descriptors(arguments.pid), open_before))
    growth = resident_kib(arguments.pid) - baseline
    report.check("memory is back where it was", growth <= RESIDENT_TOLERANCE_KIB, "%+d KiB on %d KiB" % (growth, baseline))
    with open(arguments.review, "rb") as file, target.tls() as connection:
        connection.sendall(http1_request(file.read()))
        report.check("the server lives, and answers", read_http1_answer(connection)[0] == 200)

    print("%d passed, %d failed" % (report.passed, report.failed))
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
