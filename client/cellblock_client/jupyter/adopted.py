"""Process that another program started, with the interface of `subprocess.Popen`."""

import psutil


def started_at(pid: int) -> float | None:
    """Return when a process started, in seconds since the epoch; None if there is none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


class AdoptedProcess:
    """Running process, identified by its id and its start, because ids are reused."""

    stdin = stdout = stderr = None

    def __init__(self, process: psutil.Process) -> None:
        """Use `find_process`."""
        self._process = process
        self.pid = process.pid

    @classmethod
    def find_process(cls, pid: int | None, started: float | None) -> "AdoptedProcess | None":
        """Return the process, if it still runs."""
        if pid is None or started is None or started_at(pid) != started:
            return None
        found = cls(psutil.Process(pid))
        return found if found.poll() is None else None

    def poll(self) -> int | None:
        """Return None while it runs, and 0 afterwards: only its parent knows the exit code."""
        try:
            ended = self._process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return 0
        return 0 if ended else None

    def wait(self) -> int:
        """Return after `poll` has reported the end."""
        return self.poll() or 0

    def send_signal(self, number: int) -> None:
        """Send a signal. Raises ProcessLookupError if the process has ended."""
        try:
            self._process.send_signal(number)
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(str(error)) from error

    def kill(self) -> None:
        """Kill the process, as Popen does."""
        self.send_signal(9)

    def terminate(self) -> None:
        """Terminate the process, as Popen does."""
        self.send_signal(15)
