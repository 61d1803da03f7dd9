"""Servers that are killed while automatic pools are made, scaled and deleted, round after round."""

import collections
import contextlib
import http.client
import random
import threading
import time

from control_plane import Failed, eventually, expect
from addresses import check_consistency, check_subnets
from api import Client
from automatic_kinds import make_subnets
from crashes import ANY_MOMENT, BACK_WITHIN, BOTH, GRACE, Killer, two_relayed_replicas
from history import History, Replay
from objects import application, automatic_pools, pods_of, stored_subnet
from relay import POINTS, POOL_POINTS, Trap

PLANS = (*POINTS, *POOL_POINTS, *POOL_POINTS, ANY_MOMENT, BOTH)
APPLICATIONS, LARGEST = [f"crash-{number}" for number in range(8)], 6
ROUNDS_BETWEEN_LOOKS = 25
# How long a write of a pool may be on its way, and looks at subnets.
WRITES_WITHIN = GRACE + 10 + 5
# How long the replicas keep addresses for a pool that one of them let pass before it was killed.
CLAIMS = 65
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


class Load:
    """Scales Deployments up and down, and deletes some to make them anew."""

    def __init__(self, plane, chance):
        self.plane, self.chance = plane, chance
        self.ended, self.goes, self.rests = threading.Event(), threading.Event(), threading.Event()
        self.answers = collections.Counter()
        self.wanted = dict.fromkeys(APPLICATIONS)
        self.thread = threading.Thread(target=self.work, daemon=True)

    def __enter__(self):
        self.goes.set()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.goes.set()
        self.thread.join(timeout=70)

    @contextlib.contextmanager
    def paused(self):
        """Returns once no request is on its way."""
        self.rests.clear()
        self.goes.clear()
        expect(self.rests.wait(70), "a request was not answered")
        yield
        self.goes.set()

    def work(self):
        client = Client(self.plane)
        while not self.ended.is_set():
            if not self.goes.is_set():
                self.rests.set()
                self.goes.wait()
            name = self.chance.choice(APPLICATIONS)
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.change(client, name)
            # The controllers are slow on purpose, and Pods have to come between two changes.
            self.ended.wait(0.3)
        client.close()

    def change(self, client, name):
        """What is wanted of an application is known only once the API server has said so."""
        path, replicas = f"{DEPLOYMENTS}/{name}", self.chance.randrange(LARGEST + 1)
        if self.wanted[name] is None:
            made = application("Deployment", name, "crashing", replicas, template_spec={"schedulerName": "nobody"})
            status, _ = client.request("POST", DEPLOYMENTS, made)
            # It may have been made by a request whose answer was lost.
            if status == 409:
                status, answer = client.request("GET", path)
                replicas = answer["spec"]["replicas"]
        elif self.chance.random() < 0.1:
            status, _ = client.request("DELETE", f"{path}?propagationPolicy=Background")
            replicas = None
        else:
            status, _ = client.patch(path, {"spec": {"replicas": replicas}})
        self.answers[status] += 1
        if status < 300 or (status == 404 and replicas is None):
            self.wanted[name] = replicas


def settled(world, load):
    """Every application has its Pods and a pool of the wanted size, and nothing else holds an address."""
    def attempt():
        for name, replicas in load.wanted.items():
            count = len(pods_of(world, name))
            expect(count == (replicas or 0), f"{name} has {count} Pods instead of {replicas}")
            pools = [pool for pool in automatic_pools(world, name) if "deletionTimestamp" not in pool["metadata"]]
            sizes = [pool.get("status", {}).get("totalIPCount") for pool in pools]
            expect(sizes == ([] if replicas is None else [replicas + 1]), f"{name} has pools of {sizes} for {replicas} Pods")
        return True

    eventually(BACK_WITHIN + CLAIMS, "the wanted Pods and pools", attempt)
    check_consistency(world, within=BACK_WITHIN)
    check_subnets(world, within=WRITES_WITHIN)


def killed_replicas_keep_pools_apart(world):
    """two replicas killed while they make and scale automatic pools: no address in two pools, none twice, nothing lost or leaked"""
    seed, rounds = world.options.seed, world.options.rounds
    if seed is None:
        seed = random.SystemRandom().randrange(1 << 32)
    print(f"      seed {seed}, {rounds} rounds", flush=True)
    chance, trap = random.Random(seed), Trap()
    make_subnets(world, ("crashing", f"10.48.0.1-10.48.0.{len(APPLICATIONS) * (LARGEST + 1) + 20}"))
    history = History(world.plane).start()
    with two_relayed_replicas(world, trap) as servers:
        killer = Killer(servers, trap, chance)
        with Load(world.plane, random.Random(seed + 1)) as load:
            for number in range(1, rounds + 1):
                killer.round(chance.choice(PLANS))
                time.sleep(chance.random())
                if number % ROUNDS_BETWEEN_LOOKS == 0 or number == rounds:
                    with load.paused():
                        settled(world, load)
        print(f"      kills {dict(killer.kills)}\n      answers {dict(load.answers)}", flush=True)
        world.plane.succeed("delete", "deployments", "--all", "--wait=false")
        eventually(BACK_WITHIN + CLAIMS, "the end of all pools", lambda: not automatic_pools(world))
        eventually(WRITES_WITHIN, "an empty subnet", lambda: stored_subnet(world, "crashing").get("status", {}).get("allocatedIPCount") == 0)
    judge(history)
    world.plane.succeed("delete", "ss", "--all", "--timeout=15s")


def judge(history):
    replay = Replay().run(history.complete())
    print(f"      {len(history.events)} events, {len(replay.admitted)} Pods with {replay.bindings} addresses", flush=True)
    if replay.violations:
        raise Failed(f"{len(replay.violations)} promises broken:\n" + "\n".join(replay.violations[:5]))
    expect(replay.bindings == len(replay.admitted) > 0, "Pods were stored without addresses")


SCENARIOS = [killed_replicas_keep_pools_apart]
