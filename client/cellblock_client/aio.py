"""The client for asyncio: `client.py` with `await`, name for name."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType

from cellblock_client import calls, content, file_calls, folders, introspection
from cellblock_client.aio_admin import AsyncAdmin
from cellblock_client.aio_executions import AsyncExecution, AsyncExecutions
from cellblock_client.aio_files import AsyncFiles
from cellblock_client.aio_run_steps import AsyncRunSteps
from cellblock_client.aio_session_files import AsyncSessionFiles
from cellblock_client.aio_session_uploads import AsyncSessionUploads
from cellblock_client.aio_transport import AsyncTransport
from cellblock_client.calls import CALL_SECONDS, Call, Seconds
from cellblock_client.channel import Tls, connection
from cellblock_client.code_stream import AsyncCodeStream
from cellblock_client.result import ExecutionResult
from cellblock_client.retry import Deadline, Patience
from cellblock_client.run_step_types import Place
from cellblock_client.types import (
    Attachment,
    ExecutionInfo,
    File,
    Limits,
    SessionInfo,
    SessionState,
)


class AsyncClient:
    """A connection to a server. A context manager; of the event loop that it is made in.

    All methods raise `Error` (see `errors.py`). `timeout` is the most seconds that
    a call may take, retries included, or each page of a list; None means no bound.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        api_key: str | None = None,
        tls: Tls | bool | None = None,
        retry_for: float | None = None,
    ) -> None:
        """Connect to `address` (`host:port` or `unix:/path`), with a key and TLS if given.

        What is not given is taken from the environment: `CELLBLOCK_ADDRESS` (default
        `127.0.0.1:7711`), `CELLBLOCK_API_KEY`, `CELLBLOCK_TLS_CA` and its like, see
        docs/operate/access.md. Raises InvalidArgumentError for a key that would travel to
        another machine without TLS, OSError for a file that can't be read.

        A server that is away, as while it restarts, is waited for `retry_for` seconds: calls are
        repeated where that is safe (docs/guides/errors-and-retries.md). 0: never. None: 30 s, and
        5 s as long as no server was ever there, for the address may be wrong.
        """
        told = connection(address, api_key, tls)
        self.address: str = told.address
        transport = AsyncTransport(told, Patience.of(retry_for))
        self._transport = transport
        self.sessions: AsyncSessions = AsyncSessions(transport)
        self.executions: AsyncExecutions = AsyncExecutions(transport)
        self.files: AsyncFiles = AsyncFiles(transport)
        self.run_steps: AsyncRunSteps = AsyncRunSteps(transport)
        self.admin: AsyncAdmin = AsyncAdmin(transport)

    async def close(self) -> None:
        """Close the connection."""
        await self._transport.close()

    async def __aenter__(self) -> "AsyncClient":
        """Use it as a context manager."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self.close()


class AsyncSessions:
    """Creates and finds sessions."""

    def __init__(self, transport: "AsyncTransport") -> None:
        """Use `AsyncClient.sessions`."""
        self._transport = transport

    async def create(
        self,
        *,
        files: Iterable[content.Source | File] = (),
        unpack: bool = False,
        session_id: str = "",
        thread_id: str = "",
        labels: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        idle_timeout: Seconds | None = None,
        lifetime: Seconds | None = None,
        environment: Mapping[str, str] | None = None,
        image: str = "",
        runtime: str = "",
        network: str = "",
        timeout: float | None = CALL_SECONDS,
    ) -> "AsyncSession":
        """Create a session; `files` are uploaded, if need be, and attached to it.

        What is uploaded here is deleted with the session, or after a day. To keep a file,
        upload it with `Client.files` first, and pass what that returns.
        A folder's path is attached with all that is in it, links aside. With `unpack`,
        archives (by their names: ZIP and tar) are unpacked into folders. `timeout` is
        for uploading and creating together: large files may need more.
        """
        deadline = Deadline(timeout)
        uploads = AsyncSessionUploads(AsyncFiles(self._transport))
        async with uploads.uploading():
            attachments = [
                await uploads.attachment(
                    item,
                    "",
                    unpack=unpack and folders.is_archive(content.filename_of(item)),
                    progress=None,
                    timeout=deadline.left(),
                )
                for item in files
            ]
            call = calls.create_session(
                session_id=session_id,
                thread_id=thread_id,
                labels=labels or {},
                limits=limits or Limits(),
                idle_timeout=idle_timeout,
                lifetime=lifetime,
                environment=environment or {},
                attachments=attachments,
                image=image,
                runtime=runtime,
                network=network,
            )
        async with uploads.attaching():
            info = await self._transport.call(call, deadline.left())
        session = AsyncSession(self._transport, info)
        session._uploads.take(uploads)  # noqa: SLF001 - of this module
        return session

    async def get(self, session_id: str, *, timeout: float | None = CALL_SECONDS) -> "AsyncSession":
        """A session by id, ended ones included."""
        call = calls.get_session(session_id)
        return AsyncSession(self._transport, await self._transport.call(call, timeout))

    def list(
        self,
        *,
        thread_id: str = "",
        states: Sequence[SessionState] = (),
        timeout: float | None = CALL_SECONDS,
    ) -> AsyncIterator[SessionInfo]:
        """Sessions, newest first; pages are fetched as needed."""
        return self._transport.items(
            lambda token: calls.list_sessions(token, thread_id, states), timeout
        )


class AsyncSession:
    """One session. As a context manager it is deleted at the end."""

    def __init__(self, transport: "AsyncTransport", info: SessionInfo) -> None:
        """Use `AsyncClient.sessions`."""
        self._transport = transport
        self._uploads = AsyncSessionUploads(AsyncFiles(transport))
        self.info: SessionInfo = info
        """What the server last told of it."""
        self.files: AsyncSessionFiles = AsyncSessionFiles(transport, info.id)

    @property
    def id(self) -> str:
        """Its id, `sess_…`."""
        return self.info.id

    def execute(
        self,
        code: str,
        *,
        time_limit: Seconds | None = None,
        execution_id: str | None = None,
        environment: Mapping[str, str] | None = None,
        cancel_on_disconnect: bool = False,
        place: Place | None = None,
        timeout: float | None = None,
    ) -> "AsyncExecution":
        """Run code; iterate over what is returned for its events.

        `time_limit` bounds the code, `timeout` this call: when it passes, the code
        goes on unless `cancel_on_disconnect` is set.
        `environment` is for this execution only. `place` says of which run step it is a
        tool call.
        """
        request = calls.execute(
            self.id,
            code,
            execution_id,
            time_limit,
            environment=environment,
            cancel_on_disconnect=cancel_on_disconnect,
            place=place,
        )
        return AsyncExecution(self._transport, request, timeout)

    def execute_stream(
        self,
        pieces: AsyncIterable[str] | Iterable[str],
        *,
        time_limit: Seconds | None = None,
        execution_id: str | None = None,
        environment: Mapping[str, str] | None = None,
        cancel_on_disconnect: bool = False,
        place: Place | None = None,
        timeout: float | None = None,
    ) -> "AsyncExecution":
        """As `execute`, with code that comes in pieces, as a model writes it.

        Whoever watches its run step sees it being written; it runs when `pieces` ends.
        What `pieces` raises is raised where the events are read, and then nothing runs. If
        the connection breaks while it is written, its execution is CANCELLED: run it anew.
        `pieces` is read while the events are, and kept until the end.
        """
        start = calls.execute(
            self.id,
            "",
            execution_id,
            time_limit,
            environment=environment,
            cancel_on_disconnect=cancel_on_disconnect,
            place=place,
        )
        return AsyncExecution(self._transport, AsyncCodeStream(start, pieces), timeout)

    async def run(
        self,
        code: str,
        *,
        time_limit: Seconds | None = None,
        execution_id: str | None = None,
        environment: Mapping[str, str] | None = None,
        place: Place | None = None,
        timeout: float | None = None,
    ) -> ExecutionResult:
        """Run code to its end and return all that it showed."""
        return await self.execute(
            code,
            time_limit=time_limit,
            execution_id=execution_id,
            environment=environment,
            place=place,
            timeout=timeout,
        ).result()

    def executions(self, *, timeout: float | None = CALL_SECONDS) -> AsyncIterator[ExecutionInfo]:
        """The session's executions, oldest first."""
        return self._transport.items(lambda token: calls.list_executions(self.id, token), timeout)

    async def complete(
        self,
        code: str,
        cursor_pos: int | None = None,
        *,
        timeout: float | None = CALL_SECONDS,
    ) -> introspection.Completions:
        """What may stand at a place in `code`; None: at its end.

        The kernel answers between executions: while it runs one, UnavailableError (`KERNEL_BUSY`)
        is raised at once.
        """
        call = introspection.complete_code(self.id, code, cursor_pos)
        return await self._transport.call(call, timeout)

    async def inspect(
        self,
        code: str,
        cursor_pos: int | None = None,
        *,
        detail_level: int = 0,
        timeout: float | None = CALL_SECONDS,
    ) -> introspection.Inspection:
        """What the name at a place in `code` is; with `detail_level` 1, its source as well.

        Raises what `complete` does.
        """
        call = introspection.inspect_code(self.id, code, cursor_pos, detail_level)
        return await self._transport.call(call, timeout)

    async def is_complete(
        self, code: str, *, timeout: float | None = CALL_SECONDS
    ) -> introspection.Completeness:
        """Whether `code` could run as it is, or more has to come. Raises what `complete` does."""
        return await self._transport.call(introspection.is_code_complete(self.id, code), timeout)

    async def attach(
        self,
        file: content.Source | File,
        filename: str = "",
        *,
        unpack: bool = False,
        progress: content.Progress | None = None,
        timeout: float | None = None,
    ) -> Attachment:
        """Put a file, uploaded if need be, at `/mnt/data`, under its own name or another.

        What is uploaded here is deleted as by `create`.
        With `unpack`, an archive (ZIP or tar) becomes a folder of that name. So does the
        path of a folder, with all that is in it, links aside. `timeout` is for uploading
        and attaching together.
        """
        deadline = Deadline(timeout)
        uploads = AsyncSessionUploads(AsyncFiles(self._transport))
        async with uploads.uploading():
            wanted = await uploads.attachment(
                file, filename, unpack=unpack, progress=progress, timeout=deadline.left()
            )
        call = file_calls.attach_file(self.id, wanted)
        async with uploads.attaching():
            attachment = await self._transport.call(call, deadline.left())
        self._uploads.take(uploads)
        return attachment

    async def detach(self, file_id: str, *, timeout: float | None = CALL_SECONDS) -> None:
        """Remove an attached file, or the folder it was unpacked into, from `/mnt/data`."""
        await self._transport.call(file_calls.detach_file(self.id, file_id), timeout)

    async def refresh(self, *, timeout: float | None = CALL_SECONDS) -> SessionInfo:
        """Ask the server for its state now."""
        return await self._told(calls.get_session(self.id), timeout)

    async def update(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        idle_timeout: Seconds | None = None,
        lifetime: Seconds | None = None,
        timeout: float | None = CALL_SECONDS,
    ) -> SessionInfo:
        """Replace what is given."""
        call = calls.update_session(self.id, labels, idle_timeout, lifetime)
        return await self._told(call, timeout)

    async def keep_alive(self, *, timeout: float | None = CALL_SECONDS) -> SessionInfo:
        """Postpone the idle time-out."""
        return await self._told(calls.keep_alive(self.id), timeout)

    async def restart(self, *, timeout: float | None = CALL_SECONDS) -> SessionInfo:
        """Give it a fresh kernel: variables are lost, files stay."""
        deadline = Deadline(timeout)
        now = await self.refresh(timeout=deadline.left())
        call = calls.restart_session(self.id, now.kernel_generation)
        return await self._told(call, deadline.left())

    async def delete(self, *, timeout: float | None = CALL_SECONDS) -> SessionInfo:
        """End it and remove its `/mnt/data`, with the files that this object uploaded for it."""
        info = await self._told(calls.delete_session(self.id), timeout)
        await self._uploads.discard()
        return info

    async def __aenter__(self) -> "AsyncSession":
        """Use it as a context manager."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Delete the session."""
        await self.delete()

    async def _told(self, call: Call[SessionInfo], timeout: float | None) -> SessionInfo:
        self.info = await self._transport.call(call, timeout)
        return self.info
