"""The end-to-end test: a real kube-apiserver, our server registered with it under its own identity, and kubectl.

    python3 Tests/Cluster/end_to_end --binary PATH [--only TEXT] [--update-goldens] [--keep]

Prints a line per test, and at the end `N passed, N failed`. --only runs the tests whose name contains TEXT.
--update-goldens writes what kubectl prints into the cases: read the difference before committing it.
"""

import argparse
import contextlib
import datetime
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

import cases
import scenarios
from control_plane import REPOSITORY, SCRIPTS, ControlPlane, Failed
from webhook import WebhookServer, issue_certificates, register


class World:
    """What the tests share: the control plane, the certificates, and the servers, of which the first always runs."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.plane = ControlPlane(folder / "cluster")
        self.certificates = folder / "certs"
        self.servers = []
        self.restarts = []

    @contextlib.contextmanager
    def restarting(self):
        """Remembers when the API server was away, or had only just come back."""
        began = self.timestamp()
        yield
        self.restarts.append((began, self.timestamp()))

    def was_restarting(self, timestamp):
        return any(began <= timestamp <= ended for began, ended in self.restarts)

    @staticmethod
    def timestamp():
        """Now, as the server's log writes it."""
        return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def add_server(self):
        server = WebhookServer(self.binary, self.plane, self.certificates, self.folder / f"server-{len(self.servers)}.log")
        self.servers.append(server)
        return server

    def set_up(self):
        self.plane.start()
        manifests = REPOSITORY / "manifests"
        for path in (manifests / "namespace.yaml", manifests / "crds", manifests / "rbac.yaml", SCRIPTS / "clonesets.yaml"):
            self.plane.succeed("apply", "-f", path)
        # The API server does this itself from 1.21 on, and manifests/install.sh before.
        self.plane.succeed("label", "namespace", "kube-system", "kubernetes.io/metadata.name=kube-system")
        self.plane.succeed("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        issue_certificates(self.binary, self.certificates)
        self.add_server().start()
        register(self.plane, self.certificates, self.servers)

    def tear_down(self):
        for server in self.servers:
            server.stop()
        self.plane.stop()


def tests(world, options):
    """All tests in their order, as pairs of name and call."""
    def scenario(function):
        return function.__doc__, lambda: function(world)

    def case(path):
        return cases.title(path), lambda: cases.run(world.plane, path, options.update_goldens)

    return [*map(scenario, scenarios.BEFORE_CASES), *map(case, cases.all_cases()), *map(scenario, scenarios.AFTER_CASES)]


def run(world, options):
    passed, failed = 0, []
    for name, test in tests(world, options):
        if options.only not in name:
            continue
        began = time.monotonic()
        try:
            test()
        except Exception as error:  # whatever it is, the other tests still have something to say
            failed.append(name)
            lines = str(error).splitlines() if isinstance(error, Failed) else traceback.format_exception(error)
            print(f"FAIL  {name}\n      " + "\n      ".join(line.rstrip() for line in lines), flush=True)
            continue
        passed += 1
        print(f"ok    {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(prog="end_to_end")
    parser.add_argument("--binary", required=True, type=pathlib.Path, help="the built spiderpool-webhook")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    parser.add_argument("--update-goldens", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the folder with all logs behind")
    options = parser.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="spiderpool-webhook-end-to-end."))
    world = World(options.binary.resolve(), folder)
    began, failed = time.monotonic(), ["set-up"]
    try:
        world.set_up()
        print(f"      control plane and server ready after {time.monotonic() - began:.1f} s", flush=True)
        passed, failed = run(world, options)
        for name in failed:
            print(f"failed: {name}")
        print(f"{passed} passed, {len(failed)} failed")
    finally:
        world.tear_down()
        if options.keep or failed:
            print(f"logs are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    return 1 if failed else 0


sys.exit(main())
