"""Classes of the synchronous client."""

from cellblock_client._sync.admin import Admin
from cellblock_client._sync.client import Client, Session, Sessions
from cellblock_client._sync.executions import Execution, Executions, RunResult
from cellblock_client._sync.files import Files
from cellblock_client._sync.run_steps import RunSteps
from cellblock_client._sync.session_files import SessionFiles

__all__ = [
    "Admin",
    "Client",
    "Execution",
    "Executions",
    "Files",
    "RunResult",
    "RunSteps",
    "Session",
    "SessionFiles",
    "Sessions",
]
