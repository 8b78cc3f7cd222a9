# /// expect
# stdout = "[0, 1, 2]\ntimed out\n"
# ///
import asyncio

async def counter(n):
    for i in range(n):
        yield i
        await asyncio.sleep(0)

async def producer(q):
    async for i in counter(3):
        await q.put(i)
    await q.put(None)

async def consumer(q):
    items = []
    while (item := await q.get()) is not None:
        items.append(item)
    return items

q = asyncio.Queue()
_, items = await asyncio.gather(producer(q), consumer(q))
print(items)
try:
    await asyncio.wait_for(asyncio.sleep(5), timeout=0.05)
except asyncio.TimeoutError:
    print("timed out")
