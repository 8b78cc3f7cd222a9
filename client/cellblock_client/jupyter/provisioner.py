"""Kernel provisioner for `jupyter_client`: gives each kernel a session and a local process.

The entry point `cellblock-provisioner` names it; its options are in `kernel.json`, below
`metadata.kernel_provisioner.config`. The provisioner creates and deletes the session, so it
outlives the process, and a restart keeps its files.
"""

import uuid
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Dict, Float, List, Unicode

from cellblock_client import AsyncClient, Limits
from cellblock_client.errors import Error, InvalidArgumentError, NotFoundError, WrongStateError
from cellblock_client.jupyter.adopted import AdoptedProcess, started_at

END_SECONDS = 30.0
"""Seconds to delete a session: Jupyter's user waits, and the idle timeout would end it anyway."""
GIVEN_BY_JUPYTER = {"kernel_id", "kernel_spec", "parent"}
LIMITS = tuple(field.name for field in fields(Limits))


class CellblockProvisioner(LocalProvisioner):
    """Provisioner that launches the kernel's process as its base class does, with a session.

    The options are those of `cellblock jupyter install`, which checks them; API keys come from the
    environment only.
    """

    address = Unicode(help="host:port or unix:/path; empty: CELLBLOCK_ADDRESS.").tag(config=True)
    image = Unicode(help="An image that the operator allows; empty: the default.").tag(config=True)
    runtime = Unicode(help="A runtime that the operator allows; empty: the default.").tag(
        config=True
    )
    network = Unicode(help="none, or proxy; empty: the operator's default.").tag(config=True)
    limits = Dict(help=f"What the sandbox may use: {', '.join(LIMITS)}.").tag(config=True)
    time_limit = Float(help="Time limit of a cell in seconds; 0: the operator's default.").tag(
        config=True
    )
    idle_timeout = Float(help="Seconds without a kernel; 0: the default.").tag(config=True)
    inactivity_limit = Float(help="Seconds without a cell; 0: the default.").tag(config=True)
    lifetime = Float(help="Former name of inactivity_limit.").tag(config=True)
    attach = List(
        Unicode(), help="Files and folders to put at /mnt/data; from the notebook's folder."
    ).tag(config=True)
    keep_session = Bool(help="Leave the session alive when the kernel is shut down.").tag(
        config=True
    )
    active_content = Bool(help="Let outputs run scripts in the notebook's page.").tag(config=True)

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - traitlets'
        """Raise InvalidArgumentError for an unknown option, and traitlets' error for a wrong type.

        Called by `KernelProvisionerFactory` with the options of `kernel.json`.
        """
        known = set(type(self).class_trait_names(config=True))
        for name in given.keys() - known - GIVEN_BY_JUPYTER:
            raise _unknown(name, known - GIVEN_BY_JUPYTER)
        for name in given.get("limits", {}).keys() - set(LIMITS):
            raise _unknown(f"limits.{name}", set(LIMITS))
        super().__init__(**given)
        self.session_id = ""
        """Id of the kernel's session; empty if it has none."""
        self._is_restart = False

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ANN401
        """Start the process, with a session that is new, restarted, or was left by another process.

        Raises Error, with the server's reason, if no session can be had.
        """
        attached = self._attachment_paths(kwargs.get("cwd"))
        async with AsyncClient(self.address or None) as client:
            if not await self._has_session(client):
                await self._create_session(client, attached)
            options = {
                "address": client.address,
                "session_id": self.session_id,
                "time_limit": self.time_limit,
                "active_content": self.active_content,
            }
            arguments = [f"--CellblockKernel.{name}={value}" for name, value in options.items()]
            try:
                info = await super().launch_kernel([*cmd, *arguments], **kwargs)
            except BaseException:
                await self._end_session(client)
                raise
        self._is_restart = False
        return info

    async def cleanup(self, restart: bool = False) -> None:
        """Delete the session, unless it is to be kept or the kernel is about to restart."""
        await super().cleanup(restart)
        self._is_restart = restart
        if restart or not self.session_id:
            return
        if self.keep_session:
            self.log.info("session %s is kept", self.session_id)
            self.session_id = ""
            return
        async with AsyncClient(self.address or None) as client:
            await self._end_session(client)

    async def get_provisioner_info(self) -> dict[str, Any]:
        """Return what another Jupyter server needs to adopt this kernel. It has no secrets."""
        info = await super().get_provisioner_info()
        started = started_at(self.pid) if self.pid is not None else None
        return info | {"session_id": self.session_id, "started": started}

    async def load_provisioner_info(self, provisioner_info: dict[str, Any]) -> None:
        """Adopt a kernel of another Jupyter server.

        If its process has ended meanwhile, `poll` reports it, and `launch_kernel` starts one for
        the same session, which still has all variables.
        """
        await super().load_provisioner_info(provisioner_info)
        self.session_id = provisioner_info["session_id"]
        # It does what the base class requires of a Popen.
        self.process = AdoptedProcess.find_process(  # type: ignore[assignment]
            self.pid, provisioner_info["started"]
        )

    async def _has_session(self, client: AsyncClient) -> bool:
        """Return whether there is a session to use; after a restart it has a fresh kernel."""
        if not self.session_id:
            return False
        try:
            session = await client.sessions.get(self.session_id)
            await (session.restart() if self._is_restart else session.keep_alive())
        except (WrongStateError, NotFoundError) as error:
            self.log.warning("creating a new session: %s", error.message)
            return False
        return True

    def _attachment_paths(self, folder: str | None) -> list[Path]:
        """Return the paths to attach; relative ones start in the kernel's directory."""
        return [Path(folder or Path.cwd(), Path(path).expanduser()) for path in self.attach]

    async def _create_session(self, client: AsyncClient, attached: Sequence[Path]) -> None:
        # The id is chosen here, so that a session of an interrupted call can be deleted.
        self.session_id = f"sess_{uuid.uuid4().hex}"
        try:
            await client.sessions.create(
                session_id=self.session_id,
                labels={"jupyter_kernel": self.kernel_id or ""},
                files=attached,
                limits=Limits(**self.limits),
                idle_timeout=self.idle_timeout or None,
                inactivity_limit=self.inactivity_limit or self.lifetime or None,
                image=self.image,
                runtime=self.runtime,
                network=self.network,
            )
        except BaseException:
            await self._end_session(client)
            raise

    async def _end_session(self, client: AsyncClient) -> None:
        """Delete the session. A failure is only logged: the idle timeout then ends the session."""
        ended, self.session_id = self.session_id, ""
        try:
            session = await client.sessions.get(ended, timeout=END_SECONDS)
            await session.delete(timeout=END_SECONDS)
        except NotFoundError:
            self.log.debug("session %s has already been deleted", ended)
        except Error as error:
            self.log.warning(
                "session %s not deleted, ends by its idle timeout: %s", ended, error.message
            )


def _unknown(name: str, known: set[str]) -> InvalidArgumentError:
    problem = f"is not one of {', '.join(sorted(known))}"
    return InvalidArgumentError(f"{name}: {problem}", field=name, problem=problem)
