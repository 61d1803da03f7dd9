"""The end-to-end test of Pods' addresses: a real control plane with its controllers and scheduler, our server under its
own identity, and Nodes whose kubelet is this program.

    python3 Tests/Cluster/pods_end_to_end --binary PATH [--parts PART,...] [--only TEXT] [--keep] [--rounds N] [--seed N]

Prints a line per test, and at the end `N passed, N failed`. --only runs the tests whose name contains TEXT, --parts those of
some parts: admission, workloads, automatic, third_party, load, endings, crashes, pool_crashes. A run of crashes is repeated
with the --seed that it printed.
"""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "end_to_end"))

import runner
import admission
import automatic
import crashes
import endings
import load
import pool_crashes
import third_party
import workloads
from addresses import check_consistency
from world import World


def tests(world, options):
    world.options = options

    def test(scenario):
        def run():
            scenario(world)
            check_consistency(world)
        return scenario.__doc__, run

    parts = options.parts.split(",")
    return [test(scenario) for part in PARTS if part.__name__ in parts for scenario in part.SCENARIOS]


PARTS = (admission, workloads, automatic, third_party, load, endings, crashes, pool_crashes)
parser = runner.arguments("pods_end_to_end")
parser.add_argument("--parts", default=",".join(part.__name__ for part in PARTS))
parser.add_argument("--rounds", type=int, default=200, help="how often crashes kill a server")
parser.add_argument("--seed", type=int, help="what crashes choose by")
sys.exit(runner.main(parser.parse_args(), World, tests))
