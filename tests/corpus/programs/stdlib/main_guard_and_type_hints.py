# /// expect
# stdout = "Mean: 2.0\n"
# ///
from __future__ import annotations
from typing import Optional

def mean(values: list[float]) -> Optional[float]:
    """Return the arithmetic mean.

    >>> mean([1, 3])
    2.0
    """
    return sum(values) / len(values) if values else None

def main() -> None:
    print("Mean:", mean([1, 2, 3]))

if __name__ == "__main__":
    main()
# %%
# /// expect
# text = "TestResults(failed=0, attempted=1)"
# ///
import doctest
doctest.testmod()
