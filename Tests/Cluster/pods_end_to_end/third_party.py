"""Applications of third-party controllers: the two ways to addresses of the document for operators, and the life of their pools."""

import json

from control_plane import REPOSITORY, eventually, expect
from addresses import records
from automatic import ending_clean, events
from automatic_kinds import check_served, expect_printed, labelled, make_subnets, sized
from objects import (
    PREFIX, addresses_of, apply, asking, automatic_pools, make_pool, pods_of, remove_pool, running, stored_pool, template)
from operators import CLONE_SET, VOLCANO_JOB, WIDGET, operating
from third_party_shapes import SHAPES, custom, pods_template
from webhook import register, unregister

EXAMPLES = REPOSITORY / "manifests" / "examples"
NUMBER = f"{PREFIX}/ippool-ip-number"


def clone_set(name, subnets, number, replicas=3, **more):
    return custom(CLONE_SET, name, {
        "replicas": replicas, "selector": {"matchLabels": {"app": name}},
        "template": pods_template(name, asking(subnets, number, **more))})


def remove(world, kind, name, namespace="default"):
    world.plane.succeed("delete", kind.resource, name, "-n", namespace, "--wait=false")


def gone(world, app, within=60):
    eventually(within, f"the end of the pools of {app}", lambda: not automatic_pools(world, app))


# The document.

POOLS_PRINTED = """\
NAME                                      VERSION   SUBNET                    ALLOCATED-IP-COUNT   TOTAL-IP-COUNT   DEFAULT   DISABLE   APP-NAMESPACE
auto4-custom-kruise-cloneset-eth0-XXXXX   4         172.16.0.0/16             3                    5                false     false     default
auto6-custom-kruise-cloneset-eth0-XXXXX   6         fc00:f853:ccd:e790::/64   3                    5                false     false     default
"""
REFUSED = """\
The CloneSet "custom-kruise-cloneset" is invalid: spec.template.metadata.annotations[ipam.spidernet.io/ippool-ip-number]: \
Invalid value: "+5": the number of replicas of CloneSet (apps.kruise.io/v1alpha1) is not known, so the number of addresses must \
be fixed; write ipam.spidernet.io/ippool-ip-number: "5" (a server that runs with --elastic-third-party follows kinds that have a \
scale subresource)
"""


def the_document_comes_true(world):
    """the document for operators from top to bottom: a CloneSet on a manual pool, and one on automatic pools of 5 addresses"""
    plane, app = world.plane, "custom-kruise-cloneset"
    with operating(world, CLONE_SET):
        plane.succeed("apply", "-f", EXAMPLES / "custom-ipv4-ippool.yaml")
        plane.succeed("apply", "-f", EXAMPLES / "cloneset-manual-pool.yaml")
        pods = running(world, app, 3, within=20)
        manual = {f"172.18.41.{last}" for last in range(40, 51)}
        expect(len(set(addresses_of(pods)) & manual) == 3, f"addresses are {addresses_of(pods)}")
        expect(len(records(stored_pool(world, "custom-ipv4-ippool"))) == 3, "the pool does not say so")
        plane.succeed("delete", "-f", EXAMPLES / "cloneset-manual-pool.yaml", "--wait=false")
        eventually(60, "the return of the addresses", lambda: not records(stored_pool(world, "custom-ipv4-ippool")))
        remove_pool(world, "custom-ipv4-ippool")

        plane.succeed("apply", "-f", EXAMPLES / "subnets.yaml")
        manifest = (EXAMPLES / "cloneset-automatic-pool.yaml").read_text()
        refused = plane.kubectl("apply", "-f", "-", stdin=manifest.replace('"5"', '"+5"'))
        expect(refused.returncode == 1, f"it was not refused: {refused.text}")
        expect_printed(refused.stderr, REFUSED)
        plane.succeed("apply", "-f", EXAMPLES / "cloneset-automatic-pool.yaml")
        pods = running(world, app, 3, within=20)
        check_served(world, app, pods)
        uid = plane.get(CLONE_SET.resource, app)["metadata"]["uid"].split("-")[-1][:5]

        def printed():
            text = plane.succeed("get", "sp").replace(f"-{uid} ", "-XXXXX ")
            expect_printed(text, POOLS_PRINTED)
            return True

        eventually(10, "the counts of the pools", printed)
        plane.succeed("delete", "-f", EXAMPLES / "cloneset-automatic-pool.yaml", "--wait=false")
        gone(world, app)


