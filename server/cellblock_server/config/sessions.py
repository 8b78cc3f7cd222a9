"""How long sessions live, and what code in them may take, show and leave behind."""

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
)


class Sessions(Section):
    """How many sessions there may be, and how long they live."""

    max_sessions: int = Field(50, ge=1, le=10_000, description="Sessions at once.")
    start_parallelism: int = Field(
        8,
        ge=1,
        le=256,
        description="Sandboxes that are started at a time for sessions that found none in the "
        "pool. More than the machine has CPUs for make all of them slow.",
    )
    max_start_queue: int = Field(
        100,
        ge=0,
        le=10_000,
        description="New sessions that wait for such a start, each for `sandbox.start_timeout` at "
        "most.",
    )
    idle_timeout: Duration = Field(
        timedelta(minutes=20),
        ge=MOMENT,
        description="A session ends after so long without use or KeepAlive.",
    )
    max_idle_timeout: Duration = Field(
        DAY, ge=MOMENT, description="The most that a session may ask for."
    )
    lifetime: Duration = Field(
        timedelta(hours=1),
        ge=MOMENT,
        description="A session ends so long after its last execution or file operation, "
        "kept alive or not.",
    )
    max_lifetime: Duration = Field(
        DAY, ge=MOMENT, description="The most that a session may ask for."
    )
    retention: Duration = Field(
        timedelta(days=30),
        ge=timedelta(0),
        le=3650 * DAY,
        description="A session that has ended is forgotten after so long, with what it ran and "
        "showed. Files that it generated have a time of their own: `files.retention`.",
    )
    lifetime_cap: Duration = Field(
        DAY, ge=MOMENT, description="A session ends so long after its creation, whatever it does."
    )
    end_on_shutdown: bool = Field(
        False,
        description="End all sessions when the server stops. Without, the next server on the same "
        "state folder takes them over.",
    )

    @model_validator(mode="after")
    def _defaults_allowed(self) -> "Sessions":
        at_most("idle_timeout", self.idle_timeout, "max_idle_timeout", self.max_idle_timeout)
        at_most("lifetime", self.lifetime, "max_lifetime", self.max_lifetime)
        return self


class Executions(Section):
    """Bounds on one piece of code and what it shows."""

    timeout: Duration = Field(
        timedelta(seconds=120),
        ge=MOMENT,
        description="Time limit when the caller does not ask for another one.",
    )
    max_timeout: Duration = Field(
        timedelta(hours=1), ge=MOMENT, le=DAY, description="The most that a caller may ask for."
    )
    grace: Duration = Field(
        timedelta(seconds=5),
        ge=MOMENT,
        le=timedelta(minutes=5),
        description="How long interrupted code may go on before its kernel is killed.",
    )
    max_queue: int = Field(
        16, ge=1, le=1000, description="Executions of one session that wait for their turn."
    )
    max_code_bytes: ByteSize = Field(
        ByteSize(MIB), ge=1, le=2 * MIB, description="Size of one piece of code."
    )
    max_text_bytes: ByteSize = Field(
        ByteSize(MIB),
        ge=KIB,
        le=32 * MIB,
        description="Text that one execution may write to its streams. Of more, the middle is left "
        "out: a last part of a quarter of this is shown, too.",
    )
    max_kept_bytes: ByteSize = Field(
        ByteSize(32 * MIB),
        ge=KIB,
        le=1024 * MIB,
        description="How much of the text of an execution that wrote too much is kept as a file. "
        "Counts as the sandbox's memory while it runs.",
    )
    max_rich_bytes: ByteSize = Field(
        ByteSize(8 * MIB),
        ge=KIB,
        le=32 * MIB,
        description="Results and displays that one execution may show, without their images.",
    )
    max_events: int = Field(
        50_000, ge=100, le=1_000_000, description="Events of output that one execution may have."
    )
    max_image_bytes: ByteSize = Field(
        ByteSize(16 * MIB), ge=KIB, le=32 * MIB, description="Size of one image that is shown."
    )
    max_image_pixels: int = Field(
        50_000_000, ge=1, description="Width times height of one image that is shown."
    )
    max_images: int = Field(50, ge=1, le=1000, description="Images that one execution may show.")

    @model_validator(mode="after")
    def _default_allowed(self) -> "Executions":
        at_most("timeout", self.timeout, "max_timeout", self.max_timeout)
        return self


class Files(Section):
    """Bounds on files that come in and go out."""

    max_upload_bytes: ByteSize = Field(
        ByteSize(512 * MIB), ge=1, description="Size of one uploaded file."
    )
    small_file_bytes: ByteSize = Field(
        ByteSize(16 * MIB),
        ge=0,
        description="Up to this size an attachment is copied into `/mnt/data`, where code may "
        "overwrite it; a larger one is a link to a read-only file, and is not copied.",
    )
    max_attachments: int = Field(
        20, ge=0, le=20, description="Files that a session may be created with."
    )
    max_captured_files: int = Field(
        100, ge=0, le=1000, description="New or changed files that are stored of one execution."
    )
    max_captured_bytes: ByteSize = Field(
        ByteSize(512 * MIB), ge=0, description="Size of all of these together."
    )
    max_unpacked_bytes: ByteSize = Field(
        ByteSize(GIB), ge=0, description="Size of all files of an archive that is unpacked."
    )
    max_unpacked_files: int = Field(
        10_000, ge=1, le=20_000, description="Files and folders of an archive that is unpacked."
    )
    max_unpack_ratio: int = Field(
        100,
        ge=1,
        description="How many times larger than an archive its files may be. Below 1 MiB any.",
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
        description="So much of the disk is kept free: uploads are refused and generated files "
        "not stored that would leave less. What must not be lost (text, images, records) "
        "uses it.",
    )
    retention: Duration = Field(
        timedelta(days=30),
        ge=timedelta(seconds=1),
        le=3650 * DAY,
        description="A generated file is deleted after so long. Uploaded ones stay until they are "
        "deleted, or for as long as the upload says.",
    )
    upload_timeout: Duration = Field(
        timedelta(hours=1),
        ge=timedelta(seconds=1),
        le=30 * DAY,
        description="An upload that broke off is forgotten after so long.",
    )


class RunSteps(Section):
    """How run steps are handed on."""

    image_url: str = Field(
        "",
        pattern=r"^(https?://.*)?$",
        description="What a file's id is put behind to make an image's URL in the Responses API's "
        "shape. Empty: URLs hold the image itself (`data:`).",
    )
