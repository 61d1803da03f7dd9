"""The truth about addresses: what Pods say they have, and what the statuses of pools say of them.

Comes in: Pods and pools as the API server stores them. Goes out: where they do not agree.
"""

import ipaddress
import json
import threading
import time

from control_plane import GROUP, eventually, expect
from api import PODS

ALLOCATION = "ipam.spidernet.io/allocation"
RESERVATION = "ipam.spidernet.io/reservation"


class Violation(Exception):
    """A promise that holds at every moment was broken: waiting does not mend it."""


def key(pod):
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def allocations(pod):
    """The addresses of a Pod by its annotation, as pairs of pool and address."""
    text = pod["metadata"].get("annotations", {}).get(ALLOCATION)
    return [] if text is None else [
        (interface[f"{family}Pool"], interface[family].split("/")[0])
        for interface in json.loads(text) for family in ("ipv4", "ipv6") if family in interface]


def has_ended(pod):
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def records(pool):
    """What a pool's status says, by address."""
    return json.loads(pool.get("status", {}).get("allocatedIPs") or "{}")


def addresses_in(ranges):
    """The addresses of a list of single ones and ranges, as numbers."""
    numbers = set()
    for text in ranges:
        ends = [int(ipaddress.ip_address(end)) for end in text.split("-")]
        numbers.update(range(ends[0], ends[-1] + 1))
    return numbers


def givable(made):
    """The addresses of a pool or a subnet, without those that it excludes."""
    return addresses_in(made["spec"].get("ips", [])) - addresses_in(made["spec"].get("excludeIPs", []))


def total(pool):
    """How many addresses a pool has."""
    return len(givable(pool))


class Witness:
    """Follows every Pod from its first event to its last, in the order in which the API server stored them: so it sees an
    address with two Pods even if both have gone again since."""

    def __init__(self):
        self.lock = threading.Lock()
        self.holders = {}
        self.held = {}
        self.seen = 0
        self.violations = []

    def see(self, event, pod):
        uid = pod["metadata"]["uid"]
        with self.lock:
            if event == "DELETED" or has_ended(pod):
                for place in self.held.pop(uid, []):
                    del self.holders[place]
            elif uid not in self.held:
                self.begin(uid, pod)

    def begin_again(self, pods):
        """The Pods there are, after events were missed."""
        there = {pod["metadata"]["uid"] for pod in pods}
        with self.lock:
            for uid in self.held.keys() - there:
                for place in self.held.pop(uid):
                    del self.holders[place]

    def begin(self, uid, pod):
        self.held[uid] = []
        for place in allocations(pod):
            self.seen += 1
            if place in self.holders:
                self.violations.append(f"{place} was given to {key(pod)} while {self.holders[place]} had it")
            else:
                self.holders[place] = key(pod)
                self.held[uid].append(place)


def snapshot(client):
    """All Pods and all pools at a moment when no Pod came or went, or None."""
    before, _ = client.list(PODS)
    pools, _ = client.list(f"{GROUP}/spiderippools")
    after, _ = client.list(PODS)
    uids = [{pod["metadata"]["uid"] for pod in pods} for pods in (before, after)]
    return (after, {pool["metadata"]["name"]: pool for pool in pools}) if uids[0] == uids[1] else None


def check_unique_and_recorded(pods, pools):
    """What holds at every moment: an address has one live Pod, and is recorded for it."""
    holders = {}
    for pod in pods:
        if has_ended(pod):
            continue
        for pool, address in allocations(pod):
            if (pool, address) in holders:
                raise Violation(f"{address} of {pool} is held by {holders[pool, address]} and by {key(pod)}")
            holders[pool, address] = key(pod)
            record = records(pools[pool]).get(address) if pool in pools else None
            wanted = {"pod": key(pod), "podUid": pod["metadata"]["uid"]}
            if record != wanted:
                raise Violation(f"{address} of {pool} is held by {wanted}, but recorded for {record}")
    return holders


def check_nothing_leaks(pools, holders):
    for name, pool in pools.items():
        stray = {address: record for address, record in records(pool).items() if (name, address) not in holders}
        expect(not stray, f"{len(stray)} records of {name} are nobody's, such as {next(iter(stray.items()), None)}")
        status = pool.get("status", {})
        counts = status.get("allocatedIPCount"), status.get("totalIPCount")
        expect(counts == (len(records(pool)), total(pool)),
               f"the counts of {name} are {counts} instead of {(len(records(pool)), total(pool))}")


def check_consistency(world, within=15):
    """No address has two live Pods, every live Pod's address is recorded with its UID, no record is without a Pod, and
    counts are exact: the first two now, the others soon. Returns the addresses held, by pool."""
    def attempt():
        taken = snapshot(world.client)
        expect(taken, "Pods come and go")
        pods, pools = taken
        holders = check_unique_and_recorded(pods, pools)
        check_nothing_leaks(pools, holders)
        held = {name: set() for name in pools}
        for pool, address in holders:
            held[pool].add(address)
        return held or {"": set()}

    held = eventually(within, "agreement of Pods and pools", attempt)
    # What the witness learns by its watch may come a little later than a list.
    time.sleep(0.1)
    if world.kubelet.witness.violations:
        raise Violation("\n".join(world.kubelet.witness.violations[:5]))
    return held


def controlled(subnet):
    """What a subnet's status says its pools have, by pool."""
    return json.loads(subnet.get("status", {}).get("controlledIPPools") or "{}")


def application_of(pool):
    """The application of an automatic pool as a subnet's status names it; None for any other pool."""
    labels = pool["metadata"].get("labels", {})
    parts = [labels.get(f"ipam.spidernet.io/owner-application-{part}") for part in ("gv", "kind", "namespace", "name")]
    return "_".join(parts) if all(parts) else None


def check_subnet(subnet, pools):
    """The status of a subnet says what its pools have, and its counts are exact."""
    name, status = subnet["metadata"]["name"], subnet.get("status", {})
    said = {pool: (addresses_in(entry["ips"]), entry.get("application")) for pool, entry in controlled(subnet).items()}
    have = {pool["metadata"]["name"]: (givable(pool), application_of(pool)) for pool in pools}
    expect(said == have, f"the status of {name} says {status.get('controlledIPPools')} and the pools {list(have)} have "
                         f"{[pool['spec'].get('ips') for pool in pools]}")
    counts = status.get("allocatedIPCount"), status.get("totalIPCount")
    wanted = sum(len(addresses) for addresses, _ in have.values()), total(subnet)
    expect(counts == wanted, f"the counts of {name} are {counts} instead of {wanted}")


def check_subnets(world, within=15):
    """No two pools of a subnet have an address in common, and each subnet's status agrees with them: the first now, the
    other soon."""
    def attempt():
        subnets, _ = world.client.list(f"{GROUP}/spidersubnets")
        pools, _ = world.client.list(f"{GROUP}/spiderippools")
        for subnet in subnets:
            own = [pool for pool in pools if pool["spec"]["subnet"] == subnet["spec"]["subnet"]]
            if sum(map(total, own)) != len(set().union(*map(givable, own))):
                ranges = {pool["metadata"]["name"]: pool["spec"].get("ips") for pool in own}
                raise Violation(f"pools share addresses: {ranges}")
            check_subnet(subnet, own)
        return True

    eventually(within, "agreement of subnets and pools", attempt)
