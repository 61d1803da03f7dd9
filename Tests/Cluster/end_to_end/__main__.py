"""The end-to-end test: a real kube-apiserver, our server registered with it under its own identity, and kubectl.

    python3 Tests/Cluster/end_to_end --binary PATH [--only TEXT] [--update-goldens] [--keep]

Prints a line per test, and at the end `N passed, N failed`. --only runs the tests whose name contains TEXT.
--update-goldens writes what kubectl prints into the cases: read the difference before committing it.
"""

import contextlib
import datetime
import sys

import cases
import runner
import scenarios
from control_plane import SCRIPTS
from served import ServedCluster


class World(ServedCluster):
    """What the tests share."""

    def __init__(self, binary, folder):
        super().__init__(binary, folder)
        self.restarts = []

    @contextlib.contextmanager
    def restarting(self):
        """Remembers when the API server was away, or had only just come back."""
        began = self.timestamp()
        yield
        self.restarts.append((began, self.timestamp()))

    def was_restarting(self, timestamp):
        return any(began <= timestamp <= ended for began, ended in self.restarts)

    @staticmethod
    def timestamp():
        """Now, as the server's log writes it."""
        return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def set_up(self):
        self.plane.start_audited()
        self.install(SCRIPTS / "clonesets.yaml")
        self.serve()


def tests(world, options):
    """All tests in their order, as pairs of name and call."""
    def scenario(function):
        return function.__doc__, lambda: function(world)

    def case(path):
        return cases.title(path), lambda: cases.run(world.plane, path, options.update_goldens)

    return [*map(scenario, scenarios.BEFORE_CASES), *map(case, cases.all_cases()), *map(scenario, scenarios.AFTER_CASES)]


parser = runner.arguments("end_to_end")
parser.add_argument("--update-goldens", action="store_true")
sys.exit(runner.main(parser.parse_args(), World, tests))
