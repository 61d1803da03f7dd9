"""One Pod at a time: what it gets, what is refused, what a dry run tells."""

import json

from control_plane import REPOSITORY, eventually, expect
from addresses import ALLOCATION, RESERVATION, allocations, check_consistency, key, records
from api import pods_path
from webhook import register
from objects import POOL, apply, make_pool, pod, remove_pool, stored_pool, unscheduled

MISSION_POOL = REPOSITORY / "manifests" / "examples" / "custom-ipv4-ippool.yaml"


def created(world, made):
    return world.plane.kubectl("create", "-f", "-", stdin=json.dumps(made))


def read_pod(world, name):
    status, answer = world.client.request("GET", pods_path("default", name))
    expect(status == 200, str(answer))
    return answer


def columns(world, name):
    """What kubectl get sp shows: allocated and total."""
    row = world.plane.succeed("get", "sp", name, "--no-headers").split()
    return tuple(row[3:5])


def a_bare_pod_gets_an_address_and_gives_it_back(world):
    """a Pod that names custom-ipv4-ippool gets an address of it, and gives it back when it is deleted"""
    world.plane.succeed("apply", "-f", MISSION_POOL)
    apply(world.plane, pod("bare", "custom-ipv4-ippool"))
    bare = read_pod(world, "bare")
    expect(len(allocations(bare)) == 1, f"annotations are {bare['metadata']['annotations']}")
    (name, address), = allocations(bare)
    expect(name == "custom-ipv4-ippool" and RESERVATION in bare["metadata"]["annotations"], str(bare["metadata"]))
    expect(address.startswith("172.18.41."), address)
    expect(json.loads(bare["metadata"]["annotations"][ALLOCATION])[0]["ipv4"] == f"{address}/24", str(bare["metadata"]))
    recorded = records(stored_pool(world, name))
    expect(recorded == {address: {"pod": "default/bare", "podUid": bare["metadata"]["uid"]}}, str(recorded))
    expect(columns(world, name) == ("1", "11"), f"kubectl get sp shows {columns(world, name)}")
    world.plane.succeed("wait", "--for=condition=Ready", "pod/bare", "--timeout=30s")
    check_consistency(world)
    world.plane.succeed("delete", "pod", "bare", "--timeout=30s")
    eventually(5, "the address being given back", lambda: columns(world, name) == ("0", "11"))
    expect("allocatedIPs" not in stored_pool(world, name)["status"], "an empty allocatedIPs is left behind")
    remove_pool(world, name)


def a_pod_without_our_annotations_is_left_alone(world):
    """a Pod that names no pool gets no address and no annotation"""
    plain = pod("plain", "none")
    del plain["metadata"]["annotations"]
    apply(world.plane, plain)
    annotations = read_pod(world, "plain")["metadata"].get("annotations", {})
    expect(not any(name.startswith("ipam.spidernet.io/") and "last-applied" not in name for name in annotations), str(annotations))
    world.plane.remove("pod", "plain")


def a_dry_run_tells_the_address_and_keeps_nothing(world):
    """--dry-run=server of a Pod changes neither status nor ledger, and the next Pod gets the address it told"""
    # The only address that is free: each dry run has to tell the same, and none may keep it.
    name = make_pool(world, "dry", "10.20.0.10-10.20.0.11")
    apply(world.plane, unscheduled("holder", name))
    # The server counts the addresses of a new pool by itself; after that nothing else writes.
    eventually(15, "the pool's counts", lambda: columns(world, name) == ("1", "2"))
    stored = stored_pool(world, name)
    free, = {"10.20.0.10", "10.20.0.11"} - records(stored).keys()
    for number in range(5):
        done = world.plane.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(unscheduled(f"dry-{number}", name)))
        wanted = (f"pod/dry-{number} created (server dry run)\n"
                  f"Warning: metadata.annotations[{ALLOCATION}]: dry run: would hold {free} of {name}\n")
        expect((done.returncode, done.text) == (0, wanted), f"kubectl printed\n{done.text}instead of\n{wanted}")
    expect(stored_pool(world, name)["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"], "a dry run wrote the status")
    apply(world.plane, unscheduled("wet", name))
    expect(allocations(read_pod(world, "wet")) == [(name, free)], "the Pod got another address than the dry run told")
    check_consistency(world)
    for victim in ("holder", "wet"):
        world.plane.remove("pod", victim)
    remove_pool(world, name)


