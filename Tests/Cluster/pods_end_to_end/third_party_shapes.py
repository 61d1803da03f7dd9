"""Objects of third parties whose Pod templates stand in other places than a CloneSet's, and those that leave their Pods to
controllers of Kubernetes' own."""

import json

from control_plane import expect, eventually
from automatic_kinds import check_served, make_subnets, sized
from objects import PREFIX, apply, asking, automatic_pools, running
from operators import (
    ADVANCED_CRON_JOB, ADVANCED_STATEFUL_SET, BROADCAST_JOB, CLONE_SET, JOB_SET, LEADER_WORKER_SET, PYTORCH_JOB, REDIS_CLUSTER,
    ROLLOUT, UNITED_DEPLOYMENT, VOLCANO_JOB, operating)

NUMBER = f"metadata.annotations[{PREFIX}/ippool-ip-number]"


def pods_template(app, annotations, **spec):
    return {"metadata": {"labels": {"app": app}, "annotations": annotations},
            "spec": {"containers": [{"name": "main", "image": "busybox"}], "terminationGracePeriodSeconds": 1, **spec}}


def custom(kind, name, spec):
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}, "spec": spec}


def once(made):
    made["spec"]["restartPolicy"] = "Never"
    return made


# By kind: the spec for a template of Pods, and where the template stands.
FORMS = {
    ADVANCED_STATEFUL_SET: (lambda pods: {"replicas": 3, "template": pods}, "spec.template"),
    BROADCAST_JOB: (lambda pods: {"parallelism": 3, "template": pods}, "spec.template"),
    ADVANCED_CRON_JOB: (
        lambda pods: {"schedule": "*/1 * * * *", "template": {"broadcastJobTemplate": {"spec": {
            "parallelism": 3, "template": pods}}}},
        "spec.template.broadcastJobTemplate.spec.template"),
    UNITED_DEPLOYMENT: (
        lambda pods: {"replicas": 3, "template": {"cloneSetTemplate": {"spec": {"template": pods}}}},
        "spec.template.cloneSetTemplate.spec.template"),
    ROLLOUT: (
        lambda pods: {"replicas": 3, "selector": {"matchLabels": pods["metadata"]["labels"]}, "template": pods},
        "spec.template"),
    VOLCANO_JOB: (
        lambda pods: {"tasks": [{"name": "none", "replicas": 0, "template": {"metadata": {}, "spec": pods["spec"]}},
                                {"name": "some", "replicas": 3, "template": pods}]},
        "spec.tasks[1].template"),
    PYTORCH_JOB: (
        lambda pods: {"pytorchReplicaSpecs": {"Worker": {"replicas": 3, "template": pods}}},
        "spec.pytorchReplicaSpecs.Worker.template"),
    JOB_SET: (
        lambda pods: {"replicatedJobs": [{"name": "work", "template": {"spec": {
            "parallelism": 3, "completions": 3, "template": once(pods)}}}]},
        "spec.replicatedJobs[0].template.spec.template"),
    LEADER_WORKER_SET: (
        lambda pods: {"replicas": 3, "leaderWorkerTemplate": {"workerTemplate": pods}},
        "spec.leaderWorkerTemplate.workerTemplate"),
}
# Whose the pools are where another object makes the Pods.
MAKERS = {ADVANCED_CRON_JOB: "BroadcastJob", UNITED_DEPLOYMENT: "CloneSet", ROLLOUT: "ReplicaSet", JOB_SET: "Job"}
# What else has to run for a kind.
HELPERS = {ADVANCED_CRON_JOB: (BROADCAST_JOB,), UNITED_DEPLOYMENT: (CLONE_SET,)}


