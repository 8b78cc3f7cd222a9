"""What a session of the default configuration may use, for baselines to have the same."""

CPUS = 1
MEMORY_BYTES = 2**30
PIDS = 256
DOCKER_OPTIONS = (
    f"--cpus={CPUS}",
    f"--memory={MEMORY_BYTES}",
    f"--memory-swap={MEMORY_BYTES}",
    f"--pids-limit={PIDS}",
)
"""For `docker run`."""
