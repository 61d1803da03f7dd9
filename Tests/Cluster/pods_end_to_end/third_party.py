"""Applications of third-party controllers: the document for operators from top to bottom, and pools that are full, grow, and
shrink."""

import json
import time

from control_plane import REPOSITORY, eventually, expect
from addresses import addresses_in, records
from automatic import ending_clean
from automatic_kinds import expect_printed, make_subnets, without_suffix
from objects import (
    PREFIX, addresses_of, families, make_pool, pods_of, remove_pool, running, stored_pool)
from operators import operating
from third_party_checks import NUMBER, change, check, create, gone, own_pods, remove, renumber, served
from third_party_kinds import CLONES, CLONE_SET, pods_template
import third_party_edges
import third_party_ends
import third_party_shapes

EXAMPLES = REPOSITORY / "manifests" / "examples"
APP = "custom-kruise-cloneset"
REFUSED = """\
The CloneSet "custom-kruise-cloneset" is invalid: spec.template.metadata.annotations[ipam.spidernet.io/ippool-ip-number]: \
Invalid value: "+5": the number of replicas of CloneSet (apps.kruise.io/v1alpha1) is not known, so the number of addresses must \
be fixed; write ipam.spidernet.io/ippool-ip-number: "5" (a server that runs with --elastic-third-party follows kinds that have a \
scale subresource)
"""
POOLS_PRINTED = """\
NAME                                      VERSION   SUBNET                    ALLOCATED-IP-COUNT   TOTAL-IP-COUNT   DEFAULT   DISABLE   APP-NAMESPACE
auto4-custom-kruise-cloneset-eth0-XXXXX   4         172.16.0.0/16             3                    5                false     false     default
auto6-custom-kruise-cloneset-eth0-XXXXX   6         fc00:f853:ccd:e790::/64   3                    5                false     false     default
"""
COUNTS_PRINTED = """\
NAME                     DESIRED   UPDATED   UPDATED_READY   READY   TOTAL
custom-kruise-cloneset   3         3         3               3       3
"""


def example(world):
    """The CloneSet of the document as it is stored."""
    return world.plane.get(CLONE_SET.resource, APP)


def a_clone_set_has_addresses_of_a_named_pool(world):
    """the manual way of the document: three Pods with addresses of custom-ipv4-ippool"""
    plane = world.plane
    with operating(world, CLONE_SET):
        for name in ("custom-ipv4-ippool", "cloneset-manual-pool"):
            plane.succeed("apply", "-f", EXAMPLES / f"{name}.yaml")
        pods = running(world, APP, 3, within=30)
        wanted = addresses_in(["172.18.41.40-172.18.41.50"])
        expect(len(addresses_in(addresses_of(pods)) & wanted) == 3, f"addresses are {addresses_of(pods)}")
        recorded = {record["pod"] for record in records(stored_pool(world, "custom-ipv4-ippool")).values()}
        expect(recorded == {f"default/{pod['metadata']['name']}" for pod in pods}, f"the pool says {recorded}")
        remove(world, example(world))
        remove_pool(world, "custom-ipv4-ippool")


def a_clone_set_has_pools_of_its_own(world):
    """the automatic way of the document: refused with "+5", two pools of 5 addresses with "5", which go with the CloneSet"""
    plane = world.plane
    plane.succeed("apply", "-f", EXAMPLES / "subnets.yaml")
    manifest = (EXAMPLES / "cloneset-automatic-pool.yaml").read_text()
    expect_printed(plane.kubectl("apply", "-f", "-", stdin=manifest.replace('"5"', '"+5"')).text, REFUSED)
    expect(example(world) is None, "the CloneSet is stored")
    with operating(world, CLONE_SET):
        plane.succeed("apply", "-f", EXAMPLES / "cloneset-automatic-pool.yaml")
        made = example(world)
        served(world, made, 3, 5)
        expect_printed(without_suffix(plane.succeed("get", "sp")), POOLS_PRINTED)
        check(world, made, "5")

        def counted():
            # The last column is the age.
            rows = [line.split()[:-1] for line in plane.succeed("get", CLONE_SET.resource).splitlines()]
            expect(rows == [line.split() for line in COUNTS_PRINTED.splitlines()], f"kubectl printed {rows}")
            return True

        eventually(5, "the counts", counted)
        remove(world, made)
        gone(world, made)


# Pools that are full, grow, and shrink.

