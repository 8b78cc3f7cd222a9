"""What a session of the default configuration may use, for baselines to have the same."""

import os

CPUS = 1
MEMORY_BYTES = 2**30
PIDS = 256
LABEL, RUN = "dev.cellblock.bench", str(os.getpid())
"""On each container of a baseline, with the run that it belongs to: `make clean` looks for it."""
DOCKER_OPTIONS = (
    f"--label={LABEL}={RUN}",
    f"--cpus={CPUS}",
    f"--memory={MEMORY_BYTES}",
    f"--memory-swap={MEMORY_BYTES}",
    f"--pids-limit={PIDS}",
)
"""For `docker run`."""
