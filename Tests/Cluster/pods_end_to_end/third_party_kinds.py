"""The kinds of third parties that the tests have: what their objects look like, and what their controllers make of them."""

import dataclasses
from collections.abc import Callable

from objects import asking
from operators import Kind, digest_of, is_live, reference

APPS, BATCH = "/apis/apps/v1/namespaces", "/apis/batch/v1/namespaces"


def pods_template(app, annotations, once=False, **labels):
    spec = {"containers": [{"name": "main", "image": "busybox"}], "terminationGracePeriodSeconds": 1}
    return {"metadata": {"labels": {"app": app, **labels}, "annotations": annotations},
            "spec": spec | ({"restartPolicy": "Never"} if once else {})}


def child(path, owner, api_version, kind, name, spec):
    """An object that an owner makes, and where."""
    namespace = owner["metadata"]["namespace"]
    plural = f"{kind.lower()}s"
    return f"{path}/{namespace}/{plural}", {
        "apiVersion": api_version, "kind": kind, "spec": spec,
        "metadata": {"name": name, "namespace": namespace, "labels": {"made-by": owner["metadata"]["name"]},
                     "ownerReferences": [reference(owner)]}}


def selecting(template, **labels):
    """What selects the Pods of a template that gets these labels too, and the template with them."""
    metadata = template["metadata"] | {"labels": template["metadata"]["labels"] | labels}
    return {"selector": {"matchLabels": metadata["labels"]}, "template": template | {"metadata": metadata}}


# What controllers make beside Pods.

def scheduled_jobs(made, _):
    """An AdvancedCronJob's first Job; there is no second one, for which a test would have to wait a minute."""
    name, template = f"{made['metadata']['name']}-1", made["spec"]["template"]
    if "jobTemplate" in template:
        yield child(BATCH, made, "batch/v1", "Job", name, template["jobTemplate"]["spec"])
    else:
        yield child(f"/apis/{BROADCAST_JOB.api_version}/namespaces", made, BROADCAST_JOB.api_version, "BroadcastJob", name,
                    template["broadcastJobTemplate"]["spec"])


def subsets(made, _):
    """A UnitedDeployment's CloneSets, one for each subset."""
    spec = made["spec"]["template"]["cloneSetTemplate"]["spec"]
    for subset in made["spec"]["topology"]["subsets"]:
        selected = selecting(spec["template"], **{"apps.kruise.io/subset-name": subset["name"]})
        yield child(f"/apis/{CLONE_SET.api_version}/namespaces", made, CLONE_SET.api_version, "CloneSet",
                    f"{made['metadata']['name']}-{subset['name']}", {"replicas": subset["replicas"]} | selected)


def revision(made, _):
    """A Rollout's ReplicaSet; of an older template there is none, as no test changes it."""
    digest = digest_of(made["spec"]["template"])
    selected = selecting(made["spec"]["template"], **{"rollouts-pod-template-hash": digest})
    yield child(APPS, made, "apps/v1", "ReplicaSet", f"{made['metadata']['name']}-{digest}",
                {"replicas": made["spec"]["replicas"]} | selected)


def replicated_jobs(made, _):
    """A JobSet's Jobs."""
    for part in made["spec"]["replicatedJobs"]:
        for number in range(part["replicas"]):
            yield child(BATCH, made, "batch/v1", "Job", f"{made['metadata']['name']}-{part['name']}-{number}",
                        part["template"]["spec"])