def a_pod_too_many_waits(world):
    """of six Pods on a pool of 5 the sixth is refused, told by whom and what to raise, and woken when another one goes"""
    make_subnets(world, ("crowd", "10.107.0.10-10.107.0.60"))
    # Left to itself the controller would try again after 40 s.
    with operating(world, CLONE_SET, first_pause=40) as operator:
        made = create(world, CLONES.made("crowd", "crowd", "5"))
        served(world, made, 3, 5)
        world.plane.succeed("scale", CLONE_SET.resource, "crowd", "--replicas=6")
        pods = served(world, made, 5, 5)
        told = eventually(10, "the refusal", lambda: operator.refusal(made))
        for text in ("of 5 addresses 5 are used", "the pool is that of CloneSet default/crowd", f'{NUMBER}: "5"',
                     "raise it in the Pod template, or wait until a Pod is gone"):
            expect(text in told, f"{text!r} is missing from {told!r}")
        victim = pods[0]["metadata"]["name"]
        world.plane.succeed("delete", "pod", victim, "--wait=false")
        began = time.monotonic()
        eventually(10, "the sixth Pod", lambda: victim not in {
            pod["metadata"]["name"] for pod in served(world, made, 5, 5, within=10)})
        print(f"      woken after {time.monotonic() - began:.1f} s", flush=True)
        # One more is wanted again; what the message says helps.
        eventually(10, "the next refusal", lambda: operator.refusal(made))
        renumber(world, made, "6")
        served(world, made, 6, 6, within=45)
        remove(world, made)
        gone(world, made)


def renumbered(world, made, number, count):
    """Writes another number of addresses into the template, and waits until all Pods have it."""
    renumber(world, made, number)
    eventually(60, f"{count} Pods with the number {number}", lambda: [
        pod["metadata"]["annotations"][NUMBER] for pod in own_pods(world, made)] == [number] * count)


def a_pool_follows_the_newest_pods(world):
    """a number that is changed from 5 to 8 and back in the template resizes the pool, as far as its addresses are free"""
    make_subnets(world, ("sizes", "10.108.0.10-10.108.0.60"))
    with operating(world, CLONE_SET):
        made = create(world, CLONES.made("sizes", "sizes", "5"))
        served(world, made, 3, 5)
        for number in ("8", "5", "8"):
            renumbered(world, made, number, 3)
            served(world, made, 3, int(number))
            check(world, made, number)
        # More are used than there are to be: the pool shrinks when they are free.
        world.plane.succeed("scale", CLONE_SET.resource, "sizes", "--replicas=7")
        served(world, made, 7, 8, within=45)
        renumbered(world, made, "5", 7)
        served(world, made, 7, 8)
        world.plane.succeed("scale", CLONE_SET.resource, "sizes", "--replicas=2")
        served(world, made, 2, 5, within=45)
        remove(world, made)
        gone(world, made)


def a_named_pool_serves_pods_that_are_replaced(world):
    """a CloneSet whose Pods are replaced one by one stays within a named pool of just as many addresses"""
    name = make_pool(world, "range", "10.109.0.10-10.109.0.12")
    annotations = {f"{PREFIX}/ippool": json.dumps(families(name))}
    with operating(world, CLONE_SET):
        made = CLONES.made("range", "none", None)
        made["spec"]["template"] = pods_template("range", annotations)
        made = create(world, made)
        pods = running(world, "range", 3, within=20)
        first, old = set(addresses_of(pods)), {pod["metadata"]["uid"] for pod in pods}
        began = time.monotonic()
        change(world, made, template={"metadata": {"labels": {"revision": "2"}}})
        eventually(60, "new Pods", lambda: not old & {
            pod["metadata"]["uid"] for pod in running(world, "range", 3, within=30)})
        print(f"      replaced in {time.monotonic() - began:.1f} s", flush=True)
        second = set(addresses_of(pods_of(world, "range")))
        expect(len(first) == 3 and second == first, f"addresses were {first} and are {second}")
        remove(world, made)
        remove_pool(world, name)


SCENARIOS = [ending_clean(scenario) for scenario in (
    *third_party_shapes.SCENARIOS, a_clone_set_has_addresses_of_a_named_pool, a_clone_set_has_pools_of_its_own,
    a_pod_too_many_waits, a_pool_follows_the_newest_pods, a_named_pool_serves_pods_that_are_replaced,
    *third_party_ends.SCENARIOS, *third_party_edges.SCENARIOS,
)]
