# /// expect
# stdout = "[0, 3, 6, 9, 12] 25\n"
# ///
import random
import simpy

random.seed(42)
waits = []

def customer(env, counter):
    arrive = env.now
    with counter.request() as req:
        yield req
        waits.append(env.now - arrive)
        yield env.timeout(5)

def source(env, counter):
    for _ in range(5):
        env.process(customer(env, counter))
        yield env.timeout(2)

env = simpy.Environment()
env.process(source(env, simpy.Resource(env, capacity=1)))
env.run()
print(waits, env.now)
