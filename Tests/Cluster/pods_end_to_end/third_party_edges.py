"""Third-party applications at their edges: several interfaces, templates that change below them, and kinds that are
uninstalled with all that is of them."""

import contextlib
import urllib.request

from control_plane import SCRIPTS, eventually, expect
from automatic_kinds import make_subnets
from operators import operating
from third_party_checks import change, check, create, gone, granted, own_pods, own_pools, remove, served, stored
from third_party_kinds import CLONES, CLONE_SET, OTHER_CLONES, OTHER_CLONE_SET, ROLLED, ROLLOUT
from webhook import register, unregister


def interfaces_and_families_have_pools(world):
    """a CloneSet with two interfaces, one of both families, has three pools of the number that it asks for"""
    make_subnets(world, ("wide", "10.121.0.10-10.121.0.60"), ("wide-six", "fd00:121::10-fd00:121::60"),
                 ("wide-more", "10.117.0.10-10.117.0.60"))
    with operating(world, CLONE_SET):
        made = create(world, CLONES.made("wide", ("wide/wide-six", "wide-more"), "4"))
        served(world, made, 3, 4)
        expect(len(own_pools(world, made)) == 3, f"there are {len(own_pools(world, made))} pools")
        check(world, made, "4")
        remove(world, made)
        gone(world, made)


def a_replicaset_of_a_rollout_follows_its_replicas(world):
    """a Rollout that was stored with "+2" before us: each of its ReplicaSets has a pool that follows its replicas"""
    make_subnets(world, ("rolled", "10.118.0.10-10.118.0.60"))

    def replica_set(made):
        kind, name = ROLLED.owner(made)
        return eventually(20, "the ReplicaSet", lambda: world.plane.get(kind, name))

    with operating(world, ROLLOUT):
        unregister(world.plane)
        try:
            made = create(world, ROLLED.made("rolled", "rolled", "+2", count=0))
        finally:
            register(world.plane, world.certificates, world.servers[:1])
        old = replica_set(made)
        for count in (3, 5, 2):
            change(world, made, replicas=count)
            served(world, old, count, count + 2, within=45)
            check(world, old, "+2")
        # The wrong number is an old mistake: other changes of the template are accepted.
        change(world, made, template={"metadata": {"labels": {"revision": "2"}}})
        new = replica_set(stored(world, made))
        expect(new["metadata"]["uid"] != old["metadata"]["uid"], "it is the old ReplicaSet")
        served(world, new, 2, 4, within=45)
        world.plane.succeed("scale", "replicaset", old["metadata"]["name"], "--replicas=0")
        eventually(30, "a pool of 2 addresses", lambda: not own_pods(world, old) and [
            pool.get("status", {}).get("totalIPCount") for pool in own_pools(world, old)] == [2])
        served(world, new, 2, 4)
        remove(world, made)
        eventually(60, "the end of all Pods", lambda: not own_pods(world, new))
        gone(world, old, new, within=60)


@contextlib.contextmanager
def uninstalled(world, subnet_name):
    """Three applications of a kind; afterwards the kind is uninstalled with them, which leaves no pools. The server may read
    the kind all the time."""
    plane = world.plane
    with granted(world, OTHER_CLONE_SET):
        with operating(world, OTHER_CLONE_SET):
            made = create(world, *(
                OTHER_CLONES.made(f"{subnet_name}-{number}", subnet_name, "2", count=1) for number in range(3)))
            for owner in made:
                served(world, owner, 1, 2)
        try:
            yield
            plane.succeed("delete", "crd", OTHER_CLONE_SET.resource, "--timeout=30s")
            # The garbage collector does not delete Pods of a kind that is gone before it has looked.
            plane.succeed("delete", "pods", "--all", "--timeout=30s")
            if world.server.process.poll() is not None:
                # The records of Pods that a server has not seen are kept for so long.
                world.server.options = ("--unconfirmed-grace", "5s")
                world.server.start()
            gone(world, *made, within=90)
        finally:
            plane.succeed("apply", "-f", SCRIPTS / "operators" / "otherclonesets.yaml")
            plane.succeed("wait", "--for=condition=Established", "--timeout=30s", "crd", OTHER_CLONE_SET.resource)
            world.restart()


def followed_kinds(world):
    """How many kinds of third-party applications the server follows."""
    with urllib.request.urlopen(f"http://127.0.0.1:{world.server.metrics_port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("spiderpool_webhook_followed_owner_kinds"))


def a_kind_that_is_uninstalled_takes_its_pools_along(world):
    """an operator that is uninstalled, with its kind and all objects of it, leaves no pools"""
    make_subnets(world, ("leaving", "10.119.0.10-10.119.0.60"))
    # A server may still follow what it has followed before.
    world.restart()
    with uninstalled(world, "leaving"):
        eventually(40, "the server following the kind", lambda: followed_kinds(world) == 1)


def a_kind_that_is_uninstalled_unseen_takes_its_pools_along(world):
    """an operator that is uninstalled while no server runs leaves no pools after the next start"""
    make_subnets(world, ("left", "10.120.0.10-10.120.0.60"))
    with uninstalled(world, "left"):
        world.server.stop()


SCENARIOS = (
    interfaces_and_families_have_pools, a_replicaset_of_a_rollout_follows_its_replicas,
    a_kind_that_is_uninstalled_takes_its_pools_along, a_kind_that_is_uninstalled_unseen_takes_its_pools_along,
)