def a_dry_run_of_a_full_pool_is_refused(world):
    """--dry-run=server of a Pod whose pool is full is refused like the Pod itself"""
    name = make_pool(world, "dry-full", "10.21.0.1")
    apply(world.plane, unscheduled("holder", name))
    text = json.dumps(unscheduled("other", name))
    dry, wet = (world.plane.kubectl("create", "-f", "-", *arguments, stdin=text) for arguments in (["--dry-run=server"], []))
    expect(dry.returncode != 0 and dry.text == wet.text, f"a dry run prints\n{dry.text}instead of\n{wet.text}")
    world.plane.remove("pod", "holder")
    remove_pool(world, name)


def forged_annotations_are_replaced(world):
    """annotations written by hand or copied from another Pod are replaced by the Pod's own"""
    name = make_pool(world, "forged", "10.23.0.1-10.23.0.9")
    apply(world.plane, unscheduled("original", name))
    original = read_pod(world, "original")
    copied = {part: original["metadata"]["annotations"][part] for part in (ALLOCATION, RESERVATION)}
    invented = {**copied, ALLOCATION: copied[ALLOCATION].replace(allocations(original)[0][1], "10.23.0.200")}
    for number, annotations in enumerate((copied, invented, {ALLOCATION: "[]", RESERVATION: "v1.1.1.1"}, {ALLOCATION: "{"})):
        done = created(world, unscheduled(f"forger-{number}", name) | {"metadata": pod(
            f"forger-{number}", name, annotations, labels={"kind": "forger"})["metadata"]})
        expect(done.returncode == 0, done.text)
        forger = read_pod(world, f"forger-{number}")
        (given, address), = allocations(forger)
        holder = records(stored_pool(world, name)).get(address, {})
        expect(given == name and holder.get("podUid") == forger["metadata"]["uid"], f"{key(forger)} has {address}, held by {holder}")
        expect(forger["metadata"]["annotations"][RESERVATION] != copied[RESERVATION], "the token was copied")
    check_consistency(world)
    for victim in ("original", *(f"forger-{number}" for number in range(4))):
        world.plane.remove("pod", victim)
    remove_pool(world, name)


def copied_annotations_without_a_pool_are_removed(world):
    """a Pod that names no pool loses the allocation it was copied with"""
    made = unscheduled("copy", "none")
    made["metadata"]["annotations"] = {ALLOCATION: '[{"interface":"eth0","ipv4":"10.6.0.9/16","ipv4Pool":"x"}]', RESERVATION: "v1"}
    done = created(world, made)
    expect(done.returncode == 0, done.text)
    annotations = read_pod(world, "copy")["metadata"].get("annotations", {})
    expect(ALLOCATION not in annotations and RESERVATION not in annotations, f"annotations are {annotations}")
    world.plane.remove("pod", "copy")


def addresses_of_a_live_pod_stay(world):
    """the annotations that tell a live Pod's addresses can be neither changed nor taken away; others can"""
    name = make_pool(world, "live", "10.24.0.1-10.24.0.9")
    apply(world.plane, unscheduled("live", name))
    for part in (ALLOCATION, RESERVATION):
        for change in (f"{part}=[]", f"{part}-"):
            done = world.plane.kubectl("annotate", "--overwrite", "pod", "live", change)
            wanted = f'The Pod "live" is invalid: metadata.annotations[{part}]: Forbidden: {UNCHANGED}\n'
            expect(done.returncode != 0 and done.stderr == wanted, f"{change}: {done.text}")
    world.plane.succeed("annotate", "pod", "live", "colour=red")
    world.plane.succeed("label", "pod", "live", "colour=red")
    check_consistency(world)
    world.plane.remove("pod", "live")
    remove_pool(world, name)


UNCHANGED = ("is written by the address management alone and stays as it is; to get other addresses, delete the Pod and "
             "create it anew")


