#!/usr/bin/env bash
# Makes sure that Python 3.11 or newer can make virtualenvs. Installs it only where it is
# missing and we are root on Debian or Ubuntu.
#   ensure_python.sh [PYTHON]
set -euo pipefail
python="${1:-python3}"

works() { "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if works; then exit 0; fi
if [ "$python" = python3 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "→ installing Python (python3, python3-venv)"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
    if works; then exit 0; fi
fi
echo "Python 3.11 or newer, with venv, is needed, and $python is not that." >&2
echo "Debian, Ubuntu: apt install python3 python3-venv. Another one: make PYTHON=/path/to/python …" >&2
exit 1
