"""The session of a kernel, whose lifetime the notebook's user controls."""

import json
import signal
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from jupyter_client.kernelspec import get_kernel_spec
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from cellblock_client import Client, SessionInfo, SessionState
from cellblock_client.errors import Error, InvalidArgumentError
from cellblock_client.jupyter.kernelspec import install
from cellblock_client.jupyter.provisioner import CellblockProvisioner
from tests.support.jupyter import Notebook, opened
from tests.support.waiting import until


def test_a_restart_loses_variables_and_keeps_files(open_kernel: Callable[..., Notebook]) -> None:
    notebook = open_kernel()
    before = notebook.provisioner.session_id
    notebook.run("x = 1; open('kept.txt', 'w').write('kept')")
    notebook.restart()
    assert notebook.provisioner.session_id == before
    assert notebook.run("x").reply["ename"] == "NameError"
    assert notebook.run("print(open('kept.txt').read())").text == "kept\n"


@pytest.mark.parametrize(
    ("keep", "state"), [(False, SessionState.DELETED), (True, SessionState.READY)]
)
def test_a_shutdown_ends_the_session_unless_it_is_to_be_kept(
    server: str, installed: str, client: Client, keep: bool, state: SessionState
) -> None:
    install("own", "Own", {"address": server, "keep_session": keep}, prefix=None)
    with opened("own") as notebook:
        session = client.sessions.get(notebook.provisioner.session_id)
    assert session.refresh().state is state
    session.delete()


def test_an_ended_session_is_reported_and_a_restart_creates_another(
    open_kernel: Callable[..., Notebook], client: Client
) -> None:
    notebook = open_kernel()
    before = notebook.provisioner.session_id
    client.sessions.get(before).delete()
    reply = notebook.run("1").reply
    assert reply["ename"] == "SESSION_DELETED"
    assert reply["evalue"].endswith(
        "; restart the kernel to continue in a new session, without variables and files"
    )
    notebook.restart()
    assert notebook.provisioner.session_id != before
    assert notebook.run("print('again')").text == "again\n"


def test_a_killed_kernels_session_is_used_by_the_next(
    open_kernel: Callable[..., Notebook],
) -> None:
    notebook = open_kernel()
    before = notebook.provisioner.session_id
    notebook.run("open('kept.txt', 'w').write('kept')")
    notebook.manager.signal_kernel(signal.SIGKILL)
    until(lambda: not notebook.manager.is_alive())
    notebook.restart()
    assert notebook.provisioner.session_id == before
    assert notebook.run("print(open('kept.txt').read())").text == "kept\n"


def test_an_open_notebook_keeps_its_session_alive(
    open_kernel: Callable[..., Notebook], client: Client
) -> None:
    """Lists name no session, so only the kernel itself can have postponed its expiry."""
    notebook = open_kernel(idle_timeout=15)
    before = session_of(client, notebook).expire_time
    assert before is not None

    def put_off() -> bool:
        after = session_of(client, notebook).expire_time
        return after is not None and after > before

    until(put_off, 40)


@pytest.mark.parametrize("name", ["inactivity_limit", "lifetime"])
def test_a_kernel_spec_may_use_the_former_name_of_the_inactivity_limit(
    open_kernel: Callable[..., Notebook], client: Client, name: str
) -> None:
    notebook = open_kernel(**{name: 90})
    assert session_of(client, notebook).inactivity_limit == timedelta(seconds=90)


def test_files_of_the_notebooks_folder_are_attached(
    open_kernel: Callable[..., Notebook], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "inner.txt").write_text("inner")
    (tmp_path / "a.txt").write_text("a")
    notebook = open_kernel(cwd=tmp_path, attach=["a.txt", "data"])
    code = "print(open('/mnt/data/a.txt').read(), open('/mnt/data/data/inner.txt').read())"
    assert notebook.run(code).text == "a inner\n"


def test_a_refusal_is_reported_and_nothing_is_left(
    server: str, installed: str, client: Client
) -> None:
    install("own", "Own", {"address": server, "image": "not-allowed"}, prefix=None)
    with pytest.raises(InvalidArgumentError) as refused:
        KernelManager(kernel_name="own", kernel_id="refused").start_kernel()
    assert refused.value.field == "image"
    assert sessions_of(client, "refused") == []


def test_a_process_that_does_not_start_leaves_no_session(
    server: str, installed: str, client: Client
) -> None:
    folder = install("own", "Own", {"address": server}, prefix=None)
    written = json.loads((folder / "kernel.json").read_text())
    written["argv"][0] = "/no/such/python"
    (folder / "kernel.json").write_text(json.dumps(written))
    kernel_id = uuid4().hex
    with pytest.raises(FileNotFoundError):
        KernelManager(kernel_name="own", kernel_id=kernel_id).start_kernel()
    assert [one.state for one in sessions_of(client, kernel_id)] == [SessionState.DELETED]


@pytest.mark.parametrize(
    ("options", "field"), [({"imgae": "x"}, "imgae"), ({"limits": {"ram": 1}}, "limits.ram")]
)
def test_an_unknown_option_is_refused(
    server: str, installed: str, options: dict[str, object], field: str
) -> None:
    install("own", "Own", {"address": server} | options, prefix=None)
    with pytest.raises(Error) as refused:
        KernelManager(kernel_name="own").start_kernel()
    assert isinstance(refused.value, InvalidArgumentError)
    assert refused.value.field == field


async def test_another_jupyter_server_continues_with_a_kernel(
    provisioner: Callable[[], CellblockProvisioner], client: Client
) -> None:
    first = provisioner()
    await launch(first)
    session = client.sessions.get(first.session_id)
    session.run("kept = 1")
    second = provisioner()
    await second.load_provisioner_info(await first.get_provisioner_info())
    assert (await second.poll(), second.session_id) == (None, session.id)
    await second.kill()
    assert await second.wait() == 0
    third = provisioner()
    await third.load_provisioner_info(await first.get_provisioner_info())
    assert not third.has_process
    await launch(third)
    assert (third.session_id, session.run("kept").text) == (session.id, "1")


@pytest.fixture
async def provisioner(installed: str) -> AsyncIterator[Callable[[], CellblockProvisioner]]:
    """Makes what a Jupyter server has for a kernel; leaves nothing of it."""
    all_of_them: list[CellblockProvisioner] = []

    def make() -> CellblockProvisioner:
        made = KernelProvisionerFactory.instance().create_provisioner_instance(
            "adopted",
            get_kernel_spec(installed),
            parent=KernelManager(kernel_name=installed, kernel_id="adopted"),
        )
        assert isinstance(made, CellblockProvisioner)
        all_of_them.append(made)
        return made

    yield make
    for one in all_of_them:
        await one.kill()
        await one.wait()
        await one.cleanup()


async def launch(one: CellblockProvisioner) -> None:
    """Launch a kernel like `KernelManager`; the kernel's process outlives its Jupyter server."""
    arguments = await one.pre_launch()
    await one.launch_kernel(arguments.pop("cmd"), independent=True, **arguments)


def sessions_of(client: Client, kernel: str) -> list[SessionInfo]:
    return [one for one in client.sessions.list() if one.labels == {"jupyter_kernel": kernel}]


def session_of(client: Client, notebook: Notebook) -> SessionInfo:
    wanted = notebook.provisioner.session_id
    return next(one for one in client.sessions.list() if one.id == wanted)
