"""Role that each call needs. A call that is not listed is refused; a test checks all services."""

from cellblock_server.store.records import Role

HEALTH = "grpc.health.v1.Health"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"

OPEN = frozenset({f"/{HEALTH}/Check", f"/{HEALTH}/List", f"/{HEALTH}/Watch"})
"""Calls that need no key: probes have none, and learn only that there is a server."""

_NEEDED: dict[str, dict[Role, tuple[str, ...]]] = {
    "cellblock.v1.SessionService": {
        Role.READ_ONLY: ("GetSession", "ListSessions"),
        Role.EXECUTOR: (
            "CreateSession",
            "UpdateSession",
            "KeepAlive",
            "RestartSession",
            "DeleteSession",
        ),
    },
    "cellblock.v1.ExecutionService": {
        Role.READ_ONLY: ("WatchExecution", "GetExecution", "ListExecutions"),
        Role.EXECUTOR: (
            "Execute",
            "ExecuteStream",
            "CancelExecution",
            # The objects belong to user code, which runs to answer.
            "CompleteCode",
            "InspectCode",
            "IsCodeComplete",
        ),
    },
    "cellblock.v1.FileService": {
        Role.READ_ONLY: (
            "GetUpload",
            "GetFile",
            "ListFiles",
            "DownloadFile",
            "ListSessionFiles",
            "StatSessionFile",
            "ReadSessionFile",
            "DownloadSessionFolder",
        ),
        Role.EXECUTOR: (
            "UploadFile",
            "DeleteFile",
            "AttachFile",
            "DetachFile",
            "WriteSessionFile",
            "DeleteSessionFile",
            "MoveSessionFile",
            "SetSessionFileMode",
            "CreateSessionFolder",
        ),
    },
    "cellblock.v1.RunStepService": {
        Role.READ_ONLY: ("ListRunSteps", "GetRunStep", "WatchRunSteps", "ResolveAnnotations"),
    },
    "cellblock.v1.AdminService": {
        Role.ADMIN: (
            "CreateTenant",
            "GetTenant",
            "ListTenants",
            "UpdateTenant",
            "GetUsage",
            "ReportUsage",
            "GetServerStatus",
            "ListAuditEntries",
            "CreateKey",
            "ListKeys",
            "RotateKey",
            "RevokeKey",
        ),
    },
    REFLECTION: {Role.READ_ONLY: ("ServerReflectionInfo",)},
}

NEEDED = {
    f"/{service}/{method}": role
    for service, roles in _NEEDED.items()
    for role, methods in roles.items()
    for method in methods
}
"""Minimum role for each call, by the call's full name."""

UNKNOWN = "unknown"
"""Name of all methods that do not exist: callers can invent names."""
