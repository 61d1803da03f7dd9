#!/usr/bin/env bash
# Installs Debian packages: packages.sh build|test|benchmark
#   build      what the compiler and linker need
#   test       that, and what the tests drive the server with
#   benchmark  that, and the servers we are measured beside
# Quick, and without touching the network, when everything is there.
set -euo pipefail

# Before this version an HTTP/2 peer can stop the process by a failed assertion (CVE-2026-27135).
nghttp2_least=1.52.0-1+deb12u3

build=(pkg-config libssl-dev libnghttp2-14 libnghttp2-dev libsimdjson-dev libsqlite3-dev ca-certificates curl jq)
test=(openssl python3 nghttp2-client procps)
benchmark=(nginx-light nghttp2-server linux-perf)

wanted=("${build[@]}")
case "${1:-build}" in
build) ;;
test) wanted+=("${test[@]}") ;;
benchmark) wanted+=("${test[@]}" "${benchmark[@]}") ;;
*) echo "usage: packages.sh build|test|benchmark" >&2 && exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
    dpkg-query --show --showformat='${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
done
version="$(dpkg-query --show --showformat='${Version}' libnghttp2-14 2>/dev/null || true)"
if ! dpkg --compare-versions "${version:-0}" ge "$nghttp2_least"; then
    missing+=(libnghttp2-14 libnghttp2-dev)
fi
((${#missing[@]})) || exit 0

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
echo "packages: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
