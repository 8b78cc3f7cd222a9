#!/bin/sh
# Installs locked Python packages below a folder, as if it were the root:
# install_python.sh LOCK FOLDER [BUILD_LOCK]
#
# With BUILD_LOCK, whose packages are in /opt/build, the lock's packages are built from source.
set -eu
lock=$1 folder=$2 build=${3:-}
venv=/opt/cellblock/venv
if [ -s /tmp/ca.crt ]; then export PIP_CERT=/tmp/ca.crt SSL_CERT_FILE=/tmp/ca.crt; fi
# uv's names of pip's settings. Hashes decide which file is right, not the index.
if [ -n "${PIP_INDEX_URL:-}" ]; then export UV_DEFAULT_INDEX="$PIP_INDEX_URL"; fi
if [ -n "${PIP_EXTRA_INDEX_URL:-}" ]; then export UV_INDEX="$PIP_EXTRA_INDEX_URL"; fi
if [ -n "${PIP_TRUSTED_HOST:-}" ]; then export UV_INSECURE_HOST="$PIP_TRUSTED_HOST"; fi
if [ -n "${PIP_DEFAULT_TIMEOUT:-}" ]; then export UV_HTTP_TIMEOUT="$PIP_DEFAULT_TIMEOUT"; fi
export UV_INDEX_STRATEGY=unsafe-best-match
install() {
    /opt/build/bin/uv pip install --quiet --no-cache --python "$venv/bin/python" \
        --prefix "$folder$venv" --no-deps --only-binary :all: "$@"
}
mkdir -p "$folder$venv"
if [ -n "$build" ]; then
    /opt/build/bin/pip wheel --quiet --disable-pip-version-check --no-cache-dir --no-deps \
        --no-build-isolation --use-pep517 --no-binary :all: --require-hashes \
        --requirement "$lock" --wheel-dir /tmp/wheels
    install --no-index /tmp/wheels/*.whl
else
    install --require-hashes --requirement "$lock"
fi

# Without symbols that only debuggers read (auditwheel's libraries in *.libs do not load any more if
# they are stripped), the packages' own tests, and files of other platforms.
rm -f "$folder$venv/.lock"
site="$folder$venv/lib/python3.11/site-packages"
cd "$site"
find . -name '*.so*' -type f ! -path './*.libs/*' -print0 | xargs -0 -r -n 20 -P 2 strip --strip-unneeded 2>/dev/null || true
rm -rf pandas/tests scipy/*/tests sklearn/tests sklearn/*/tests statsmodels/*/tests \
    statsmodels/*/*/tests spacy/tests xarray/tests pyarrow/tests pyogrio/tests \
    numba/tests numba/cuda/tests gensim/test/test_data pyarrow/include plotly/labextension \
    pyarrow/libarrow_flight.so* pyarrow/_flight.*.so pulp/solverdir/cbc/win pulp/solverdir/cbc/osx \
    pulp/solverdir/cbc/linux/arm64 pulp/solverdir/cbc/linux/i32
# Debian's ffmpeg, whose ffprobe other packages need.
if [ -d imageio_ffmpeg/binaries ]; then
    find imageio_ffmpeg/binaries -name 'ffmpeg-*' -exec ln -sf /usr/bin/ffmpeg {} \;
fi
"$venv/bin/python" -m compileall -q -j 2 -s "$folder" -p / "$site" || true
chmod -R a+rX,go-w "$folder"
