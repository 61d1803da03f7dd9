"""What automatic pools cost where many applications come at once: a real control plane, and 100 Deployments of 10 Pods each.

    python3 Tests/Benchmarks/deployments.py --binary PATH [--deployments N] [--replicas N] [--rounds N] [--qps N] [--check]

Prints how long it takes from the first Deployment until the last Pod is there, on one subnet that has exactly as many
addresses as are wanted, beside the time for the same Deployments without any annotation. Pods are created, not run. Every Pod's
address, every pool's size and the subnet's status are looked at afterwards. --qps is how many requests the controllers may send
in a second; without it they are as slow as Kubernetes has them. With --check a missed budget makes the exit code 1.
"""

import argparse
import concurrent.futures
import ipaddress
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(TESTS / "Cluster/end_to_end"), str(TESTS / "Cluster/pods_end_to_end")]

from addresses import allocations
from api import Client, pods_path
from control_plane import GROUP, eventually, expect
from served import ServedCluster

RATIO, CLIENTS, SPARE = 2.0, 16, 1
DEPLOYMENTS, SUBNET = "/apis/apps/v1/namespaces/default/deployments", "crowd"


def deployment(number, replicas, annotations):
    name = f"app-{number}"
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {
                "metadata": {"labels": {"app": name}, "annotations": annotations},
                "spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": "busybox"}]}}}}


def count(client, path):
    """How many objects there are, without reading them."""
    status, answer = client.request("GET", f"{path}?limit=1")
    expect(status == 200, str(answer))
    return len(answer["items"]) + answer["metadata"].get("remainingItemCount", 0)


def on_all(client, method, options, body=lambda number: None, suffix=lambda number: ""):
    def one(number):
        status, answer = client.request(method, DEPLOYMENTS + suffix(number), body(number))
        expect(status < 300, str(answer))

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(one, range(options.deployments)))


def run(world, client, options, annotations):
    """Seconds until all Pods are there."""
    wanted, began = options.deployments * options.replicas, time.monotonic()
    on_all(client, "POST", options, lambda number: deployment(number, options.replicas, annotations))
    eventually(600, f"{wanted} Pods", lambda: count(client, pods_path("default")) >= wanted)
    return time.monotonic() - began


def remove(client, options):
    on_all(client, "DELETE", options, suffix=lambda number: f"/app-{number}")
    eventually(600, "the end of all Pods", lambda: count(client, pods_path("default")) == 0)


def sizes(client):
    """How many addresses each pool has."""
    def size(text):
        ends = [ipaddress.ip_address(end) for end in text.split("-")]
        return int(ends[-1]) - int(ends[0]) + 1

    pools, _ = client.list(f"{GROUP}/spiderippools")
    return {pool["metadata"]["name"]: sum(map(size, pool["spec"].get("ips", []))) for pool in pools}


def subnet_status(client):
    return client.request("GET", f"{GROUP}/spidersubnets/{SUBNET}")[1].get("status", {})


def check(world, client, options):
    pods, _ = client.list(pods_path("default"))
    taken = [address for pod in pods for _, address in allocations(pod)]
    expect(len(taken) == len(set(taken)) == options.deployments * options.replicas,
           f"{len(pods)} Pods have {len(taken)} addresses, {len(set(taken))} different ones")
    each = options.replicas + SPARE
    eventually(30, "pools of the wanted size", lambda: list(sizes(client).values()) == [each] * options.deployments)
    eventually(10, "an exact subnet", lambda: subnet_status(client).get("allocatedIPCount") == each * options.deployments)
    done = subprocess.run([world.binary, "ipam", "check", "--kubeconfig", world.plane.folder / "kubeconfig"],
                          capture_output=True, text=True)
    expect(done.returncode == 0, f"ipam check found:\n{done.stdout}{done.stderr}")


def measure(world, options):
    client = Client(world.plane)
    addresses = options.deployments * (options.replicas + SPARE)
    first = ipaddress.ip_address("10.60.0.1")
    status, answer = client.request("POST", f"{GROUP}/spidersubnets", {
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderSubnet", "metadata": {"name": SUBNET},
        "spec": {"subnet": "10.60.0.0/16", "ips": [f"{first}-{first + addresses - 1}"]}})
    expect(status == 201, str(answer))
    annotations = {"ipam.spidernet.io/subnet": json.dumps({"ipv4": [SUBNET]}), "ipam.spidernet.io/ippool-ip-number": f"+{SPARE}"}
    rows = []
    for _ in range(options.rounds):
        without = run(world, client, options, {})
        remove(client, options)
        ours = run(world, client, options, annotations)
        check(world, client, options)
        remove(client, options)
        eventually(60, "an empty subnet", lambda: subnet_status(client).get("allocatedIPCount") == 0 and not sizes(client))
        rows.append((without, ours))
    return rows


def report(rows, options):
    print(f"{'without annotation':>20} {'automatic pools':>17} {'ratio':>7}")
    for without, ours in rows:
        print(f"{without:18.1f} s {ours:15.1f} s {ours / without:7.2f}")
    ratio = sorted(ours / without for without, ours in rows)[len(rows) // 2]
    passed = ratio <= RATIO
    print(f"{'PASS' if passed else 'FAIL'}: {ratio:.2f} x, budget {RATIO} x")
    return 1 if options.check and not passed else 0


def main():
    parser = argparse.ArgumentParser(prog="deployments.py")
    parser.add_argument("--binary", required=True, type=pathlib.Path)
    parser.add_argument("--deployments", type=int, default=100)
    parser.add_argument("--replicas", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--qps", type=int)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spiderpool-webhook-deployments."))
    world = ServedCluster(options.binary.resolve(), folder)
    limits = [] if options.qps is None else [
        f"--controller-arg=--kube-api-qps={options.qps}", f"--controller-arg=--kube-api-burst={options.qps}"]
    try:
        world.plane.start("--controllers", *limits)
        world.install()
        world.serve()
        rows = measure(world, options)
    finally:
        world.tear_down()
        shutil.rmtree(folder)
    sys.exit(report(rows, options))


main()
