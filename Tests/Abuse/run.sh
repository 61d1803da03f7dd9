#!/usr/bin/env bash
# Abuses the release of the server in every way we defend against, while a well-behaved client goes on asking:
#
#   bash Tests/Abuse/run.sh [SECONDS]      load on both protocols for so long; 30 by default
#
# Ends with "N passed, N failed"; the exit code is 0 when nothing failed.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds="${1:-30}"
# Both ends of some 3,500 connections.
ulimit -n "$(ulimit -H -n)"
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 8192 ] ||
    { echo "abuse: needs 8192 descriptors, has $(ulimit -n)" >&2 && exit 1; }
bash Tests/packages.sh test
SPIDERPOOL_WEBHOOK="${SPIDERPOOL_WEBHOOK:-$(bash Tests/release.sh)}"

work="$(mktemp -d)"
server=
finish() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server"; } || true
    rm -rf "$work"
}
trap finish EXIT
mkdir "$work/store" "$work/certs"
cp manifests/examples/custom-ipv4-ippool.yaml "$work/store"
"$SPIDERPOOL_WEBHOOK" certs issue --dir "$work/certs" --host localhost --host 127.0.0.1 >/dev/null

# Short deadlines, so that the slow are cut within the test; few enough connections that their limit can be reached.
"$SPIDERPOOL_WEBHOOK" serve --store "$work/store" --tls-cert "$work/certs/tls.crt" --tls-key "$work/certs/tls.key" \
    --listen 127.0.0.1:0 --health-listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --ready-file "$work/ready" \
    --header-timeout 2s --body-timeout 4s --max-connections 3000 --shutdown-delay 0s --log-level warning \
    2>"$work/log" &
server=$!
for _ in $(seq 100); do
    [ ! -s "$work/ready" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[ -s "$work/ready" ] || { cat "$work/log" >&2 && exit 1; }

python3 Tests/Abuse/abuse.py --ready "$work/ready" --pid "$server" --ca "$work/certs/ca.crt" --seconds "$seconds" \
    --review Tests/Fixtures/reviews/v1.20/validate-spiderippool-create.json
