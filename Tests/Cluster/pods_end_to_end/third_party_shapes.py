"""Objects of third parties in many shapes: refused where their Pod templates stand, served where their Pods are made, by
themselves or by controllers of Kubernetes' own; and applications that have a name in common."""

from control_plane import eventually, expect
from addresses import allocations
from automatic import events
from automatic_kinds import applied, expect_printed, make_subnets
from objects import PREFIX, asking, pods_of
from operators import operating
from third_party_checks import (
    NUMBER, change, check, create, gone, granted, own_pods, remove, served, stored)
from third_party_kinds import (
    ALL, CLONES, LED, OTHER_CLONES, OTHER_CLONE_SET, REDIS_CLUSTER, SHAPES, STATEFUL, VOLCANO, pods_template)
from workloads import by_name

ELASTIC = " (a server that runs with --elastic-third-party follows kinds that have a scale subresource)"


def mistake(shape, field):
    kind = shape.kind
    return (f'{field}.metadata.annotations[{NUMBER}]: Invalid value: "+5": the number of replicas of {kind.kind} '
            f'({kind.api_version}) is not known, so the number of addresses must be fixed; write {NUMBER}: "5"{ELASTIC}')


def refused(shape, name):
    """What kubectl prints of an object with "+5" in a List that has several such."""
    mistakes = ", ".join(mistake(shape, field) for field in shape.fields)
    told = f"[{mistakes}]" if shape.fields[1:] else mistakes
    return ('Error from server (Invalid): admission webhook "workloads.spiderpool.spidernet.io" denied the request: '
            f'{shape.kind.kind}.{shape.kind.group} "{name}" is invalid: {told}\n')


def wrong_objects_of_every_shape_are_refused(world):
    """of a List of objects of every shape those with "+5" are refused where they say so, and the others are stored"""
    make_subnets(world, ("listed", "10.100.0.10-10.100.0.250"))
    wrong = [shape.made(f"wrong-{number}", "listed", "+5") for number, shape in enumerate(SHAPES)]
    right = [shape.made(f"right-{number}", "listed", "5") for number, shape in enumerate(SHAPES)]
    items = [made for pair in zip(wrong, right) for made in pair]
    printed = applied(world, {"apiVersion": "v1", "kind": "List", "items": items})
    created = "".join(f"{shape.kind.kind.lower()}.{shape.kind.group}/right-{number} created\n"
                      for number, shape in enumerate(SHAPES))
    expect_printed(printed, created + "".join(refused(shape, f"wrong-{number}") for number, shape in enumerate(SHAPES)))
    remove(world, *(stored(world, made) for made in right))


HOW = f"must be a number of addresses, at most 16777216; write {NUMBER}: '5'"
MISTAKES = (
    ({NUMBER: None}, f'{NUMBER}]: Required value: the number of replicas of CloneSet (apps.kruise.io/v1alpha1) is not '
                     f'known, so the number of addresses must be given; write {NUMBER}: "5"'),
    ({NUMBER: "five"}, f'{NUMBER}]: Invalid value: "five": {HOW}'),
    ({NUMBER: "-1"}, f'{NUMBER}]: Invalid value: "-1": {HOW}'),
    ({f"{PREFIX}/subnet": "mistaken"}, f'{PREFIX}/subnet]: Invalid value: "mistaken": is not JSON: '),
    ({f"{PREFIX}/subnet": '{"ipv4":["mistakes"]}'}, 'there is no SpiderSubnet "mistakes"; did you mean mistaken?'),
)


def mistakes_are_told_at_the_workload(world):
    """a number that is missing or malformed, and a subnet that is malformed or not there, are refused of a CloneSet"""
    make_subnets(world, ("mistaken", "10.116.0.10-10.116.0.60"))
    for written, mistake in MISTAKES:
        wrong = CLONES.made("mistaken", "mistaken", "5")
        annotations = wrong["spec"]["template"]["metadata"]["annotations"] | written
        wrong["spec"]["template"]["metadata"]["annotations"] = {
            key: value for key, value in annotations.items() if value is not None}
        told = applied(world, wrong)
        start = 'The CloneSet "mistaken" is invalid: spec.template.metadata.annotations['
        expect(told.startswith(start) and mistake in told, f"{mistake!r} is missing from {told!r}")
    expect(not pods_of(world, "mistaken"), "there are Pods")


