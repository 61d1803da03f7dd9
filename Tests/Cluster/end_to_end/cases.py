"""Manifests with a known answer: Tests/Cluster/cases/{refused,allowed}/NAME.yaml, and beside it NAME.txt, the exact lines
that kubectl prints for the last object of the file. The objects before it are the world it meets.

The first line of a case is its title; a second line `# kubectl create` has the last object created, not applied.
"""

import re

from control_plane import SCRIPTS, eventually, expect

CASES = SCRIPTS / "cases"


def all_cases():
    """Paths of the cases, the refused ones first, by name."""
    return sorted((CASES / "refused").glob("*.yaml")) + sorted((CASES / "allowed").glob("*.yaml"))


def title(case):
    return f"{case.parent.name} {case.stem}: " + case.read_text().splitlines()[0].lstrip("# ")


def run(plane, case, update_goldens):
    text = case.read_text()
    verb = "create" if "# kubectl create\n" in text else "apply"
    documents = re.split(r"^---\n", text, flags=re.MULTILINE)
    objects = plane.objects(text)
    try:
        for document, made in zip(documents[:-1], objects[:-1]):
            plane.succeed("apply", "-f", "-", stdin=document)
            if "status" in made:
                plane.put_status(made["kind"], made["metadata"]["name"], made["status"])
        judge(plane, case, verb, documents[-1], wait=len(documents) > 1, update_goldens=update_goldens)
    finally:
        for made in reversed(objects):
            plane.remove(made["kind"], made["metadata"]["name"], made["metadata"].get("namespace", "default"))


def judge(plane, case, verb, document, wait, update_goldens):
    refused = case.parent.name == "refused"
    if wait:
        # What was just made reaches the server by its watch, which may take a moment.
        eventually(15, "the expected answer to a dry run", lambda: refused == (
            plane.kubectl(verb, "--dry-run=server", "-f", "-", stdin=document).returncode != 0))
    done = plane.kubectl(verb, "-f", "-", stdin=document)
    expect(refused == (done.returncode != 0), f"was {'refused' if done.returncode else 'allowed'}: {done.text.strip()}")
    golden = case.with_suffix(".txt")
    if update_goldens:
        golden.write_text(done.text)
    wanted = golden.read_text() if golden.exists() else ""
    expect(done.text == wanted, f"kubectl printed\n{done.text}instead of\n{wanted}")
