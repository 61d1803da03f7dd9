"""What makes Pods: Deployments, Jobs, StatefulSets, with the controllers of a real control plane."""

import json
import time
from datetime import datetime

from control_plane import REPOSITORY, SCRIPTS, eventually, expect
from addresses import allocations, check_consistency, records
from objects import (
    addresses_of, apply, make_pool, pod, pods_of, remove_pool, running, stored_pool, unscheduled, workload)


def scale(world, kind, name, replicas):
    world.plane.succeed("scale", kind, name, f"--replicas={replicas}")


def remove_workload(world, kind, name):
    """Deletes a workload, and waits until its Pods are gone."""
    world.plane.succeed("delete", kind, name, "--wait=false")
    eventually(60, f"the end of the Pods of {name}", lambda: not pods_of(world, name))


def a_deployment_fills_its_pool(world):
    """a Deployment of 200 Pods on a pool of exactly 200 addresses gets all of them, and again after a scale to 0"""
    name = make_pool(world, "exact", "10.30.0.1-10.30.0.200")
    apply(world.plane, workload("Deployment", "exact", name, replicas=200))
    wanted = {f"10.30.0.{number}" for number in range(1, 201)}
    for again in (True, False):
        addresses = addresses_of(running(world, "exact", 200, within=120))
        expect(len(addresses) == 200 and set(addresses) == wanted, f"{len(set(addresses))} different addresses for 200 Pods")
        expect(check_consistency(world)[name] == wanted, "the status does not hold all of them")
        scale(world, "deployment", "exact", 0)
        running(world, "exact", 0, within=120)
        eventually(15, "an empty pool", lambda: not records(stored_pool(world, name)))
        if again:
            scale(world, "deployment", "exact", 200)
    remove_workload(world, "deployment", "exact")
    remove_pool(world, name, within=30)


def a_rolling_update_changes_every_address(world):
    """a rolling update of a Deployment gives the new Pods addresses of their own, and the old ones theirs back"""
    name = make_pool(world, "rolling", "10.31.0.1-10.31.0.50")
    apply(world.plane, workload("Deployment", "rolling", name, replicas=10))
    before = {pod["metadata"]["uid"] for pod in running(world, "rolling", 10, within=60)}
    apply(world.plane, workload("Deployment", "rolling", name, replicas=10, labels={"revision": "2"}))
    world.plane.succeed("rollout", "status", "deployment/rolling", "--timeout=50s")
    after = running(world, "rolling", 10, within=30)
    expect(not before & {pod["metadata"]["uid"] for pod in after}, "an old Pod is still there")
    expect(len(check_consistency(world)[name]) == 10, "not exactly 10 addresses are held")
    remove_workload(world, "deployment", "rolling")
    remove_pool(world, name)


def a_job_gives_its_addresses_back(world):
    """a Job whose Pods have succeeded holds no address, although its Pods are still there"""
    name = make_pool(world, "job", "10.32.0.1-10.32.0.4")
    # 8 Pods on 4 addresses: each address has to come back within the Job.
    apply(world.plane, workload("Job", "job", name, labels={"ends": "Succeeded"}, template_spec={"restartPolicy": "Never"},
                                completions=8, parallelism=4, backoffLimit=30))
    world.plane.succeed("wait", "--for=condition=complete", "job/job", "--timeout=50s")
    eventually(10, "an empty pool", lambda: not records(stored_pool(world, name)))
    pods, _ = world.client.list("/api/v1/pods?labelSelector=app%3Djob")
    expect(len(pods) == 8 and all(allocations(pod) for pod in pods), f"{len(pods)} Pods of the Job are left")
    check_consistency(world)
    world.plane.succeed("delete", "job", "job")
    remove_pool(world, name)


def a_failed_pod_gives_its_address_back(world):
    """a Pod that has failed and is not started again holds no address"""
    name = make_pool(world, "failing", "10.33.0.1")
    apply(world.plane, pod("failing", name, labels={"ends": "Failed"}, restartPolicy="Never"))
    eventually(20, "the address being given back", lambda: not records(stored_pool(world, name)) and
               world.plane.get("pod", "failing")["status"]["phase"] == "Failed")
    apply(world.plane, unscheduled("next", name))
    check_consistency(world)
    for victim in ("failing", "next"):
        world.plane.remove("pod", victim)
    remove_pool(world, name)


