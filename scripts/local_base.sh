#!/usr/bin/env bash
# Makes the base image cellblock-base:local out of Debian packages, for machines where
# no image registry answers. Root on Debian or Ubuntu only; about half a minute, once.
set -euo pipefail
name=cellblock-base:local

if docker image inspect "$name" >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "The base image can't be pulled, and can't be made here: that takes root on Debian." >&2
    echo "Pull or load a Debian-based Python 3.11 image and run: make image BASE_IMAGE=<image>" >&2
    exit 1
fi
if ! command -v mmdebstrap >/dev/null; then
    echo "→ installing mmdebstrap (about 10 s)"
    apt-get update -qq
    # The keyring: Ubuntu does not have Debian's.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        mmdebstrap debian-archive-keyring >/dev/null
fi
echo "→ making $name out of Debian packages (about 30 s)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mmdebstrap --quiet --variant=minbase \
    --include=python3,python3-venv,ca-certificates,fonts-dejavu-core bookworm "$folder/base.tar"
docker import --change 'LABEL dev.cellblock.image=base' "$folder/base.tar" "$name" >/dev/null