# The life of a pool.

def one_pod_too_many_waits_for_an_address(world):
    """a CloneSet scaled from 3 to 6 on a pool of 5 has five Pods and a clear refusal, and the sixth comes when one goes"""
    make_subnets(world, ("six", "10.100.0.10-10.100.0.60"))
    with operating(world, CLONE_SET) as operator:
        apply(world.plane, clone_set("six", "six", "5"))
        running(world, "six", 3, within=20)
        world.plane.succeed("scale", CLONE_SET.resource, "six", "--replicas=6")
        pods = running(world, "six", 5, within=20)
        wanted = ("is full: of 5 addresses 5 are used", f'the pool is that of CloneSet default/six, whose Pods ask for {NUMBER}: "5"; '
                  "raise it in the Pod template, or wait until a Pod is gone")
        eventually(10, "the refusal", lambda: all(text in operator.refusals.get("six", "") for text in wanted))
        # The controller's pause would be longer than the test by now.
        eventually(30, "a pause", lambda: operator.pauses and max(pause for pause, _, _ in operator.pauses.values()) >= 16)
        name = pods[0]["metadata"]["name"]
        world.plane.succeed("delete", "pod", name, "--wait=false")
        eventually(10, "the Pod's end", lambda: name not in {pod["metadata"]["name"] for pod in pods_of(world, "six")})
        check_served(world, "six", running(world, "six", 5, within=10))
        world.plane.succeed("patch", CLONE_SET.resource, "six", "--type=merge", "-p", json.dumps(
            {"spec": {"template": {"metadata": {"annotations": {NUMBER: "6"}}}}}))
        check_served(world, "six", running(world, "six", 6, within=60))
        remove(world, CLONE_SET, "six")
        gone(world, "six")


def pools_follow_the_newest_number(world):
    """the number of addresses follows that of the newest Pods, up, and down as far as Pods have given addresses back"""
    make_subnets(world, ("newest", "10.101.0.10-10.101.0.60"))
    with operating(world, CLONE_SET):
        apply(world.plane, clone_set("newest", "newest", "5"))
        running(world, "newest", 3, within=20)
        for number in ("8", "5"):
            world.plane.succeed("patch", CLONE_SET.resource, "newest", "--type=merge", "-p", json.dumps(
                {"spec": {"template": {"metadata": {"annotations": {NUMBER: number}}}}}))
            sized(world, "newest", int(number), within=40)
            eventually(40, "Pods of the newest template", lambda: {
                pod["metadata"]["annotations"][NUMBER] for pod in running(world, "newest", 3, within=40)} == {number})
        check_served(world, "newest", running(world, "newest", 3, within=20))
        remove(world, CLONE_SET, "newest")
        gone(world, "newest")


