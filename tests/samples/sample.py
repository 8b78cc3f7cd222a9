"""Compound interest, for “Sparbücher”."""

RATE = 0.025


def balance(capital: float, years: int, rate: float = RATE) -> float:
    """What a capital has become after some years."""
    return capital * (1 + rate) ** years


if __name__ == "__main__":
    for years in (1, 5, 10):
        print(f"{years:2d} Jahre: {balance(1000, years):.2f} €")
