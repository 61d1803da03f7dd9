"""Many clients at once, straight at the API server."""

import collections
import http.client
import threading
import time

from control_plane import expect
from addresses import allocations, check_consistency
from api import Client, pods_path
from objects import make_pool, remove_pods, remove_pool, unscheduled
from world import CREATORS

ATTEMPTS = 20


class Crowd:
    """So many clients, each with a connection of its own that is open before the first of them begins."""

    def __init__(self, world, count, identities=(None,)):
        """`identities` are kubeconfigs that the clients share out among them; None is the administrator."""
        self.world, self.count, self.identities = world, count, identities
        self.barrier = threading.Barrier(count + 1)
        self.answers = collections.Counter()
        self.others = collections.Counter()
        self.longest = 0
        self.pods = []
        self.lock = threading.Lock()

    def create(self, pool_name, each, prefix, retries=False):
        """Every client creates so many Pods. With `retries`, a Pod that is refused because another replica was faster is
        asked for again, as every client of the usual library does. Returns the time it took."""
        threads = [threading.Thread(target=self.work, args=(number, pool_name, each, prefix, retries), daemon=True)
                   for number in range(self.count)]
        for thread in threads:
            thread.start()
        self.barrier.wait(timeout=60)
        began = time.monotonic()
        for thread in threads:
            thread.join(timeout=max(1, 120 - (time.monotonic() - began)))
        expect(not any(thread.is_alive() for thread in threads), f"some were not answered within 120 s; so far {self.answers}")
        return time.monotonic() - began

    def work(self, number, pool_name, each, prefix, retries):
        client = Client(self.world.plane, self.identities[number % len(self.identities)])
        try:
            client.connect()
        finally:
            self.barrier.wait(timeout=60)
        for turn in range(each):
            made = unscheduled(f"{prefix}-{number}-{turn}", pool_name, kind=prefix)
            for _ in range(ATTEMPTS if retries else 1):
                if self.ask(client, made) != 429:
                    break
        client.close()

    def ask(self, client, made):
        began = time.monotonic()
        try:
            status, answer = client.request("POST", pods_path("default"), made)
        except (OSError, http.client.HTTPException) as error:
            status, answer = type(error).__name__, {"message": repr(error)}
        took = time.monotonic() - began
        with self.lock:
            self.answers[status] += 1
            self.longest = max(self.longest, took)
            if status == 201:
                self.pods.append(answer)
            else:
                self.others[answer.get("message")] += 1
        return status

    def told(self):
        return f"{dict(self.answers)}, {self.others.most_common(3)}"


def check_crowd(world, crowd, name, wanted):
    addresses = [place for pod in crowd.pods for place in allocations(pod)]
    expect(len(crowd.pods) == wanted == len(set(addresses)),
           f"{len(crowd.pods)} of {wanted} Pods have {len(set(addresses))} addresses; answers were {crowd.told()}")
    held = check_consistency(world)
    expect(held[name] == {address for _, address in addresses}, "Pods and status differ")


def three_replicas_share_a_pool(world):
    """with 3 replicas behind a balancer, 32 clients at once on one pool: no address twice, all recorded, no error logged"""
    name = make_pool(world, "shared", "10.50.0.1-10.50.1.250")
    with world.replicas(3) as balancer, world.without_alarms():
        crowd = Crowd(world, 32)
        seconds = crowd.create(name, each=12, prefix="shared", retries=True)
        print(f"      {384 / seconds:.0f} Pods/s, longest {crowd.longest:.1f} s, answers {crowd.told()}, "
              f"connections {sorted(balancer.connections.values())}", flush=True)
        check_crowd(world, crowd, name, 384)
        expect(all(balancer.connections.values()), "a replica was not asked")
        # About 20 Pods are on their way at a time, and 120 addresses are left at the end.
        expect(crowd.answers[429] * 5 <= 384, f"{crowd.answers[429]} of 384 were refused for a race: replicas do not keep apart")
        remove_pods(world, "kind=shared")
        remove_pool(world, name, within=30)


def three_replicas_fill_a_pool(world):
    """the same on a pool with exactly as many addresses as there are Pods"""
    name = make_pool(world, "brimful", "10.51.0.1-10.51.0.160")
    with world.replicas(3), world.without_alarms():
        crowd = Crowd(world, 32)
        seconds = crowd.create(name, each=5, prefix="brimful", retries=True)
        print(f"      {160 / seconds:.0f} Pods/s, longest {crowd.longest:.1f} s, answers {crowd.told()}", flush=True)
        again = 0
        while len(crowd.pods) < 160 and again < 60:
            # What a replica has reserved for a race that it lost comes back when it learns so.
            again += 1
            crowd.ask(world.client, unscheduled(f"brimful-again-{again}", name, kind="brimful"))
            time.sleep(0.1)
        check_crowd(world, crowd, name, 160)
        remove_pods(world, "kind=brimful")
        remove_pool(world, name, within=30)


def a_crowd_does_not_lock_the_api_server(world):
    """600 clients at once, under the API server's usual limits: no deadlock, no time-out, every creation is answered 201"""
    crowd_of_600(world, "crowd", "10.52", [
        world.plane.folder / f"kubeconfig.{name.replace('/', '.')}" for name in CREATORS])


def a_crowd_of_administrators_does_not_lock_the_api_server(world):
    """the same as administrators, whose requests the API server does not queue"""
    crowd_of_600(world, "masters", "10.53", [None])


def crowd_of_600(world, name, network, identities):
    make_pool(world, name, f"{network}.0.1-{network}.7.250")
    with world.without_alarms():
        crowd = Crowd(world, 600, identities)
        seconds = crowd.create(name, each=2, prefix=name)
        print(f"      {1200 / seconds:.0f} Pods/s, longest {crowd.longest:.1f} s, answers {crowd.told()}", flush=True)
        check_crowd(world, crowd, name, 1200)
    remove_pods(world, f"kind={name}")
    remove_pool(world, name, within=30)


SCENARIOS = [
    three_replicas_share_a_pool, three_replicas_fill_a_pool, a_crowd_does_not_lock_the_api_server,
    a_crowd_of_administrators_does_not_lock_the_api_server,
]
