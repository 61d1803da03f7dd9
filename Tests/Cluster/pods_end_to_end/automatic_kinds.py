"""Automatic pools of each of Kubernetes' own kinds: made, scaled and deleted with their workload; and what kubectl prints of
them, and of wrong annotations.
"""

import json
import re

from control_plane import eventually, expect
from addresses import addresses_in, allocations, check_subnets, controlled, givable
from objects import (
    POOL, PREFIX, apply, application, asking, automatic_pools, pod, running, stored_subnet, subnet)

NODES = ("node-1", "node-2", "node-3")
BATCH = ("Job", "CronJob")


def make_subnets(world, *subnets, **spec):
    """Subnets by name and range of addresses."""
    apply(world.plane, *(subnet(name, addresses, **spec) for name, addresses in subnets))
    for name, _ in subnets:
        eventually(10, f"the counts of {name}", lambda: "totalIPCount" in stored_subnet(world, name).get("status", {}))


def sizes(world, app):
    """How many addresses the automatic pools of an application have, by interface and family."""
    labels = {pool["metadata"]["name"]: pool["metadata"]["labels"] for pool in automatic_pools(world, app)}
    return {f"{labels[pool['metadata']['name']][f'{PREFIX}/interface']} {pool['spec']['ipVersion']}": len(givable(pool))
            for pool in automatic_pools(world, app) if pool["metadata"]["name"] in labels}


def sized(world, app, count, within=20):
    """Waits until each automatic pool of an application has so many addresses."""
    def attempt():
        have = sizes(world, app)
        expect(have and set(have.values()) == {count}, f"they have {have}")
        return True

    eventually(within, f"pools of {count} addresses for {app}", attempt)


def refusal(world, app):
    """What the controller of an application is told when a Pod of it is refused."""
    events, _ = world.client.list("/api/v1/events?fieldSelector=reason%3DFailedCreate")
    told = [event["message"] for event in events if event["involvedObject"]["name"].startswith(app)]
    return "\n".join(told)


# The shape of a pool.

def check_shape(world, kind, app, number, reclaim="true"):
    """Labels, annotations, owner, finalizer and affinity of an application's pools are exactly those of Spiderpool."""
    owner = world.plane.get(kind, app) | {"apiVersion": "batch/v1" if kind in BATCH else "apps/v1"}
    check_pools(world, automatic_pools(world, app), owner, number, reclaim)


