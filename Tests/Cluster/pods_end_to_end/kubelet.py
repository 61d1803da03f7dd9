"""Does for Nodes without a kubelet what its absence would leave undone: Pods that have a node run, or end if their label
`ends` says so, and go when they are deleted; Nodes stay ready.

Comes in: the watch of Pods. Goes out: their statuses and their ends, and what a Witness saw.
"""

import collections
import datetime
import http.client
import queue
import threading

from addresses import Witness
from api import PODS, Client, pods_path

WORKERS = 6
# The node controller gives up a Node that said nothing for 40 s.
HEARTBEAT = 10


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeKubelet:
    def __init__(self, plane, nodes):
        self.client, self.nodes = Client(plane), nodes
        self.witness = Witness()
        self.work = queue.Queue()
        self.ended = threading.Event()
        self.failures = collections.deque(maxlen=20)
        self.threads = [threading.Thread(target=self.guarded, args=(part,), daemon=True)
                        for part in (self.follow, self.beat, *[self.labour] * WORKERS)]

    def start(self):
        for name in self.nodes:
            self.client.request("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
            self.report_ready(name)
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ended.set()
        for _ in range(WORKERS):
            self.work.put(None)
        for thread in self.threads:
            thread.join(timeout=12)

    def guarded(self, part):
        """A failed request is tried again with a new connection; what it was is kept for whoever asks."""
        while not self.ended.is_set():
            try:
                part()
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(f"{part.__name__}: {error!r}")
                self.ended.wait(0.2)

    def report_ready(self, name):
        resources = {"cpu": "64", "memory": "256Gi", "pods": "2000"}
        condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready",
                     "lastHeartbeatTime": now(), "lastTransitionTime": "2026-01-01T00:00:00Z"}
        self.client.patch(f"/api/v1/nodes/{name}/status", {
            "status": {"capacity": resources, "allocatable": resources, "conditions": [condition]}})

    def beat(self):
        while not self.ended.wait(HEARTBEAT):
            for name in self.nodes:
                self.report_ready(name)

    def follow(self):
        pods, version = self.client.list(PODS)
        self.witness.begin_again(pods)
        for pod in pods:
            self.take("ADDED", pod)
        while not self.ended.is_set():
            for event in self.client.watch(PODS, version, seconds=10):
                pod = event["object"]
                if event["type"] == "ERROR":
                    raise OSError(f"the watch ended: {pod}")
                version = pod["metadata"]["resourceVersion"]
                self.take(event["type"], pod)

    def take(self, event, pod):
        self.witness.see(event, pod)
        if event != "DELETED" and "nodeName" in pod["spec"]:
            if "deletionTimestamp" in pod["metadata"]:
                self.work.put((self.remove, pod))
            elif pod["status"]["phase"] == "Pending":
                self.work.put((self.run, pod))
            elif pod["status"]["phase"] == "Running" and pod["metadata"].get("labels", {}).get("ends"):
                self.work.put((self.finish, pod))

    def labour(self):
        while task := self.work.get():
            action, pod = task
            try:
                action(pod_path(pod), pod)
            except (OSError, http.client.HTTPException):
                self.work.put(task)
                raise

    def remove(self, path, pod):
        self.demand(self.client.request("DELETE", path, {
            "kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0,
            "preconditions": {"uid": pod["metadata"]["uid"]}}))

    def run(self, path, pod):
        conditions = [{"type": name, "status": "True", "lastTransitionTime": now()}
                      for name in ("PodScheduled", "Initialized", "ContainersReady", "Ready")]
        self.set_status(path, pod, {"phase": "Running", "startTime": now(), "conditions": conditions})

    def finish(self, path, pod):
        self.set_status(path, pod, {"phase": pod["metadata"]["labels"]["ends"], "conditions": []})

    def set_status(self, path, pod, status):
        """Nothing happens when the Pod is another one by now: a UID cannot be changed."""
        self.demand(self.client.patch(f"{path}/status", {
            "metadata": {"uid": pod["metadata"]["uid"]}, "status": status}))

    @staticmethod
    def demand(answer):
        """A Pod that has changed or gone meanwhile has another event; an API server that is busy is asked again."""
        status, body = answer
        if status == 429 or status >= 500:
            raise OSError(body["message"])


def pod_path(pod):
    return pods_path(pod["metadata"]["namespace"], pod["metadata"]["name"])
