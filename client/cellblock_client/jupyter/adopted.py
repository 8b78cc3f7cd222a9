"""A process that another program started: what `subprocess.Popen` is for one's own."""

import psutil


def started_at(pid: int) -> float | None:
    """When a process was started, in seconds since the epoch; None if there is none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


class AdoptedProcess:
    """A running process by its id, and by its start: ids are given again."""

    stdin = stdout = stderr = None

    def __init__(self, process: psutil.Process) -> None:
        """Use `find`."""
        self._process = process
        self.pid = process.pid

    @classmethod
    def find(cls, pid: int | None, started: float | None) -> "AdoptedProcess | None":
        """The process, if it still runs."""
        if pid is None or started is None or started_at(pid) != started:
            return None
        found = cls(psutil.Process(pid))
        return found if found.poll() is None else None

    def poll(self) -> int | None:
        """None while it runs. Its exit code is its parent's to know: 0 stands for any."""
        try:
            ended = self._process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return 0
        return 0 if ended else None

    def wait(self) -> int:
        """Called when `poll` has told its end."""
        return self.poll() or 0

    def send_signal(self, number: int) -> None:
        """Send it a signal. Raises ProcessLookupError if it has ended."""
        try:
            self._process.send_signal(number)
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(str(error)) from error

    def kill(self) -> None:
        """As Popen's."""
        self.send_signal(9)

    def terminate(self) -> None:
        """As Popen's."""
        self.send_signal(15)
