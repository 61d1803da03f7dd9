#!/usr/bin/env bash
# Installs the server in the cluster of the current kubectl context, or brings an installed one up to date.
#
#   manifests/install.sh [--image=IMAGE] [--certs=DIR]
#
# IMAGE is what the nodes pull. DIR (certs/ beside this folder, unless told) holds ca.crt, tls.crt and tls.key; if it
# does not, they are made by the release build of this checkout, or by the spiderpool-webhook that is on the PATH.
# Run it again after `certs renew`: the Secret and the webhooks' caBundle are replaced, and the running servers take the
# new certificate by themselves.
set -euo pipefail

manifests="$(cd "$(dirname "$0")" && pwd)"
certificates="$manifests/../certs"
image=spiderpool-webhook:latest
host=spiderpool-controller.spiderpool.svc

die() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

for argument in "$@"; do
    case "$argument" in
    --image=*) image="${argument#*=}" ;;
    --certs=*) certificates="${argument#*=}" ;;
    *) die "unknown argument $argument; usage: install.sh [--image=IMAGE] [--certs=DIR]" ;;
    esac
done

# issue_certificates: makes what is missing, under the name the API server calls the Service by.
issue_certificates() {
    local program="$manifests/../.build/release/spiderpool-webhook"
    [ -x "$program" ] || program="$(command -v spiderpool-webhook)" ||
        die "there is no certificate in $certificates and no program to make one; run: bash Tests/release.sh"
    "$program" certs issue --dir "$certificates" --host "$host"
}

# render: what to apply, with the image, and with PodDisruptionBudget and flow control in the versions this cluster has.
render() {
    local policy=policy/v1 flow=flowcontrol.apiserver.k8s.io versions version shares=nominalConcurrencyShares
    versions="$(kubectl api-versions)"
    grep -qx policy/v1 <<<"$versions" || policy=policy/v1beta1
    for version in v1 v1beta3 v1beta2 v1beta1; do
        grep -qx "$flow/$version" <<<"$versions" && break
    done
    # Until 1.25 the shares had another name.
    [[ $version == v1beta[12] ]] && shares=assuredConcurrencyShares
    kubectl kustomize "$manifests" |
        sed -e "s|image: spiderpool-webhook:latest|image: $image|" -e "s|^apiVersion: policy/v1\$|apiVersion: $policy|" \
            -e "s|^apiVersion: $flow/v1\$|apiVersion: $flow/$version|" -e "s|nominalConcurrencyShares|$shares|"
}

# trust_ca KIND: writes the CA into every webhook of a configuration.
trust_ca() {
    local kind="$1" bundle name webhooks=""
    bundle="$(base64 <"$certificates/ca.crt" | tr -d '\n')"
    for name in $(kubectl get "$kind" spiderpool-controller -o jsonpath='{.webhooks[*].name}'); do
        webhooks+="${webhooks:+,}{\"name\":\"$name\",\"clientConfig\":{\"caBundle\":\"$bundle\"}}"
    done
    kubectl patch "$kind" spiderpool-controller --type=strategic --patch "{\"webhooks\":[$webhooks]}"
}

[ -f "$certificates/tls.crt" ] || issue_certificates
kubectl label namespace kube-system kubernetes.io/metadata.name=kube-system --overwrite
kubectl apply -f "$manifests/namespace.yaml"
kubectl -n spiderpool create secret tls spiderpool-controller-server-certs --cert="$certificates/tls.crt" \
    --key="$certificates/tls.key" --dry-run=client -o yaml | kubectl apply -f -
render | kubectl apply -f -
trust_ca mutatingwebhookconfiguration
trust_ca validatingwebhookconfiguration
kubectl -n spiderpool rollout status deployment/spiderpool-controller --timeout=120s
