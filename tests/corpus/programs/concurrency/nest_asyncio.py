# /// expect
# stdout = "finished\n"
# ///
import asyncio
import nest_asyncio

nest_asyncio.apply()

async def main():
    await asyncio.sleep(0)
    return "finished"

print(asyncio.run(main()))
