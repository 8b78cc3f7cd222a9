"""Classes of the asynchronous client: those of `client.py`, for asyncio."""

from cellblock_client._async.admin import AsyncAdmin
from cellblock_client._async.client import AsyncClient, AsyncSession, AsyncSessions
from cellblock_client._async.executions import AsyncExecution, AsyncExecutions, AsyncRunResult
from cellblock_client._async.files import AsyncFiles
from cellblock_client._async.run_steps import AsyncRunSteps
from cellblock_client._async.session_files import AsyncSessionFiles

__all__ = [
    "AsyncAdmin",
    "AsyncClient",
    "AsyncExecution",
    "AsyncExecutions",
    "AsyncFiles",
    "AsyncRunResult",
    "AsyncRunSteps",
    "AsyncSession",
    "AsyncSessionFiles",
    "AsyncSessions",
]
