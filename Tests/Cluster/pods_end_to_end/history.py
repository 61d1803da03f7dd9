"""What the API server stored, in its order, and what that says of the promises about addresses.

Comes in: watches of all Pods and all pools. Goes out: events by revision, and the moments at which a promise was broken.
"""

import ipaddress
import threading

from control_plane import GROUP, Failed, eventually, expect
from addresses import allocations, has_ended, key, records
from api import PODS, Client

POOLS = f"{GROUP}/spiderippools"


def holds(pod):
    """What of a Pod counts: its name and the addresses it has, none once it has ended."""
    return key(pod), [] if has_ended(pod) else allocations(pod)


def holders(pool):
    """What of a pool counts: the UID of the Pod that each address is recorded for."""
    return {address: record["podUid"] for address, record in records(pool).items()}


def ranges(pool):
    """What of a pool counts beside: its addresses, each end of a range as a number."""
    ends = [[int(ipaddress.ip_address(end)) for end in text.split("-")] for text in pool["spec"].get("ips", [])]
    return [(end[0], end[-1]) for end in ends]


class History:
    """Events are tuples of revision, kind ("pod", "pool" or "ranges"), identity, and what there is now: None once it is gone."""

    def __init__(self, plane):
        self.plane, self.events, self.failures, self.threads = plane, [], [], []

    def start(self):
        self.follow(PODS, lambda pod: pod["metadata"]["uid"], pod=holds)
        self.follow(POOLS, lambda pool: pool["metadata"]["name"], pool=holders, ranges=ranges)
        return self

    def follow(self, path, identity, **contents):
        def note(item, gone=False):
            revision = int(item["metadata"]["resourceVersion"])
            for kind, content in contents.items():
                self.events.append((revision, kind, identity(item), None if gone else content(item)))

        items, version = Client(self.plane).list(path)
        for item in items:
            note(item)

        def read():
            try:
                for event in Client(self.plane, timeout=None).watch(path, version, 7200):
                    if event["type"] == "ERROR":
                        raise OSError(f"the watch of {path} ended: {event['object']}")
                    note(event["object"], gone=event["type"] == "DELETED")
            except Exception as error:  # whatever it is, from here on the history has a gap
                self.failures.append(f"the history has a gap: {error!r}")

        threading.Thread(target=read, daemon=True).start()

    def complete(self):
        """All events, in order, once the watches have brought what lists tell."""
        client = Client(self.plane)

        def attempt():
            expect(not self.failures, "; ".join(self.failures))
            there = {("pod", pod["metadata"]["uid"]): holds(pod) for pod in client.list(PODS)[0]}
            pools = client.list(POOLS)[0]
            there |= {("pool", pool["metadata"]["name"]): holders(pool) for pool in pools}
            there |= {("ranges", pool["metadata"]["name"]): ranges(pool) for pool in pools}
            last = {(kind, identity): content for _, kind, identity, content in sorted(self.events, key=lambda event: event[0])}
            expect({thing: content for thing, content in last.items() if content is not None} == there, "watches lag behind")
            return True

        eventually(20, "the whole history", attempt)
        client.close()
        return sorted(self.events, key=lambda event: event[0])


class Replay:
    """Goes through a history and looks at the promises after each event."""

    def __init__(self):
        self.pods, self.users, self.pools, self.ranges = {}, {}, {}, {}
        self.admitted, self.bindings, self.violations = set(), 0, []

    def run(self, events):
        for revision, kind, identity, content in events:
            self.revision = revision
            {"pod": self.see_pod, "pool": self.see_pool, "ranges": self.see_ranges}[kind](identity, content)
        return self

    def tell(self, what):
        self.violations.append(f"revision {self.revision}: {what}")

    def see_pod(self, uid, content):
        name, places = content or (None, [])
        before = self.pods.get(uid, [])
        if content and uid not in self.pods:
            self.admitted.add(uid)
            self.bindings += len(places)
            for pool, address in places:
                self.begin(uid, name, pool, address)
        elif places and places != before:
            self.tell(f"the addresses of Pod {name} were {before}, and are {places}")
        if not places:
            for place in before:
                if self.users.get(place) == uid:
                    del self.users[place]
        self.pods[uid] = places

    def begin(self, uid, name, pool, address):
        other = self.users.setdefault((pool, address), uid)
        if other != uid:
            self.tell(f"{address} of {pool} was given to Pod {name} {uid} while {other} had it")
        recorded = self.pools.get(pool, {}).get(address)
        if recorded != uid:
            self.tell(f"Pod {name} {uid} was admitted with {address} of {pool}, which was recorded for {recorded}")

    def see_pool(self, name, content):
        before = self.pools.get(name, {})
        now = self.pools[name] = content or {}
        for address, uid in before.items():
            if self.users.get((name, address)) == uid and now.get(address) != uid:
                self.tell(f"{address} of {name} is {uid}'s, which lives, and is recorded for {now.get(address)}")


    def see_ranges(self, name, content):
        """No address is in two pools."""
        self.ranges[name] = content or []
        for other, taken in self.ranges.items():
            if other != name and any(low <= end and start <= high for low, high in self.ranges[name] for start, end in taken):
                self.tell(f"{name} has addresses of {other}")


def check_replay():
    """Made up histories in which a promise is broken, and one in which none is: a checker that finds nothing is no checker."""
    def pod(revision, uid, *addresses):
        return revision, "pod", uid, (f"default/{uid}", [("pool", address) for address in addresses])

    def gone(revision, uid):
        return revision, "pod", uid, None

    def pool(revision, **records):
        return revision, "pool", "pool", records

    def size(revision, name, *ranges):
        return revision, "ranges", name, list(ranges)

    good = [size(1, "one", (1, 4), (7, 9)), size(2, "two", (5, 6)), size(3, "one", (1, 4)), size(4, "two", (5, 9))]
    good += [pool(1), pool(2, x="a"), pod(3, "a", "x"), pool(4, x="a", y="b"), gone(5, "a"), pool(6, y="b"), pool(7, x="c", y="b"),
            pod(8, "c", "x"), (9, "pod", "c", ("default/c", [])), pool(10, x="d", y="b"), pod(11, "d", "x")]
    bad = {
        "had it": [pool(1, x="a"), pod(2, "a", "x"), pod(3, "b", "x")],
        "was admitted with": [pool(1), pod(2, "a", "x")],
        "which lives": [pool(1, x="a"), pod(2, "a", "x"), pool(3)],
        "recorded for b": [pool(1, x="a"), pod(2, "a", "x"), pool(3, x="b")],
        "has addresses of one": [size(1, "one", (1, 4), (7, 9)), size(2, "two", (5, 7))],
        "and are": [pool(1, x="a", y="a"), pod(2, "a", "x"), pod(3, "a", "y")],
        "recorded for None": [pool(1, x="a"), pod(2, "a", "x"), (3, "pool", "pool", None)],
    }
    if found := Replay().run(good).violations:
        raise Failed(f"a good history was called bad: {found}")
    for word, events in bad.items():
        found = Replay().run(events).violations
        expect(any(word in violation for violation in found), f"{word!r} was not found in {events}, but {found}")
