#!/usr/bin/env bash
# Installs, where we may, what the files of deploy/ are held against: docker-compose, Prometheus and
# systemd's own look at a unit. None of their services is started here.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly POLICY=/usr/sbin/policy-rc.d # see invoke-rc.d(8)

missing=()
command -v docker-compose >/dev/null || missing+=(docker-compose)
command -v promtool >/dev/null || missing+=(prometheus)
command -v systemd-analyze >/dev/null || missing+=(systemd)
if [ ${#missing[@]} = 0 ]; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "${missing[*]} not installed: parts of deploy/ are not tested (Debian: apt install ${missing[*]})." >&2
    exit 0
fi
mkdir -p .cache
echo "→ installing ${missing[*]} (log: .cache/apt-operators-tools.log)"
if [ ! -e "$POLICY" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod +x "$POLICY"
    trap 'rm -f "$POLICY"' EXIT
fi
{
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
} >.cache/apt-operators-tools.log 2>&1 || {
    tail -n 20 .cache/apt-operators-tools.log >&2
    echo "Installing them failed; apt's last words are above." >&2
    exit 1
}
