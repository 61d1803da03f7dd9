"""What takes more than one manifest: the life of a pool, dry runs, restarts, races. Each function is one test; its
docstring is the sentence it is reported by.
"""

import json
import pathlib
import ssl
import subprocess

from control_plane import REPOSITORY, eventually, expect
from webhook import register, unregister

FINALIZER = "spiderpool.spidernet.io"
MISSION_POOL = REPOSITORY / "manifests" / "examples" / "custom-ipv4-ippool.yaml"
ROUNDS = 20


def pool(name, subnet, *ips, labels=None, **spec):
    """A SpiderIPPool as the text kubectl reads."""
    return json.dumps({
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
        "metadata": {"name": name, "labels": labels or {}}, "spec": {"subnet": subnet, "ips": list(ips), **spec}})


def applied(plane, text, *arguments):
    return plane.kubectl("apply", "-f", "-", *arguments, stdin=text)


def mission_pool_is_defaulted(world):
    """the custom-ipv4-ippool of the examples is accepted and defaulted"""
    plane = world.plane
    created = plane.succeed("apply", "-f", MISSION_POOL)
    expect(created == "spiderippool.spiderpool.spidernet.io/custom-ipv4-ippool created\n", created)
    stored = plane.get("spiderippool", "custom-ipv4-ippool")
    spec, metadata = stored["spec"], stored["metadata"]
    expect(spec == {"ipVersion": 4, "subnet": "172.18.41.0/24", "ips": ["172.18.41.40-172.18.41.50"],
                    "default": False, "disable": False}, f"spec is {spec}")
    expect(metadata["finalizers"] == [FINALIZER], f"finalizers are {metadata['finalizers']}")
    expect(metadata["labels"] == {"ipam.spidernet.io/ippool-cidr": "172-18-41-0-24"}, f"labels are {metadata['labels']}")
    again = plane.succeed("apply", "-f", MISSION_POOL)
    expect(again == "spiderippool.spiderpool.spidernet.io/custom-ipv4-ippool unchanged\n", again)


def pools_are_listed_like_in_the_document(world):
    """kubectl get sp prints the columns of the user's document"""
    world.plane.succeed("apply", "-f", MISSION_POOL)

    def counted():
        header, *rows = world.plane.succeed("get", "sp").splitlines()
        expect([row.split() for row in rows] == [["custom-ipv4-ippool", "4", "172.18.41.0/24", "0", "11", "false", "false"]], str(rows))
        return header

    # The server counts the addresses of a new pool by itself.
    header = eventually(15, "the pool's counts", counted)
    expect(header.split() == ["NAME", "VERSION", "SUBNET", "ALLOCATED-IP-COUNT", "TOTAL-IP-COUNT", "DEFAULT", "DISABLE",
                              "APP-NAMESPACE"], header)


def examples_are_accepted(world):
    """every example of Spiderpool's kinds is accepted"""
    for name in ("subnets.yaml", "reserved-ip.yaml"):
        world.plane.succeed("apply", "-f", REPOSITORY / "manifests" / "examples" / name)
    versions = world.plane.succeed("get", "ss,sr", "-o", "jsonpath={.items[*].spec.ipVersion}")
    expect(sorted(versions.split()) == ["4", "4", "6"], f"IP versions are {versions}")


def ranges_are_merged(world):
    """several ranges are sorted and merged, a single one stays as written"""
    plane = world.plane
    plane.succeed("apply", "-f", "-", stdin=pool("merged", "10.200.0.0/16", "10.200.0.4-10.200.0.9", "10.200.0.10", "10.200.0.2-10.200.0.5"))
    ips = plane.get("spiderippool", "merged")["spec"]["ips"]
    expect(ips == ["10.200.0.2-10.200.0.10"], f"ips are {ips}")
    plane.succeed("apply", "-f", "-", stdin=pool("merged", "10.200.0.0/16", "10.200.0.3-10.200.0.3"))
    ips = plane.get("spiderippool", "merged")["spec"]["ips"]
    expect(ips == ["10.200.0.3-10.200.0.3"], f"ips are {ips}")
    plane.remove("spiderippool", "merged")