def applications_of_one_name_never_share(world):
    """applications of one name in different groups, kinds and namespaces have pools of their own"""
    plane = world.plane
    make_subnets(world, ("same", "10.102.0.10-10.102.0.90"))
    plane.succeed("create", "namespace", "other")
    with operating(world, CLONE_SET, VOLCANO_JOB, WIDGET):
        elsewhere = clone_set("same", "same", "3", replicas=2)
        elsewhere["metadata"]["namespace"] = "other"
        widget = custom(WIDGET, "same", {"replicas": 2, "template": pods_template("same", asking("same", "3"))})
        job = custom(VOLCANO_JOB, "same", {"tasks": [
            {"name": "only", "replicas": 2, "template": pods_template("same", asking("same", "3"))}]})
        apply(plane, clone_set("same", "same", "3", replicas=2), elsewhere, widget, job)

        def attempt():
            pods = [pod for pod in world.client.list("/api/v1/pods?labelSelector=app%3Dsame")[0]]
            expect(len(pods) == 8, f"there are {len(pods)} Pods")
            return pods

        pods = eventually(30, "8 Pods", attempt)
        pools = {pool["metadata"]["name"]: pool for pool in automatic_pools(world, "same")}
        expect(len(pools) == 4, f"there are the pools {list(pools)}")
        for pod in pods:
            owner = next(owner for owner in pod["metadata"]["ownerReferences"] if owner["controller"])
            for name in records_of(pools, pod):
                uid = pools[name]["metadata"]["labels"][f"{PREFIX}/owner-application-uid"]
                expect(uid == owner["uid"], f"{pod['metadata']['name']} of {owner} has an address of {name}")
        for kind, namespace in ((CLONE_SET, "default"), (CLONE_SET, "other"), (VOLCANO_JOB, "default")):
            remove(world, kind, "same", namespace)
        eventually(60, "the end of three pools", lambda: len(automatic_pools(world, "same")) == 1)
        # Nobody has told the server that it may read this kind.
        left, = automatic_pools(world, "same")
        remove(world, WIDGET, "same")
        eventually(60, "the return of its addresses", lambda: not records(stored_pool(world, left["metadata"]["name"])))
        remove_pool(world, left["metadata"]["name"])
    plane.succeed("delete", "namespace", "other", "--wait=false")


def records_of(pools, pod):
    """The pools that say that they have given this Pod an address."""
    found = [name for name, pool in pools.items()
             if any(record["podUid"] == pod["metadata"]["uid"] for record in records(pool).values())]
    expect(len(found) == 1, f"{pod['metadata']['name']} has addresses of {found}")
    return found


def a_replication_controller_has_its_pool(world):
    """a ReplicationController of the core group has a pool of a fixed number, and "+N" is refused"""
    plane = world.plane
    make_subnets(world, ("core", "10.103.0.10-10.103.0.60"))

    def controller(number):
        return {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "core"}, "spec": {
            "replicas": 3, "selector": {"app": "core"}, "template": pods_template("core", asking("core", number))}}

    refused = plane.kubectl("apply", "-f", "-", stdin=json.dumps(controller("+2")))
    expect(refused.returncode == 1 and "ReplicationController (v1) is not known" in refused.stderr, refused.text)
    apply(plane, controller("4"))
    pods = running(world, "core", 3, within=40)
    check_served(world, "core", pods)
    made, = automatic_pools(world, "core")
    labels = labelled(owner_application_gv="v1", owner_application_kind="ReplicationController")
    expect(made["metadata"]["labels"].items() >= labels.items(), f"labels are {made['metadata']['labels']}")
    affinity = labelled(app_api_version="v1", app_kind="ReplicationController")
    expect(made["spec"]["podAffinity"]["matchLabels"].items() >= affinity.items(), f"{made['spec']}")
    plane.succeed("delete", "replicationcontroller", "core", "--wait=false")
    gone(world, "core", within=60)


def a_kept_pool_is_used_again(world):
    """a pool with ippool-reclaim false stays when its CloneSet is deleted, and is the same for the next of that name"""
    make_subnets(world, ("stay", "10.104.0.10-10.104.0.60"))
    with operating(world, CLONE_SET):
        apply(world.plane, clone_set("stay", "stay", "4", reclaim="false"), clone_set("leave", "stay", "4"))
        running(world, "stay", 3, within=20)
        running(world, "leave", 3, within=20)
        before, = automatic_pools(world, "stay")
        name = before["metadata"]["name"]
        for app in ("stay", "leave"):
            remove(world, CLONE_SET, app)
        gone(world, "leave")
        eventually(60, "an empty pool", lambda: not records(stored_pool(world, name)))
        apply(world.plane, clone_set("stay", "stay", "4", reclaim="false"))
        check_served(world, "stay", running(world, "stay", 3, within=20))
        after, = automatic_pools(world, "stay")
        expect(after["metadata"]["name"] == name and after["spec"]["ips"] == before["spec"]["ips"], f"the pool is {after}")
        remove(world, CLONE_SET, "stay")
        eventually(60, "an empty pool", lambda: not records(stored_pool(world, name)))
        remove_pool(world, name)


