#!/usr/bin/env bash
# Installs PostgreSQL where we may: what tests it as the store starts clusters of its own from these
# programs. The system's service is not started here.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly POLICY=/usr/sbin/policy-rc.d # see invoke-rc.d(8)

if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "PostgreSQL is not installed: it is not tested as the store (Debian: apt install postgresql)." >&2
    exit 0
fi
mkdir -p .cache
echo "→ installing PostgreSQL (log: .cache/apt-postgresql.log)"
if [ ! -e "$POLICY" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod +x "$POLICY"
    trap 'rm -f "$POLICY"' EXIT
fi
{
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql
} >.cache/apt-postgresql.log 2>&1 || {
    tail -n 20 .cache/apt-postgresql.log >&2
    echo "Installing postgresql failed; apt's last words are above." >&2
    exit 1
}