def check_pools(world, pools, application, number, reclaim="true"):
    """The same for these pools of an object."""
    kind, app = application["kind"], application["metadata"]["name"]
    uid, namespace = application["metadata"]["uid"], application["metadata"]["namespace"]
    *group, version = application["apiVersion"].split("/")
    group_version = "_".join([*group, version])
    for pool in pools:
        metadata, spec = pool["metadata"], pool["spec"]
        owner = stored_subnet(world, metadata["labels"][f"{PREFIX}/owner-spider-subnet"])
        version_of_ip, interface = spec["ipVersion"], metadata["labels"][f"{PREFIX}/interface"]
        wanted = {
            "name": f"auto{version_of_ip}-{app}-{interface}-{uid.split('-')[-1][:5]}",
            "labels": labelled(
                owner_spider_subnet=owner["metadata"]["name"], owner_application_gv=group_version,
                owner_application_kind=kind, owner_application_namespace=namespace, owner_application_name=app,
                owner_application_uid=uid, interface=interface, ippool_reclaim=reclaim, ip_version=f"IPv{version_of_ip}",
                ippool_cidr=re.sub("[.:/]", "-", owner["spec"]["subnet"])),
            "annotations": labelled(ippool_ip_number=number),
            "ownerReferences": [{
                "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderSubnet", "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}],
            "finalizers": ["spiderpool.spidernet.io"],
        }
        have = {part: metadata.get(part) for part in wanted}
        expect(have == wanted, f"metadata are {have} instead of {wanted}")
        # The core group has no name, and no label.
        affinity = {"matchLabels": labelled(
            app_api_version=version, app_kind=kind, app_namespace=namespace, app_name=app,
            **{"app_api_group": name for name in group})}
        expect(spec["podAffinity"] == affinity, f"podAffinity is {spec['podAffinity']} instead of {affinity}")
        expect(spec["subnet"] == owner["spec"]["subnet"], f"the network is {spec['subnet']}")
        entry = controlled(owner)[metadata["name"]]
        said = {"ips": spec["ips"], "application": f"{group_version}_{kind}_{namespace}_{app}"}
        expect(entry == said, f"the status of the subnet says {entry} instead of {said}")


def labelled(**parts):
    return {f"{PREFIX}/{key.replace('_', '-')}": value for key, value in parts.items()}


def check_served(world, app, pods):
    """Each of these Pods has one address of each pool of its application, and the pools hold no others."""
    pools = {pool["metadata"]["name"]: pool for pool in automatic_pools(world, app)}
    given = {name: set() for name in pools}
    for made in pods:
        places = allocations(made)
        expect({name for name, _ in places} == pools.keys(), f"a Pod of {app} has {places}, and its pools are {list(pools)}")
        for name, address in places:
            given[name].add(address)
    for name, addresses in given.items():
        expect(len(addresses) == len(pods), f"{len(pods)} Pods have {len(addresses)} addresses of {name}")
        expect(addresses_in(addresses) <= givable(pools[name]), f"{addresses} are not all of {pools[name]['spec']['ips']}")


# The life of a workload of each kind.

def scale(world, kind, app, count):
    plane = world.plane
    if kind == "DaemonSet":
        for number, node in enumerate(NODES):
            plane.succeed("label", "node", node, "--overwrite", "automatic=yes" if number < count else "automatic-")
    elif kind == "Job":
        plane.succeed("patch", "job", app, "--type=merge", "-p", json.dumps({"spec": {"parallelism": count}}))
    elif kind == "CronJob":
        change = {"spec": {"jobTemplate": {"spec": {"parallelism": count}}}}
        plane.succeed("patch", "cronjob", app, "--type=merge", "-p", json.dumps(change))
        plane.succeed("delete", "job", "-l", f"made-by={app}", "--wait=false")
        make_job(world, app, count)
    else:
        plane.succeed("scale", kind, app, f"--replicas={count}")


def make_job(world, app, count):
    """A Job of a CronJob as its controller makes one at the next minute, which would be too far away."""
    owner = world.plane.get("cronjob", app)
    apply(world.plane, {
        "apiVersion": "batch/v1", "kind": "Job", "spec": owner["spec"]["jobTemplate"]["spec"],
        "metadata": {"name": f"{app}-{count}", "labels": {"made-by": app}, "ownerReferences": [{
            "apiVersion": owner["apiVersion"], "kind": "CronJob", "name": app, "uid": owner["metadata"]["uid"],
            "controller": True, "blockOwnerDeletion": True}]}})


def follow(world, kind, counts=(2, 4, 1), fixed=3):
    """Makes three workloads of a kind with so many Pods, scales them up and down, and deletes them."""
    name = kind.lower()
    numbers = {f"{name}-more": "+1", f"{name}-exact": "+0", f"{name}-fixed": str(fixed)}
    make_subnets(world, ("follow-four", "10.60.0.10-10.60.0.60"), ("follow-six", "fd00:60::10-fd00:60::ff"))
    first, most, least = counts
    if kind == "DaemonSet":
        scale(world, kind, name, first)
    apply(world.plane, *(application(kind, app, "follow-four/follow-six", first, number) for app, number in numbers.items()))
    if kind == "CronJob":
        for app, number in numbers.items():
            sized(world, app, first + int(number) if "+" in number else fixed)
            make_job(world, app, first)
    for turn, count in enumerate((first, most, least)):
        # All DaemonSets have the same nodes.
        for app in () if turn == 0 else (name,) if kind == "DaemonSet" else numbers:
            scale(world, kind, app, count)
        for app, number in numbers.items():
            room = count + int(number) if "+" in number else fixed
            pods = running(world, app, min(count, room), within=45)
            sized(world, app, room)
            check_shape(world, kind, app, number)
            check_served(world, app, pods)
            if room < count:
                wanted = f"is full: of {fixed} addresses {fixed} are used"
                eventually(20, "the refusal of a Pod", lambda: wanted in refusal(world, app))
        check_subnets(world)
    for app in numbers:
        world.plane.succeed("delete", kind, app, "--wait=false")
    if kind == "DaemonSet":
        scale(world, kind, name, 0)


def a_deployment_has_its_pools(world):
    """automatic pools of a Deployment are made, scaled and deleted with it"""
    follow(world, "Deployment")


def a_replicaset_has_its_pools(world):
    """automatic pools of a ReplicaSet are made, scaled and deleted with it"""
    follow(world, "ReplicaSet")


def a_statefulset_has_its_pools(world):
    """automatic pools of a StatefulSet are made, scaled and deleted with it"""
    follow(world, "StatefulSet")


def a_daemonset_has_its_pools(world):
    """automatic pools of a DaemonSet are made, scaled and deleted with its nodes"""
    follow(world, "DaemonSet", counts=(1, 3, 1), fixed=2)


def a_job_has_its_pools(world):
    """automatic pools of a Job are made, scaled and deleted with it"""
    follow(world, "Job")


def a_cronjob_has_its_pools(world):
    """automatic pools of a CronJob are made, scaled and deleted with it, and its Jobs have none of their own"""
    follow(world, "CronJob")


# What kubectl prints.

POOLS_PRINTED = """\
NAME                      VERSION   SUBNET         ALLOCATED-IP-COUNT   TOTAL-IP-COUNT   DEFAULT   DISABLE   NODENAME   MULTUSNAME   APP-NAMESPACE
auto4-listed-eth0-XXXXX   4         10.61.0.0/16   3                    5                false     false                             default
auto4-listed-net1-XXXXX   4         10.62.0.0/16   3                    5                false     false                             default
auto6-listed-eth0-XXXXX   6         fd00:61::/64   3                    5                false     false                             default
auto6-listed-net1-XXXXX   6         fd00:62::/64   3                    5                false     false                             default
"""
SUBNETS_PRINTED = """\
NAME            VERSION   SUBNET         ALLOCATED-IP-COUNT   TOTAL-IP-COUNT
list-four       4         10.61.0.0/16   5                    10
list-six        6         fd00:61::/64   5                    16
list-more       4         10.62.0.0/16   5                    5
list-more-six   6         fd00:62::/64   5                    255
"""


def without_suffix(text):
    """The part of a pool's name that is of its application's UID becomes XXXXX, which is as long."""
    return re.sub(r"^(auto[46]-\S+-)[0-9a-f]{5}\b", r"\1XXXXX", text, flags=re.MULTILINE)


def expect_printed(printed, wanted):
    expect(printed == wanted, f"kubectl printed\n{printed}instead of\n{wanted}")


def pools_and_subnets_are_listed(world):
    """automatic pools of two interfaces and both families, and their subnets, as kubectl lists them"""
    names = ("list-four", "list-six", "list-more", "list-more-six")
    make_subnets(world, *zip(names, (
        "10.61.0.10-10.61.0.19", "fd00:61::10-fd00:61::1f", "10.62.0.1-10.62.0.5", "fd00:62::1-fd00:62::ff")))
    apply(world.plane, application("Deployment", "listed", ("list-four/list-six", "list-more/list-more-six"), 3, "+2"))
    pods = running(world, "listed", 3, within=30)
    check_served(world, "listed", pods)

    def attempt():
        pools = world.plane.succeed("get", "sp", "-o", "wide", "-l", f"{PREFIX}/owner-application-name=listed")
        expect_printed(without_suffix(pools), POOLS_PRINTED)
        expect_printed(world.plane.succeed("get", "ss", *names), SUBNETS_PRINTED)
        return True

    eventually(10, "the lists", attempt)
    world.plane.succeed("delete", "deployment", "listed", "--wait=false")


# Wrong annotations.

def applied(world, made):
    return world.plane.kubectl("apply", "-f", "-", stdin=json.dumps(made)).text


def expect_refusals(world, *cases):
    """A Deployment whose template has these annotations is refused with these mistakes."""
    make_subnets(world, ("wrong-four", "10.63.0.10-10.63.0.19"), ("wrong-six", "fd00:63::10-fd00:63::1f"))
    printed, wanted = "", ""
    for annotations, *mistakes in cases:
        made = application("Deployment", "wrong", "wrong-four", 2)
        made["spec"]["template"]["metadata"]["annotations"] = labelled(**annotations)
        printed += applied(world, made)
        lines = [f"spec.template.metadata.annotations[{PREFIX}/{mistake}\n" for mistake in mistakes]
        told = "\n" + "".join(f"* {line}" for line in lines) if lines[1:] else lines[0]
        wanted += f'The Deployment "wrong" is invalid: {told}'
    expect_printed(printed, wanted)


FORM = f"""; write {PREFIX}/subnet: '{{"ipv4":["subnet-a"],"ipv6":["subnet-b"]}}'"""
FORM_OF_SEVERAL = (f"""; write {PREFIX}/subnets: '[{{"interface":"eth0","ipv4":["subnet-a"]}},"""
                   """{"interface":"net1","ipv4":["subnet-b"]}]'""")


def malformed_annotations_are_refused(world):
    """kubectl apply of a workload tells what is wrong with annotations that are malformed"""
    expect_refusals(
        world,
        ({"subnet": '{"ipv4":["wrong-four"'},
         r'subnet]: Invalid value: "{\"ipv4\":[\"wrong-four\"": is not JSON: the document ends in the middle of a '
         "value" + FORM),
        ({"subnet": '{"ipv4":[],"ipv6":[]}'},
         r'subnet]: Invalid value: "{\"ipv4\":[],\"ipv6\":[]}": names no subnet: ipv4 and ipv6 are both missing '
         "or empty" + FORM),
        ({"subnets": "[]"}, 'subnets]: Invalid value: "[]": names no interface' + FORM_OF_SEVERAL),
        ({"subnets": '[{"interface":"eth0","ipv4":["wrong-four"]},{"interface":"eth0","ipv6":["wrong-six"]}]'},
         r'subnets]: Invalid value: "[{\"interface\":\"eth0\",\"ipv4\":[\"wrong-four\"]},{\"interface\":\"eth0\",\"ipv6\":'
         r'[\"wrong-six\"]}]": [1].interface: "eth0" stands at [0].interface already; name each interface once'))


def wrong_subnets_are_refused(world):
    """kubectl apply of a workload tells which subnets are not there, of the other family, or named twice"""
    expect_refusals(
        world,
        ({"subnet": '{"ipv4":["wrong-fuor"]}'},
         r'subnet]: Invalid value: "{\"ipv4\":[\"wrong-fuor\"]}": ipv4[0]: there is no SpiderSubnet "wrong-fuor"; did you '
         "mean wrong-four?"),
        ({"subnet": '{"ipv4":["wrong-six"]}'},
         r'subnet]: Invalid value: "{\"ipv4\":[\"wrong-six\"]}": ipv4[0]: "wrong-six" is an IPv6 subnet; name it among the '
         "IPv6 subnets, and an IPv4 subnet here"),
        ({"subnets": '[{"interface":"eth0","ipv4":["wrong-four"]},{"interface":"net1","ipv4":["wrong-four"]}]'},
         r'subnets]: Invalid value: "[{\"interface\":\"eth0\",\"ipv4\":[\"wrong-four\"]},{\"interface\":\"net1\",\"ipv4\":'
         r'[\"wrong-four\"]}]": [1].ipv4[0]: "wrong-four" stands at [0].ipv4[0] already; each interface takes a subnet of '
         "its own"))


def wrong_numbers_are_refused(world):
    """kubectl apply of a workload tells wrong numbers, a wrong truth value, and pools named beside a subnet"""
    named = {"subnet": '{"ipv4":["wrong-four"]}'}
    expect_refusals(
        world,
        (named | {"ippool_ip_number": "+-1", "ippool_reclaim": "no"},
         'ippool-ip-number]: Invalid value: "+-1": must be a number of addresses, or + and how many more than replicas, at '
         f"most 16777216; write {PREFIX}/ippool-ip-number: '+1'",
         f"""ippool-reclaim]: Invalid value: "no": must be true or false; write {PREFIX}/ippool-reclaim: 'false'"""),
        (named | {"ippool": '{"ipv4":["some-pool"]}'},
         r'subnet]: Invalid value: "{\"ipv4\":[\"wrong-four\"]}": pools are named beside it by '
         f"{POOL} or {POOL}s; write one of both: a subnet for a pool of the application's own, or pools"))


def a_bare_pod_has_no_subnet(world):
    """a Pod without a controller that names a subnet is refused, and told what to do"""
    make_subnets(world, ("bare-four", "10.64.0.10-10.64.0.19"))
    made = pod("bare", "none")
    made["metadata"]["annotations"] = asking("bare-four")
    expect_printed(applied(world, made), (
        f'The Pod "bare" is invalid: metadata.annotations[{PREFIX}/subnet]: Forbidden: a pool is made for an application, and '
        f"this Pod has no controller; create it by a Deployment or another controller, or name a pool in {POOL}\n"))


def a_subnet_is_not_changed(world):
    """a living Deployment stays in its subnet, and kubectl apply tells what to do instead"""
    make_subnets(world, ("first", "10.65.0.10-10.65.0.19"), ("second", "10.66.0.10-10.66.0.19"))
    apply(world.plane, application("Deployment", "moving", "first", 2))
    running(world, "moving", 2, within=30)
    expect_printed(applied(world, application("Deployment", "moving", "second", 2)), (
        f'The Deployment "moving" is invalid: spec.template.metadata.annotations[{PREFIX}/subnet]: Forbidden: the IPv4 pool '
        'of eth0 is cut from SpiderSubnet "first" and cannot move to "second" while the Deployment lives; delete the Deployment '
        "and create it anew, or create another one beside it\n"))
    check_served(world, "moving", running(world, "moving", 2, within=5))
    world.plane.succeed("delete", "deployment", "moving", "--wait=false")


def a_subnet_that_is_too_small_is_told(world):
    """kubectl apply of a workload warns of a subnet that is too small, and says by how many"""
    make_subnets(world, ("small", "10.67.0.10-10.67.0.12"))
    made = application("Deployment", "large", "small", 4)
    expect_printed(applied(world, made), (
        f"deployment.apps/large created\nWarning: spec.template.metadata.annotations[{PREFIX}/subnet]: "
        'SpiderSubnet "small" has 3 addresses left for the IPv4 pool of eth0, and 5 are wanted: 2 too few; '
        "the pool is not made or scaled before they are there\n"))
    eventually(10, "the refusal", lambda: "needs 5 more" in refusal(world, "large"))
    world.plane.succeed("patch", "ss", "small", "--type=merge", "-p", '{"spec":{"ips":["10.67.0.10-10.67.0.14"]}}')
    running(world, "large", 4, within=10)
    world.plane.succeed("delete", "deployment", "large", "--wait=false")


KINDS = [
    a_deployment_has_its_pools, a_replicaset_has_its_pools, a_statefulset_has_its_pools, a_daemonset_has_its_pools,
    a_job_has_its_pools, a_cronjob_has_its_pools, pools_and_subnets_are_listed, malformed_annotations_are_refused,
    wrong_subnets_are_refused, wrong_numbers_are_refused, a_bare_pod_has_no_subnet, a_subnet_is_not_changed,
    a_subnet_that_is_too_small_is_told,
]
