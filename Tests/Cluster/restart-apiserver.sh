#!/usr/bin/env bash
# Kills kube-apiserver of a running control plane and starts it again on the same port and the same etcd: for its
# clients, a crash. Returns when it is ready.
#
#   restart-apiserver.sh DIR
set -euo pipefail
source "$(dirname "$0")/shared.sh"

(($# == 1)) && [ -f "$1/env" ] || die "usage: restart-apiserver.sh DIR, of a started control plane"
dir="$(cd "$1" && pwd)"
source "$dir/env"
halt "$dir" kube-apiserver KILL
# A killed process has lost its program before it has closed its sockets.
for ((tries = 0; tries < 200; tries++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$APISERVER_PORT") 2>/dev/null || break
    sleep 0.05
done
launch "$dir" kube-apiserver
sed -i "s/^APISERVER_PID=.*/APISERVER_PID=$(cat "$dir/pids/kube-apiserver")/" "$dir/env"
wait_until_healthy "$dir" kube-apiserver "$APISERVER_URL/readyz" 60 --cacert "$CLUSTER_CA"