def what_is_deleted_unseen_loses_its_pool(world):
    """a CloneSet that is deleted while no server runs loses its pool after the next start"""
    make_subnets(world, ("unseen", "10.105.0.10-10.105.0.60"))
    with operating(world, CLONE_SET):
        apply(world.plane, clone_set("unseen", "unseen", "4"))
        running(world, "unseen", 3, within=20)
        world.server.stop()
        try:
            # The records of Pods that a server has not seen are kept for so long.
            world.server.options = ("--unconfirmed-grace", "5s")
            remove(world, CLONE_SET, "unseen")
            eventually(60, "the end of the Pods", lambda: not pods_of(world, "unseen"))
            expect(len(automatic_pools(world, "unseen")) == 1, "somebody has deleted the pool")
            world.server.start()
            gone(world, "unseen", within=40)
        finally:
            world.restart()


def a_kind_that_cannot_be_read_keeps_its_pool(world):
    """a kind that the server may not read keeps its pools, which is told and blocks nothing, and loses them once it may"""
    plane = world.plane
    make_subnets(world, ("blind", "10.106.0.10-10.106.0.60"))
    with operating(world, WIDGET, CLONE_SET):
        apply(plane, custom(WIDGET, "blind", {"replicas": 2, "template": pods_template("blind", asking("blind", "3"))}))
        running(world, "blind", 2, within=20)
        made, = automatic_pools(world, "blind")
        name = made["metadata"]["name"]
        told = eventually(60, "the Event", lambda: events(world, "OwnerUnreadable", name))
        expect("needs get, list and watch of widgets.widgets.example.com" in told[0], f"it says {told}")
        remove(world, WIDGET, "blind")
        apply(plane, clone_set("sighted", "blind", "3", replicas=2))
        running(world, "sighted", 2, within=20)
        remove(world, CLONE_SET, "sighted")
        gone(world, "sighted")
        expect(stored_pool(world, name), "the pool is gone")
        plane.succeed("create", "clusterrole", "widgets", "--verb=get,list,watch", f"--resource={WIDGET.resource}")
        plane.succeed("create", "clusterrolebinding", "widgets", "--clusterrole=widgets",
                      "--serviceaccount=spiderpool:spiderpool-controller")
        gone(world, "blind", within=90)
        plane.succeed("delete", "clusterrole,clusterrolebinding", "widgets")


def an_elastic_pool_follows_the_replicas(world):
    """with --elastic-third-party "+N" is accepted of kinds with a scale subresource alone, and their pools follow it"""
    make_subnets(world, ("elastic", "10.107.0.10-10.107.0.60"))
    with world.serving_with("--elastic-third-party"), operating(world, CLONE_SET, VOLCANO_JOB):
        job = custom(VOLCANO_JOB, "elastic", {"tasks": [
            {"name": "only", "replicas": 2, "template": pods_template("elastic", asking("elastic", "+2"))}]})
        refused = world.plane.kubectl("apply", "-f", "-", stdin=json.dumps(job))
        expect("Job (batch.volcano.sh/v1alpha1) has no scale subresource that would tell its replicas" in refused.stderr,
               f"it says {refused.text}")
        apply(world.plane, clone_set("elastic", "elastic", "+2"))
        check_served(world, "elastic", running(world, "elastic", 3, within=20))
        sized(world, "elastic", 5)
        for count in (7, 1):
            world.plane.succeed("scale", CLONE_SET.resource, "elastic", f"--replicas={count}")
            check_served(world, "elastic", running(world, "elastic", count, within=40))
            sized(world, "elastic", count + 2, within=40)
        remove(world, CLONE_SET, "elastic")
        gone(world, "elastic")


