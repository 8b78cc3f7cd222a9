# /// expect
# error = "RuntimeError"
# error_contains = ["asyncio.run() cannot be called from a running event loop"]
# stderr_lines = 4
# ///
import asyncio

async def main():
    return 42

asyncio.run(main())
# %%
# /// expect
# stdout = "42\n"
# ///
print(await main())
