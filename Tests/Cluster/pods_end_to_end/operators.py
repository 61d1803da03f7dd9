"""Does for custom resources what the controllers of third parties do: makes the Pods they ask for, or the workloads that
make these, replaces Pods when the template changes, and tries again later, and later each time, when one was refused.

Comes in: the kinds, and their objects by polling. Goes out: Pods with names, labels and owners as OpenKruise gives them,
counts in the objects' statuses, and what the API server said to a refused Pod. It knows nothing of addresses.
"""

import collections
import contextlib
import dataclasses
import hashlib
import http.client
import json
import random
import threading
import time

from addresses import has_ended
from api import PODS, Client, pods_path
from kubelet import now

PERIOD = 0.2
LONGEST_PAUSE = 60
# Kubernetes' own letters for names: no vowels, and nothing that looks like something else.
LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of custom resource, and what its controller makes of an object."""
    group: str
    version: str
    plural: str
    kind: str
    # The way from the object to each part, which has a Pod template and tells how often it is wanted. A star stands for
    # every element of a list, or every member.
    place: str = "spec"
    # How Pods are told apart: by chance, by number (a StatefulSet's), or by the Node each is for.
    seats: str = "chance"
    # The label that tells of which part a Pod is, where there are several.
    part_label: str = None
    # Further labels of a Pod, by its object, the last part of its name, and the hash of the template.
    labels: collections.abc.Callable = lambda made, suffix, digest: {}
    gates: tuple = ()
    # Whether Pods name something else that they belong to before their controller.
    has_companion: bool = False
    # What is made instead of Pods: objects, by the object and the Pods there are.
    children: collections.abc.Callable = None

    @property
    def api_version(self):
        return f"{self.group}/{self.version}"

    @property
    def resource(self):
        return f"{self.plural}.{self.group}"

    def path(self, made=None, subresource=""):
        """Of all objects, or of one."""
        where = f"/apis/{self.api_version}"
        if made is None:
            return f"{where}/{self.plural}"
        metadata = made["metadata"]
        parts = (where, "namespaces", metadata["namespace"], self.plural, metadata["name"], subresource)
        return "/".join(part for part in parts if part)

    def parts(self, made):
        """Pairs of a part's name, empty for the only one, and the part."""
        found = [("", made)]
        for step in self.place.split("."):
            found = [pair for name, value in found for pair in below(name, value, step)]
        return found


def below(name, value, step):
    if step != "*":
        return [(name, value[step])] if step in value else []
    if isinstance(value, list):
        return [(element["name"], element) for element in value]
    return [(key.lower(), member) for key, member in value.items()]


def digest_of(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:9]


def reference(owner, is_controller=True):
    """The entry of ownerReferences by which something belongs to an object."""
    named = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
             "uid": owner["metadata"]["uid"]}
    return named | ({"controller": True, "blockOwnerDeletion": True} if is_controller else {})


def controller_of(made):
    """The UID of an object's controller, or None."""
    owners = made["metadata"].get("ownerReferences", [])
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)


def is_live(pod):
    return not has_ended(pod) and "deletionTimestamp" not in pod["metadata"]


def is_ready(pod):
    return pod["status"]["phase"] == "Running"


def node_of(pod):
    """The Node that a Pod is for, by its affinity."""
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0]


def affinity_to(node):
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchFields": [field]}]}}}


@dataclasses.dataclass
class Patience:
    """When a refused object is tried again: after a pause that doubles, or when it says something else than it did."""
    said: str
    pause: float
    until: float


