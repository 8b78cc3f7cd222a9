"""The client: a connection, its sessions, and one session."""

import warnings
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType

from cellblock_client import calls, content, file_calls, folders, introspection
from cellblock_client._async.admin import AsyncAdmin
from cellblock_client._async.executions import AsyncExecution, AsyncExecutions
from cellblock_client._async.files import AsyncFiles
from cellblock_client._async.run_steps import AsyncRunSteps
from cellblock_client._async.session_files import AsyncSessionFiles
from cellblock_client._async.session_uploads import AsyncSessionUploads
from cellblock_client._async.transport import AsyncTransport
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
    with_skipped,
)


class AsyncClient:
    """A connection to a server, usable as a context manager.

    Threads may share a synchronous client. An asynchronous one belongs to the event loop
    that it is created in.

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

        Omitted arguments come from the environment: `CELLBLOCK_ADDRESS` (default
        `127.0.0.1:7711`), `CELLBLOCK_API_KEY`, `CELLBLOCK_TLS_CA` and others, see
        docs/operate/access.md. Raises InvalidArgumentError if a key would be sent to
        another machine without TLS, and OSError for a file that can't be read.

        While the server is unavailable, for example because it restarts, calls are repeated
        for `retry_for` seconds where that is safe (docs/guides/errors-and-retries.md). 0 means
        never. None means 30 s, or 5 s until a server has answered, because the address may be
        wrong.
        """
        server = connection(address, api_key, tls)
        self.address: str = server.address
        transport = AsyncTransport(server, Patience.of(retry_for))
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
    """Creates, finds and lists sessions."""

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
        inactivity_limit: Seconds | None = None,
        environment: Mapping[str, str] | None = None,
        image: str = "",
        runtime: str = "",
        network: str = "",
        timeout: float | None = CALL_SECONDS,
        lifetime: Seconds | None = None,
    ) -> "AsyncSession":
        """Create a session and attach `files`, which are uploaded if they aren't stored yet.

        Files uploaded by this call are deleted with the session, or after a day. To keep a
        file, upload it with `AsyncClient.files` and pass the `File` that this returns.
        The path of a folder attaches everything in it under the folder's name, so that code
        opens `data/x.csv` if the folder is `data`; `Path(".")` becomes `/mnt/data` itself.
        Links are left out, with a warning. With `unpack`, archives (ZIP and tar, by their
        names) are unpacked into folders. `timeout` includes the uploads: large files may need
        more. `lifetime` is the former name of `inactivity_limit`.
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
                inactivity_limit=calls.preferred_limit(inactivity_limit, lifetime),
                environment=environment or {},
                attachments=attachments,
                image=image,
                runtime=runtime,
                network=network,
            )
        for entry in uploads.skipped:
            warnings.warn(f"{entry.path} was not attached: it {entry.reason}", stacklevel=2)
        async with uploads.attaching():
            info = await self._transport.call(call, deadline.left())
        session = AsyncSession(self._transport, info)
        session._uploads.take_over_files(uploads)  # noqa: SLF001 - of this module
        return session

    async def get(self, session_id: str, *, timeout: float | None = CALL_SECONDS) -> "AsyncSession":
        """Return a session by id. Ended sessions are found, too."""
        call = calls.get_session(session_id)
        return AsyncSession(self._transport, await self._transport.call(call, timeout))

    def list(
        self,
        *,
        thread_id: str = "",
        states: Sequence[SessionState] = (),
        timeout: float | None = CALL_SECONDS,
    ) -> AsyncIterator[SessionInfo]:
        """Iterate over sessions, newest first. Pages are fetched as needed."""
        return self._transport.items(
            lambda token: calls.list_sessions(token, thread_id, states), timeout
        )


class AsyncSession:
    """One session. As a context manager, it is deleted at the end."""

    def __init__(self, transport: "AsyncTransport", info: SessionInfo) -> None:
        """Use `AsyncClient.sessions`."""
        self._transport = transport
        self._uploads = AsyncSessionUploads(AsyncFiles(transport))
        self.info: SessionInfo = info
        """The state that the server returned last."""
        self.files: AsyncSessionFiles = AsyncSessionFiles(transport, info.id)

    @property
    def id(self) -> str:
        """The id of the session, `sess_…`."""
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
        """Run code and return its execution. Iterate over that for the events.

        `time_limit` bounds the code, `timeout` this call: when it passes, the code
        continues unless `cancel_on_disconnect` is set.
        `environment` is for this execution only. `place` names the run step to which the
        execution belongs as a tool call.
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
        """Run code that arrives in pieces, for example from a model; see `execute`.

        Watchers of its run step see the code as it arrives. It runs when `pieces` ends.
        An exception of `pieces` is raised where the events are read, and nothing runs. If
        the connection breaks before the code is complete, the execution is CANCELLED: run
        it again. `pieces` is read while the events are read, and kept until the end.
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
        """Run code to its end and return its result."""
        return await self.execute(
            code,
            time_limit=time_limit,
            execution_id=execution_id,
            environment=environment,
            place=place,
            timeout=timeout,
        ).result()

    def executions(self, *, timeout: float | None = CALL_SECONDS) -> AsyncIterator[ExecutionInfo]:
        """Iterate over the session's executions, oldest first."""
        return self._transport.items(lambda token: calls.list_executions(self.id, token), timeout)

    async def complete(
        self,
        code: str,
        cursor_pos: int | None = None,
        *,
        timeout: float | None = CALL_SECONDS,
    ) -> introspection.Completions:
        """Return completions at `cursor_pos` in `code`; None is its end.

        The kernel answers between executions: while it runs one, UnavailableError (`KERNEL_BUSY`)
        is raised immediately.
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
        """Describe the name at `cursor_pos` in `code`; with `detail_level` 1, include its source.

        Raises the same errors as `complete`.
        """
        call = introspection.inspect_code(self.id, code, cursor_pos, detail_level)
        return await self._transport.call(call, timeout)

    async def is_complete(
        self, code: str, *, timeout: float | None = CALL_SECONDS
    ) -> introspection.Completeness:
        """Return whether `code` could run as it is. Raises the same errors as `complete`."""
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
        """Attach a file at `/mnt/data`, under its own name or another; upload it if needed.

        A file uploaded by this call is deleted with the session, or after a day.
        With `unpack`, an archive (ZIP or tar) becomes a folder of that name. So does the
        path of a folder, with everything in it except links, which `unpacked.skipped` names.
        The content of `Path(".")`, or of an archive that is attached as `.`, goes into
        `/mnt/data` itself. `timeout` includes the upload.
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
        self._uploads.take_over_files(uploads)
        return with_skipped(attachment, uploads.skipped)

    async def detach(self, file_id: str, *, timeout: float | None = CALL_SECONDS) -> None:
        """Remove an attached file, or the folder into which it was unpacked, from `/mnt/data`."""
        await self._transport.call(file_calls.detach_file(self.id, file_id), timeout)

    async def refresh(self, *, timeout: float | None = CALL_SECONDS) -> SessionInfo:
        """Fetch the current state from the server."""
        return await self._fetch_info(calls.get_session(self.id), timeout)

    async def update(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        idle_timeout: Seconds | None = None,
        inactivity_limit: Seconds | None = None,
        timeout: float | None = CALL_SECONDS,
        lifetime: Seconds | None = None,
    ) -> SessionInfo:
        """Change labels, idle timeout or inactivity limit; None changes nothing.

        `lifetime` is the former name of `inactivity_limit`.
        """
        limit = calls.preferred_limit(inactivity_limit, lifetime)
        call = calls.update_session(self.id, labels, idle_timeout, limit)
        return await self._fetch_info(call, timeout)

    async def keep_alive(self, *, timeout: float | None = CALL_SECONDS) -> SessionInfo:
        """Reset the idle timeout."""
        return await self._fetch_info(calls.keep_alive(self.id), timeout)

    async def restart(self, *, timeout: float | None = CALL_SECONDS) -> SessionInfo:
        """Restart the kernel: variables are lost, files stay."""
        deadline = Deadline(timeout)
        now = await self.refresh(timeout=deadline.left())
        call = calls.restart_session(self.id, now.kernel_generation)
        return await self._fetch_info(call, deadline.left())

    async def delete(self, *, timeout: float | None = CALL_SECONDS) -> SessionInfo:
        """Delete the session, its `/mnt/data` and the files that this object uploaded for it."""
        info = await self._fetch_info(calls.delete_session(self.id), timeout)
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

    async def _fetch_info(self, call: Call[SessionInfo], timeout: float | None) -> SessionInfo:
        self.info = await self._transport.call(call, timeout)
        return self.info
