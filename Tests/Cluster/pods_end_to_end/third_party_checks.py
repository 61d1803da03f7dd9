"""What the tests of third-party applications ask: which Pods and pools an object has, and whether they fit together."""

import contextlib
import json

from control_plane import GROUP, SERVICE_ACCOUNT, eventually, expect
from addresses import addresses_in, allocations, check_subnets, givable, total
from api import PODS
from automatic_kinds import check_pools
from objects import PREFIX
from operators import controller_of, is_live, is_ready

NUMBER = f"{PREFIX}/ippool-ip-number"


def named(made):
    """An object as arguments of kubectl name it: kinds of several groups have one name."""
    group, _, version = made["apiVersion"].rpartition("/")
    kind = f"{made['kind']}.{version}.{group}" if group else made["kind"]
    return kind, made["metadata"]["name"], "-n", made["metadata"].get("namespace", "default")


def stored(world, made):
    """The object of this group, kind, namespace and name as it is stored now."""
    return json.loads(world.plane.succeed("get", *named(made), "-o", "json"))


def create(world, *objects):
    """Applies objects and returns them as they are stored."""
    for made in objects:
        world.plane.succeed("apply", "-f", "-", stdin=json.dumps(made))
    found = [stored(world, made) for made in objects]
    return found[0] if len(found) == 1 else found


def change(world, made, **spec):
    """Changes an object's spec."""
    done = try_change(world, made, **spec)
    expect(done.returncode == 0, done.text)


def try_change(world, made, **spec):
    return world.plane.kubectl("patch", *named(made), "--type=merge", "-p", json.dumps({"spec": spec}))


def renumber(world, made, number):
    """Writes another number of addresses into the Pod template."""
    change(world, made, template=numbered(number))


def numbered(number):
    """The part of a template that changes then."""
    return {"metadata": {"annotations": {NUMBER: number}}}


def own_pools(world, made):
    """The automatic pools of an object."""
    selector = f"{PREFIX}/owner-application-uid={made['metadata']['uid']}".replace("/", "%2F").replace("=", "%3D")
    return world.client.list(f"{GROUP}/spiderippools?labelSelector={selector}")[0]


def own_pods(world, made):
    """The Pods that an object controls, and not those that have ended or are on their way out."""
    pods, _ = world.client.list(PODS)
    return [pod for pod in pods if controller_of(pod) == made["metadata"]["uid"] and is_live(pod)]


def served(world, made, count, size, within=30):
    """Waits until an object has so many Pods, all of them running, and pools of so many addresses; each Pod has an address
    of each pool, and nobody else has one. Returns the Pods."""
    def attempt():
        pods, pools = own_pods(world, made), {pool["metadata"]["name"]: pool for pool in own_pools(world, made)}
        expect(len(pods) == sum(map(is_ready, pods)) == count, f"there are {len(pods)} Pods, not all of them running")
        sizes = {total(pool) for pool in pools.values()}
        expect(sizes == {size}, f"pools have {sizes} addresses")
        for pod in pods:
            expect({name for name, _ in allocations(pod)} == pools.keys(),
                   f"a Pod has {allocations(pod)}, and the pools are {list(pools)}")
        for name, pool in pools.items():
            given = addresses_in({address for pod in pods for place, address in allocations(pod) if place == name})
            expect(len(given) == count and given <= givable(pool), f"{count} Pods have {len(given)} addresses of {name}")
            told = pool.get("status", {}).get("allocatedIPCount")
            expect(told == count, f"the status of {name} says {told}")
        return pods

    name = made["metadata"]["name"]
    return eventually(within, f"{count} Pods of {made['kind']} {name} with addresses of pools of {size}", attempt)


def check(world, made, number, reclaim="true"):
    """Pools of an object are what they should be in every respect, and so are the subnets."""
    check_pools(world, own_pools(world, made), made, number, reclaim)
    check_subnets(world)


@contextlib.contextmanager
def granted(world, kind):
    """Meanwhile the server may read objects of a kind that no manifest names."""
    world.plane.succeed("create", "clusterrole", kind.plural, "--verb=get,list,watch,patch", f"--resource={kind.resource}")
    world.plane.succeed("create", "clusterrolebinding", kind.plural, f"--clusterrole={kind.plural}",
                        f"--serviceaccount={SERVICE_ACCOUNT.replace('/', ':')}")
    try:
        yield
    finally:
        world.plane.succeed("delete", "clusterrole,clusterrolebinding", kind.plural)


def remove(world, *objects):
    """Deletes objects, and waits until their Pods are gone. The garbage collector learns of new kinds twice a minute."""
    for made in objects:
        world.plane.succeed("delete", *named(made), "--wait=false")
    for made in objects:
        eventually(60, f"the end of the Pods of {made['metadata']['name']}", lambda: not own_pods(world, made))


def gone(world, *objects, within=20):
    """Waits until objects have no pools any more."""
    for made in objects:
        what = f"the end of the pools of {made['kind']} {made['metadata']['name']}"
        eventually(within, what, lambda: not own_pools(world, made))
