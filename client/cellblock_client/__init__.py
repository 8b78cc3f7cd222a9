"""Client for Cellblock, a self-hosted code interpreter service.

with Client() as client, client.sessions.create(files=["data.csv"]) as session:
    for event in session.execute("import pandas; pandas.read_csv('data.csv')"):
        print(event)
"""

from cellblock_client import errors, events
from cellblock_client.admin_types import AuditEntry, Key, NewKey, Quotas, Role, Tenant, Usage
from cellblock_client.aio import AsyncClient, AsyncExecution, AsyncSession
from cellblock_client.channel import Tls
from cellblock_client.client import Client, Execution, Session
from cellblock_client.errors import Error
from cellblock_client.introspection import (
    CodeStatus,
    Completeness,
    Completion,
    Completions,
    Inspection,
)
from cellblock_client.result import ExecutionResult
from cellblock_client.run_step_types import (
    Annotation,
    Annotations,
    Place,
    RunStep,
    RunStepEvent,
    RunStepFormat,
    RunStepPage,
    RunStepStatus,
)
from cellblock_client.server_types import (
    BackgroundTaskStatus,
    ServerStatus,
    SessionStatus,
    UsageInterval,
    UsageReport,
)
from cellblock_client.types import (
    Attachment,
    CodeError,
    ExecutionInfo,
    ExecutionStatus,
    Failure,
    FailureCause,
    File,
    FileChange,
    FilePurpose,
    Limits,
    ListOrder,
    MemoryLoss,
    SessionFile,
    SessionFileList,
    SessionFileType,
    SessionInfo,
    SessionState,
    Skipped,
    Unpacked,
)

__all__ = [
    "Annotation",
    "Annotations",
    "AsyncClient",
    "AsyncExecution",
    "AsyncSession",
    "Attachment",
    "AuditEntry",
    "BackgroundTaskStatus",
    "Client",
    "CodeError",
    "CodeStatus",
    "Completeness",
    "Completion",
    "Completions",
    "Error",
    "Execution",
    "ExecutionInfo",
    "ExecutionResult",
    "ExecutionStatus",
    "Failure",
    "FailureCause",
    "File",
    "FileChange",
    "FilePurpose",
    "Inspection",
    "Key",
    "Limits",
    "ListOrder",
    "MemoryLoss",
    "NewKey",
    "Place",
    "Quotas",
    "Role",
    "RunStep",
    "RunStepEvent",
    "RunStepFormat",
    "RunStepPage",
    "RunStepStatus",
    "ServerStatus",
    "Session",
    "SessionFile",
    "SessionFileList",
    "SessionFileType",
    "SessionInfo",
    "SessionState",
    "SessionStatus",
    "Skipped",
    "Tenant",
    "Tls",
    "Unpacked",
    "Usage",
    "UsageInterval",
    "UsageReport",
    "errors",
    "events",
]
