"""A control plane of our own, driven with kubectl.

Comes in: a folder to keep it in. Goes out: what kubectl printed and how it ended, and objects as JSON. It knows nothing
of the server under test.
"""

import json
import pathlib
import random
import shlex
import socket
import subprocess
import time

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = SCRIPTS.parent.parent
GROUP = "/apis/spiderpool.spidernet.io/v2beta1"
SERVICE_ACCOUNT = "spiderpool/spiderpool-controller"


class Failed(Exception):
    """A test's expectation did not hold; the message says which."""


def expect(condition, message):
    if not condition:
        raise Failed(message)


def eventually(seconds, what, attempt):
    """Repeats `attempt` until it returns something true, and returns that. A Failed inside counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            result, reason = attempt(), ""
        except Failed as failure:
            result, reason = None, f": {failure}"
        if result:
            return result
        expect(time.monotonic() < deadline, f"{what} did not happen within {seconds} s{reason}")
        time.sleep(0.05)


def free_port():
    """A port of 127.0.0.1 that nobody listens on, from below the range outgoing connections take theirs from."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class ControlPlane:
    def __init__(self, folder):
        self.folder = folder
        self.audit_log = folder / "audit.log"
        self.service_account_kubeconfig = folder / f"kubeconfig.{SERVICE_ACCOUNT.replace('/', '.')}"

    def start(self, *arguments):
        """Starts it with the service account of the server under test, and further arguments of start.sh."""
        self._script("start.sh", f"--service-account={SERVICE_ACCOUNT}", *arguments)
        lines = (self.folder / "env").read_text().splitlines()
        self.env = dict(part.split("=", 1) for line in lines for part in shlex.split(line) if "=" in part)

    def start_audited(self):
        """Starts it with an audit log."""
        self.start(f"--apiserver-arg=--audit-policy-file={SCRIPTS / 'audit-policy.yaml'}",
                   f"--apiserver-arg=--audit-log-path={self.audit_log}")

    def stop(self):
        self._script("stop.sh")

    def restart_apiserver(self):
        self._script("restart-apiserver.sh")

    def _script(self, name, *arguments):
        subprocess.run(["bash", SCRIPTS / name, self.folder, *arguments], check=True)

    def command(self, *arguments, kubeconfig=None):
        return [self.env["KUBECTL"], f"--kubeconfig={kubeconfig or self.env['KUBECONFIG']}",
                f"--cache-dir={self.folder / 'kubectl'}", *map(str, arguments)]

    def kubectl(self, *arguments, stdin=None, kubeconfig=None):
        """Runs kubectl to its end: returncode, and all it printed (standard error after standard output) in `.text`."""
        done = subprocess.run(
            self.command(*arguments, kubeconfig=kubeconfig), input=stdin, capture_output=True, text=True, timeout=60)
        done.text = done.stdout + done.stderr
        return done

    def succeed(self, *arguments, stdin=None):
        """kubectl that has to succeed; returns its standard output."""
        done = self.kubectl(*arguments, stdin=stdin)
        expect(done.returncode == 0, f"kubectl {' '.join(map(str, arguments))}: {done.text.strip()}")
        return done.stdout

    def objects(self, manifest):
        """The objects of a YAML text, as JSON: kubectl itself is the parser."""
        text = self.succeed("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-", stdin=manifest)
        value, objects = json.JSONDecoder(), []
        while text := text.lstrip():
            parsed, end = value.raw_decode(text)
            objects += parsed["items"] if parsed["kind"] == "List" else [parsed]
            text = text[end:]
        return objects

    def get(self, kind, name):
        """The stored object, or None."""
        done = self.kubectl("get", kind, name, "-o", "json", "--ignore-not-found")
        expect(done.returncode == 0, done.text)
        return json.loads(done.stdout) if done.stdout else None

    def audit_events(self, name):
        """What the audit log says of writes to objects of this name, oldest first."""
        events = [json.loads(line) for line in self.audit_log.read_text().splitlines()]
        return [event for event in events if event["objectRef"].get("name") == name]

    def put_status(self, kind, name, status):
        """Writes the status subresource, as only the system does; the system may be writing it at the same moment."""
        def attempt():
            stored = self.get(kind, name)
            stored["status"] = status
            path = f"{GROUP}/{kind.lower()}s/{name}/status"
            return self.succeed("replace", "--raw", path, "-f", "-", stdin=json.dumps(stored))

        eventually(5, f"a write of the status of {kind} {name}", attempt)

    def remove(self, kind, name, namespace="default"):
        """Removes an object at once, finalizers or not; nothing if it is not there."""
        self.succeed("delete", kind, name, "-n", namespace, "--wait=false", "--ignore-not-found", "--grace-period=0", "--force")
        self.kubectl("patch", kind, name, "-n", namespace, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        eventually(20, f"removal of {kind} {name}", lambda: self.succeed(
            "get", kind, name, "-n", namespace, "--ignore-not-found") == "")
