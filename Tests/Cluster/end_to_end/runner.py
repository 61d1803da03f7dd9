"""Runs the tests of a world one after the other, and prints a line for each and at the end `N passed, N failed`.

Comes in: a world (set_up, tear_down) and its tests, pairs of name and call. Goes out: the exit status. It knows nothing
of what is tested.
"""

import argparse
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

from control_plane import Failed


def arguments(program):
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("--binary", required=True, type=pathlib.Path, help="the built spiderpool-webhook")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    parser.add_argument("--keep", action="store_true", help="leave the folder with all logs behind")
    return parser


def run(tests, only):
    passed, failed = 0, []
    for name, test in tests:
        if only not in name:
            continue
        began = time.monotonic()
        try:
            test()
        except Exception as error:  # whatever it is, the other tests still have something to say
            failed.append(name)
            lines = str(error).splitlines() if isinstance(error, Failed) else traceback.format_exception(error)
            print(f"FAIL  {name}\n      " + "\n      ".join(line.rstrip() for line in lines), flush=True)
            continue
        passed += 1
        print(f"ok    {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return passed, failed


def main(options, make_world, tests):
    """`make_world` gets the program and a folder; `tests` gets that world and the options."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spiderpool-webhook-end-to-end."))
    world = make_world(options.binary.resolve(), folder)
    began, failed = time.monotonic(), ["set-up"]
    try:
        world.set_up()
        print(f"      control plane and server ready after {time.monotonic() - began:.1f} s", flush=True)
        passed, failed = run(tests(world, options), options.only)
        for name in failed:
            print(f"failed: {name}")
        print(f"{passed} passed, {len(failed)} failed")
    finally:
        world.tear_down()
        if options.keep or failed:
            print(f"logs are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    return 1 if failed else 0
