"""The folders on the host that a sandbox shares with the server.

    <root>/<sandbox id>/         0700, ours alone
    ├── agent/                   mounted at /run/cellblock: token in, agent.sock out
    ├── inputs/                  mounted read-only at /mnt/inputs
    └── hosts                    mounted read-only at /etc/hosts

The sandbox may write to `agent/` only until its agent has bound the socket: then
`seal` takes the right away, before any user code runs. From then on nothing in
the sandbox can replace the socket, connect to it, or fill the host's disk through
the folder: only the server has a way to it.
"""

import stat
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from cellblock_server.common.disk import disk_errors_translated
from cellblock_server.common.removal import remove_tree

OPEN_MODE = 0o777  # the sandbox's user is not ours; the parent folder keeps others out
SEALED_MODE = 0o700
INPUTS_MODE = 0o755
HOSTNAME = "sandbox"
HOSTS = f"127.0.0.1 localhost {HOSTNAME}\n::1 localhost ip6-localhost ip6-loopback\n"
HOSTS_MODE = 0o644


@dataclass(frozen=True)
class SandboxFolder:
    """The shared folders of one sandbox. Blocking calls; small enough for the event loop."""

    path: Path

    @property
    def agent(self) -> Path:
        """Return the folder of the agent's token and socket."""
        return self.path / "agent"

    @property
    def inputs(self) -> Path:
        """Return the folder of large attachments."""
        return self.path / "inputs"

    @property
    def hosts(self) -> Path:
        """Return the hosts file of the sandbox, with the names of its loopback."""
        return self.path / "hosts"

    @classmethod
    def create(cls, root: Path, sandbox_id: str, token: str) -> "SandboxFolder":
        """Create the folders, and the token for the agent to read and remove.

        Raises UnavailableError, and leaves nothing then.
        """
        folder = cls(root / sandbox_id)
        try:
            with _faults_told():
                root.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder._fill(token)
        except BaseException:
            folder.remove()
            raise
        return folder

    def is_sealed(self) -> bool:
        """Return whether `seal` was called before, maybe by an earlier server. Raises OSError."""
        return stat.S_IMODE(self.agent.lstat().st_mode) == SEALED_MODE

    def seal(self) -> None:
        """Remove all of the sandbox's rights to `agent/`. Raises UnavailableError."""
        with _faults_told():
            self.agent.chmod(SEALED_MODE, follow_symlinks=True)

    def remove(self) -> None:
        """Remove everything; nothing happens if it is gone. Raises UnavailableError."""
        with _faults_told():
            remove_tree(self.path)

    def _fill(self, token: str) -> None:
        self.path.mkdir(mode=0o700)
        self.agent.mkdir()
        self.inputs.mkdir()
        self.inputs.chmod(INPUTS_MODE)
        self.hosts.write_text(HOSTS)
        self.hosts.chmod(HOSTS_MODE)
        token_file = self.agent / "token"
        token_file.write_text(token)
        token_file.chmod(0o444)
        # Last: from here on the sandbox may write to the folder.
        self.agent.chmod(OPEN_MODE)


def _faults_told() -> AbstractContextManager[None]:
    return disk_errors_translated("the folder of a sandbox")