def owners(world, shape, made):
    """Whose pools serve the Pods of an object: it, or what it makes."""
    if not shape.owner:
        return made
    kind, name = shape.owner(made)
    return eventually(10, f"{kind} {name}", lambda: world.plane.get(kind, name))


def every_shape_has_its_pool(world):
    """objects of every shape with "5" have pools of 5 addresses each, theirs or of what they make, which go with them"""
    make_subnets(world, ("four", "10.101.0.10-10.101.0.250"), ("six", "fd00:101::1-fd00:101::ff"))
    shapes = [shape for shape in SHAPES if shape is not LED]
    with operating(world, *ALL):
        made = create(world, *(shape.made(f"shape-{number}", "four/six", "5") for number, shape in enumerate(shapes)))
        found = [owners(world, shape, one) for shape, one in zip(shapes, made)]
        for owner in found:
            served(world, owner, 3, 5, within=60)
            api_version = "batch/v1" if owner["apiVersion"].startswith("batch/") else owner["apiVersion"]
            check(world, owner | {"apiVersion": api_version}, "5")
        remove(world, *made)
        for owner in found:
            eventually(30, f"the end of the Pods of {owner['kind']}", lambda: not own_pods(world, owner))
        gone(world, *found)


def leaders_and_workers_have_pools(world):
    """a LeaderWorkerSet's StatefulSets have pools of their own, also the one that a leader's Pod owns"""
    make_subnets(world, ("led", "10.102.0.10-10.102.0.60"))
    with operating(world, LED.kind):
        made = create(world, LED.made("led", "led", "5", count=3))
        leaders, workers = (eventually(20, name, lambda: world.plane.get("statefulset.apps", name))
                            for name in ("led", "led-0"))
        for owner, count in ((leaders, 1), (workers, 2)):
            served(world, owner, count, 5, within=45)
            check(world, owner, "5")
        change(world, made, replicas=2)
        served(world, leaders, 2, 5, within=45)
        more = eventually(20, "further workers", lambda: world.plane.get("statefulset.apps", "led-1"))
        served(world, more, 2, 5, within=45)
        remove(world, made)
        gone(world, leaders, workers, more, within=60)


def a_native_child_has_a_pool_of_its_own(world):
    """a StatefulSet that a custom resource owns may have "+2": its pool follows its replicas, and its Pods keep addresses"""
    make_subnets(world, ("redis", "10.103.0.10-10.103.0.60"))
    with operating(world, REDIS_CLUSTER):
        made = create(world, {"apiVersion": REDIS_CLUSTER.api_version, "kind": "RedisCluster", "metadata": {"name": "redis"},
                              "spec": {"clusterSize": 3, "podAnnotations": asking("redis", "+2")}})
        child = eventually(20, "the StatefulSet", lambda: world.plane.get("statefulset.apps", "redis"))
        old, = [pod for pod in served(world, child, 3, 5, within=45) if pod["metadata"]["name"] == "redis-1"]
        check(world, child, "+2")
        before = by_name(world, "redis")
        world.plane.succeed("delete", "pod", "redis-1", "--wait=false")
        eventually(20, "another Pod", lambda: old["metadata"]["uid"] not in {
            pod["metadata"]["uid"] for pod in own_pods(world, child)})
        for count in (3, 5, 2):
            change(world, made, clusterSize=count)
            served(world, child, count, count + 2, within=45)
            now = by_name(world, "redis")
            expect(all(now[name] == before[name] for name in now.keys() & before.keys()), f"{before} became {now}")
        remove(world, made)
        gone(world, child, within=60)


