"""Requests straight to the API server, over connections that stay open: one for each thread.

Comes in: the identity of a kubeconfig. Goes out: status codes and objects. It knows nothing of what they mean.
"""

import http.client
import json
import re
import ssl
import threading

PODS = "/api/v1/pods"


def pods_path(namespace, name="", subresource=""):
    return "/".join(part for part in (f"/api/v1/namespaces/{namespace}/pods", name, subresource) if part)


class Client:
    def __init__(self, plane, kubeconfig=None, timeout=60):
        self.port, self.timeout = int(plane.env["APISERVER_PORT"]), timeout
        self.context = ssl.create_default_context(cafile=plane.env["CLUSTER_CA"])
        text = (kubeconfig or plane.folder / "kubeconfig").read_text()
        self.token = re.search(r"^ +token: (\S+)$", text, re.MULTILINE).group(1)
        self.local = threading.local()

    def connect(self):
        """Opens this thread's connection, so that the first request does not pay for it."""
        self.local.connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=self.timeout, context=self.context)
        self.local.connection.connect()

    def close(self):
        """Closes this thread's connection."""
        if connection := self.local.__dict__.pop("connection", None):
            connection.close()

    def send(self, method, path, body=None, content_type="application/json"):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        if "connection" not in self.local.__dict__:
            self.connect()
        try:
            self.local.connection.request(method, path, None if body is None else json.dumps(body), headers)
            return self.local.connection.getresponse()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def request(self, method, path, body=None, content_type="application/json"):
        """The status code and the object answered. A connection that the server closed meanwhile is an OSError or an
        HTTPException, and the next request opens a new one."""
        answer = self.send(method, path, body, content_type)
        try:
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        # An API server that has no room for a request says so in plain words.
        return answer.status, json.loads(text) if text.startswith("{") else {"message": text.strip()}

    def patch(self, path, body):
        return self.request("PATCH", path, body, "application/merge-patch+json")

    def list(self, path):
        """The items of a list, and its resource version. A connection that was closed meanwhile is opened again."""
        try:
            status, answer = self.request("GET", path)
        except (OSError, http.client.HTTPException):
            status, answer = self.request("GET", path)
        if status != 200:
            raise OSError(f"GET {path}: {answer}")
        return answer["items"], answer["metadata"]["resourceVersion"]

    def watch(self, path, version, seconds):
        """Events from a version on, for so long at most."""
        answer = self.send("GET", f"{path}?watch=1&resourceVersion={version}&timeoutSeconds={seconds}")
        try:
            if answer.status != 200:
                raise OSError(f"watch of {path}: {answer.read()}")
            while line := answer.readline():
                yield json.loads(line)
        finally:
            self.close()
