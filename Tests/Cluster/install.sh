#!/usr/bin/env bash
# Installs what build.sh and start.sh need from Debian's archive, and enables its source packages if they are not.
# Quick, silent, and without touching the network, when everything is there.
set -euo pipefail
source "$(dirname "$0")/shared.sh"

packages=(
    ca-certificates curl openssl python3 # the scripts themselves
    golang-1.19-go                       # builds the control plane
    golang-github-modern-go-reflect2-dev # replaces a vendored copy that newer Go breaks
)

# Writes a sources file of our own for the Debian suites that are already configured, with the same mirrors.
enable_source_packages() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    local file=/etc/apt/sources.list.d/spiderpool-webhook-sources.list lines
    lines="$(apt-get indextargets --format '$(CREATED_BY)|$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)' |
        awk -F'|' -v keyring="$keyring" '
            $1 == "Packages" && $2 == "Debian" && !seen[$3 $4 $5]++ {
                printf "deb-src [signed-by=%s] %s %s %s\n", keyring, $3, $4, $5
            }')"
    [ -n "$lines" ] || die "apt has no index of a Debian suite; is this Debian 12?"
    printf '%s\n' "$lines" | run_as_root tee "$file" >/dev/null
    say "source packages enabled in $file"
}

missing=()
for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
done

updated=no
if [ -z "$(kubernetes_source_version)" ]; then
    run_as_root apt-get update -qq
    if [ -z "$(kubernetes_source_version)" ]; then
        enable_source_packages
        run_as_root apt-get update -qq
    fi
    [ -n "$(kubernetes_source_version)" ] || die "the configured Debian mirror offers no source package kubernetes"
    updated=yes
fi
if ((${#missing[@]})); then
    [ "$updated" = yes ] || run_as_root apt-get update -qq
    say "installing ${missing[*]}"
    run_as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends "${missing[@]}" >/dev/null
fi
