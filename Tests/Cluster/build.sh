#!/usr/bin/env bash
# Builds a Kubernetes control plane from Debian's source package and prints the folder the binaries are in. What the
# build needs is installed first.
#
#   build.sh [--with-kubelet]
#
# In the folder: kube-apiserver, kube-controller-manager and kube-scheduler (built), kubectl and etcd (unpacked from
# Debian's binary packages: installing these would start a service, or collide with another kubectl). 4 to 5 minutes
# on two cores the first time, then at once. Every binary appears in the cache by a rename, hence whole or not at all.
set -euo pipefail
source "$(dirname "$0")/shared.sh"

commands=(kube-apiserver kube-controller-manager kube-scheduler)
for argument in "$@"; do
    case "$argument" in
    --with-kubelet) commands+=(kubelet) ;;
    *) die "unknown argument $argument; the only one is --with-kubelet" ;;
    esac
done

go=/usr/lib/go-1.19/bin/go
reflect2=/usr/share/gocode/src/github.com/modern-go/reflect2
"$cluster_scripts/install.sh" >&2
cache="$(cluster_cache)"
mkdir -p "$cache"
exec 9>"$cluster_cache_root/build.lock"
flock 9
rm -rf "$cluster_cache_root"/build.?????? # left by a build that was killed

work=""
cleanup() {
    [ -z "$work" ] || rm -rf "$work"
}
trap cleanup EXIT

# A working folder beside the cache, so that a rename into the cache stays within one file system.
make_work() {
    [ -z "$work" ] || return 0
    work="$(mktemp -d "$cluster_cache_root/build.XXXXXX")"
}

# unpack PACKAGE PATH: takes one program out of a Debian binary package.
unpack() {
    local package="$1" path="$2" name
    name="$(basename "$path")"
    [ ! -x "$cache/$name" ] || return 0
    make_work
    say "unpacking $name from $package"
    mkdir "$work/$package"
    (cd "$work/$package" && apt-get download -qq -o APT::Sandbox::User=root "$package" && dpkg-deb -x ./*.deb root) ||
        die "could not download $package; is apt's index up to date?"
    mv "$work/$package/root/$path" "$cache/$name"
}

# Unpacks the source where Go's GOPATH mode wants it, with the two things mended that keep it from working.
prepare_source() {
    local tree="$work/gopath/src/k8s.io/kubernetes"
    mkdir -p "$work/source" "$tree"
    (cd "$work/source" && apt-get source -qq -o APT::Sandbox::User=root --download-only kubernetes >&2) || die "could not download the source package"
    tar -xf "$work"/source/kubernetes_*.orig.tar.* -C "$tree" --strip-components=1
    # With the vendored version and Go 1.18 or later the API server dies the first time it serialises a map.
    rm -rf "$tree/vendor/github.com/modern-go/reflect2"
    cp -rL "$reflect2" "$tree/vendor/github.com/modern-go/reflect2"
    cd "$tree"
    generate_openapi
}

# Writes pkg/generated/openapi/zz_generated.openapi.go, which the release does not ship.
generate_openapi() {
    local inputs
    "$go" build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    inputs="$(grep -rl --include='*.go' '+k8s:openapi-gen=' staging/src/k8s.io pkg vendor/k8s.io/kube-openapi |
        grep -v -e '_test\.go$' -e code-generator -e sample-apiserver -e /test/ | xargs -n 1 dirname | sort -u |
        sed -e 's|^staging/src/|vendor/|' -e 's|^|k8s.io/kubernetes/|' | paste -sd, -)"
    "$work/openapi-gen" -i "$inputs" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
        -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/openapi-violations"
}

# compile COMMAND...: two packages hold the version (the aggregator, which answers /version, reads the second). In
# GOPATH mode a variable's path starts with the vendor folder, otherwise -X has no effect.
compile() {
    local version flags="-s -w" package command
    version="$(basename "$cache")"
    version="${version#kubernetes-}" version="${version##*really}" version="${version%%-*}"
    local major="${version%%.*}" minor="${version#*.}"
    for package in component-base/version client-go/pkg/version; do
        package="k8s.io/kubernetes/vendor/k8s.io/$package"
        flags+=" -X $package.gitVersion=v$version -X $package.gitMajor=$major -X $package.gitMinor=${minor%%.*}"
    done
    for command in "$@"; do
        say "building $command $version"
        "$go" build -ldflags "$flags" -o "$work/$command" "./cmd/$command"
        [ "$("$work/$command" --version)" = "Kubernetes v$version" ] || die "$command was built without its version"
        mv "$work/$command" "$cache/$command"
    done
}

unpack kubernetes-client usr/bin/kubectl
unpack etcd-server usr/bin/etcd

missing=()
for command in "${commands[@]}"; do
    [ -x "$cache/$command" ] || missing+=("$command")
done
if ((${#missing[@]})); then
    make_work
    export GOPATH="$work/gopath" GOCACHE="$work/gocache" GO111MODULE=off CGO_ENABLED=0 GOFLAGS=
    prepare_source
    compile "${missing[@]}"
fi
printf '%s\n' "$cache"
