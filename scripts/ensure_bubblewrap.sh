#!/usr/bin/env bash
# Installs bubblewrap where we may, so that the tests of the local backend run with it too.
set -euo pipefail
if command -v bwrap >/dev/null; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "bubblewrap is not installed: the local backend is tested without it." >&2
    exit 0
fi
echo "→ installing bubblewrap"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends bubblewrap >/dev/null
