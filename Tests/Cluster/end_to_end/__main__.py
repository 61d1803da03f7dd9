"""The end-to-end test: a real kube-apiserver, our server registered with it under its own identity, and kubectl.

    python3 Tests/Cluster/end_to_end --binary PATH [--only TEXT] [--update-goldens] [--keep]

Prints a line per test, and at the end `N passed, N failed`. --only runs the tests whose name contains TEXT.
--update-goldens writes what kubectl prints into the cases: read the difference before committing it.
"""

import contextlib
import datetime
import sys

import cases
import runner
import scenarios
from control_plane import REPOSITORY, SCRIPTS, ControlPlane
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
        self.plane.start_audited()
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


parser = runner.arguments("end_to_end")
parser.add_argument("--update-goldens", action="store_true")
sys.exit(runner.main(parser.parse_args(), World, tests))
