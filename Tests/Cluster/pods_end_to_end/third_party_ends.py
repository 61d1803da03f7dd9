"""The end of third-party applications, seen, unseen, and not to be seen; pools that follow their replicas; and objects that
were stored before anybody judged them."""

import time

from control_plane import eventually, expect
from addresses import records
from automatic import events
from automatic_kinds import applied, expect_printed, make_subnets
from objects import remove_pool, stored_pool
from operators import operating
from third_party_checks import (
    NUMBER, check, create, gone, granted, numbered, own_pods, own_pools, remove, renumber, served, try_change)
from third_party_kinds import BROADCAST, BROADCAST_JOB, CLONES, CLONE_SET, OTHER_CLONES, OTHER_CLONE_SET
from webhook import register, unregister


def a_kept_pool_is_used_again(world):
    """a pool with ippool-reclaim false stays when its CloneSet is deleted, and is the same for the next of that name"""
    make_subnets(world, ("kept-clones", "10.110.0.10-10.110.0.60"))
    with operating(world, CLONE_SET):
        stay = CLONES.made("stay", "kept-clones", "4", reclaim="false")
        made, other = create(world, stay, CLONES.made("leave", "kept-clones", "4"))
        for owner in (made, other):
            served(world, owner, 3, 4)
        check(world, made, "4", reclaim="false")
        before, = own_pools(world, made)
        name = before["metadata"]["name"]
        remove(world, made)
        eventually(10, "an empty pool", lambda: not records(stored_pool(world, name)))
        # Another one that is deleted later goes: the first one has been looked at by then.
        remove(world, other)
        gone(world, other)
        kept = stored_pool(world, name)
        expect(kept["spec"] == before["spec"] and "deletionTimestamp" not in kept["metadata"], f"the pool is {kept}")
        made = create(world, stay)
        served(world, made, 3, 4)
        after, = own_pools(world, made)
        expect(after["metadata"]["name"] == name and after["spec"] == before["spec"], f"the pool is {after} after {before}")
        remove(world, made)
        remove_pool(world, name)


def what_is_deleted_unseen_loses_its_pool(world):
    """a CloneSet that is deleted while no server runs loses its pools once one runs again"""
    make_subnets(world, ("unseen-clones", "10.111.0.10-10.111.0.60"))
    with operating(world, CLONE_SET):
        made = create(world, CLONES.made("unseen", "unseen-clones", "4"))
        served(world, made, 3, 4)
    world.server.stop()
    try:
        # The records of Pods that a server has not seen are kept for so long.
        world.server.options = ("--unconfirmed-grace", "5s")
        remove(world, made)
        expect(len(own_pools(world, made)) == 1, "somebody has deleted the pool")
        world.server.start()
        gone(world, made, within=30)
    finally:
        world.restart()


def what_returns_has_a_new_pool(world):
    """a CloneSet that is deleted and created again at once has a new pool, and the old one goes with the old Pods"""
    make_subnets(world, ("again-clones", "10.112.0.10-10.112.0.60"))
    with operating(world, CLONE_SET):
        shape = CLONES.made("again", "again-clones", "4")
        old = create(world, shape)
        served(world, old, 3, 4)
        world.plane.succeed("delete", CLONE_SET.resource, "again", "--wait=false")
        new = create(world, shape)
        expect(old["metadata"]["uid"] != new["metadata"]["uid"], "the CloneSet is the old one")
        served(world, new, 3, 4, within=45)
        gone(world, old, within=60)
        check(world, new, "4")
        served(world, new, 3, 4)
        remove(world, new)
        gone(world, new)


def a_kind_that_cannot_be_read_keeps_its_pool(world):
    """an application of a kind that the server may not read keeps its pool, which an Event says, until the server may"""
    make_subnets(world, ("blind", "10.113.0.10-10.113.0.60"))
    with operating(world, OTHER_CLONE_SET, CLONE_SET):
        made, other = create(world, OTHER_CLONES.made("blind", "blind", "4"), CLONES.made("sighted", "blind", "4"))
        for owner in (made, other):
            served(world, owner, 3, 4)
        pool, = own_pools(world, made)
        name = pool["metadata"]["name"]
        told = eventually(30, "the Event", lambda: events(world, "OwnerUnreadable", name))
        for text in ("whether CloneSet default/blind is still there cannot be seen, so the pool stays",
                     f"the server's account needs get, list and watch of {OTHER_CLONE_SET.resource}"):
            expect(text in told[0], f"{text!r} is missing from {told}")
        remove(world, made, other)
        gone(world, other)
        eventually(20, "an empty pool", lambda: not records(stored_pool(world, name)))
        expect("deletionTimestamp" not in stored_pool(world, name)["metadata"], "the pool is being deleted")
        with granted(world, OTHER_CLONE_SET):
            began = time.monotonic()
            gone(world, made, within=90)
            print(f"      gone {time.monotonic() - began:.1f} s after it could be read", flush=True)


NO_SCALE = f"""\
The BroadcastJob "inelastic" is invalid: spec.template.metadata.annotations[{NUMBER}]: Invalid value: "+2": BroadcastJob \
(apps.kruise.io/v1alpha1) has no scale subresource that would tell its replicas, so the number of addresses must be fixed; \
write {NUMBER}: "2"
"""


def an_elastic_pool_follows_the_replicas(world):
    """with --elastic-third-party "+2" is accepted of a kind that has a scale subresource, and its pool follows it"""
    make_subnets(world, ("elastic", "10.114.0.10-10.114.0.60"))
    wanted = CLONES.made("elastic", "elastic", "+2")
    with operating(world, CLONE_SET, BROADCAST_JOB):
        with world.serving_with("--elastic-third-party"):
            expect_printed(applied(world, BROADCAST.made("inelastic", "elastic", "+2")), NO_SCALE)
            made = create(world, wanted)
            served(world, made, 3, 5)
            check(world, made, "+2")
            for count in (8, 1, 4):
                world.plane.succeed("scale", CLONE_SET.resource, "elastic", f"--replicas={count}")
                served(world, made, count, count + 2, within=45)
            remove(world, made)
            gone(world, made)
        told = applied(world, wanted)
        expect("a server that runs with --elastic-third-party follows kinds that have a scale subresource" in told, told)


def what_was_stored_before_can_be_changed(world):
    """an object that was stored with "+5" while nobody judged it can be changed, and is judged when its number is"""
    make_subnets(world, ("before", "10.115.0.10-10.115.0.60"))
    plane = world.plane
    with operating(world, CLONE_SET) as operator:
        unregister(plane)
        try:
            made = create(world, CLONES.made("before", "before", "+5", count=0))
        finally:
            register(plane, world.certificates, world.servers[:1])
        plane.succeed("label", CLONE_SET.resource, "before", "seen=yes")
        plane.succeed("scale", CLONE_SET.resource, "before", "--replicas=2")
        eventually(10, "the refusal of a Pod", lambda: 'Invalid value: "+5"' in operator.refusal(made))
        told = try_change(world, made, template=numbered("+6")).text
        expect("is invalid: spec.template.metadata.annotations" in told and 'Invalid value: "+6"' in told, told)
        expect(not own_pods(world, made) and not own_pools(world, made), "there is a Pod or a pool")
        renumber(world, made, "5")
        served(world, made, 2, 5)
        remove(world, made)
        gone(world, made)


SCENARIOS = (
    a_kept_pool_is_used_again, what_is_deleted_unseen_loses_its_pool, what_returns_has_a_new_pool,
    a_kind_that_cannot_be_read_keeps_its_pool, an_elastic_pool_follows_the_replicas, what_was_stored_before_can_be_changed,
)
