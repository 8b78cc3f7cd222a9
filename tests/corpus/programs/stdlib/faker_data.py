# /// expect
# stdout = "5 True\n"
# ///
from faker import Faker

fake = Faker()
Faker.seed(0)
people = [{"name": fake.name(), "email": fake.email()} for _ in range(5)]
print(len(people), all("@" in p["email"] for p in people))
