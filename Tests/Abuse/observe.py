"""What is seen of the server from outside: its process, its metrics, and how it treats a client that behaves."""

import http.client
import multiprocessing
import os
import re
import time

from wire import http1_request, read_http1_answer

SAMPLE = re.compile(r'^(\w+)\{([^}]*)\} ([-+.\deE]+)$')
LABEL = re.compile(r'(\w+)="([^"]*)"')


def resident_kib(pid):
    """Resident memory of the process."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def descriptors(pid):
    """Open descriptors of the process."""
    return len(os.listdir("/proc/%d/fd" % pid))


class Metrics:
    """One reading of the metrics of the webhook's server."""

    def __init__(self, target):
        connection = http.client.HTTPConnection(*target.metrics, timeout=10)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        self.samples = {}
        for line in text.splitlines():
            match = SAMPLE.match(line)
            if not match or not match[1].startswith("spiderpool_webhook_server_"):
                continue
            labels = dict(LABEL.findall(match[2]))
            if labels.pop("server", "") == "webhook":
                key = (match[1][len("spiderpool_webhook_server_"):], tuple(sorted(labels.items())))
                self.samples[key] = float(match[3])

    def value(self, name, **labels):
        """One sample; 0 if there is none."""
        return int(self.samples.get((name, tuple(sorted(labels.items()))), 0))

    def refused(self, reason):
        """How often something was refused for that reason."""
        return self.value("refusals_total", reason=reason)

    @property
    def open(self):
        """Connections open now."""
        return self.value("connections_open")


def wait_until(condition, seconds, pause=0.05):
    """Whether the condition came true in time; it is asked again and again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(pause)
    return condition()


class GoodClient:
    """A client that behaves: in a process of its own, one request after another over kept and over new connections.

    Every answer must be the right one. Nothing is tried again.
    """

    PER_CONNECTION = 40

    def __init__(self, target, review):
        self._stopping = multiprocessing.Event()
        self._answers = multiprocessing.Queue()
        self._process = multiprocessing.Process(target=self._run, args=(target, review), daemon=True)

    def start(self):
        """Begins to ask."""
        self._process.start()
        return self

    def _run(self, target, review):
        request = http1_request(review, b"/validate?timeout=10s")
        latencies, failures = [], []
        while not self._stopping.is_set():
            try:
                with target.tls() as connection:
                    for _ in range(self.PER_CONNECTION):
                        began = time.monotonic()
                        connection.sendall(request)
                        status, body, rest = read_http1_answer(connection)
                        latencies.append(time.monotonic() - began)
                        if status != 200 or b'"allowed"' not in body or rest:
                            failures.append("status %d: %r" % (status, body[:80]))
                        if self._stopping.wait(0.005):
                            break
            except Exception as error:  # pylint: disable=broad-except
                failures.append(repr(error))
        self._answers.put((latencies, failures))

    def stop(self):
        """Latencies in seconds, sorted, and what went wrong."""
        self._stopping.set()
        latencies, failures = self._answers.get(timeout=60)
        self._process.join()
        return sorted(latencies), failures
