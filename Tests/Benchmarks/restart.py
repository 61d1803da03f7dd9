"""What a start costs where many addresses are held: a real kube-apiserver with so many Pods and their records.

    python3 Tests/Benchmarks/restart.py --binary PATH [--pools N] [--each N] [--check]

Prints how long the server takes from its start until it is ready, beside how long the API server takes to list the same to a
client that does nothing with it, and how much memory it holds then. With --check a missed budget makes the exit code 1.
"""

import argparse
import http.client
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(TESTS / "Cluster/end_to_end"), str(TESTS / "Cluster/pods_end_to_end")]

from api import Client
from control_plane import GROUP
from served import ServedCluster

SECONDS_BEYOND_LIST, MEGABYTES = 1.0, 96
PODS, POOLS = "/api/v1/pods", f"{GROUP}/spiderippools"
CLIENTS = 32


def make_pods(world, count):
    """Pods on a node and without any work for controllers, by h2load: nothing else here is as fast. A few more are asked for:
    the API server refuses a name that it has generated before."""
    allocation = [{"interface": "eth0", "ipv4": "10.1.100.100/8", "ipv4Pool": "pool-0", "ipv4Gateway": "10.0.0.1"}]
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-7d9f8c6b5d-", "annotations": {
            "ipam.spidernet.io/allocation": json.dumps(allocation),
            "ipam.spidernet.io/reservation": f"v1.1800000000000.{'0' * 32}.{'0' * 64}"}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "c", "image": "busybox"}]}}
    body = world.folder / "pod.json"
    body.write_text(json.dumps(pod))
    token = Client(world.plane).token
    url = f"https://127.0.0.1:{world.plane.env['APISERVER_PORT']}/api/v1/namespaces/default/pods"
    done = subprocess.run(
        ["h2load", "--h1", f"--clients={CLIENTS}", f"--requests={count + count // 100}", f"--data={body}",
         "--header=Content-Type: application/json", f"--header=Authorization: Bearer {token}", url],
        capture_output=True, text=True, check=True)
    created = re.search(r"^status codes: (\d+) 2xx", done.stdout, re.MULTILINE)
    if created is None or int(created.group(1)) < count:
        sys.exit(f"restart: not all Pods were created:\n{done.stdout}")


def pages(client, path):
    """All items, a page at a time, as the server asks for them."""
    token = ""
    while True:
        status, answer = client.request("GET", f"{path}?limit=500{token and '&continue=' + token}")
        if status != 200:
            sys.exit(f"restart: GET {path}: {answer}")
        yield answer["items"]
        token = answer["metadata"].get("continue")
        if not token:
            return


def make_pools(world, pools, each):
    """Pools whose statuses hold an address for each Pod."""
    client = Client(world.plane)
    pods = (pod["metadata"] for page in pages(client, PODS) for pod in page)
    for number in range(pools):
        network = f"10.{number + 1}"
        pool = {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": f"pool-{number}"},
                "spec": {"ipVersion": 4, "subnet": f"{network}.0.0/16", "ips": [f"{network}.0.1-{network}.255.254"]}}
        status, pool = client.request("POST", POOLS, pool)
        addresses = (f"{network}.{index // 250}.{index % 250 + 1}" for index in range(each))
        records = {address: {"pod": f"default/{pod['name']}", "podUid": pod["uid"]} for address, pod in zip(addresses, pods)}
        pool["status"] = {"allocatedIPs": json.dumps(dict(sorted(records.items())), separators=(",", ":")),
                          "totalIPCount": 65534, "allocatedIPCount": len(records)}
        status, answer = client.request("PUT", f"{POOLS}/pool-{number}/status", pool)
        if status != 200 or len(records) != each:
            sys.exit(f"restart: pool-{number} has {len(records)} records: {answer}")


def list_time(world):
    """How long the API server takes to send what the server reads at its start; nobody looks at it."""
    connection = http.client.HTTPSConnection("127.0.0.1", int(world.plane.env["APISERVER_PORT"]), context=Client(world.plane).context)
    headers = {"Authorization": f"Bearer {Client(world.plane).token}"}
    began = time.monotonic()
    for path in (POOLS, PODS):
        token = ""
        while True:
            connection.request("GET", f"{path}?limit=500{token and '&continue=' + token}", headers=headers)
            body = connection.getresponse().read()
            # The token stands at the beginning of a list.
            head = body[:2000]
            token = head.split(b'"continue":"')[1].split(b'"')[0].decode() if b'"continue":"' in head else ""
            if not token:
                break
    return time.monotonic() - began


def memory(pid):
    """Resident megabytes."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def start_time(server):
    began = time.monotonic()
    server.start()
    return time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(prog="restart.py")
    parser.add_argument("--binary", required=True, type=pathlib.Path)
    parser.add_argument("--pools", type=int, default=30)
    parser.add_argument("--each", type=int, default=5000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spiderpool-webhook-restart."))
    world = ServedCluster(options.binary.resolve(), folder)
    try:
        world.plane.start()
        world.install()
        make_pods(world, options.pools * options.each)
        make_pools(world, options.pools, options.each)
        server, rows = world.add_server(), []
        for _ in range(3):
            lists, start = list_time(world), start_time(server)
            time.sleep(2)
            rows.append((lists, start, memory(server.process.pid)))
            server.stop()
    finally:
        world.tear_down()
        shutil.rmtree(folder)
    sys.exit(report(rows, options))


def report(rows, options):
    """The middle one of the starts."""
    lists, start, size = sorted(rows, key=lambda row: row[1] - row[0])[len(rows) // 2]
    beyond, misses = start - lists, 0
    print(f"{options.pools} pools of {options.each} held addresses, and their Pods")
    for what, value, budget, unit in (
            ("the API server's own lists", lists, None, "s"), ("start to ready", start, None, "s"),
            ("beyond the lists", beyond, SECONDS_BEYOND_LIST, "s"), ("resident memory", size, MEGABYTES, "MB")):
        verdict = "" if budget is None else f"≤ {budget} {unit}  {'PASS' if value <= budget else 'FAIL'}"
        misses += budget is not None and value > budget
        print(f"{what:28} {value:9.2f} {unit:3} {verdict}".rstrip())
    return 1 if options.check and misses else 0


if __name__ == "__main__":
    main()