def pool_inherits_from_its_subnet(world):
    """a pool belongs to the SpiderSubnet of its network, and takes over gateway and routes"""
    plane = world.plane
    routes = [{"dst": "192.168.0.0/24", "gw": "10.201.0.254"}]
    subnet = json.loads(pool("legator", "10.201.0.0/16", "10.201.0.2-10.201.0.99", gateway="10.201.0.1", routes=routes))
    subnet["kind"] = "SpiderSubnet"
    plane.succeed("apply", "-f", "-", stdin=json.dumps(subnet))
    try:
        def belongs():
            text = plane.succeed("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=pool("heir", "10.201.0.0/16", "10.201.0.7"))
            return json.loads(text) if "ownerReferences" in text else None
        heir = eventually(15, "the pool being owned by the subnet", belongs)
        owner = heir["metadata"]["ownerReferences"][0]
        expect((owner["kind"], owner["name"], owner["controller"], owner["blockOwnerDeletion"]) ==
               ("SpiderSubnet", "legator", True, True), f"the owner is {owner}")
        expect(heir["metadata"]["labels"]["ipam.spidernet.io/owner-spider-subnet"] == "legator", str(heir["metadata"]["labels"]))
        expect((heir["spec"]["gateway"], heir["spec"]["routes"]) == ("10.201.0.1", routes), f"spec is {heir['spec']}")
    finally:
        plane.remove("spidersubnet", "legator")


def dry_run_changes_nothing(world):
    """--dry-run=server shows the defaults, stores nothing and claims nothing"""
    plane = world.plane
    # The Lease of the controllers is renewed every few seconds, whatever happens.
    claims = ("get", "lease", "spiderpool-webhook-claims", "-n", "spiderpool", "--ignore-not-found", "-o", "json")
    before = plane.succeed(*claims)
    text = pool("dry", "10.202.0.0/16", "10.202.0.1-10.202.0.9")
    shown = json.loads(plane.succeed("apply", "-f", "-", "--dry-run=server", "-o", "json", stdin=text))
    expect(shown["spec"]["ipVersion"] == 4 and shown["metadata"]["finalizers"] == [FINALIZER], f"the dry run shows {shown}")
    expect(plane.get("spiderippool", "dry") is None, "the dry run left an object behind")
    expect(before == plane.succeed(*claims), "the dry run wrote the Lease")
    plane.succeed("apply", "-f", "-", stdin=pool("wet", "10.202.0.0/16", "10.202.0.5-10.202.0.20"))
    # The server counts the addresses of a new pool by itself; after that nothing else writes.
    eventually(15, "the pool's counts", lambda: plane.get("spiderippool", "wet").get("status", {}).get("totalIPCount") == 16)
    before = plane.get("spiderippool", "wet")["metadata"]["resourceVersion"]
    done = applied(plane, pool("wet", "10.202.0.0/16", "10.202.0.5-10.202.0.30"), "--dry-run=server")
    expect(done.text == "spiderippool.spiderpool.spidernet.io/wet configured (server dry run)\n", done.text)
    expect(plane.get("spiderippool", "wet")["metadata"]["resourceVersion"] == before, "the dry run changed the object")
    plane.succeed("apply", "-f", "-", stdin=pool("neighbour", "10.202.0.0/16", "10.202.0.25-10.202.0.40"))
    for name in ("wet", "neighbour"):
        plane.remove("spiderippool", name)


def pool_lives_and_ends(world):
    """a pool is updated, deleted, untouchable while it ends, and its addresses are free again afterwards"""
    plane = world.plane
    plane.succeed("apply", "-f", "-", stdin=pool("life", "10.203.0.0/16", "10.203.0.1-10.203.0.9"))
    done = applied(plane, pool("life", "10.203.0.0/16", "10.203.0.1-10.203.0.5", gateway="10.203.0.254", disable=True))
    expect(done.stdout == "spiderippool.spiderpool.spidernet.io/life configured\n", done.text)
    # A pool that nobody holds an address of would be gone before it can be looked at.
    holder = {"pod": "default/holder", "podUid": "6f1c2d3e-0000-4000-8000-000000000001"}
    plane.put_status("spiderippool", "life", {"allocatedIPs": json.dumps({"10.203.0.1": holder}), "allocatedIPCount": 1})
    plane.succeed("delete", "sp", "life", "--wait=false")
    expect("deletionTimestamp" in plane.get("spiderippool", "life")["metadata"], "the finalizer did not keep the pool")
    done = plane.kubectl("label", "sp", "life", "colour=red")
    expect(done.returncode != 0 and done.stderr.startswith("Error from server (Forbidden): admission webhook"), done.text)
    plane.remove("spiderippool", "life")
    free_again = pool("heir", "10.203.0.0/16", "10.203.0.1-10.203.0.9")
    eventually(15, "the addresses being free again", lambda: applied(plane, free_again).returncode == 0)
    plane.remove("spiderippool", "heir")


def watch_survives_a_restart(world):
    """a restart of the API server in between: the server keeps its picture, and learns what happens afterwards"""
    plane = world.plane
    plane.succeed("apply", "-f", "-", stdin=pool("before", "10.204.0.0/16", "10.204.0.1-10.204.0.9"))
    with world.restarting():
        plane.restart_apiserver()
        done = eventually(20, "an answer of the new API server", lambda: refusal(plane, pool("rival", "10.204.0.0/16", "10.204.0.9")))
        expect("10.204.0.9" in done.stderr and "before" in done.stderr, done.text)
        plane.remove("spiderippool", "before")
        eventually(40, "the watch telling of a deletion", lambda: applied(plane, pool("rival", "10.204.0.0/16", "10.204.0.9")).returncode == 0)
    plane.remove("spiderippool", "rival")


def refusal(plane, text):
    """A refusal for what is in the manifest, or None: a webhook that could not be called is none."""
    done = plane.kubectl("create", "--dry-run=server", "-f", "-", stdin=text)
    return done if done.returncode != 0 and "is invalid" in done.stderr else None


def pool_made_past_the_webhook_is_known(world):
    """a pool that was created while no webhook was registered is known all the same"""
    plane = world.plane
    unregister(plane)
    plane.succeed("create", "-f", "-", stdin=pool("stranger", "10.205.0.0/16", "10.205.0.1-10.205.0.9", ipVersion=4))
    register(plane, world.certificates, world.servers[:1])
    done = eventually(15, "the refusal of its addresses", lambda: refusal(plane, pool("rival", "10.205.0.0/16", "10.205.0.9")))
    expect("stranger" in done.stderr, done.text)
    plane.remove("spiderippool", "stranger")


def one_of_two_simultaneous_pools_wins(world):
    """two overlapping pools created at the same moment: one wins, every time"""
    race(world, 206, replicas=1)


def one_wins_across_replicas(world):
    """the same, each judged by another replica"""
    second = world.add_server()
    second.start()
    register(world.plane, world.certificates, world.servers)
    try:
        race(world, 207, replicas=2)
    finally:
        unregister(world.plane)
        register(world.plane, world.certificates, world.servers[:1])
        status = second.stop()
    expect(status == 0, f"the second replica ended with {status}")


def race(world, network, replicas):
    """Every kubectl is started before the first round, and waits for its manifest: so each pair really meets."""
    plane = world.plane
    start = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    processes = [subprocess.Popen(plane.command("create", "--validate=false", "-f", "-"), **start) for _ in range(2 * ROUNDS)]
    try:
        for number in range(ROUNDS):
            labels = [{"replica": str((number + index) % replicas)} for index in range(2)]
            net = f"10.{network}.{number}"
            race_once(plane, processes[2 * number:2 * number + 2], {
                f"left-{network}-{number}": pool(f"left-{network}-{number}", f"{net}.0/24", f"{net}.1-{net}.9", labels=labels[0]),
                f"right-{network}-{number}": pool(f"right-{network}-{number}", f"{net}.0/24", f"{net}.5-{net}.20", labels=labels[1]),
            })
    finally:
        for process in processes:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


def race_once(plane, processes, contenders):
    for process, text in zip(processes, contenders.values()):
        process.stdin.write(text)
    for process in processes:
        process.stdin.close()
    printed = [process.stdout.read() for process in processes]
    succeeded = [process.wait() == 0 for process in processes]
    stored = [plane.get("spiderippool", name) is not None for name in contenders]
    for name in contenders:
        plane.remove("spiderippool", name)
    expect(stored == succeeded and sum(stored) == 1, "".join(printed))
    winner, refused = list(contenders)[succeeded.index(True)], printed[succeeded.index(False)]
    # The first line is for a winner that is stored already, the second for one that is on its way.
    told = ("is invalid: spec.ips: Forbidden:", "Error from server (Conflict)")
    expect(winner in refused and any(text in refused for text in told), refused)


def failure_policies_hold(world):
    """while no server answers, pools are refused, and Pods but for those of the control plane"""
    plane, server = world.plane, world.servers[0]
    status = server.stop()
    expect(status == 0, f"the server ended with {status}")
    done = applied(plane, pool("unjudged", "10.208.0.0/16"))
    expect(done.returncode != 0 and 'failed calling webhook "spiderippool.spiderpool.spidernet.io"' in done.stderr, done.text)
    done = plane.kubectl("run", "unjudged", "--image=busybox")
    expect(done.returncode != 0 and 'failed calling webhook "pods.spiderpool.spidernet.io"' in done.stderr, done.text)
    plane.succeed("run", "unjudged", "--image=busybox", "-n", "kube-system")
    plane.remove("pod", "unjudged", "kube-system")
    server.start()
    eventually(20, "an accepted pool", lambda: applied(plane, pool("unjudged", "10.208.0.0/16")).returncode == 0)
    plane.remove("spiderippool", "unjudged")


def renewed_certificate_is_taken(world):
    """a renewed certificate is taken without a restart"""
    server, file = world.servers[0], world.certificates / "tls.crt"

    def served():
        return ssl.get_server_certificate(("127.0.0.1", server.port)).strip()

    before = served()
    subprocess.run([world.binary, "certs", "renew", "--dir", world.certificates], check=True, capture_output=True)
    expect(before not in file.read_text(), "certs renew left the certificate as it was")
    eventually(30, "the new certificate being served", lambda: served() != before)
    expect(served() in file.read_text(), "what is served is not what was made")
    done = applied(world.plane, pool("renewed", "10.209.0.0/16"))
    expect(done.returncode == 0, done.text)
    world.plane.remove("spiderippool", "renewed")


def answers_are_audited(world):
    """the API server's audit log tells what was decided"""
    events = world.plane.audit_events("custom-ipv4-ippool")
    expect(events, "the audit log does not know of the pool")
    keys = [key for key in events[0].get("annotations", {}) if key.startswith("spiderippool.spiderpool.spidernet.io/")]
    expect(len(keys) == 2, f"mutating and validating review leave an annotation each, but there are {keys}")
    log = (world.plane.folder / "logs" / "kube-apiserver.log").read_text()
    expect("Failed to set annotations" not in log, "the API server could not keep an annotation; see its log")


def permissions_suffice(world):
    """the service account's permissions suffice, and none of its requests was refused"""
    for server in world.servers:
        # An API server that is just starting forbids everything, because it has not read its own rules yet.
        refused = [line for line in pathlib.Path(server.log).read_text().splitlines()
                   if "forbidden" in line.lower() and " decided " not in line and not world.was_restarting(line[:24])]
        expect(not refused, "\n".join(refused[:3]))
    for verb, resource in (("delete", "pods"), ("list", "secrets"), ("update", "spiderippools.spiderpool.spidernet.io"),
                           ("delete", "leases.coordination.k8s.io")):
        done = world.plane.kubectl("auth", "can-i", verb, resource, "-n", "spiderpool",
                                   kubeconfig=world.plane.service_account_kubeconfig)
        expect(done.stdout == "no\n", f"may {verb} {resource}")


BEFORE_CASES = [mission_pool_is_defaulted, pools_are_listed_like_in_the_document]
AFTER_CASES = [
    examples_are_accepted, ranges_are_merged, pool_inherits_from_its_subnet, dry_run_changes_nothing, pool_lives_and_ends,
    one_of_two_simultaneous_pools_wins, watch_survives_a_restart, pool_made_past_the_webhook_is_known,
    one_wins_across_replicas, renewed_certificate_is_taken, failure_policies_hold, answers_are_audited, permissions_suffice,
]