def by_name(world, app):
    return {pod["metadata"]["name"]: allocations(pod)[0][1] for pod in pods_of(world, app)}


def statefulset_pods_keep_their_addresses(world):
    """the Pods of a StatefulSet find their addresses again, and only a scale down releases one"""
    name = make_pool(world, "stateful", "10.34.0.1-10.34.0.50")
    apply(world.plane, workload("StatefulSet", "stateful", name, replicas=5))
    running(world, "stateful", 5, within=60)
    before = by_name(world, "stateful")
    for victim in ("stateful-0", "stateful-3"):
        uid = world.plane.get("pod", victim)["metadata"]["uid"]
        world.plane.succeed("delete", "pod", victim, "--timeout=30s")
        eventually(20, f"another {victim}", lambda: (world.plane.get("pod", victim) or {}).get("metadata", {}).get("uid", uid) != uid)
        running(world, "stateful", 5, within=30)
        expect(by_name(world, "stateful") == before, f"addresses were {before} and are {by_name(world, 'stateful')}")
        check_consistency(world)
    # All of them at once, as when a node is lost.
    old = {pod["metadata"]["uid"] for pod in pods_of(world, "stateful")}
    world.plane.succeed("delete", "pods", "-l", "app=stateful", "--wait=false")
    eventually(60, "the end of all old Pods", lambda: not old & {pod["metadata"]["uid"] for pod in pods_of(world, "stateful")})
    running(world, "stateful", 5, within=60)
    expect(by_name(world, "stateful") == before, f"addresses were {before} and are {by_name(world, 'stateful')}")
    scale(world, "statefulset", "stateful", 4)
    running(world, "stateful", 4, within=30)
    eventually(10, "the release of the highest", lambda: before["stateful-4"] not in records(stored_pool(world, name)))
    expect(by_name(world, "stateful") == {pod: address for pod, address in before.items() if pod != "stateful-4"}, "others moved")
    check_consistency(world)
    remove_workload(world, "statefulset", "stateful")
    remove_pool(world, name)


def a_full_pool_is_told(world):
    """a full pool is told with its name and counts, as kubectl prints it"""
    name = make_pool(world, "full", "10.35.0.1-10.35.0.2")
    apply(world.plane, unscheduled("first", name), unscheduled("second", name))
    wanted = ('Error from server (Forbidden): error when creating "STDIN": admission webhook "pods.spiderpool.spidernet.io" '
              'denied the request: pods "third" is forbidden: no IPv4 address for eth0: '
              "full is full: of 2 addresses 2 are used, 0 of them by Pods not yet seen, and 0 are reserved for Pods being created\n")

    def refused():
        done = world.plane.kubectl("create", "-f", "-", stdin=json.dumps(unscheduled("third", name)))
        expect(done.returncode != 0, "a third Pod got one of two addresses")
        expect(done.text == wanted, f"kubectl printed\n{done.text}instead of\n{wanted}")
        return True

    eventually(5, "the refusal", refused)
    for victim in ("first", "second"):
        world.plane.remove("pod", victim)
    remove_pool(world, name)


def refusals(world):
    """How many Pods of controllers the server has refused an address, as its log tells."""
    return sum("decision=denied rule=pool-choice" in line and "user=system:kube-controller-manager" in line
               for line in world.server.log.read_text().splitlines())


def a_returning_address_wakes_its_replicaset(world):
    """an address that comes back wakes a ReplicaSet that was refused long ago, within 5 s"""
    name = make_pool(world, "waking", "10.36.0.1-10.36.0.2")
    before = refusals(world)
    apply(world.plane, unscheduled("holder", name), workload("Deployment", "waking", name, replicas=2))
    running(world, "waking", 1, within=30)
    # Its pause doubles with every refusal: after 11 s without one, the next is 9 s away or more.
    deadline, seen, since = time.monotonic() + 90, 0, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < 11:
        count = refusals(world) - before
        if count != seen:
            seen, since = count, time.monotonic()
        time.sleep(0.1)
    expect(seen > 5, f"the ReplicaSet was refused only {seen} times")
    world.plane.remove("pod", "holder")
    began = time.monotonic()
    running(world, "waking", 2, within=5)
    print(f"      woken after {time.monotonic() - began:.1f} s", flush=True)
    check_consistency(world)
    remove_workload(world, "deployment", "waking")
    remove_pool(world, name)


