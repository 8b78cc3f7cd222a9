"""Has a contender's session print much, and prints how much more memory that took here, in MiB.

python -m benchmarks.flood_reader CONTENDER IMAGE SANDBOX_IMAGE BYTES_BEFORE BYTES

A process of its own: what it once had counts for good.
"""

import os
import sys

from benchmarks.flooding import LINES
from benchmarks.memory import peak_mib
from benchmarks.stage import Stage


def main(name: str, image: str, sandbox_image: str, *, before: int, size: int) -> None:
    """Measure and print."""
    with Stage(image, sandbox_image) as stage:
        session = stage.contender(name).open_session()
        session.execute(LINES.code(before))
        base = peak_mib(os.getpid())
        session.execute(LINES.code(size))
        grown = peak_mib(os.getpid()) - base
        session.close()
    print(grown)


if __name__ == "__main__":
    main(*sys.argv[1:4], before=int(sys.argv[4]), size=int(sys.argv[5]))
