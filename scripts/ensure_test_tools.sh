#!/usr/bin/env bash
# Installs, where we may, programs of the distribution that tests run beside our own. None of their
# services is started here. Without one of them its tests are skipped, and say so.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly POLICY=/usr/sbin/policy-rc.d # see invoke-rc.d(8)
readonly LOG=.cache/apt-test-tools.log

# Program, package, what it is for. Chromium and its driver are of the same release.
readonly TOOLS='
bwrap             bubblewrap       the local backend, as it is meant to be used
squid             squid            sandbox.network = "proxy"
postgres          postgresql       PostgreSQL as the store
docker-compose    docker-compose   deploy/compose.yaml
promtool          prometheus       the dashboard and the alerts
systemd-analyze   systemd          deploy/cellblock.service
chromium          chromium         the web console
chromedriver      chromium-driver  the web console
'

is_there() {
    command -v "$1" || compgen -G "/usr/sbin/$1" || compgen -G "/usr/lib/postgresql/*/bin/$1"
}

missing=()
while read -r program package purpose; do
    if [ -z "$program" ] || is_there "$program" >/dev/null; then continue; fi
    missing+=("$package")
    echo "→ $package is not installed: it is for tests of $purpose" >&2
done <<<"$TOOLS"
if [ ${#missing[@]} = 0 ]; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "These tests are skipped (Debian: apt install ${missing[*]})." >&2
    exit 0
fi
mkdir -p .cache
echo "→ installing ${missing[*]} (log: $LOG)"
if [ ! -e "$POLICY" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod +x "$POLICY"
    trap 'rm -f "$POLICY"' EXIT
fi
{
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
} >"$LOG" 2>&1 || {
    tail -n 20 "$LOG" >&2
    echo "Installing them failed; apt's last words are above." >&2
    exit 1
}