def without_the_mutating_webhook_nothing_is_let_through(world):
    """while the mutating webhook is not registered, Pods that name a pool are refused, with forged annotations or without"""
    name = make_pool(world, "halved", "10.25.0.1-10.25.0.9")
    world.plane.succeed("delete", "mutatingwebhookconfiguration", "spiderpool-controller")
    try:
        def refused():
            done = created(world, unscheduled("bare", name))
            world.plane.kubectl("delete", "pod", "bare", "--ignore-not-found", "--grace-period=0", "--force")
            return done if done.returncode else None
        done = eventually(15, "the refusal of a Pod without a reservation", refused)
        expect("no addresses were reserved for the Pod, because the mutating webhook was not asked" in done.stderr, done.text)
        forged = pod("forged", name, {ALLOCATION: json.dumps([{"interface": "eth0", "ipv4": "10.25.0.3/16", "ipv4Pool": name}]),
                                      RESERVATION: f"v1.9999999999999.{'0' * 32}.{'0' * 64}"})
        done = created(world, forged)
        wanted = (f'The Pod "forged" is invalid: metadata.annotations[{ALLOCATION}]: Forbidden: was not written by the address '
                  f"management for this Pod; remove the annotations {ALLOCATION} and {RESERVATION}, and name a pool in {POOL}\n")
        expect(done.stderr == wanted, f"kubectl printed\n{done.stderr}instead of\n{wanted}")
        world.plane.succeed("run", "plain", "--image=busybox")
    finally:
        register(world.plane, world.certificates, world.servers[:1])
    world.plane.remove("pod", "plain")
    expect(not records(stored_pool(world, name)), "a refused Pod holds an address")
    remove_pool(world, name)


def without_the_validating_webhook_addresses_are_recorded(world):
    """while the validating webhook is not registered, a Pod's address is recorded as soon as the Pod is seen"""
    name = make_pool(world, "unvalidated", "10.27.0.1-10.27.0.9")
    world.plane.succeed("delete", "validatingwebhookconfiguration", "spiderpool-controller")
    try:
        forged = '{"spec": {"ips": ["10.99.0.1"]}}'
        eventually(15, "the end of validation", lambda: world.plane.kubectl(
            "patch", "sp", name, "--type=merge", "--dry-run=server", "-p", forged).returncode == 0)
        apply(world.plane, unscheduled("unvalidated", name))
        eventually(3, "the record", lambda: len(records(stored_pool(world, name))) == 1)
        check_consistency(world)
    finally:
        register(world.plane, world.certificates, world.servers[:1])
    world.plane.remove("pod", "unvalidated")
    remove_pool(world, name)


def both_families_or_none(world):
    """a Pod gets an address of either family, or is refused and holds none"""
    four, six = make_pool(world, "four", "10.26.0.1-10.26.0.9"), make_pool(world, "six", "fd00:26::1-fd00:26::2")
    apply(world.plane, *(unscheduled(f"dual-{number}", "four/six") for number in range(2)))
    for number in range(2):
        expect([name for name, _ in allocations(read_pod(world, f"dual-{number}"))] == [four, six], "not one address of each")
    check_consistency(world)
    done = created(world, unscheduled("dual-2", "four/six"))
    expect(done.returncode != 0 and "no IPv6 address for eth0: six is full: of 2 addresses 2 are used" in done.stderr, done.text)
    held = check_consistency(world)
    expect((len(held[four]), len(held[six])) == (2, 2), f"{held} is held")
    for number in range(2):
        world.plane.remove("pod", f"dual-{number}")
    for name in (four, six):
        remove_pool(world, name)


SCENARIOS = [
    a_bare_pod_gets_an_address_and_gives_it_back, a_pod_without_our_annotations_is_left_alone,
    a_dry_run_tells_the_address_and_keeps_nothing, a_dry_run_of_a_full_pool_is_refused,
    forged_annotations_are_replaced, copied_annotations_without_a_pool_are_removed, addresses_of_a_live_pod_stay,
    without_the_mutating_webhook_nothing_is_let_through, without_the_validating_webhook_addresses_are_recorded, both_families_or_none,
]