def shape(number, kind):
    """The scenario of a kind: refused with "+5" where its template stands, served with "5", and cleared up after."""
    def run(world):
        form, path = FORMS[kind]
        app, network = kind.plural, f"10.{120 + number}.0"
        make_subnets(world, (f"{app}-four", f"{network}.10-{network}.60"))
        with operating(world, kind, *HELPERS.get(kind, ())):
            wrong = custom(kind, app, form(pods_template(app, asking(f"{app}-four", "+5"))))
            refused = world.plane.kubectl("apply", "-f", "-", stdin=json.dumps(wrong))
            told = f'The {kind.kind} "{app}" is invalid: {path}.{NUMBER}: Invalid value: "+5"'
            expect(refused.returncode == 1 and refused.stderr.startswith(told), f"it says {refused.text} instead of {told}")
            apply(world.plane, custom(kind, app, form(pods_template(app, asking(f"{app}-four", "5")))))
            pods = running(world, app, 3, within=40)
            pools = [pool for pool in automatic_pools(world)]
            expect(len(pools) == 1, f"there are {len(pools)} pools")
            labels = pools[0]["metadata"]["labels"]
            owner = labels[f"{PREFIX}/owner-application-kind"]
            expect(owner == MAKERS.get(kind, kind.kind), f"the pool is that of a {owner}")
            check_served(world, labels[f"{PREFIX}/owner-application-name"], pods)
            sized(world, labels[f"{PREFIX}/owner-application-name"], 5)
            world.plane.succeed("delete", kind.resource, app, "--wait=false")
            eventually(60, "the end of the pool", lambda: not automatic_pools(world))

    run.__doc__ = f"{kind.kind} of {kind.group} is refused with \"+5\" at {FORMS[kind][1]}, and has a pool of 5 otherwise"
    run.__name__ = f"a_{kind.plural}_has_its_pool"
    return run


def a_list_is_judged_one_by_one(world):
    """of a List that is applied at once only the object with "+5" is refused, and told by its name"""
    make_subnets(world, ("listed", "10.111.0.10-10.111.0.90"))
    kinds = (ADVANCED_STATEFUL_SET, VOLCANO_JOB, PYTORCH_JOB)
    with operating(world, *kinds):
        items = [custom(kind, f"listed-{kind.plural}", FORMS[kind][0](
            pods_template(f"listed-{kind.plural}", asking("listed", "+5" if kind is VOLCANO_JOB else "5")))) for kind in kinds]
        done = world.plane.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        expect(done.returncode == 1 and done.stderr.count("is invalid") == 1, f"it says {done.text}")
        expect('The Job "listed-jobs" is invalid: spec.tasks[1].template.' in done.stderr, f"it says {done.text}")
        for kind in (ADVANCED_STATEFUL_SET, PYTORCH_JOB):
            check_served(world, f"listed-{kind.plural}", running(world, f"listed-{kind.plural}", 3, within=30))
            world.plane.succeed("delete", kind.resource, f"listed-{kind.plural}", "--wait=false")
        eventually(60, "the end of the pools", lambda: not automatic_pools(world))


def a_chain_to_a_statefulset_keeps_its_meaning(world):
    """a custom resource that owns a StatefulSet: the pool is the StatefulSet's, follows its replicas, and its Pods stay put"""
    make_subnets(world, ("chain", "10.112.0.10-10.112.0.60"))
    with operating(world, REDIS_CLUSTER):
        nodes = {"replicas": 3, "serviceName": "chain", "selector": {"matchLabels": {"app": "chain"}},
                 "template": pods_template("chain", asking("chain", "+2"))}
        apply(world.plane, custom(REDIS_CLUSTER, "chain", {"nodes": nodes}))
        before = {pod["metadata"]["name"]: pod for pod in running(world, "chain", 3, within=45)}
        sized(world, "chain", 5)
        made, = automatic_pools(world, "chain")
        expect(made["metadata"]["labels"][f"{PREFIX}/owner-application-kind"] == "StatefulSet", f"{made['metadata']}")
        world.plane.succeed("delete", "pod", "chain-1", "--wait=false")
        uid = before["chain-1"]["metadata"]["uid"]

        def attempt():
            pods = {pod["metadata"]["name"]: pod for pod in running(world, "chain", 3, within=30)}
            expect(pods["chain-1"]["metadata"]["uid"] != uid, "the Pod is the old one")
            return pods

        after = eventually(30, "another Pod", attempt)
        allocation = f"{PREFIX}/allocation"
        expect(all(after[name]["metadata"]["annotations"][allocation] == pod["metadata"]["annotations"][allocation]
                   for name, pod in before.items()), "an address has changed")
        world.plane.succeed("patch", REDIS_CLUSTER.resource, "chain", "--type=merge", "-p", '{"spec":{"nodes":{"replicas":4}}}')
        running(world, "chain", 4, within=45)
        sized(world, "chain", 6)
        world.plane.succeed("delete", REDIS_CLUSTER.resource, "chain", "--wait=false")
        eventually(60, "the end of the pool", lambda: not automatic_pools(world))


SHAPES = [*(shape(number, kind) for number, kind in enumerate(FORMS)), a_list_is_judged_one_by_one,
          a_chain_to_a_statefulset_keeps_its_meaning]
