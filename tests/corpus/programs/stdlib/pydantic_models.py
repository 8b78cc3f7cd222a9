# /// expect
# stdout = "{'id': 7, 'name': 'Ann', 'tags': []}\n2 ['id', 'name']\n"
# ///
from pydantic import BaseModel, Field, ValidationError

class User(BaseModel):
    id: int
    name: str = Field(min_length=2)
    tags: list[str] = []

print(User(id="7", name="Ann").model_dump())
try:
    User(id="x", name="A")
except ValidationError as e:
    print(e.error_count(), [err["loc"][0] for err in e.errors()])
