"""Automatic pools and the subnets that they are cut from."""

import contextlib
import functools
import json
import subprocess
import time

from control_plane import GROUP, Failed, eventually, expect
from addresses import check_consistency, check_subnets, records
from automatic_kinds import KINDS, check_served, check_shape, expect_printed, make_subnets, refusal, sized
from objects import (
    PREFIX, addresses_of, apply, application, automatic_pools, make_pool, pods_of, remove_pool, running,
    stored_pool, stored_subnet)
from workloads import by_name, remove_workload

WORKLOADS = "replicationcontrollers,deployments,replicasets,statefulsets,daemonsets,cronjobs,jobs"


def check_nothing_is_left(world):
    """No automatic pool is left, every subnet has all its addresses again and can go, and the program finds nothing."""
    def attempt():
        left = [pool["metadata"]["name"] for pool in automatic_pools(world)]
        expect(not left, f"{left} are left")
        subnets, _ = world.client.list(f"{GROUP}/spidersubnets")
        # A subnet or pool that was just made has no status yet.
        statuses = {subnet["metadata"]["name"]: subnet.get("status", {}) for subnet in subnets}
        held = {name: status for name, status in statuses.items() if status.get("allocatedIPCount")}
        expect(not held, f"subnets have given addresses: {held}")
        return True

    eventually(30, "the end of all automatic pools", attempt)
    check_consistency(world)
    check_subnets(world)
    command = [world.binary, "ipam", "check", "--kubeconfig", world.plane.env["KUBECONFIG"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect(done.returncode == 0, f"ipam check ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    world.plane.succeed("delete", "ss", "--all", "--timeout=15s")


def sweep(world):
    """Takes away what a failed scenario has left, so that the next one is not judged by it."""
    for kinds in (WORKLOADS, "pods", "sp", "ss"):
        world.plane.kubectl("delete", kinds, "--all", "--wait=false")
    with contextlib.suppress(Failed):
        eventually(20, "the end of what is left", lambda: not world.client.list(f"{GROUP}/spidersubnets")[0])


def ending_clean(scenario):
    """The scenario, after which nothing may be left."""
    @functools.wraps(scenario)
    def run(world):
        try:
            scenario(world)
            check_nothing_is_left(world)
        except Exception:
            sweep(world)
            raise
    return run


# The end of an application, and its return.

def pool_names(world, app):
    return {pool["metadata"]["name"] for pool in automatic_pools(world, app)}


def remove(world, kind, app):
    world.plane.succeed("delete", kind, app, "--wait=false")


def an_application_that_returns_has_new_pools(world):
    """a Deployment that is deleted and created again at once has a new pool, and the old one goes with the old Pods"""
    make_subnets(world, ("again", "10.70.0.10-10.70.0.39"))
    made = application("Deployment", "again", "again", 3)
    apply(world.plane, made)
    running(world, "again", 3, within=30)
    before = pool_names(world, "again")
    old = {pod["metadata"]["uid"] for pod in pods_of(world, "again")}
    remove(world, "deployment", "again")
    apply(world.plane, made)
    eventually(30, "the end of the old Pods", lambda: not old & {pod["metadata"]["uid"] for pod in pods_of(world, "again")})
    pods = running(world, "again", 3, within=30)
    eventually(15, "the end of the old pool", lambda: not before & pool_names(world, "again"))
    sized(world, "again", 4)
    check_shape(world, "Deployment", "again", "+1")
    check_served(world, "again", pods)
    remove(world, "deployment", "again")


def a_pool_that_is_kept_is_used_again(world):
    """a pool with ippool-reclaim false stays when its Deployment is deleted, and is the same for the next of that name"""
    make_subnets(world, ("kept", "10.71.0.10-10.71.0.39"))
    made = application("Deployment", "keeper", "kept", 3, reclaim="false")
    apply(world.plane, made, application("Deployment", "goer", "kept", 1))
    running(world, "keeper", 3, within=30)
    sized(world, "goer", 2)
    check_shape(world, "Deployment", "keeper", "+1", reclaim="false")
    before, = automatic_pools(world, "keeper")
    name = before["metadata"]["name"]
    remove_workload(world, "deployment", "keeper")
    eventually(10, "an empty pool", lambda: not records(stored_pool(world, name)))
    # Another one that is deleted later goes: the first one has been looked at by then.
    remove_workload(world, "deployment", "goer")
    eventually(15, "the end of a pool that is not kept", lambda: not automatic_pools(world, "goer"))
    kept = stored_pool(world, name)
    expect(kept["spec"] == before["spec"] and "deletionTimestamp" not in kept["metadata"], f"the pool is {kept}")
    check_subnets(world)
    apply(world.plane, made)
    pods = running(world, "keeper", 3, within=30)
    check_served(world, "keeper", pods)
    uid, label = world.plane.get("deployment", "keeper")["metadata"]["uid"], f"{PREFIX}/owner-application-uid"
    after, = automatic_pools(world, "keeper")
    expect(after["spec"] == before["spec"], f"addresses were {before['spec']} and are {after['spec']}")
    labels = after["metadata"]["labels"]
    expect(labels == before["metadata"]["labels"] | {label: uid}, f"labels are {labels}")
    remove_workload(world, "deployment", "keeper")
    remove_pool(world, name)


def a_statefulset_keeps_its_addresses(world):
    """Pods of a StatefulSet keep the addresses of its automatic pool, and only ordinals that are gone give theirs back"""
    make_subnets(world, ("ordinal", "10.72.0.10-10.72.0.39"))
    apply(world.plane, application("StatefulSet", "ordinal", "ordinal", 4))
    running(world, "ordinal", 4, within=45)
    before = by_name(world, "ordinal")
    old = {pod["metadata"]["uid"] for pod in pods_of(world, "ordinal")}
    world.plane.succeed("delete", "pod", "ordinal-1", "ordinal-2", "--wait=false")
    eventually(30, "other Pods", lambda: len(old & {pod["metadata"]["uid"] for pod in pods_of(world, "ordinal")}) == 2)
    running(world, "ordinal", 4, within=30)
    expect(by_name(world, "ordinal") == before, f"addresses were {before} and are {by_name(world, 'ordinal')}")
    world.plane.succeed("scale", "statefulset", "ordinal", "--replicas=2")
    pods = running(world, "ordinal", 2, within=30)
    sized(world, "ordinal", 3)
    left = {name: address for name, address in before.items() if name in ("ordinal-0", "ordinal-1")}
    expect(by_name(world, "ordinal") == left, f"addresses were {left} and are {by_name(world, 'ordinal')}")
    check_served(world, "ordinal", pods)
    check_consistency(world)
    world.plane.succeed("scale", "statefulset", "ordinal", "--replicas=3")
    running(world, "ordinal", 3, within=30)
    expect(by_name(world, "ordinal").items() > left.items(), f"addresses were {left} and are {by_name(world, 'ordinal')}")
    remove(world, "statefulset", "ordinal")


# A subnet that is full.

def events(world, reason, name):
    """The messages of the Events of a reason about an object."""
    items, _ = world.client.list(f"/api/v1/events?fieldSelector=reason%3D{reason},involvedObject.name%3D{name}")
    return [item["message"] for item in items]


def an_exhausted_subnet_is_told_and_shared(world):
    """a Deployment that does not fit into its subnet is told so, and runs within 10 s when another one is scaled down"""
    make_subnets(world, ("tight", "10.73.0.10-10.73.0.15"))
    apply(world.plane, application("Deployment", "fits", "tight", 5))
    running(world, "fits", 5, within=30)
    sized(world, "fits", 6)
    apply(world.plane, application("Deployment", "waits", "tight", 2, "+0"))
    eventually(10, "the Event", lambda: events(world, "SubnetExhausted", "waits"))
    wanted = ['the IPv4 pool of eth0 is to have 2 addresses and lacks 2; SpiderSubnet "tight" has 0 left: '
              "add addresses to it, or ask for fewer"]
    expect(events(world, "SubnetExhausted", "waits") == wanted, f"Events are {events(world, 'SubnetExhausted', 'waits')}")
    refused = 'SpiderSubnet "tight" has 0 free addresses, and the IPv4 pool of Deployment default/waits needs 2 more'
    eventually(10, "the refusal of a Pod", lambda: refused in refusal(world, "waits"))
    expect(not pods_of(world, "waits"), "Pods run without addresses")
    check_subnets(world)
    world.plane.succeed("scale", "deployment", "fits", "--replicas=2")
    began = time.monotonic()
    pods = running(world, "waits", 2, within=12)
    print(f"      served after {time.monotonic() - began:.1f} s", flush=True)
    check_served(world, "waits", pods)
    sized(world, "fits", 3)
    for app in ("fits", "waits"):
        remove(world, "deployment", app)


# Subnets and pools that belong together.

GATEWAY = {"gateway": "10.74.0.1", "routes": [{"dst": "10.99.0.0/16", "gw": "10.74.0.2"}]}
OTHER_GATEWAY = {"gateway": "10.74.0.3", "routes": [
    {"dst": "10.98.0.0/16", "gw": "10.74.0.4"}, {"dst": "10.97.0.0/16", "gw": "10.74.0.2"}]}


def belongs(world, name, subnet_name):
    """Waits until a pool is its subnet's, by label, owner and the subnet's status."""
    owner = stored_subnet(world, subnet_name)
    wanted = {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderSubnet", "name": subnet_name,
              "uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}

    def attempt():
        metadata = stored_pool(world, name)["metadata"]
        expect(metadata["labels"].get(f"{PREFIX}/owner-spider-subnet") == subnet_name, f"labels are {metadata['labels']}")
        expect(metadata.get("ownerReferences") == [wanted], f"owners are {metadata.get('ownerReferences')}")
        return True

    eventually(10, f"{name} belonging to {subnet_name}", attempt)
    check_subnets(world)


def routed(world, *names):
    """What pools say of gateway and routes."""
    return [{part: stored_pool(world, name)["spec"].get(part) for part in ("gateway", "routes")} for name in names]


def pools_follow_their_subnet(world):
    """pools in a subnet inherit its gateway and routes, follow their change, and are counted in its status"""
    make_subnets(world, ("routed", "10.74.0.10-10.74.0.59"), **GATEWAY)
    own = {"gateway": "10.74.0.9", "routes": [{"dst": "10.96.0.0/16", "gw": "10.74.0.9"}]}
    heir, other = make_pool(world, "heir", "10.74.0.20-10.74.0.24"), make_pool(world, "own", "10.74.0.30-10.74.0.31", **own)
    apply(world.plane, application("Deployment", "routed", "routed", 2))
    running(world, "routed", 2, within=30)
    name, = pool_names(world, "routed")
    for made in (heir, other):
        belongs(world, made, "routed")
    counts = stored_subnet(world, "routed")["status"]
    expect((counts["allocatedIPCount"], counts["totalIPCount"]) == (3 + 5 + 2, 50), f"the status is {counts}")
    expect(routed(world, name, heir, other) == [GATEWAY, GATEWAY, own], f"pools have {routed(world, name, heir, other)}")
    world.plane.succeed("patch", "ss", "routed", "--type=merge", "-p", json.dumps({"spec": OTHER_GATEWAY}))

    def attempt():
        have = routed(world, name, heir, other)
        expect(have == [OTHER_GATEWAY, OTHER_GATEWAY, own], f"pools have {have}")
        return True

    eventually(10, "the pools following", attempt)
    check_shape(world, "Deployment", "routed", "+1")
    remove(world, "deployment", "routed")
    for made in (heir, other):
        remove_pool(world, made)


def an_older_pool_is_adopted(world):
    """a pool that is older than its subnet is adopted, and the subnet is not shrunk below what it holds"""
    make_pool(world, "older", "10.75.0.20-10.75.0.24")
    make_subnets(world, ("younger", "10.75.0.10-10.75.0.59"))
    belongs(world, "older", "younger")
    apply(world.plane, application("Deployment", "adopted", "younger", 2))
    running(world, "adopted", 2, within=30)
    automatic, = pool_names(world, "adopted")
    change = {"spec": {"ips": ["10.75.0.12-10.75.0.22"]}}
    done = world.plane.kubectl("patch", "ss", "younger", "--type=merge", "-p", json.dumps(change))
    expect_printed(done.text, (
        'The SpiderSubnet "younger" is invalid: \n'
        f'* spec.ips: Forbidden: 10.75.0.10-10.75.0.11 belongs to SpiderIPPool "{automatic}"; '
        "keep it, or shrink that pool first\n"
        '* spec.ips: Forbidden: 10.75.0.23-10.75.0.24 belongs to SpiderIPPool "older"; keep it, or shrink that pool first\n'))
    world.plane.succeed("patch", "ss", "younger", "--type=merge", "-p", '{"spec":{"ips":["10.75.0.10-10.75.0.24"]}}')
    check_subnets(world)
    remove(world, "deployment", "adopted")
    remove_pool(world, "older")


def a_subnet_goes_after_its_pools(world):
    """a subnet that is deleted goes after its pools, and these after their Pods"""
    make_subnets(world, ("going", "10.76.0.10-10.76.0.59"))
    free = make_pool(world, "free", "10.76.0.30-10.76.0.34")
    belongs(world, free, "going")
    apply(world.plane, application("Deployment", "staying", "going", 2))
    running(world, "staying", 2, within=30)
    name, = pool_names(world, "staying")
    world.plane.succeed("delete", "ss", "going", "--wait=false")
    eventually(15, "the end of the pool without Pods", lambda: stored_pool(world, free) is None)
    eventually(15, "the pool terminating", lambda: "deletionTimestamp" in stored_pool(world, name)["metadata"])
    expect(stored_subnet(world, "going") is not None, "the subnet went before its pools")
    running(world, "staying", 2, within=5)
    remove_workload(world, "deployment", "staying")
    eventually(15, "the end of the pool", lambda: stored_pool(world, name) is None)
    eventually(15, "the end of the subnet", lambda: stored_subnet(world, "going") is None)


def a_deleted_pool_is_replaced(world):
    """an automatic pool that is deleted by hand is replaced by a new one, and goes with its last Pod"""
    make_subnets(world, ("replaced", "10.77.0.10-10.77.0.59"))
    apply(world.plane, application("Deployment", "replaced", "replaced", 2))
    running(world, "replaced", 2, within=30)
    old, = pool_names(world, "replaced")
    world.plane.succeed("delete", "sp", old, "--wait=false")
    eventually(15, "a new pool", lambda: len(pool_names(world, "replaced")) == 2)
    check_consistency(world)
    check_subnets(world)
    world.plane.succeed("rollout", "restart", "deployment/replaced")
    world.plane.succeed("rollout", "status", "deployment/replaced", "--timeout=40s")
    eventually(15, "the end of the old pool", lambda: old not in pool_names(world, "replaced"))
    check_served(world, "replaced", running(world, "replaced", 2, within=15))
    sized(world, "replaced", 3)
    remove(world, "deployment", "replaced")


# Servers that end.

def an_application_deleted_unseen_loses_its_pools(world):
    """a workload that is deleted while no server runs loses its pools once one runs again"""
    make_subnets(world, ("unseen", "10.78.0.10-10.78.0.39"))
    apply(world.plane, application("Deployment", "unseen", "unseen", 2))
    running(world, "unseen", 2, within=30)
    sized(world, "unseen", 3)
    world.server.stop()
    try:
        # The records of Pods that a server has not seen are kept for so long.
        world.server.options = ("--unconfirmed-grace", "5s")
        remove_workload(world, "deployment", "unseen")
        expect(len(automatic_pools(world, "unseen")) == 1, "somebody has deleted the pool")
        world.server.start()
        eventually(20, "the end of the pool", lambda: not automatic_pools(world, "unseen"))
    finally:
        world.restart()


def leader(world):
    """The server that holds the Lease."""
    lease = world.plane.succeed("get", "lease", "spiderpool-webhook-controllers", "-n", "spiderpool", "-o",
                                "jsonpath={.spec.holderIdentity}")
    found = [server for server in world.servers if lease and f"identity={lease} " in server.log.read_text()]
    return found[0] if found and found[0].process.poll() is None else None


def a_killed_leader_makes_no_pool_twice(world):
    """10 Deployments at once on a subnet of exactly enough addresses, the leader killed meanwhile: each has its own pool"""
    make_subnets(world, ("crowded", "10.79.0.10-10.79.0.59"))
    apps = [f"crowded-{number}" for number in range(10)]
    made = [application("Deployment", app, "crowded", 5, "+0") for app in apps]
    with world.replicas(2, "--leader-elect-lease-duration", "3s", "--unconfirmed-grace", "5s"):
        victim = eventually(20, "a leader", lambda: leader(world))
        world.plane.succeed("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))
        eventually(20, "the first pools", lambda: len(automatic_pools(world)) >= 2)
        victim.kill()
        eventually(20, "another leader", lambda: leader(world))
        victim.start()
        pods = [pod for app in apps for pod in running(world, app, 5, within=60)]
        for app in apps:
            sized(world, app, 5)
            check_served(world, app, pods_of(world, app))
            check_shape(world, "Deployment", app, "+0")
        expect(len(set(addresses_of(pods))) == 50, f"50 Pods have {len(set(addresses_of(pods)))} addresses")
        check_consistency(world)
        check_subnets(world)
        for app in apps:
            remove(world, "deployment", app)
        check_nothing_is_left(world)


SCENARIOS = [ending_clean(scenario) for scenario in (
    *KINDS, an_application_that_returns_has_new_pools, a_pool_that_is_kept_is_used_again, a_statefulset_keeps_its_addresses,
    an_exhausted_subnet_is_told_and_shared, pools_follow_their_subnet, an_older_pool_is_adopted,
    a_subnet_goes_after_its_pools, a_deleted_pool_is_replaced, an_application_deleted_unseen_loses_its_pools,
    a_killed_leader_makes_no_pool_twice,
)]