def groups(made, pods):
    """A LeaderWorkerSet's StatefulSet of leaders, and one of workers for each leader, which its Pod owns."""
    name, parts = made["metadata"]["name"], made["spec"]["leaderWorkerTemplate"]

    def stateful_set(owner, own_name, count, template, role):
        labels = {"leaderworkerset.sigs.k8s.io/name": name, "role": role}
        return child(APPS, owner, "apps/v1", "StatefulSet", own_name, {
            "replicas": count, "serviceName": name, "podManagementPolicy": "Parallel"} | selecting(template, **labels))

    leaders = stateful_set(made, name, made["spec"]["replicas"], parts["leaderTemplate"], "leader")
    yield leaders
    for pod in pods:
        metadata = pod["metadata"]
        labels = metadata.get("labels", {})
        is_leader = labels.get("leaderworkerset.sigs.k8s.io/name") == name and labels.get("role") == "leader"
        if is_leader and metadata["namespace"] == made["metadata"]["namespace"] and is_live(pod):
            owner = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
            yield stateful_set(owner, metadata["name"], parts["size"] - 1, parts["workerTemplate"], metadata["name"])


def nodes_of_redis(made, _):
    name, spec = made["metadata"]["name"], made["spec"]
    yield child(APPS, made, "apps/v1", "StatefulSet", name, {
        "replicas": spec["clusterSize"], "serviceName": name, "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"app": name}}, "template": pods_template(name, spec["podAnnotations"])})


# The kinds.

def clones_labels(made, suffix, digest):
    return {"apps.kruise.io/cloneset-instance-id": suffix, "lifecycle.apps.kruise.io/state": "PreparingNormal"}


GATES = ("InPlaceUpdateReady", "KruisePodReady")
CLONE_SET = Kind("apps.kruise.io", "v1alpha1", "clonesets", "CloneSet", labels=clones_labels, gates=GATES)
STATEFUL_SET = Kind("apps.kruise.io", "v1beta1", "statefulsets", "StatefulSet", seats="number", gates=GATES)
BROADCAST_JOB = Kind("apps.kruise.io", "v1alpha1", "broadcastjobs", "BroadcastJob", seats="node",
                     labels=lambda made, *_: {"broadcastjob-name": made["metadata"]["name"]})
ADVANCED_CRON_JOB = Kind("apps.kruise.io", "v1alpha1", "advancedcronjobs", "AdvancedCronJob", children=scheduled_jobs)
UNITED_DEPLOYMENT = Kind("apps.kruise.io", "v1alpha1", "uniteddeployments", "UnitedDeployment", children=subsets)
ROLLOUT = Kind("argoproj.io", "v1alpha1", "rollouts", "Rollout", children=revision)
JOB_SET = Kind("jobset.x-k8s.io", "v1alpha2", "jobsets", "JobSet", children=replicated_jobs)
LEADER_WORKER_SET = Kind("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet", children=groups)
VOLCANO_JOB = Kind("batch.volcano.sh", "v1alpha1", "jobs", "Job", place="spec.tasks.*", seats="number",
                   part_label="volcano.sh/task-spec", has_companion=True,
                   labels=lambda made, *_: {"volcano.sh/job-name": made["metadata"]["name"]})
PYTORCH_JOB = Kind("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob", place="spec.pytorchReplicaSpecs.*", seats="number",
                   part_label="training.kubeflow.org/replica-type",
                   labels=lambda made, *_: {"training.kubeflow.org/job-name": made["metadata"]["name"]})
REDIS_CLUSTER = Kind("redis.example.com", "v1", "redisclusters", "RedisCluster", children=nodes_of_redis)
OTHER_CLONE_SET = Kind("clones.example.com", "v1", "clonesets", "CloneSet")
ALL = (CLONE_SET, STATEFUL_SET, BROADCAST_JOB, ADVANCED_CRON_JOB, UNITED_DEPLOYMENT, ROLLOUT, JOB_SET, LEADER_WORKER_SET,
       VOLCANO_JOB, PYTORCH_JOB, REDIS_CLUSTER, OTHER_CLONE_SET)


# Their objects.

@dataclasses.dataclass(frozen=True)
class Shape:
    """A way in which objects of a kind hold a Pod template."""
    kind: Kind
    # Where the template stands, as messages say it; both, if it stands in two places.
    fields: tuple
    # The spec, by the template and the number of Pods.
    spec: Callable
    # Whether the template is one of Pods that end.
    once: bool = False
    # The owner of the Pods' pool if it is not the object itself: kind and name, by the object's name.
    owner: Callable = None

    def made(self, name, subnet, number, count=3, reclaim=None, namespace="default", **labels):
        template = pods_template(name, asking(subnet, number, reclaim), self.once, **labels)
        return {"apiVersion": self.kind.api_version, "kind": self.kind.kind,
                "metadata": {"name": name, "namespace": namespace}, "spec": self.spec(template, count)}


def replicated(template, count):
    labels = {"app": template["metadata"]["labels"]["app"]}
    return {"replicas": count, "selector": {"matchLabels": labels}, "template": template}


def job(template, count):
    return {"parallelism": count, "backoffLimit": 30, "template": template}


def broadcast(template, _):
    return {"parallelism": "100%", "template": template}


def of_leaders(template, count):
    return {"replicas": 1, "leaderWorkerTemplate": {"size": count, "leaderTemplate": template, "workerTemplate": template}}


CLONES = Shape(CLONE_SET, ("spec.template",), replicated)
OTHER_CLONES = Shape(OTHER_CLONE_SET, ("spec.template",), replicated)
STATEFUL = Shape(STATEFUL_SET, ("spec.template",), lambda *given: replicated(*given) | {"serviceName": "none"})
BROADCAST = Shape(BROADCAST_JOB, ("spec.template",), broadcast, once=True)
ROLLED = Shape(ROLLOUT, ("spec.template",), replicated, owner=lambda made: (
    "replicaset.apps", f"{made['metadata']['name']}-{digest_of(made['spec']['template'])}"))
VOLCANO = Shape(VOLCANO_JOB, ("spec.tasks[0].template",), lambda template, count: {
    "minAvailable": count, "tasks": [{"name": "train", "replicas": count, "template": template}]}, once=True)
PYTORCH = Shape(PYTORCH_JOB, ("spec.pytorchReplicaSpecs.Worker.template",), lambda template, count: {
    "pytorchReplicaSpecs": {"Worker": {"replicas": count, "restartPolicy": "OnFailure", "template": template}}})
UNITED = Shape(UNITED_DEPLOYMENT, ("spec.template.cloneSetTemplate.spec.template",), lambda template, count: {
    "replicas": count, "selector": {"matchLabels": template["metadata"]["labels"]},
    "template": {"cloneSetTemplate": {"spec": {"template": template}}},
    "topology": {"subsets": [{"name": "near", "replicas": count}]}},
    owner=lambda made: (CLONE_SET.resource, f"{made['metadata']['name']}-near"))
SCHEDULED = Shape(ADVANCED_CRON_JOB, ("spec.template.jobTemplate.spec.template",), lambda template, count: {
    "schedule": "0 0 1 1 *", "template": {"jobTemplate": {"spec": job(template, count)}}}, once=True,
    owner=lambda made: ("job.batch", f"{made['metadata']['name']}-1"))
SCHEDULED_BROADCAST = Shape(
    ADVANCED_CRON_JOB, ("spec.template.broadcastJobTemplate.spec.template",), lambda template, count: {
        "schedule": "0 0 1 1 *", "template": {"broadcastJobTemplate": {"spec": broadcast(template, count)}}}, once=True,
    owner=lambda made: (BROADCAST_JOB.resource, f"{made['metadata']['name']}-1"))
JOBS = Shape(JOB_SET, ("spec.replicatedJobs[0].template.spec.template",), lambda template, count: {
    "replicatedJobs": [{"name": "work", "replicas": 1, "template": {"spec": job(template, count)}}]}, once=True,
    owner=lambda made: ("job.batch", f"{made['metadata']['name']}-work-0"))
LED = Shape(
    LEADER_WORKER_SET, ("spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"), of_leaders)
SHAPES = (CLONES, STATEFUL, BROADCAST, ROLLED, VOLCANO, PYTORCH, UNITED, SCHEDULED, SCHEDULED_BROADCAST, JOBS, LED)
