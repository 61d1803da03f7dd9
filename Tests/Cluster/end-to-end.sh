#!/usr/bin/env bash
# The end-to-end test against a real kube-apiserver: installs and builds what is missing, then runs end_to_end/.
#
#   end-to-end.sh [--binary PATH] [arguments of end_to_end]
#
# Without --binary the release build of this checkout is used.
set -euo pipefail
source "$(dirname "$0")/shared.sh"

"$cluster_scripts/build.sh" >/dev/null
if [[ " $* " != *" --binary"* ]]; then
    cd "$cluster_scripts/../.."
    set -- --binary "$(bash Tests/release.sh)" "$@"
fi
exec python3 "$cluster_scripts/end_to_end" "$@"
