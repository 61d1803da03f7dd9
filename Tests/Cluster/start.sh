#!/usr/bin/env bash
# Starts a control plane of its own on 127.0.0.1: etcd and kube-apiserver with RBAC, on free ports.
#
#   start.sh DIR [--controllers] [--service-account=NAMESPACE/NAME ...] [--apiserver-arg=--FLAG=VALUE ...]
#                [--controller-arg=--FLAG=VALUE ...]
#
# DIR (made if missing, must not hold a running one) then contains
#   kubeconfig                      an administrator (system:masters), by token
#   kubeconfig.client-certificate   the same, by client certificate
#   kubeconfig.NAMESPACE.NAME       the identity of a service account asked for: what RBAC grants it and nothing more
#   env                             shell assignments: URLs, ports, process ids, paths (source it)
#   logs/ pids/ commands/ pki/ tokens.csv
# --controllers adds kube-controller-manager, which gets the further arguments, and kube-scheduler. Stop it all with stop.sh DIR.
set -euo pipefail
source "$(dirname "$0")/shared.sh"

(($#)) || die "usage: start.sh DIR [--controllers] [--service-account=NAMESPACE/NAME ...] [--apiserver-arg=--FLAG=VALUE ...]"
mkdir -p "$1"
dir="$(cd "$1" && pwd)"
shift
with_controllers=no
service_accounts=()
apiserver_arguments=()
controller_arguments=()
for argument in "$@"; do
    case "$argument" in
    --controllers) with_controllers=yes ;;
    --service-account=*/*) service_accounts+=("${argument#*=}") ;;
    --controller-arg=*) controller_arguments+=("${argument#*=}") ;;
    --apiserver-arg=*) apiserver_arguments+=("${argument#*=}") ;;
    *) die "unknown argument $argument" ;;
    esac
done
bin="$("$cluster_scripts/build.sh")"
for name in etcd kube-apiserver; do
    is_running "$dir" "$name" && die "$name already runs in $dir"
done
rm -rf "$dir"/{etcd,logs,pids,commands,pki} "$dir"/kubeconfig*
mkdir -p "$dir"/{etcd,logs,pids,commands,pki}

# One CA signs the server's certificate and the administrator's; service account tokens have a key of their own.
make_certificates() {
    cd "$dir/pki"
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key
    openssl req -x509 -new -key ca.key -subj /CN=test-cluster -days 30 -out ca.crt
    sign apiserver /CN=kube-apiserver 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc
extendedKeyUsage=serverAuth'
    sign admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
    openssl genrsa -out service-account.key 2048 2>/dev/null
    cd - >/dev/null
}

sign() {
    local name="$1" subject="$2" extensions="$3"
    openssl ecparam -name prime256v1 -genkey -noout -out "$name.key"
    openssl req -new -key "$name.key" -subj "$subject" |
        openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out "$name.crt" \
            -extfile <(printf '%s\n' "$extensions") 2>/dev/null
}

# write_kubeconfig FILE USER-FIELDS [NAMESPACE]
write_kubeconfig() {
    cat >"$1" <<YAML
apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test
  cluster:
    server: https://127.0.0.1:$apiserver_port
    certificate-authority-data: $(base64 -w 0 "$dir/pki/ca.crt")
contexts:
- name: test
  context:
    cluster: test
    user: test
    namespace: ${3:-default}
users:
- name: test
  user:
$2
YAML
    chmod 600 "$1"
}

# identity FILE NAMESPACE USER GROUP...: adds a token to the API server's list and writes the kubeconfig that uses it.
identity() {
    local file="$1" namespace="$2" user="$3" token groups
    shift 3
    token="$(openssl rand -hex 24)"
    groups="$(IFS=, && printf '%s' "$*")"
    printf '%s,%s,%s,"%s"\n' "$token" "$user" "$user" "$groups" >>"$dir/tokens.csv"
    write_kubeconfig "$file" "    token: $token" "$namespace"
}

write_identities() {
    local account namespace name
    (umask 077 && : >"$dir/tokens.csv")
    identity "$dir/kubeconfig" default admin system:masters
    write_kubeconfig "$dir/kubeconfig.client-certificate" \
        "    client-certificate-data: $(base64 -w 0 "$dir/pki/admin.crt")
    client-key-data: $(base64 -w 0 "$dir/pki/admin.key")"
    for account in "${service_accounts[@]}"; do
        namespace="${account%/*}" name="${account#*/}"
        identity "$dir/kubeconfig.$namespace.$name" "$namespace" "system:serviceaccount:$namespace:$name" \
            system:serviceaccounts "system:serviceaccounts:$namespace"
    done
    identity "$dir/kubeconfig.controller-manager" default system:kube-controller-manager system:masters
    identity "$dir/kubeconfig.scheduler" default system:kube-scheduler
}

