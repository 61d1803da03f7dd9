"""Third-party controllers of the tests' own: they make, replace and delete Pods as OpenKruise's and others do, for custom
resources of many shapes.

Comes in: the objects of some kinds, looked at several times a second. Goes out: their Pods, named by the controller, or what
makes these. It knows nothing of addresses.
"""

import contextlib
import dataclasses
import hashlib
import http.client
import json
import random
import string
import threading
import time
from typing import Callable

from control_plane import expect
from addresses import has_ended
from api import PODS, Client, pods_path

PERIOD = 0.2
FIRST_PAUSE, LONGEST_PAUSE = 1, 60


def at(value, path):
    for key in path.split("."):
        value = value[key]
    return value


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of object: what the API calls it, and what its controller makes of an object of it.

    `templates` tells the Pods' templates with how many Pods of each are wanted, by a name for each; `children` the objects of
    other kinds that make the Pods instead, each with the path of its kind.
    """
    group: str
    version: str
    kind: str
    plural: str
    templates: Callable = lambda made: {}
    children: Callable = lambda made: []
    has_scale: bool = False
    # Whether somebody else stands before the controller among the owners.
    has_other_owner: bool = False

    @property
    def api_version(self):
        return f"{self.group}/{self.version}"

    @property
    def resource(self):
        return f"{self.plural}.{self.group}"

    def path(self, namespace=None, name="", subresource=""):
        parts = (f"/apis/{self.api_version}", namespace and f"namespaces/{namespace}", self.plural, name, subresource)
        return "/".join(part for part in parts if part)

    def definition(self):
        """A definition that lets objects be what they are."""
        served = {"name": self.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
        if self.has_scale:
            served["subresources"] = {"status": {}, "scale": {
                "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}}
        return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": self.resource}, "spec": {
                    "group": self.group, "scope": "Namespaced", "versions": [served],
                    "names": {"kind": self.kind, "plural": self.plural}}}

    def owner(self, made):
        return {"apiVersion": self.api_version, "kind": self.kind, "name": made["metadata"]["name"],
                "uid": made["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}


def one(path, replicas="spec.replicas"):
    """One template at a path."""
    return lambda made: {"": (at(made, path), at(made, replicas))}


def child(path, api_version, kind, of, **fields):
    """One object of another kind with its spec, or its template, at a path."""
    def make(made):
        spec = {**at(made, of), **{name: at(made, place) for name, place in fields.items()}}
        return [(path, {"apiVersion": api_version, "kind": kind, "metadata": {"name": made["metadata"]["name"]}, "spec": spec})]
    return make


def replica_set(made):
    """An apps/v1 ReplicaSet for the template of a Rollout."""
    spec = {key: made["spec"][key] for key in ("replicas", "selector", "template")}
    return [("/apis/apps/v1/namespaces/{}/replicasets", {
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": spec,
        "metadata": {"name": f"{made['metadata']['name']}-{digest(spec['template'])}"}})]


KRUISE = "apps.kruise.io"
CLONE_SET = Kind(KRUISE, "v1alpha1", "CloneSet", "clonesets", one("spec.template"), has_scale=True)
ADVANCED_STATEFUL_SET = Kind(KRUISE, "v1beta1", "StatefulSet", "statefulsets", one("spec.template"), has_scale=True,
                             has_other_owner=True)
BROADCAST_JOB = Kind(KRUISE, "v1alpha1", "BroadcastJob", "broadcastjobs", one("spec.template", "spec.parallelism"))
ADVANCED_CRON_JOB = Kind(
    KRUISE, "v1alpha1", "AdvancedCronJob", "advancedcronjobs",
    children=child(BROADCAST_JOB.path("{}"), BROADCAST_JOB.api_version, "BroadcastJob", "spec.template.broadcastJobTemplate.spec"))
UNITED_DEPLOYMENT = Kind(
    KRUISE, "v1alpha1", "UnitedDeployment", "uniteddeployments",
    children=child(CLONE_SET.path("{}"), CLONE_SET.api_version, "CloneSet", "spec.template.cloneSetTemplate.spec",
                   replicas="spec.replicas"))
ROLLOUT = Kind("argoproj.io", "v1alpha1", "Rollout", "rollouts", children=replica_set, has_scale=True)
VOLCANO_JOB = Kind("batch.volcano.sh", "v1alpha1", "Job", "jobs",
                   lambda made: {task["name"]: (task["template"], task["replicas"]) for task in made["spec"]["tasks"]})
PYTORCH_JOB = Kind("kubeflow.org", "v1", "PyTorchJob", "pytorchjobs",
                   lambda made: {role.lower(): (part["template"], part["replicas"])
                                 for role, part in made["spec"]["pytorchReplicaSpecs"].items()})
JOB_SET = Kind("jobset.x-k8s.io", "v1alpha2", "JobSet", "jobsets",
               children=lambda made: [("/apis/batch/v1/namespaces/{}/jobs", {
                   "apiVersion": "batch/v1", "kind": "Job", "spec": job["template"]["spec"],
                   "metadata": {"name": f"{made['metadata']['name']}-{job['name']}"}}) for job in made["spec"]["replicatedJobs"]])
LEADER_WORKER_SET = Kind(
    "leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "leaderworkersets",
    lambda made: {"": (at(made, "spec.leaderWorkerTemplate.workerTemplate"), at(made, "spec.replicas"))}, has_scale=True)
# Kinds that nobody has told the server of.
REDIS_CLUSTER = Kind("redis.example.com", "v1", "RedisCluster", "redisclusters",
                     children=child("/apis/apps/v1/namespaces/{}/statefulsets", "apps/v1", "StatefulSet", "spec.nodes"))
WIDGET = Kind("widgets.example.com", "v1", "CloneSet", "widgets", one("spec.template"))
ALL = (CLONE_SET, ADVANCED_STATEFUL_SET, BROADCAST_JOB, ADVANCED_CRON_JOB, UNITED_DEPLOYMENT, ROLLOUT, VOLCANO_JOB,
       PYTORCH_JOB, JOB_SET, LEADER_WORKER_SET, REDIS_CLUSTER, WIDGET)


def digest(template):
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


class Operator:
    """The controllers of some kinds, in one thread."""

    def __init__(self, world, kinds):
        self.client, self.kinds = Client(world.plane), kinds
        self.refusals = {}
        self.pauses = {}
        self.failure = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self):
        while not self.ended.wait(PERIOD):
            try:
                self.look()
                self.failure = None
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self.failure = repr(error)

    def look(self):
        pods, _ = self.client.list(PODS)
        owned = {}
        for pod in pods:
            for owner in pod["metadata"].get("ownerReferences", ()):
                if owner.get("controller"):
                    owned.setdefault(owner["uid"], []).append(pod)
        for kind in self.kinds:
            for made in self.client.list(kind.path())[0]:
                if "deletionTimestamp" not in made["metadata"]:
                    self.tend(kind, made, owned.get(made["metadata"]["uid"], []))

    def tend(self, kind, made, pods):
        for path, wanted in kind.children(made):
            self.make_child(kind, made, path, wanted)
        templates = kind.templates(made)
        for role, (template, count) in templates.items():
            live = [pod for pod in pods if pod["metadata"]["labels"].get("role", "") == role and not has_ended(pod)]
            self.tend_pods(kind, made, role, template, count, live)
        if kind.has_scale and templates:
            status = {"replicas": len(pods)}
            if made.get("status") != status:
                self.client.patch(kind.path(made["metadata"]["namespace"], made["metadata"]["name"], "status"), {"status": status})

    def tend_pods(self, kind, made, role, template, count, live):
        """Deletes what is too much, replaces one Pod of an older template at a time, and makes what is missing."""
        staying = [pod for pod in live if "deletionTimestamp" not in pod["metadata"]]
        current = digest(template)
        for pod in sorted(staying, key=lambda pod: pod["metadata"]["creationTimestamp"])[count:]:
            self.delete(pod)
        old = [pod for pod in staying[:count] if pod["metadata"]["labels"]["controller-revision-hash"] != current]
        if old and len(live) == count and all(pod["status"]["phase"] == "Running" for pod in live):
            self.delete(old[0])
        elif len(live) < count and self.may_try(made):
            for _ in range(count - len(live)):
                if not self.make_pod(kind, made, role, template, current):
                    break

    def delete(self, pod):
        self.client.request("DELETE", pods_path(pod["metadata"]["namespace"], pod["metadata"]["name"]))

    def make_pod(self, kind, made, role, template, revision):
        name = made["metadata"]["name"]
        suffix = "".join(random.choices(string.ascii_lowercase + string.digits, k=5))
        metadata = template["metadata"]
        labels = {**metadata.get("labels", {}), "controller-revision-hash": revision, **({"role": role} if role else {})}
        others = [self.other_owner(kind, made)] if kind.has_other_owner else []
        pod = {"apiVersion": "v1", "kind": "Pod", "spec": {**template["spec"], "readinessGates": [
            {"conditionType": "InPlaceUpdateReady"}]}, "metadata": {
                "name": f"{name}-{suffix}", "generateName": f"{name}-", "labels": labels,
                "annotations": metadata.get("annotations", {}),
                "ownerReferences": [*others, kind.owner(made)]}}
        status, answer = self.client.request("POST", pods_path(made["metadata"]["namespace"]), pod)
        if status == 201:
            self.pauses.pop(made["metadata"]["uid"], None)
            return True
        self.refusals[name] = answer["message"]
        pause, _, _ = self.pauses.get(made["metadata"]["uid"], (FIRST_PAUSE / 2, 0, None))
        pause = min(LONGEST_PAUSE, 2 * pause)
        self.pauses[made["metadata"]["uid"]] = (pause, time.monotonic() + pause, self.seen(made))
        return False

    def other_owner(self, kind, made):
        """A ConfigMap that an object has beside its Pods, and that goes with it."""
        name, path = made["metadata"]["name"], f"/api/v1/namespaces/{made['metadata']['namespace']}/configmaps"
        status, answer = self.client.request("GET", f"{path}/{name}")
        if status == 404:
            _, answer = self.client.request("POST", path, {
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": [kind.owner(made)]}})
        return {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": answer["metadata"]["uid"]}

    def may_try(self, made):
        """A controller that was refused waits longer each time, and not when its object has changed."""
        _, until, seen = self.pauses.get(made["metadata"]["uid"], (0, 0, None))
        return time.monotonic() >= until or seen != self.seen(made)

    @staticmethod
    def seen(made):
        return made["metadata"].get("generation"), made["metadata"].get("annotations")

    def make_child(self, kind, made, path, wanted):
        path = path.format(made["metadata"]["namespace"])
        wanted["metadata"]["ownerReferences"] = [kind.owner(made)]
        status, present = self.client.request("GET", f"{path}/{wanted['metadata']['name']}")
        if status == 404:
            status, answer = self.client.request("POST", path, wanted)
            if status != 201:
                self.refusals[made["metadata"]["name"]] = answer["message"]
        elif present["spec"].get("replicas") != wanted["spec"].get("replicas"):
            self.client.patch(f"{path}/{wanted['metadata']['name']}", {"spec": {"replicas": wanted["spec"]["replicas"]}})


def install(world):
    """Makes the API server know all kinds. The garbage collector looks for new ones every 30 s."""
    for kind in ALL:
        if kind is not CLONE_SET:
            world.plane.succeed("apply", "-f", "-", stdin=json.dumps(kind.definition()))
    world.plane.succeed("wait", "--for=condition=Established", "--timeout=30s", "crd", *(kind.resource for kind in ALL))


@contextlib.contextmanager
def operating(world, *kinds):
    """Runs the controllers of these kinds meanwhile."""
    plane = world.plane
    if plane.kubectl("get", "crd", WIDGET.resource).returncode:
        install(world)
    operator = Operator(world, kinds)
    operator.thread.start()
    try:
        yield operator
    except Exception:
        for kind in kinds:
            plane.kubectl("delete", kind.resource, "--all", "--all-namespaces", "--wait=false")
        raise
    finally:
        operator.ended.set()
        operator.thread.join(timeout=30)
    expect(operator.failure is None, f"the controller of the test failed: {operator.failure}")
