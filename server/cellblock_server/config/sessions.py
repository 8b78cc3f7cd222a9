"""Configuration of sessions, executions, files and run steps."""

from datetime import timedelta

from pydantic import ByteSize, Field, model_validator

from cellblock_server.config.values import (
    DAY,
    GIB,
    KIB,
    MIB,
    MOMENT,
    Duration,
    Section,
    at_most,
    derived,
    internal,
)


class Sessions(Section):
    """Limits on the number and lifetime of sessions."""

    max_sessions: int = Field(50, ge=1, le=10_000, description="Maximum number of live sessions.")
    start_parallelism: int = internal(
        8,
        "Sandboxes that are started at a time for sessions that found none in the pool. `profile` "
        "sets it: more than the machine has CPUs for make all of them slow.",
        ge=1,
        le=256,
    )
    max_start_queue: int = internal(
        100,
        "New sessions that wait for a sandbox to start, each for `sandbox.start_timeout` at most.",
        ge=0,
        le=10_000,
    )
    idle_timeout: Duration = Field(
        timedelta(minutes=20),
        ge=MOMENT,
        description="A session ends after this long without use or KeepAlive.",
    )
    max_idle_timeout: Duration = Field(
        DAY, ge=MOMENT, description="Longest idle timeout that a session may ask for."
    )
    inactivity_limit: Duration = Field(
        timedelta(hours=1),
        ge=MOMENT,
        description="A session ends after this long without use, even if it is kept alive. Use is "
        "an execution, a file operation, completion, inspection or a restart.",
    )
    max_inactivity_limit: Duration = Field(
        DAY, ge=MOMENT, description="Longest inactivity limit that a session may ask for."
    )
    retention: Duration = Field(
        timedelta(days=30),
        ge=timedelta(0),
        le=3650 * DAY,
        description="Time after which an ended session is deleted, with its executions and "
        "outputs. Files that it generated have their own: `files.retention`.",
    )
    max_age: Duration = Field(
        DAY,
        ge=MOMENT,
        description="A session ends this long after its creation, even while code runs.",
    )
    end_on_shutdown: bool = Field(
        False,
        description="End all sessions when the server stops. If false, the next server with the "
        "same state directory takes them over.",
    )

    @model_validator(mode="after")
    def _defaults_allowed(self) -> "Sessions":
        at_most("idle_timeout", self.idle_timeout, "max_idle_timeout", self.max_idle_timeout)
        at_most(
            "inactivity_limit",
            self.inactivity_limit,
            "max_inactivity_limit",
            self.max_inactivity_limit,
        )
        return self


class Executions(Section):
    """Limits of one execution and its output."""

    time_limit: Duration = Field(
        timedelta(seconds=120),
        ge=MOMENT,
        description="Time that code may run, unless its caller asks for another limit.",
    )
    max_time_limit: Duration = Field(
        timedelta(hours=1),
        ge=MOMENT,
        le=DAY,
        description="Longest time limit that a caller may ask for.",
    )
    grace: Duration = internal(
        timedelta(seconds=5),
        "Time that interrupted code has to end, before its kernel is killed.",
        ge=MOMENT,
        le=timedelta(minutes=5),
    )
    max_queue: int = internal(
        16, "Waiting executions of one session (`QUEUE_FULL`).", ge=1, le=1000
    )
    max_code_bytes: ByteSize = internal(
        ByteSize(MIB), "Size of one piece of code.", ge=1, le=2 * MIB
    )
    max_text_bytes: ByteSize = Field(
        ByteSize(MIB),
        ge=KIB,
        le=32 * MIB,
        description="Text that one execution may write to its streams. If there is more, this much "
        "from the beginning and up to a quarter as much from the end are shown.",
    )
    max_kept_bytes: ByteSize = internal(
        ByteSize(32 * MIB),
        "How much text of an execution that wrote more than `executions.max_text_bytes` is kept as "
        "a file. It counts as the sandbox's memory while the execution runs.",
        ge=KIB,
        le=1024 * MIB,
    )
    max_rich_bytes: ByteSize = internal(
        ByteSize(8 * MIB),
        "Results and displays of one execution, without their images.",
        ge=KIB,
        le=32 * MIB,
    )
    max_events: int = internal(50_000, "Events of output of one execution.", ge=100, le=1_000_000)
    max_image_bytes: ByteSize = internal(
        ByteSize(16 * MIB), "Size of one image that is shown.", ge=KIB, le=32 * MIB
    )
    max_image_pixels: int = internal(
        50_000_000, "Width times height of one image that is shown.", ge=1
    )
    max_images: int = internal(50, "Images that one execution may show.", ge=1, le=1000)

    @model_validator(mode="after")
    def _default_allowed(self) -> "Executions":
        at_most("time_limit", self.time_limit, "max_time_limit", self.max_time_limit)
        return self


class Files(Section):
    """Limits of uploads and of files that code creates."""

    max_upload_bytes: ByteSize = Field(
        ByteSize(512 * MIB), ge=1, description="Size of one uploaded file."
    )
    small_file_bytes: ByteSize = internal(
        ByteSize(64 * MIB),
        "Up to this size an attachment is copied into `/mnt/data`, where code may overwrite it. A "
        "larger one is a link to a read-only file, as is one over 16 MiB that takes more than a "
        "sixteenth of the session's memory. SQLite databases are copied up to a quarter of it.",
        ge=0,
    )
    max_attachments: int = internal(20, "Files that a session may be created with.", ge=0, le=20)
    max_captured_files: int = Field(
        100, ge=0, le=1000, description="New or changed files that are stored after one execution."
    )
    max_captured_bytes: ByteSize = Field(
        ByteSize(512 * MIB),
        ge=0,
        description="Total size of the files that are stored after one execution.",
    )
    max_unpacked_bytes: ByteSize = derived(
        lambda given: max(ByteSize(GIB), ByteSize(2 * given["max_upload_bytes"])),
        "Size of all files of an archive that is unpacked: 1 GiB, or twice "
        "`files.max_upload_bytes` if that is more.",
        ge=0,
    )
    max_unpacked_files: int = internal(
        10_000, "Files and directories of an archive that is unpacked.", ge=1, le=20_000
    )
    max_unpack_ratio: int = internal(
        100,
        "How many times larger than an archive its files may be; below 1 MiB, any number of times.",
        ge=1,
    )
    quota_bytes: ByteSize = Field(
        ByteSize(50 * GIB),
        ge=0,
        description="Size of all files of a tenant, generated ones included, and of the records "
        "of its executions.",
    )
    min_free_bytes: ByteSize = Field(
        ByteSize(GIB),
        ge=0,
        description="Free disk space that uploads and generated files must leave; otherwise they "
        "are refused, or not stored. Text, images and records may use it.",
    )
    retention: Duration = Field(
        timedelta(days=30),
        ge=timedelta(seconds=1),
        le=3650 * DAY,
        description="Time after which a generated file is deleted. Uploaded files stay until they "
        "are deleted, or for the time that the upload asked for.",
    )
    upload_timeout: Duration = internal(
        timedelta(hours=1),
        "Time after which a broken upload is deleted.",
        ge=timedelta(seconds=1),
        le=30 * DAY,
    )


class RunSteps(Section):
    """Run steps in the shape of OpenAI's APIs."""

    image_url: str = Field(
        "",
        pattern=r"^(https?://.*)?$",
        description="Prefix of image URLs in the Responses API's shape; the file's id follows it. "
        "Empty: URLs hold the image itself (`data:`).",
    )
