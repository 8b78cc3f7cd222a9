# /// expect
# stdout = "['day1.log', 'day2.log', 'deep/day3.log']\n6 .log day1\n"
# files = ["logs/day1.log", "logs/day2.log", "logs/deep/day3.log"]
# ///
from pathlib import Path

base = Path("/mnt/data/logs")
(base / "deep").mkdir(parents=True, exist_ok=True)
for i, folder in enumerate([base, base, base / "deep"], 1):
    (folder / f"day{i}.log").write_text(f"line {i}\n" * i)
files = sorted(base.rglob("*.log"))
print([p.relative_to(base).as_posix() for p in files])
print(sum(len(p.read_text().splitlines()) for p in files), files[0].suffix, files[0].stem)