# command_line NAME ARGUMENT...: keeps the command line, quoted for the shell, for launch and for a later restart.
command_line() {
    local name="$1"
    shift
    printf '%q ' "$bin/$name" "$@" >"$dir/commands/$name"
}

write_commands() {
    command_line etcd --name test --data-dir "$dir/etcd" --unsafe-no-fsync \
        --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$etcd_peer_port" --initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer_port" \
        --initial-cluster "test=http://127.0.0.1:$etcd_peer_port"
    command_line kube-apiserver "--etcd-servers=http://127.0.0.1:$etcd_port" \
        --bind-address=127.0.0.1 "--secure-port=$apiserver_port" --endpoint-reconciler-type=none \
        "--tls-cert-file=$dir/pki/apiserver.crt" "--tls-private-key-file=$dir/pki/apiserver.key" \
        "--client-ca-file=$dir/pki/ca.crt" "--token-auth-file=$dir/tokens.csv" --authorization-mode=RBAC \
        "--service-account-key-file=$dir/pki/service-account.key" --service-account-issuer=https://kubernetes.default.svc \
        "--service-account-signing-key-file=$dir/pki/service-account.key" \
        --service-cluster-ip-range=10.96.0.0/16 --allow-privileged --disable-admission-plugins=ServiceAccount \
        "${apiserver_arguments[@]}"
    [ "$with_controllers" = yes ] || return 0
    command_line kube-controller-manager "--kubeconfig=$dir/kubeconfig.controller-manager" --leader-elect=false \
        --bind-address=127.0.0.1 --port=0 "--secure-port=$controller_manager_port" "--root-ca-file=$dir/pki/ca.crt" \
        "--service-account-private-key-file=$dir/pki/service-account.key" \
        "${controller_arguments[@]}"
    command_line kube-scheduler "--kubeconfig=$dir/kubeconfig.scheduler" --leader-elect=false \
        --bind-address=127.0.0.1 --port=0 "--secure-port=$scheduler_port"
}

# Rewritten by restart-apiserver.sh as far as the process ids go.
write_env() {
    {
        printf 'export KUBECONFIG=%q\n' "$dir/kubeconfig"
        printf 'CLUSTER_DIR=%q\nCLUSTER_BIN=%q\nCLUSTER_CA=%q\n' "$dir" "$bin" "$dir/pki/ca.crt"
        printf 'KUBECTL=%q\n' "$bin/kubectl"
        printf 'ETCD_URL=http://127.0.0.1:%s\nETCD_PID=%s\n' "$etcd_port" "$(cat "$dir/pids/etcd")"
        printf 'APISERVER_PORT=%s\nAPISERVER_URL=https://127.0.0.1:%s\n' "$apiserver_port" "$apiserver_port"
        printf 'APISERVER_PID=%s\n' "$(cat "$dir/pids/kube-apiserver")"
        if [ "$with_controllers" = yes ]; then
            printf 'CONTROLLER_MANAGER_PID=%s\n' "$(cat "$dir/pids/kube-controller-manager")"
            printf 'SCHEDULER_PID=%s\n' "$(cat "$dir/pids/kube-scheduler")"
        fi
    } >"$dir/env"
}

stop_what_started() {
    "$cluster_scripts/stop.sh" "$dir"
}

for port in etcd_port etcd_peer_port apiserver_port controller_manager_port scheduler_port; do
    free_port "$port"
done
make_certificates
write_identities
write_commands

trap stop_what_started EXIT
launch "$dir" etcd
launch "$dir" kube-apiserver
wait_until_healthy "$dir" etcd "http://127.0.0.1:$etcd_port/health" 30
wait_until_healthy "$dir" kube-apiserver "https://127.0.0.1:$apiserver_port/readyz" 60 --cacert "$dir/pki/ca.crt"
if [ "$with_controllers" = yes ]; then
    for name in kube-controller-manager kube-scheduler; do
        launch "$dir" "$name"
    done
    # Their certificates are made by themselves at start, and the ports are loopback's.
    wait_until_healthy "$dir" kube-controller-manager "https://127.0.0.1:$controller_manager_port/healthz" 60 --insecure
    wait_until_healthy "$dir" kube-scheduler "https://127.0.0.1:$scheduler_port/healthz" 60 --insecure
fi
write_env
trap - EXIT
say "https://127.0.0.1:$apiserver_port is ready; KUBECONFIG=$dir/kubeconfig"
