# /// expect
# stdout = "Task(priority=1, name='plan', tags=['a'], status=<Status.OPEN: 1>)\nOPEN\n"
# ///
from dataclasses import asdict, dataclass, field
from enum import Enum, auto
from typing import List

class Status(Enum):
    OPEN = auto()
    DONE = auto()

@dataclass(order=True)
class Task:
    priority: int
    name: str = field(compare=False)
    tags: List[str] = field(default_factory=list, compare=False)
    status: Status = field(default=Status.OPEN, compare=False)

tasks = [Task(3, "write"), Task(1, "plan", ["a"])]
print(sorted(tasks)[0])
print(asdict(tasks[0])["status"].name)
# %%
# /// expect
# text = "Task(priority=1, name='plan', tags=['a'], status=<Status.OPEN: 1>)"
# ///
min(tasks)
