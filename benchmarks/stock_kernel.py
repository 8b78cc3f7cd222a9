"""Boots stock kernels and prints the seconds of each as JSON. Runs in a container, from stdin."""

import json
import subprocess
import sys
import time

from jupyter_client.manager import KernelManager


def boot() -> float:
    """Seconds until a stock kernel answers, as `jupyter_client` starts one."""
    began = time.perf_counter()
    manager = KernelManager()
    # What it says on start would be mixed with the times.
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready()
    seconds = time.perf_counter() - began
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return seconds


if __name__ == "__main__":
    print(json.dumps([boot() for _round in range(int(sys.argv[1]))]))