def namesakes_never_share(world):
    """applications of one name in different groups, kinds and namespaces have pools of their own, and keep to them"""
    make_subnets(world, ("same", "10.104.0.10-10.104.0.250"))
    world.plane.succeed("create", "namespace", "elsewhere")
    shapes = (CLONES, OTHER_CLONES, STATEFUL, VOLCANO)
    native = ({"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "same", "namespace": "elsewhere"}}
              for group, kind in (("apps", "StatefulSet"), ("batch", "Job")))
    templates = [pods_template("same", asking("same", "4"), once) for once in (False, True)]
    stateful, job = (made | {"spec": {"template": template}} for made, template in zip(native, templates))
    stateful["spec"] |= {"replicas": 2, "serviceName": "none", "selector": {"matchLabels": {"app": "same"}}}
    job["spec"] |= {"parallelism": 2, "backoffLimit": 30}
    with operating(world, *(shape.kind for shape in shapes)), granted(world, OTHER_CLONE_SET):
        made = create(world, *(shape.made("same", "same", "4", count=2) for shape in shapes),
                      CLONES.made("same", "same", "4", count=2, namespace="elsewhere"), stateful, job)
        for owner in made:
            served(world, owner, 2, 4, within=45)
            check(world, owner, "4")
        places = [place for pod in pods_of(world, "same") for place in allocations(pod)]
        names = {name for name, _ in places}
        expect(len(names) == len(made) and len(set(places)) == len(places) == 2 * len(made), f"addresses are {places}")
        # The end of one is nothing to its namesakes.
        first, *others = made
        remove(world, first)
        gone(world, first)
        for owner in others:
            served(world, owner, 2, 4)
        remove(world, *others)
        gone(world, *others, within=45)
    world.plane.succeed("delete", "namespace", "elsewhere", "--wait=false")


def a_replication_controller_has_its_pool(world):
    """a ReplicationController is refused with "+2", and has a pool of a fixed number, which goes with it"""
    make_subnets(world, ("core", "10.105.0.10-10.105.0.60"))

    def controller(number):
        return {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "core"}, "spec": {
            "replicas": 3, "selector": {"app": "core"}, "template": pods_template("core", asking("core", number))}}

    expect_printed(applied(world, controller("+2")), (
        f'The ReplicationController "core" is invalid: spec.template.metadata.annotations[{NUMBER}]: Invalid value: "+2": '
        "the number of replicas of ReplicationController (v1) is not known, so the number of addresses must be fixed; "
        f'write {NUMBER}: "2"{ELASTIC}\n'))
    made = create(world, controller("4"))
    served(world, made, 3, 4)
    check(world, made, "4")
    world.plane.succeed("scale", "replicationcontroller", "core", "--replicas=5")
    served(world, made, 4, 4)
    wanted = "of 4 addresses 4 are used"
    eventually(10, "the refusal of a Pod", lambda: any(wanted in text for text in events(world, "FailedCreate", "core")))
    remove(world, made)
    gone(world, made)


def a_pod_of_a_kind_that_nobody_judges_is_refused(world):
    """objects of a kind that no webhook names are stored with "+5", and told when a Pod is refused"""
    make_subnets(world, ("unjudged", "10.106.0.10-10.106.0.60"))
    with operating(world, OTHER_CLONE_SET) as operator:
        made = create(world, OTHER_CLONES.made("unjudged", "unjudged", "+5"))
        told = (f'metadata.annotations[{NUMBER}]: Invalid value: "+5": the number of replicas of its controller, CloneSet '
                f'(clones.example.com/v1) is not known, so the number of addresses must be fixed; write {NUMBER}: "5"')
        eventually(10, "the refusal", lambda: told in operator.refusal(made))
        remove(world, made)


# In its first half a minute the garbage collector does not know these kinds: what needs it not stands first.
SCENARIOS = (
    wrong_objects_of_every_shape_are_refused, mistakes_are_told_at_the_workload, a_replication_controller_has_its_pool,
    a_pod_of_a_kind_that_nobody_judges_is_refused, every_shape_has_its_pool, leaders_and_workers_have_pools,
    a_native_child_has_a_pool_of_its_own, namesakes_never_share,
)
