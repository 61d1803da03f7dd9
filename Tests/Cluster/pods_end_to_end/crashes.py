"""Servers that are killed at named points of an address's way, under load, round after round."""

import collections
import contextlib
import http.client
import random
import threading
import time

from control_plane import eventually, expect
from webhook import register
from addresses import check_consistency
from api import Client, pods_path
from history import History, Replay, check_replay
from objects import make_pool, remove_pods, remove_pool, unscheduled
from relay import POINTS, POOL_POINTS, Relay, Trap

CLIENTS = 16
# Pods that a client has at a time.
HELD = 6
# How long a client rests: a dead holder's Lease lasts longer than most rounds, and meanwhile nothing is given back.
REST = 0.1
GRACE, LEASE = 5, 3
# The lost Lease, the grace, and looks at all records, 5 s apart: two, and one more for every 200 Pods.
BACK_WITHIN = LEASE + GRACE + 2 * 5 + 4 * 5
ROUNDS_BETWEEN_LOOKS = 50
ANY_MOMENT, BOTH = "any moment", "both at once"
PLANS = (*POINTS, ANY_MOMENT, BOTH)


class Load:
    """Clients that create Pods and delete their oldest ones, some under a name that they use again and again."""

    def __init__(self, plane, pools):
        self.plane, self.pools = plane, pools
        self.ended, self.goes = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.answers, self.created, self.others = collections.Counter(), set(), collections.Counter()
        self.resting = threading.Semaphore(0)
        self.threads = [threading.Thread(target=self.work, args=(number,), daemon=True) for number in range(CLIENTS)]

    def __enter__(self):
        self.goes.set()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.goes.set()
        for thread in self.threads:
            thread.join(timeout=70)

    @contextlib.contextmanager
    def paused(self):
        """Returns once no request is on its way."""
        self.goes.clear()
        for _ in self.threads:
            expect(self.resting.acquire(timeout=70), "a client's request was not answered")
        yield
        self.goes.set()

    def work(self, number):
        client, names, turn = Client(self.plane), collections.deque(), 0
        while not self.ended.is_set():
            if not self.goes.is_set():
                self.resting.release()
                self.goes.wait()
            turn += 1
            if len(names) >= HELD:
                self.remove(client, names.popleft())
            # A name that was free a moment ago, or one that the API server chooses.
            same = f"crash-{number}-{turn % (2 * HELD)}"
            made = unscheduled(same if turn % 2 else f"crash-{number}-", "/".join(self.pools), kind="crash")
            name = self.create(client, made)
            if name:
                names.append(name)
            # While nobody has the Lease the pool fills up, and then asking again brings nothing.
            self.ended.wait(REST if name else 3 * REST)
        client.close()

    def create(self, client, made):
        """The name of the Pod, if there is one now."""
        try:
            status, answer = client.request("POST", pods_path("default"), made)
        except (OSError, http.client.HTTPException) as error:
            status, answer = type(error).__name__, {"message": repr(error)}
        with self.lock:
            self.answers[status] += 1
            if status == 201:
                self.created.add(answer["metadata"]["uid"])
                return answer["metadata"]["name"]
            self.others[answer.get("message", "")[:160]] += 1
        return None

    @staticmethod
    def remove(client, name):
        with contextlib.suppress(OSError, http.client.HTTPException):
            client.request("DELETE", f"{pods_path('default', name)}?gracePeriodSeconds=0")


class Killer:
    """Kills one server, or both, and starts them again."""

    def __init__(self, servers, trap, chance):
        self.servers, self.trap, self.chance = servers, trap, chance
        self.kills = collections.Counter()

    def round(self, plan):
        victims = self.kill(plan)
        self.kills[plan] += 1
        for server in victims:
            server.process.wait()
        time.sleep(self.chance.random() * 0.2)
        for server in victims:
            server.start()

    def kill(self, plan):
        if plan in POINTS + POOL_POINTS:
            self.trap.set(plan)
            expect(self.trap.sprung.wait(30), f"no server came to the point {plan!r} within 30 s")
            return [self.trap.victim]
        time.sleep(self.chance.random() * 0.3)
        victims = self.servers if plan == BOTH else [self.chance.choice(self.servers)]
        for server in victims:
            server.process.kill()
        return victims


