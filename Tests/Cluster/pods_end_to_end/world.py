"""What the tests share: a control plane with its controllers, Nodes, a client, and servers under test."""

import contextlib
import re

from control_plane import REPOSITORY, SCRIPTS, expect
from served import ServedCluster
from webhook import register
from api import Client
from balancer import Balancer
from kubelet import FakeKubelet

# Identities with an administrator's permissions and an ordinary user's place in the API server's queues. The queues of one
# of them hold 300 requests.
CREATORS = [f"default/creator-{number}" for number in range(4)]
ALARMING = re.compile(r"^\S+ +(warning|error|critical)\b", re.IGNORECASE)


class World(ServedCluster):
    def __init__(self, binary, folder):
        super().__init__(binary, folder)
        self.kubelet = None

    def set_up(self):
        plane = self.plane
        plane.start("--controllers", *(f"--service-account={name}" for name in CREATORS))
        rights = REPOSITORY / "manifests" / "third-party-rbac.yaml"
        self.install(SCRIPTS / "clonesets.yaml", SCRIPTS / "operators", rights)
        plane.succeed("apply", "-f", "-", stdin=self.priority((REPOSITORY / "manifests/priority.yaml").read_text()))
        plane.succeed("create", "clusterrolebinding", "creator", "--clusterrole=cluster-admin",
                      *(f"--serviceaccount={name.replace('/', ':')}" for name in CREATORS))
        self.client = Client(plane)
        self.kubelet = FakeKubelet(plane, ["node-1", "node-2", "node-3"])
        self.kubelet.start()
        self.serve()

    @staticmethod
    def priority(text):
        """The manifest in the version that this API server has, as manifests/install.sh renders it."""
        return text.replace("k8s.io/v1\n", "k8s.io/v1beta1\n").replace("nominalConcurrencyShares", "assuredConcurrencyShares")

    def tear_down(self):
        if self.kubelet:
            self.kubelet.stop()
        super().tear_down()

    @property
    def server(self):
        """The one that always runs, unless a test has several."""
        return self.servers[0]

    @contextlib.contextmanager
    def serving_with(self, *options):
        """Restarts the server with further options, and afterwards without."""
        self.restart(*options)
        try:
            yield
        finally:
            self.restart()

    def restart(self, *options):
        self.server.stop()
        self.server.options = options
        self.server.start()

    @contextlib.contextmanager
    def replicas(self, count, *options):
        """So many servers behind a balancer. HTTP/2 would put every request on one connection, to one server."""
        while len(self.servers) < count:
            self.add_server()
        servers = self.servers[:count]
        for server in servers:
            server.stop()
            server.options = ("--disable-http2", *options)
            server.start()
        balancer = Balancer(servers)
        try:
            register(self.plane, self.certificates, [balancer])
            yield balancer
        finally:
            for server in servers[1:]:
                server.stop()
            self.restart()
            register(self.plane, self.certificates, self.servers[:1])
            balancer.stop()

    def alarms(self):
        """Warnings and errors of all servers' logs."""
        return [f"{server.log.name}: {line}" for server in self.servers for line in server.log.read_text().splitlines()
                if ALARMING.match(line)]

    @contextlib.contextmanager
    def without_alarms(self):
        """No server writes an error into its log meanwhile."""
        before = len(self.alarms())
        yield
        new = self.alarms()[before:]
        expect(not new, f"{len(new)} warnings and errors:\n" + "\n".join(new[:5]))
