"""Which role each call needs. A call that is not here is nobody's; a test walks the services."""

from cellblock_server.store.records import Role

HEALTH = "grpc.health.v1.Health"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"

OPEN = frozenset({f"/{HEALTH}/Check", f"/{HEALTH}/List", f"/{HEALTH}/Watch"})
"""Need no key: probes have none, and learn nothing but that there is a server."""

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
            # What is asked about is user code's, and runs to answer.
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
"""The least role that may make a call, by the call's full name."""

UNKNOWN = "unknown"
"""Name of all methods that do not exist: callers choose theirs as they like."""
