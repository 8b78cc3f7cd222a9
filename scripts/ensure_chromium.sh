#!/usr/bin/env bash
# Installs Chromium and its driver where we may, so that the web console is tested in a real browser.
# Both are the distribution's, and so of the same release.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "chromium or chromedriver is not installed: the web console is not tested in a browser" \
        "(Debian: apt install chromium chromium-driver)." >&2
    exit 0
fi
mkdir -p .cache
echo "→ installing Chromium (log: .cache/apt-chromium.log)"
{
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver
} >.cache/apt-chromium.log 2>&1 || {
    tail -n 20 .cache/apt-chromium.log >&2
    # Ubuntu has them as snaps only, which need a system that this may not be.
    echo "Installing Chromium failed; apt's last words are above. The web console is not tested in a browser." >&2
}
