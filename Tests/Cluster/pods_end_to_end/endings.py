"""What goes wrong after an address was bound, and how it comes back: Pods that never come to be, pools that are deleted,
servers that are killed.
"""

import http.client
import itertools
import json
import threading
import time

from control_plane import eventually, expect
from addresses import check_consistency, records
from api import Client, pods_path
from objects import apply, make_pool, remove_pods, remove_pool, stored_pool, unscheduled, workload

GRACE = 5
# Two looks at all records, 5 s apart, come on top; and after a crash the lost Lease.
BACK_WITHIN = GRACE + 2 * 5 + 5
CLIENTS = 16


def limit_pods(plane, namespace, quota, most):
    """A namespace of its own, with a quota that counts already."""
    plane.succeed("create", "namespace", namespace)
    plane.succeed("create", "quota", quota, f"--hard=pods={most}", "-n", namespace)
    eventually(30, "the quota being counted", lambda: "pods" in plane.succeed(
        "get", "quota", quota, "-n", namespace, "-o", "jsonpath={.status.used}"))


def a_pod_refused_by_a_quota_leaks_nothing(world):
    """a Pod that a ResourceQuota refuses after its address was bound gives it back within the grace"""
    name = make_pool(world, "quota", "10.40.0.1-10.40.0.50")
    plane = world.plane
    limit_pods(plane, "limited", "one", 1)
    with world.serving_with("--unconfirmed-grace", f"{GRACE}s"):
        created = [plane.kubectl("create", "-n", "limited", "-f", "-", stdin=json.dumps(unscheduled(f"pod-{number}", name)))
                   for number in range(4)]
        expect([done.returncode for done in created] == [0, 1, 1, 1], "".join(done.text for done in created))
        expect("exceeded quota: one" in created[1].stderr, created[1].text)
        expect(len(records(stored_pool(world, name))) == 4, "the addresses were not bound: the quota came first")
        began = time.monotonic()
        eventually(BACK_WITHIN, "the addresses coming back", lambda: len(records(stored_pool(world, name))) == 1)
        print(f"      back after {time.monotonic() - began:.1f} s", flush=True)
        check_consistency(world)
    plane.succeed("delete", "namespace", "limited", "--wait=false")
    remove_pool(world, name, within=30)


def a_replicaset_behind_a_quota_does_not_drain_its_pool(world):
    """a ReplicaSet that a ResourceQuota refuses again and again leaks nothing, and the pool is whole again within the grace"""
    name = make_pool(world, "drain", "10.43.0.1-10.43.0.100")
    plane = world.plane
    limit_pods(plane, "draining", "three", 3)
    with world.serving_with("--unconfirmed-grace", f"{GRACE}s"):
        made = workload("Deployment", "drain", name, replicas=10, template_spec={"schedulerName": "nobody"})
        made["metadata"]["namespace"] = "draining"
        apply(plane, made)
        most, ends = 0, time.monotonic() + 30
        while time.monotonic() < ends:
            most = max(most, len(records(stored_pool(world, name))))
            time.sleep(0.2)
        print(f"      at most {most} addresses were held", flush=True)
        expect(3 <= most < 100, f"{most} addresses were held for 3 Pods")
        plane.succeed("scale", "deployment", "drain", "-n", "draining", "--replicas=3")
        eventually(BACK_WITHIN, "the addresses coming back", lambda: len(records(stored_pool(world, name))) == 3)
        check_consistency(world)
    plane.succeed("delete", "namespace", "draining", "--wait=false")
    remove_pool(world, name, within=30)


def a_pool_in_use_stays_until_its_last_address_is_back(world):
    """a pool that is deleted while addresses of it are held stays, gives no more, and goes with the last one"""
    name = make_pool(world, "ending", "10.41.0.1-10.41.0.9")
    plane = world.plane
    apply(plane, unscheduled("first", name), unscheduled("second", name))
    plane.succeed("delete", "sp", name, "--wait=false")
    expect("deletionTimestamp" in stored_pool(world, name)["metadata"], "the pool is not terminating")

    def refused():
        done = plane.kubectl("create", "-f", "-", stdin=json.dumps(unscheduled("third", name)))
        plane.kubectl("delete", "pod", "third", "--ignore-not-found", "--grace-period=0", "--force")
        return done if done.returncode else None

    done = eventually(5, "the refusal of a third Pod", refused)
    wanted = ('The Pod "third" is invalid: metadata.annotations[ipam.spidernet.io/ippool]: Invalid value: '
              rf'"{{\"ipv4\": [\"{name}\"]}}": ipv4: none of these IPv4 pools serves this Pod: {name} is being deleted' "\n")
    expect(done.stderr == wanted, f"kubectl printed\n{done.stderr}instead of\n{wanted}")
    plane.remove("pod", "first")
    eventually(10, "the release of one address", lambda: len(records(stored_pool(world, name))) == 1)
    time.sleep(6)  # longer than the server takes between two looks at all pools
    expect(stored_pool(world, name) is not None, "the pool went although an address of it is held")
    check_consistency(world)
    plane.remove("pod", "second")
    eventually(15, "the end of the pool", lambda: stored_pool(world, name) is None)


