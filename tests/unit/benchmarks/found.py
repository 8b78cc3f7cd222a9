"""A run as if it had been measured."""

from benchmarks.results import AimResult, Measured, Run


def measured(
    samples: dict[str, list[float]],
    *,
    more_is_better: bool = False,
    aims: tuple[AimResult, ...] = (),
) -> Measured:
    return Measured("sums", "Sums", "ms", "stock", more_is_better, samples, aims)


def run(*scenarios: Measured) -> Run:
    machine = {
        "date": "2026-11-21 17:00 UTC",
        "cores": "2",
        "memory": "24 GiB",
        "kernel": "Linux 6.18.44",
        "engine": "Docker 20.10.24",
        "python": "3.11.7",
        "load before": "0.3",
    }
    return Run("python -m benchmarks", machine, {"ipykernel": "7.4.0"}, list(scenarios))