def what_was_stored_before_can_be_changed(world):
    """an object that was stored with "+5" while nobody judged it can be changed otherwise, and not to another mistake"""
    make_subnets(world, ("before", "10.108.0.10-10.108.0.60"))
    plane = world.plane
    with operating(world, CLONE_SET):
        unregister(plane)
        try:
            apply(plane, clone_set("before", "before", "+5", replicas=0))
        finally:
            register(plane, world.certificates, world.servers[:1])
        plane.succeed("label", CLONE_SET.resource, "before", "seen=yes")
        plane.succeed("scale", CLONE_SET.resource, "before", "--replicas=1")
        change = {"spec": {"template": {"metadata": {"annotations": {NUMBER: "+6"}}}}}
        refused = plane.kubectl("patch", CLONE_SET.resource, "before", "--type=merge", "-p", json.dumps(change))
        expect(refused.returncode == 1 and 'Invalid value: "+6"' in refused.stderr, refused.text)
        change["spec"]["template"]["metadata"]["annotations"][NUMBER] = "3"
        plane.succeed("patch", CLONE_SET.resource, "before", "--type=merge", "-p", json.dumps(change))
        check_served(world, "before", running(world, "before", 1, within=60))
        remove(world, CLONE_SET, "before")
        gone(world, "before")


MISTAKES = [
    (lambda wrong: wrong.pop(NUMBER), "ippool-ip-number]: Required value: the number of replicas of CloneSet"),
    (lambda wrong: wrong.update({NUMBER: "five"}), 'ippool-ip-number]: Invalid value: "five": must be a number of addresses'),
    (lambda wrong: wrong.update({f"{PREFIX}/subnet": "wrong"}), 'subnet]: Invalid value: "wrong": is not JSON'),
    (lambda wrong: wrong.update({f"{PREFIX}/subnet": '{"ipv4":["nowhere"]}'}), 'there is no SpiderSubnet "nowhere"'),
]


def mistakes_are_told_at_the_workload(world):
    """a missing or malformed number and a malformed subnet are told where the CloneSet is applied"""
    make_subnets(world, ("wrong", "10.109.0.10-10.109.0.60"))
    with operating(world, CLONE_SET):
        for change, text in MISTAKES:
            made = clone_set("wrong", "wrong", "3")
            change(made["spec"]["template"]["metadata"]["annotations"])
            refused = world.plane.kubectl("apply", "-f", "-", stdin=json.dumps(made))
            expect(refused.returncode == 1 and text in refused.stderr, f"{text} is missing from {refused.text}")
            expect("spec.template.metadata.annotations[" in refused.stderr, refused.text)


def a_manual_pool_serves_pods_that_are_replaced(world):
    """a CloneSet whose Pods are replaced one by one stays within the range of its manual pool, and within its addresses"""
    make_pool(world, "range", "10.110.0.10-10.110.0.13")
    with operating(world, CLONE_SET):
        made = custom(CLONE_SET, "range", {"replicas": 4, "template": template("range", {"app": "range"})})
        apply(world.plane, made)
        first = running(world, "range", 4, within=20)
        made["spec"]["template"]["metadata"]["labels"]["version"] = "2"
        apply(world.plane, made)

        def attempt():
            pods = running(world, "range", 4, within=40)
            expect(all(pod["metadata"]["labels"].get("version") == "2" for pod in pods), "some are old")
            return pods

        second = eventually(90, "new Pods", attempt)
        expect(set(addresses_of(first)) == set(addresses_of(second)), f"{addresses_of(second)} instead of {addresses_of(first)}")
        remove(world, CLONE_SET, "range")
        eventually(60, "the return of the addresses", lambda: not records(stored_pool(world, "range")))
        remove_pool(world, "range")


SCENARIOS = [ending_clean(scenario) for scenario in (
    the_document_comes_true, *SHAPES, one_pod_too_many_waits_for_an_address, pools_follow_the_newest_number,
    applications_of_one_name_never_share, a_replication_controller_has_its_pool, a_kept_pool_is_used_again,
    what_is_deleted_unseen_loses_its_pool, a_kind_that_cannot_be_read_keeps_its_pool, an_elastic_pool_follows_the_replicas,
    what_was_stored_before_can_be_changed, mistakes_are_told_at_the_workload, a_manual_pool_serves_pods_that_are_replaced,
)]