def pods_that_end_while_no_server_runs_leak_nothing(world):
    """Pods that are deleted while no server runs give their addresses back once one runs again"""
    name = make_pool(world, "unseen", "10.45.0.1-10.45.0.9")
    apply(world.plane, *(unscheduled(f"unseen-{number}", name, kind="unseen") for number in range(4)))
    check_consistency(world)
    world.server.stop()
    world.server.options = ("--unconfirmed-grace", f"{GRACE}s")
    for number in range(3):
        world.plane.remove("pod", f"unseen-{number}")
    expect(len(records(stored_pool(world, name))) == 4, "somebody has released an address")
    world.server.start()
    try:
        eventually(BACK_WITHIN, "the addresses coming back", lambda: len(records(stored_pool(world, name))) == 1)
        check_consistency(world)
    finally:
        world.restart()
    world.plane.remove("pod", "unseen-3")
    remove_pool(world, name)


class Load:
    """Clients that create Pods and delete some of them again, as fast as they are answered, until told to stop."""

    def __init__(self, world, name):
        self.name, self.world = name, world
        self.ended = threading.Event()
        self.numbers = itertools.count()
        self.answers = {}
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(timeout=70)

    def work(self):
        client = Client(self.world.plane)
        while not self.ended.is_set():
            number = next(self.numbers)
            try:
                status, _ = client.request("POST", pods_path("default"), unscheduled(f"load-{number}", self.name, kind="load"))
                if status == 201 and number % 2:
                    client.request("DELETE", pods_path("default", f"load-{number}"))
            except (OSError, http.client.HTTPException) as error:
                status = type(error).__name__
            self.answers[status] = self.answers.get(status, 0) + 1
            self.ended.wait(0.02)
        client.close()

    def created(self):
        return self.answers.get(201, 0)


def a_killed_server_loses_nothing(world):
    """a server killed three times under load gives no address twice, and what was left half done is mended"""
    four, six = make_pool(world, "killed", "10.42.0.1-10.42.15.254"), make_pool(world, "killed-six", "fd00:42::1-fd00:42::fff")
    with world.serving_with("--unconfirmed-grace", f"{GRACE}s"):
        with Load(world, f"{four}/{six}") as load:
            for _ in range(3):
                before = load.created()
                eventually(20, "100 further Pods", lambda: load.created() >= before + 100)
                world.server.kill()
                time.sleep(0.5)
                world.server.start()
            before = load.created()
            eventually(20, "100 further Pods", lambda: load.created() >= before + 100)
        print(f"      answers were {load.answers}", flush=True)
        # The keeper's Lease has to run out first.
        check_consistency(world, within=60)
        remove_pods(world, "kind=load")
        for name in (four, six):
            remove_pool(world, name, within=60)


def a_killed_api_server_loses_nothing(world):
    """an API server killed under load: no address twice, nothing lost, and the server goes on by itself"""
    name = make_pool(world, "away", "10.46.0.1-10.46.15.254")
    with world.serving_with("--unconfirmed-grace", f"{GRACE}s"):
        with Load(world, name) as load:
            for _ in range(2):
                before = load.created()
                eventually(30, "100 further Pods", lambda: load.created() >= before + 100)
                world.plane.restart_apiserver()
            before = load.created()
            eventually(40, "100 further Pods", lambda: load.created() >= before + 100)
        print(f"      answers were {load.answers}", flush=True)
        check_consistency(world, within=90)
        remove_pods(world, "kind=load")
        remove_pool(world, name, within=60)


def a_killed_replica_loses_nothing(world):
    """the same with three replicas, of which one after the other is killed and comes again"""
    name = make_pool(world, "killed-replica", "10.44.0.1-10.44.15.254")
    with world.replicas(3, "--unconfirmed-grace", f"{GRACE}s"):
        with Load(world, name) as load:
            for server in world.servers[:3]:
                before = load.created()
                eventually(20, "100 further Pods", lambda: load.created() >= before + 100)
                server.kill()
                eventually(20, "100 further Pods", lambda: load.created() >= before + 200)
                server.start()
        print(f"      answers were {load.answers}", flush=True)
        check_consistency(world, within=60)
        remove_pods(world, "kind=load")
        remove_pool(world, name, within=60)


SCENARIOS = [
    a_pod_refused_by_a_quota_leaks_nothing, a_replicaset_behind_a_quota_does_not_drain_its_pool,
    a_pool_in_use_stays_until_its_last_address_is_back, pods_that_end_while_no_server_runs_leak_nothing,
    a_killed_server_loses_nothing, a_killed_replica_loses_nothing, a_killed_api_server_loses_nothing,
]
