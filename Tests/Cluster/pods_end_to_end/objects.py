"""The objects these tests make: pools, subnets, Pods and what makes Pods, as JSON values."""

import json
import urllib.parse

from control_plane import GROUP, eventually, expect
from addresses import allocations, has_ended
from api import PODS, pods_path

PREFIX = "ipam.spidernet.io"
POOL = f"{PREFIX}/ippool"
INTERFACES = ("eth0", "net1")


def pool(name, addresses, kind="SpiderIPPool", **spec):
    """A pool of one range of addresses, or of one address, in a network of /16, of IPv6 in one of /64."""
    network = addresses.split("::")[0] + "::/64" if ":" in addresses else ".".join(addresses.split(".")[:2]) + ".0.0/16"
    return {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": kind, "metadata": {"name": name},
            "spec": {"subnet": network, "ips": [addresses], **spec}}


def subnet(name, addresses, **spec):
    """A subnet of one range of addresses, in the same networks as pools."""
    return pool(name, addresses, "SpiderSubnet", **spec)


def families(names):
    """`names` is a name of IPv4, or one of IPv4 and one of IPv6 with a slash between."""
    return dict(zip(("ipv4", "ipv6"), ([name] for name in names.split("/"))))


def template(pool_name, labels, **spec):
    """`pool_name` is a pool of IPv4 addresses, or one of IPv4 and one of IPv6 with a slash between."""
    return {"metadata": {"labels": labels, "annotations": {POOL: json.dumps(families(pool_name))}},
            "spec": {"containers": [{"name": "main", "image": "busybox"}], "terminationGracePeriodSeconds": 1, **spec}}


def pod(name, pool_name, annotations=None, labels=None, **spec):
    """A Pod; one whose name ends in a dash gets the rest from the API server."""
    made = {"apiVersion": "v1", "kind": "Pod", **template(pool_name, labels or {}, **spec)}
    made["metadata"]["generateName" if name.endswith("-") else "name"] = name
    made["metadata"]["annotations"].update(annotations or {})
    return made


def unscheduled(name, pool_name, **labels):
    """A Pod that stays without a node, so that nothing but the API server and the server under test has work with it."""
    return pod(name, pool_name, labels=labels, schedulerName="nobody")


def workload(kind, name, pool_name, replicas=None, labels=None, template_spec=None, **spec):
    group = "batch" if kind == "Job" else "apps"
    made = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name},
            "spec": {"template": template(pool_name, {"app": name, **(labels or {})}, **(template_spec or {})), **spec}}
    if kind != "Job":
        made["spec"].update(replicas=replicas, selector={"matchLabels": {"app": name}})
    if kind == "StatefulSet":
        made["spec"]["serviceName"] = name
    return made


def application(kind, name, subnets, count=1, number=None, reclaim=None, labels=None, template_spec=None, **spec):
    """A workload of any of Kubernetes' own kinds whose Pods get addresses of its own automatic pools: `subnets` is a subnet
    of IPv4 addresses, or one of IPv4 and one of IPv6 with a slash between, or several of these, for one interface each.

    A CronJob makes no Job by itself; a DaemonSet has Pods on the nodes that are labelled `automatic`."""
    once = {"restartPolicy": "Never"} if kind in ("Job", "CronJob") else {}
    once |= {"nodeSelector": {"automatic": "yes"}} if kind == "DaemonSet" else {}
    job = {"parallelism": count, "backoffLimit": 30} if kind in ("Job", "CronJob") else {}
    made = workload("Job" if kind == "CronJob" else kind, name, "none", count, labels, once | (template_spec or {}),
                    **job, **spec)
    if kind == "DaemonSet":
        del made["spec"]["replicas"]
    made["spec"]["template"]["metadata"]["annotations"] = asking(subnets, number, reclaim)
    if kind == "CronJob":
        made |= {"apiVersion": "batch/v1beta1", "kind": kind,
                 "spec": {"schedule": "*/1 * * * *", "suspend": True, "jobTemplate": {"spec": made["spec"]}}}
    return made


def asking(subnets, number=None, reclaim=None):
    """The annotations that ask for automatic pools."""
    if isinstance(subnets, str):
        named = {f"{PREFIX}/subnet": json.dumps(families(subnets))}
    else:
        named = {f"{PREFIX}/subnets": json.dumps(
            [{"interface": interface, **families(names)} for interface, names in zip(INTERFACES, subnets)])}
    more = {f"{PREFIX}/ippool-ip-number": number, f"{PREFIX}/ippool-reclaim": reclaim}
    return named | {key: value for key, value in more.items() if value is not None}


def apply(plane, *objects):
    for made in objects:
        plane.succeed("apply", "-f", "-", stdin=json.dumps(made))


def make_pool(world, name, addresses, **spec):
    apply(world.plane, pool(name, addresses, **spec))
    return name


def pods_of(world, app):
    """The Pods with this label `app`, and not those that have ended or are on their way out."""
    pods, _ = world.client.list(f"{PODS}?labelSelector=app%3D{app}")
    return [pod for pod in pods if not has_ended(pod) and "deletionTimestamp" not in pod["metadata"]]


def addresses_of(pods):
    return [address for pod in pods for _, address in allocations(pod)]


def running(world, app, count, within):
    """Waits until there are exactly so many Pods, and all of them run. Returns them."""
    def attempt():
        pods = pods_of(world, app)
        run = sum(pod["status"]["phase"] == "Running" for pod in pods)
        expect(len(pods) == run == count, f"there are {len(pods)} Pods, {run} of them running")
        return pods or True

    return eventually(within, f"{count} running Pods of {app}", attempt)


def stored_pool(world, name):
    status, answer = world.client.request("GET", f"{GROUP}/spiderippools/{name}")
    return answer if status == 200 else None


def stored_subnet(world, name):
    status, answer = world.client.request("GET", f"{GROUP}/spidersubnets/{name}")
    return answer if status == 200 else None


def automatic_pools(world, app=None):
    """The automatic pools of all applications, or of those of this name."""
    selector = f"{PREFIX}/owner-application-name" + (f"={app}" if app else "")
    pools, _ = world.client.list(f"{GROUP}/spiderippools?labelSelector={urllib.parse.quote(selector)}")
    return pools


def remove_pods(world, selector, namespace="default"):
    """Deletes Pods at once and waits until they are gone."""
    path = f"{pods_path(namespace)}?labelSelector={selector.replace('=', '%3D')}"
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
    status, answer = world.client.request("DELETE", path, options)
    expect(status == 200, str(answer))
    eventually(60, f"the end of the Pods {selector}", lambda: not world.client.list(path)[0])


def remove_pool(world, name, within=20):
    """Deletes a pool, which goes when no address of it is held."""
    world.plane.succeed("delete", "sp", name, "--wait=false")
    eventually(within, f"the end of the pool {name}", lambda: stored_pool(world, name) is None)