class Operator:
    """Works for the objects of some kinds, in one thread for each."""

    def __init__(self, world, kinds, first_pause=1):
        self.client, self.nodes, self.first_pause = Client(world.plane), world.kubelet.nodes, first_pause
        self.ended = threading.Event()
        self.failures = collections.deque(maxlen=20)
        self.patience, self.refusals = {}, {}
        self.threads = [threading.Thread(target=self.guarded, args=(kind,), daemon=True) for kind in kinds]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(timeout=12)

    def refusal(self, made):
        """What was said last to a Pod of an object; empty when none was refused since all were there."""
        return self.refusals.get(made["metadata"]["uid"], "")

    def guarded(self, kind):
        while not self.ended.wait(PERIOD):
            try:
                self.attend(kind)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self.failures.append(f"{kind.resource}: {error!r}")
        self.client.close()

    def attend(self, kind):
        objects, _ = self.client.list(kind.path())
        pods, _ = self.client.list(PODS)
        for made in objects:
            # Lists do not repeat this of each of their items.
            made |= {"apiVersion": kind.api_version, "kind": kind.kind}
            if "deletionTimestamp" in made["metadata"] or self.ended.is_set():
                continue
            own = [pod for pod in pods if controller_of(pod) == made["metadata"]["uid"]]
            if kind.children:
                for path, child in kind.children(made, pods):
                    self.keep_child(path, child)
                continue
            for name, part in kind.parts(made):
                self.keep_pods(kind, made, name, part, [
                    pod for pod in own if not kind.part_label or pod["metadata"]["labels"][kind.part_label] == name])
            self.report(kind, made, own)

    # Pods.

    def keep_pods(self, kind, made, part_name, part, own):
        name = "-".join(filter(None, (made["metadata"]["name"], part_name)))
        live = [pod for pod in own if is_live(pod)]
        seats = self.seats(kind, name, part, live)
        taken = {node_of(pod) if kind.seats == "node" else pod["metadata"]["name"]: pod for pod in own}
        surplus = [pod for seat, pod in taken.items() if seat not in seats and is_live(pod)]
        missing = [seat for seat in seats if seat not in taken]
        for pod in surplus:
            self.delete(pod)
        digest = digest_of(part["template"])
        if missing:
            if self.is_due(made) and all(
                    self.create(made, self.pod(kind, made, name, part_name, part["template"], seat)) for seat in missing):
                self.forgive(made)
            return
        self.forgive(made)
        stale = [pod for pod in live if pod["metadata"]["labels"]["pod-template-hash"] != digest]
        if stale and not surplus and len(live) == len(own) and all(map(is_ready, live)):
            self.delete(stale[0])

    def seats(self, kind, name, part, live):
        """The names of the Pods that there should be, or those of their Nodes. Of too many the newest that are not ready go
        first."""
        if kind.seats == "node":
            return self.nodes
        count = part.get("replicas", 1)
        if kind.seats == "number":
            return [f"{name}-{number}" for number in range(count)]
        newest_first = sorted(live, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
        kept = [pod["metadata"]["name"] for pod in sorted(newest_first, key=is_ready)[max(0, len(live) - count):]]
        return kept + [f"{name}-{''.join(random.choices(LETTERS, k=5))}" for _ in range(count - len(kept))]

    def pod(self, kind, made, name, part_name, template, seat):
        digest = digest_of(template)
        by_node = kind.seats == "node"
        suffix = "".join(random.choices(LETTERS, k=5)) if by_node else seat.removeprefix(f"{name}-")
        labels = {"controller-revision-hash": f"{made['metadata']['name']}-{digest}", "pod-template-hash": digest}
        labels |= ({kind.part_label: part_name} if kind.part_label else {}) | kind.labels(made, suffix, digest)
        metadata = {
            "name": f"{name}-{suffix}", "generateName": f"{name}-", "namespace": made["metadata"]["namespace"],
            "labels": template["metadata"]["labels"] | labels,
            "annotations": template["metadata"].get("annotations", {}) | {"lifecycle.apps.kruise.io/timestamp": now()},
            "ownerReferences": ([self.companion(made)] if kind.has_companion else []) + [reference(made)]}
        more = {"readinessGates": [{"conditionType": gate} for gate in kind.gates]} if kind.gates else {}
        more |= {"affinity": affinity_to(seat)} if by_node else {}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"] | more}

    def companion(self, made):
        """The ConfigMap that an object has beside its Pods, as one of their owners."""
        path = f"/api/v1/namespaces/{made['metadata']['namespace']}/configmaps"
        name = f"{made['metadata']['name']}-hosts"
        status, answer = self.client.request("GET", f"{path}/{name}")
        if status == 404:
            _, answer = self.client.request("POST", path, {
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": [reference(made)]}})
        return reference({"apiVersion": "v1", "kind": "ConfigMap", "metadata": answer["metadata"]}, is_controller=False)

    def create(self, made, pod):
        """Whether the Pod was created."""
        status, answer = self.client.request("POST", pods_path(pod["metadata"]["namespace"]), pod)
        if status == 201:
            return True
        uid = made["metadata"]["uid"]
        before = self.patience.get(uid)
        pause = min(2 * before.pause, LONGEST_PAUSE) if before else self.first_pause
        self.refusals[uid] = answer["message"]
        self.patience[uid] = Patience(self.said(made), pause, time.monotonic() + pause)
        return False

    def delete(self, pod):
        """The Pod goes, unless another one has its name by now."""
        metadata = pod["metadata"]
        self.client.request("DELETE", pods_path(metadata["namespace"], metadata["name"]), {
            "kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": metadata["uid"]}})

    @staticmethod
    def said(made):
        """What an object says beside its status, which is written here."""
        return json.dumps([made["metadata"].get(part) for part in ("generation", "annotations", "labels")])

    def is_due(self, made):
        patience = self.patience.get(made["metadata"]["uid"])
        return not patience or patience.said != self.said(made) or time.monotonic() >= patience.until

    def forgive(self, made):
        for kept in (self.patience, self.refusals):
            kept.pop(made["metadata"]["uid"], None)

    # Workloads, and counts.

    def keep_child(self, path, child):
        """Creates an object that should be there, or changes its spec when that is another one by now."""
        child["metadata"].setdefault("annotations", {})["operator/spec"] = digest_of(child["spec"])
        status, there = self.client.request("GET", f"{path}/{child['metadata']['name']}")
        if status == 404:
            status, answer = self.client.request("POST", path, child)
        elif there["metadata"]["annotations"].get("operator/spec") != child["metadata"]["annotations"]["operator/spec"]:
            change = {"metadata": {"annotations": child["metadata"]["annotations"]}, "spec": child["spec"]}
            status, answer = self.client.patch(f"{path}/{child['metadata']['name']}", change)
        if status >= 400:
            uid = controller_of(child)
            self.refusals[uid] = answer["message"]

    def report(self, kind, made, own):
        digests = {digest_of(part["template"]) for _, part in kind.parts(made)}
        live = [pod for pod in own if is_live(pod)]
        updated = [pod for pod in live if pod["metadata"]["labels"]["pod-template-hash"] in digests]
        selector = made["spec"].get("selector", {}).get("matchLabels", {})
        status = {"replicas": len(live), "readyReplicas": sum(map(is_ready, live)), "updatedReplicas": len(updated),
                  "updatedReadyReplicas": sum(map(is_ready, updated)), "observedGeneration": made["metadata"]["generation"],
                  "labelSelector": ",".join(f"{key}={value}" for key, value in selector.items())}
        if made.get("status", {}) != status:
            self.client.patch(kind.path(made, "status"), {"status": status})


@contextlib.contextmanager
def operating(world, *kinds, first_pause=1):
    """Runs the controllers of these kinds meanwhile. If something goes wrong, what went wrong with them is told, and objects
    of these kinds are taken away. The pause after the first refusal is in seconds."""
    operator = Operator(world, kinds, first_pause)
    operator.start()
    try:
        yield operator
    except Exception:
        print("".join(f"      {failure}\n" for failure in operator.failures), end="", flush=True)
        for kind in kinds:
            world.plane.kubectl("delete", kind.resource, "--all", "--all-namespaces", "--wait=false")
        raise
    finally:
        operator.stop()
