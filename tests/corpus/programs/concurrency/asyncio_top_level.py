# /// expect
# stdout = "[0, 1, 4, 9]\n"
# ///
import asyncio

async def work(n):
    await asyncio.sleep(0.01 * n)
    return n * n

results = await asyncio.gather(*(work(i) for i in range(4)))
print(results)
