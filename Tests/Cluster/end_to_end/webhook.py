"""The server under test: started as a process, registered with the API server by the manifests of this repository.

Comes in: the program, a control plane. Goes out: running servers and their registration. It knows nothing of rules.
"""

import base64
import json
import subprocess
import urllib.error
import urllib.request

from control_plane import REPOSITORY, eventually, expect, free_port


def issue_certificates(binary, folder):
    subprocess.run([binary, "certs", "issue", "--dir", folder, "--host", "127.0.0.1"], check=True, capture_output=True)


class WebhookServer:
    """One replica on loopback, under the identity of the service account of manifests/rbac.yaml.

    `options` are further arguments of its command line; a change of them, or of the kubeconfig, counts from the next start on.
    """

    def __init__(self, binary, plane, certificates, log, options=()):
        self.binary, self.plane, self.certificates, self.log = binary, plane, certificates, log
        self.options, self.kubeconfig = options, plane.service_account_kubeconfig
        self.port, self.health_port, self.metrics_port = free_port(), free_port(), free_port()
        self.process = None

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def start(self):
        arguments = [
            "serve", "--kubeconfig", self.kubeconfig, "--listen", f"127.0.0.1:{self.port}",
            "--health-listen", f"127.0.0.1:{self.health_port}", "--metrics-listen", f"127.0.0.1:{self.metrics_port}",
            "--tls-cert", self.certificates / "tls.crt", "--tls-key", self.certificates / "tls.key",
            "--shutdown-delay", "0s",  # nobody has to find out
            *self.options,
        ]
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([self.binary, *map(str, arguments)], stdout=log, stderr=log)
        eventually(30, f"readiness of {self.url} (log: {self.log})", self.is_ready)

    def is_ready(self):
        expect(self.process.poll() is None, f"the server ended with {self.process.poll()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def kill(self):
        """Ends it as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks it to end and returns its exit status; kills it when it takes longer than its own drain timeout."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.terminate()
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None


def register(plane, certificates, servers):
    """Applies manifests/webhooks.yaml with each webhook's Service replaced by a URL.

    With several servers, objects labelled replica: "0", "1", ... are judged by that one and all others by the first: so
    a test chooses which replica sees which request, where a Service would choose by chance.
    """
    bundle = base64.b64encode((certificates / "ca.crt").read_bytes()).decode()
    manifest = (REPOSITORY / "manifests" / "webhooks.yaml").read_text()
    for configuration in plane.objects(manifest):
        name = configuration["metadata"]["name"]
        for index, server in enumerate(servers):
            copy = json.loads(json.dumps(configuration))
            copy["metadata"]["name"] = f"{name}-{index}" if index else name
            for webhook in copy["webhooks"]:
                path = webhook["clientConfig"]["service"]["path"]
                webhook["clientConfig"] = {"url": server.url + path, "caBundle": bundle}
                others = [str(other) for other in range(1, len(servers))]
                if index:
                    webhook["objectSelector"] = {"matchLabels": {"replica": str(index)}}
                elif others:
                    webhook["objectSelector"] = {
                        "matchExpressions": [{"key": "replica", "operator": "NotIn", "values": others}]}
            plane.succeed("apply", "-f", "-", stdin=json.dumps(copy))
    eventually(20, "the registration taking effect", lambda: is_in_effect(plane, len(servers)))


def unregister(plane):
    """Removes every webhook, and waits until the API server no longer calls any."""
    for kind in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"):
        plane.succeed("delete", kind, "-l", "app.kubernetes.io/name=spiderpool-webhook", "--ignore-not-found")
    eventually(20, "the webhooks being forgotten", lambda: not is_in_effect(plane, 1))


def is_in_effect(plane, replicas):
    """Whether the API server has a wrong pool refused by every replica. The dry run leaves no trace."""
    for replica in range(replicas):
        probe = {
            "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
            "metadata": {"name": "registration-probe", "labels": {"replica": str(replica)}},
            "spec": {"subnet": "192.0.2.0/24", "ips": ["198.51.100.1"]},
        }
        done = plane.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(probe))
        if done.returncode == 0:
            return False
        # Neither a server that cannot be called nor a mistake of this probe may pass for a refusal.
        expect("is invalid" in done.stderr, done.text)
    return True
