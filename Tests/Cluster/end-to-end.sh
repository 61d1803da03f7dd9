#!/usr/bin/env bash
# The end-to-end test against a real kube-apiserver: installs and builds what is missing, tests the API server's client
# alone, then runs end_to_end/.
#
#   end-to-end.sh [--binary PATH] [arguments of end_to_end]
#
# With arguments the client is not tested alone.
# Without --binary the release build of this checkout is used; it is made only if there is none.
set -euo pipefail
source "$(dirname "$0")/shared.sh"

"$cluster_scripts/install.sh"
"$cluster_scripts/build.sh" >/dev/null

# The client's own tests restart the API server, so they get one of their own.
test_client() (
    folder="$(mktemp -d)"
    trap '"$cluster_scripts/stop.sh" "$folder"; rm -rf "$folder"' EXIT
    "$cluster_scripts/start.sh" "$folder"
    cd "$cluster_scripts/../.."
    if ! SPIDERPOOL_TEST_KUBECONFIG="$folder/kubeconfig" swift test --filter RealClusterTests >"$folder/tests.log" 2>&1; then
        tail -n 60 "$folder/tests.log"
        exit 1
    fi
    grep "Test run with [1-9]" "$folder/tests.log" || die "the client's tests did not run"
)

(($#)) || test_client
if [[ " $* " != *" --binary"* ]]; then
    cd "$cluster_scripts/../.."
    binary="$(swift build -c release --show-bin-path)/spiderpool-webhook"
    [ -x "$binary" ] || swift build -c release --product spiderpool-webhook >&2
    set -- --binary "$binary" "$@"
fi
exec python3 "$cluster_scripts/end_to_end" "$@"