def a_returning_address_wakes_a_third_party_owner(world):
    """an address that comes back wakes a CloneSet whose Pod was refused, by the account of the manifests"""
    name, plane = make_pool(world, "waking-clones", "10.39.0.1"), world.plane
    plane.succeed("apply", "-f", SCRIPTS / "clonesets.yaml", "-f", REPOSITORY / "manifests/third-party-rbac.yaml")
    plane.succeed("wait", "--for=condition=Established", "--timeout=30s", "crd", "clonesets.apps.kruise.io")
    owner = {"apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet", "metadata": {"name": "clones"}}
    apply(plane, unscheduled("clone-holder", name), owner)
    clone = unscheduled("clone-1", name)
    clone["metadata"]["ownerReferences"] = [{
        "apiVersion": owner["apiVersion"], "kind": "CloneSet", "name": "clones", "controller": True,
        "uid": plane.get("clonesets.apps.kruise.io", "clones")["metadata"]["uid"]}]
    refused = plane.kubectl("create", "-f", "-", stdin=json.dumps(clone))
    expect(refused.returncode == 1 and "is full" in refused.stderr, refused.text)
    plane.remove("pod", "clone-holder")
    eventually(5, "the CloneSet's annotation", lambda: "ipam.spidernet.io/addresses-available" in plane.get(
        "clonesets.apps.kruise.io", "clones")["metadata"].get("annotations", {}))
    plane.remove("clonesets.apps.kruise.io", "clones")
    remove_pool(world, name)


def a_full_pool_is_rolled(world):
    """a rolling update of 20 Pods on a pool of exactly 20 addresses finishes, with the usual strategy"""
    roll(world, "tight", "10.37.0", None)


def a_full_pool_is_rolled_without_surge(world):
    """the same with maxSurge 0"""
    roll(world, "tighter", "10.38.0", {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "25%"}})


def roll(world, app, network, strategy):
    name = make_pool(world, app, f"{network}.1-{network}.20")
    more = {"strategy": strategy} if strategy else {}
    apply(world.plane, workload("Deployment", app, name, replicas=20, **more))
    running(world, app, 20, within=60)
    began, before = time.monotonic(), refusals(world)
    apply(world.plane, workload("Deployment", app, name, replicas=20, labels={"revision": "2"}, **more))
    world.plane.succeed("rollout", "status", f"deployment/{app}", "--timeout=58s")
    print(f"      rolled in {time.monotonic() - began:.1f} s, {refusals(world) - before} refusals", flush=True)
    pods = running(world, app, 20, within=30)
    expect(len(set(addresses_of(pods))) == 20, "20 Pods have not 20 addresses")
    pause = longest_pause(pods)
    expect(pause <= 5, f"for {pause} s no Pod was created, although others were still to be")
    check_consistency(world)
    remove_workload(world, "deployment", app)
    remove_pool(world, name)


def longest_pause(pods):
    """The longest time between two creations, in whole seconds."""
    times = sorted(datetime.fromisoformat(pod["metadata"]["creationTimestamp"].rstrip("Z")) for pod in pods)
    return max((later - earlier).seconds for earlier, later in zip(times, times[1:]))


SCENARIOS = [
    a_deployment_fills_its_pool, a_rolling_update_changes_every_address, a_job_gives_its_addresses_back,
    a_failed_pod_gives_its_address_back, statefulset_pods_keep_their_addresses, a_full_pool_is_told,
    a_returning_address_wakes_its_replicaset, a_returning_address_wakes_a_third_party_owner, a_full_pool_is_rolled, a_full_pool_is_rolled_without_surge,
]