@contextlib.contextmanager
def two_relayed_replicas(world, trap):
    """Two servers that are reached, and that reach the API server, by relays which can end them."""
    plane, certificates = world.plane, world.certificates
    while len(world.servers) < 2:
        world.add_server()
    servers, relays = world.servers[:2], []
    text = plane.service_account_kubeconfig.read_text()
    pki, port = plane.folder / "pki", int(plane.env["APISERVER_PORT"])
    for number, server in enumerate(servers):
        server.stop()
        relay = Relay([(port, server)], pki / "apiserver.crt", pki / "apiserver.key", pki / "ca.crt", trap)
        relays.append(relay)
        server.kubeconfig = world.folder / f"kubeconfig.relay-{number}"
        server.kubeconfig.write_text(text.replace(f":{port}\n", f":{relay.port}\n"))
        server.options = ("--unconfirmed-grace", f"{GRACE}s", "--leader-elect-lease-duration", f"{LEASE}s")
        server.start()
    front = Relay([(server.port, server) for server in servers], certificates / "tls.crt", certificates / "tls.key",
                  certificates / "ca.crt", trap)
    try:
        register(plane, certificates, [front])
        yield servers
    finally:
        for server in servers:
            server.stop()
            server.kubeconfig = plane.service_account_kubeconfig
        world.restart()
        register(plane, certificates, world.servers[:1])
        for relay in (front, *relays):
            relay.stop()


def the_checker_finds_what_is_wrong(world):
    """the checker of histories finds what is wrong in made up ones"""
    check_replay()


def killed_replicas_keep_every_promise(world):
    """two replicas killed again and again, at named points and at any moment: no address twice, nothing acknowledged lost, nothing leaked"""
    seed, rounds = world.options.seed, world.options.rounds
    if seed is None:
        seed = random.SystemRandom().randrange(1 << 32)
    print(f"      seed {seed}, {rounds} rounds", flush=True)
    chance, trap = random.Random(seed), Trap()
    pools = make_pool(world, "crash", "10.47.0.1-10.47.2.250"), make_pool(world, "crash-six", "fd00:47::1-fd00:47::320")
    history = History(world.plane).start()
    with two_relayed_replicas(world, trap) as servers:
        killer = Killer(servers, trap, chance)
        with Load(world.plane, pools) as load:
            for number in range(1, rounds + 1):
                before = load.answers[201]
                killer.round(chance.choice(PLANS))
                # Some live long enough to take the Lease over and to give addresses back.
                time.sleep(chance.random())
                eventually(30, "further Pods", lambda: load.answers[201] > before)
                if number % ROUNDS_BETWEEN_LOOKS == 0 or number == rounds:
                    with load.paused():
                        check_consistency(world, within=BACK_WITHIN)
        check_consistency(world, within=BACK_WITHIN)
        print(f"      kills {dict(killer.kills)}\n      answers {dict(load.answers)}, {load.others.most_common(4)}", flush=True)
        judge(history, load)
        remove_pods(world, "kind=crash")
        for name in pools:
            remove_pool(world, name, within=30)


def judge(history, load):
    replay = Replay().run(history.complete())
    print(f"      {len(history.events)} events, {len(replay.admitted)} Pods with {replay.bindings} addresses", flush=True)
    expect(not replay.violations, f"{len(replay.violations)} promises broken:\n" + "\n".join(replay.violations[:5]))
    lost = load.created - replay.admitted
    expect(not lost, f"{len(lost)} Pods were created and never stored: {list(lost)[:3]}")
    expect(len(load.created) <= replay.bindings / 2 and load.created, "Pods were stored without addresses")


SCENARIOS = [the_checker_finds_what_is_wrong, killed_replicas_keep_every_promise]
