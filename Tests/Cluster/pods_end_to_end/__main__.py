"""The end-to-end test of Pods' addresses: a real control plane with its controllers and scheduler, our server under its
own identity, and Nodes whose kubelet is this program.

    python3 Tests/Cluster/pods_end_to_end --binary PATH [--only TEXT] [--keep]

Prints a line per test, and at the end `N passed, N failed`. --only runs the tests whose name contains TEXT.
"""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "end_to_end"))

import runner
import admission
import endings
import load
import workloads
from addresses import check_consistency
from world import World


def tests(world, options):
    def test(scenario):
        def run():
            scenario(world)
            check_consistency(world)
        return scenario.__doc__, run

    return [test(scenario) for part in (admission, workloads, load, endings) for scenario in part.SCENARIOS]


sys.exit(runner.main(runner.arguments("pods_end_to_end").parse_args(), World, tests))
