#!/usr/bin/env bash
# Stops what start.sh started in DIR, by the recorded process ids, and waits until it is gone. Logs and data stay.
#
#   stop.sh DIR
set -euo pipefail
source "$(dirname "$0")/shared.sh"

(($# == 1)) && [ -d "$1" ] || die "usage: stop.sh DIR"
for name in kube-scheduler kube-controller-manager kube-apiserver etcd; do
    # Nothing here is worth a graceful end: the API server would wait a minute for its clients' watches.
    halt "$1" "$name" KILL
done
