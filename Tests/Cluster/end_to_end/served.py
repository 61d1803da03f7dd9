"""A control plane, and servers under test that are registered with it: what both end-to-end tests begin with."""

from control_plane import REPOSITORY, ControlPlane
from webhook import WebhookServer, issue_certificates, register


class ServedCluster:
    """The control plane, the certificates, and the servers, of which the first always runs."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.plane = ControlPlane(folder / "cluster")
        self.certificates = folder / "certs"
        self.servers = []

    def install(self, *manifests):
        """Applies what an installation needs, and these manifests too."""
        folder = REPOSITORY / "manifests"
        for path in (folder / "namespace.yaml", folder / "crds", folder / "rbac.yaml", *manifests):
            self.plane.succeed("apply", "-f", path)
        # The API server does this itself from 1.21 on, and manifests/install.sh before.
        self.plane.succeed("label", "namespace", "kube-system", "kubernetes.io/metadata.name=kube-system")
        self.plane.succeed("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        issue_certificates(self.binary, self.certificates)

    def add_server(self):
        server = WebhookServer(self.binary, self.plane, self.certificates, self.folder / f"server-{len(self.servers)}.log")
        self.servers.append(server)
        return server

    def serve(self):
        """Starts the first server and registers it."""
        self.add_server().start()
        register(self.plane, self.certificates, self.servers)

    def tear_down(self):
        for server in self.servers:
            server.stop()
        self.plane.stop()
