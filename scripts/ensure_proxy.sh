#!/usr/bin/env bash
# Installs squid where we may: sandboxes' way out, if an operator allows one, and its tests need it.
# The server starts a squid of its own; the system's service is not started here.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly POLICY=/usr/sbin/policy-rc.d # see invoke-rc.d(8)

if [ -x /usr/sbin/squid ] || command -v squid >/dev/null; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "squid is not installed: sandbox.network = \"proxy\" is not tested (Debian: apt install squid)." >&2
    exit 0
fi
mkdir -p .cache
echo "→ installing squid (log: .cache/apt-squid.log)"
if [ ! -e "$POLICY" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod +x "$POLICY"
    trap 'rm -f "$POLICY"' EXIT
fi
{
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends squid
} >.cache/apt-squid.log 2>&1 || {
    tail -n 20 .cache/apt-squid.log >&2
    echo "Installing squid failed; apt's last words are above." >&2
    exit 1
}
