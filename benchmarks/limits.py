"""Limits of a session of the default configuration, to apply to baselines, too."""

import os

CPUS = 1
MEMORY_BYTES = 2**30
PIDS = 256
LABEL, RUN = "dev.cellblock.bench", str(os.getpid())
"""Label of each baseline's container, with its run: `make clean` looks for it."""
DOCKER_OPTIONS = (
    f"--label={LABEL}={RUN}",
    f"--cpus={CPUS}",
    f"--memory={MEMORY_BYTES}",
    f"--memory-swap={MEMORY_BYTES}",
    f"--pids-limit={PIDS}",
)
"""Limits as options of `docker run`."""
