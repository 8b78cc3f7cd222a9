"""Private APIs that the kernel extends have the shape that it was written for.

A failure after an upgrade means: compare the old and the new version of each method that is named,
adapt `sandbox_image/cellblock_agent/kernel/upstream` if needed, and then change the fingerprint.
"""

import ast
import hashlib
import importlib.metadata
import inspect
import io
import re
import subprocess
import sys
import tarfile
import textwrap
import threading
from pathlib import Path
from types import ModuleType

import pytest
from ipykernel import ipkernel
from zmq.eventloop.zmqstream import ZMQStream

from cellblock_agent.contexts.answers import TYPES
from cellblock_agent.kernel.upstream import application, publisher, shell, stream

ROOT = Path(__file__).parents[3]
REVIEWED = {"ipykernel": "7.4.0", "ipython": "9.18.1", "pyzmq": "27.3.0"}
"""Versions for which the overrides were written, by distribution."""
MODULES = (application, publisher, shell, stream)
FINGERPRINTS: dict[str, str] = {
    "IPython.core.application.BaseIPythonApplication.init_profile_dir": "27afdf8d223f",
    "IPython.core.application.BaseIPythonApplication.load_config_file": "7e52a0ac24ef",
    "IPython.core.displayhook.DisplayHook.compute_format_data": "e6312fd53fff",
    "IPython.core.interactiveshell.InteractiveShell._format_exception_for_storage": "68a42f4c7824",
    "IPython.core.interactiveshell.InteractiveShell._get_exc_info": "81e62e5c1639",
    "IPython.core.interactiveshell.InteractiveShell._tee": "599bbc1df308",
    "IPython.core.interactiveshell.InteractiveShell.enable_matplotlib": "24887aeace62",
    "IPython.core.interactiveshell.InteractiveShell.init_io": "3b202c5c6178",
    "IPython.core.interactiveshell.InteractiveShell.init_profile_dir": "8f9a56e645e7",
    "IPython.core.interactiveshell.InteractiveShell.run_ast_nodes": "b68bc2345d11",
    "IPython.core.interactiveshell.InteractiveShell.run_cell_async": "7423e679f095",
    "IPython.core.interactiveshell.InteractiveShell.run_code": "d8ba8ffffb13",
    "IPython.core.interactiveshell.InteractiveShell.should_run_async": "efdcfd4b05a1",
    "IPython.core.interactiveshell.InteractiveShell.show_usage_error": "d5da81384d59",
    "IPython.core.interactiveshell.InteractiveShell.showtraceback": "c855697fd501",
    "IPython.core.interactiveshell.InteractiveShell.transform_cell": "bc264e8367dd",
    "IPython.core.shellapp.InteractiveShellApp.init_path": "8c0a798497ec",
    "ipykernel.compiler.XCachingCompiler.get_code_name": "424b79476408",
    "ipykernel.iostream.BackgroundSocket.send_multipart": "74d310ab0a75",
    "ipykernel.iostream.IOPubThread._run_event_pipe_gc": "55bbbe70356f",
    "ipykernel.iostream.IOPubThread._setup_event_pipe": "0e829cc0ea20",
    "ipykernel.iostream.IOPubThread.schedule": "383e26214d54",
    "ipykernel.iostream.IOPubThread.send_multipart": "4346d29d6640",
    "ipykernel.iostream.OutStream._flush": "31919e6a3459",
    "ipykernel.iostream.OutStream._schedule_flush": "b8ef59bea033",
    "ipykernel.iostream.OutStream._setup_stream_redirects": "036426570403",
    "ipykernel.iostream.OutStream._watch_pipe_fd": "4a5564134a5a",
    "ipykernel.iostream.OutStream.close": "30326f1a4859",
    "ipykernel.iostream.OutStream.fileno": "c10e92fd05a0",
    "ipykernel.iostream.OutStream.flush": "f19196110558",
    "ipykernel.iostream.OutStream.write": "3e7601e76572",
    "ipykernel.ipkernel.IPythonKernel._cancel_on_sigint": "2669b6260760",
    "ipykernel.ipkernel.IPythonKernel.do_execute": "c9da5d42d7e8",
    "ipykernel.ipkernel.IPythonKernel.execute_request": "22d3072d428c",
    "ipykernel.kernelapp.IPKernelApp.cleanup_connection_file": "28cdb7aff78f",
    "ipykernel.kernelapp.IPKernelApp.init_connection_file": "c630dab67e62",
    "ipykernel.kernelapp.IPKernelApp.init_control": "4fa2ff111f57",
    "ipykernel.kernelapp.IPKernelApp.init_heartbeat": "3100b31905c0",
    "ipykernel.kernelapp.IPKernelApp.init_iopub": "0225315f00cc",
    "ipykernel.kernelapp.IPKernelApp.write_connection_file": "1973df51300e",
    "ipykernel.kernelbase.Kernel._publish_status": "de196bc74881",
    "ipykernel.kernelbase.Kernel.getpass": "23913fb15353",
    "ipykernel.kernelbase.Kernel.raw_input": "3e10df6695db",
    "ipykernel.zmqshell.ZMQInteractiveShell._showtraceback": "9d311fb3fb94",
    "ipykernel.zmqshell.ZMQInteractiveShell.ask_exit": "6107e7e6301a",
    "ipykernel.zmqshell.ZMQInteractiveShell.init_magics": "11e6af840674",
    "ipykernel.zmqshell.ZMQInteractiveShell.set_next_input": "efe8b884259e",
    "ipykernel.zmqshell.ZMQInteractiveShell.set_parent": "bd44eb04a609",
    "ipykernel.zmqshell.ZMQInteractiveShell.system": "d64da95decbd",
    "zmq.eventloop.zmqstream.ZMQStream._rebuild_io_state": "c73988609da9",
}
"""Digest of the source of each upstream method that is overridden or used by a private name."""


def extended_classes(module: ModuleType) -> list[type]:
    """Return the classes of a module that extend a class of another distribution."""
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and len(upstream_classes(value)) > 0
    ]


def upstream_classes(extended: type) -> list[type]:
    """Return the classes that a class inherits from other distributions."""
    return [
        base
        for base in extended.__mro__
        if base.__module__.startswith(("ipykernel", "IPython", "zmq", "jupyter"))
    ]


def definition(extended: type, name: str) -> tuple[type, object] | None:
    """Return the upstream definition of a member of a class, with its class."""
    for base in upstream_classes(extended):
        if name in vars(base):
            return base, vars(base)[name]
    return None


def fingerprint(member: object) -> str:
    """Return a digest of a function's source."""
    function = inspect.unwrap(getattr(member, "__func__", member))  # type: ignore[arg-type]
    source = textwrap.dedent(inspect.getsource(function))
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def overridden() -> dict[str, str]:
    """Return the fingerprints of the upstream methods that our classes override."""
    found = {}
    for module in MODULES:
        for extended in extended_classes(module):
            for name in vars(extended):
                known = definition(extended, name)
                if known is not None and inspect.isfunction(inspect.unwrap(known[1])):  # type: ignore[arg-type]
                    base, member = known
                    found[f"{base.__module__}.{base.__qualname__}.{name}"] = fingerprint(member)
    rebuild = ZMQStream._rebuild_io_state
    found[f"{ZMQStream.__module__}.ZMQStream._rebuild_io_state"] = fingerprint(rebuild)
    return {name: found[name] for name in sorted(found) if not name.endswith(".__init__")}


@pytest.mark.parametrize("distribution", REVIEWED)
def test_the_installed_version_was_reviewed(distribution: str) -> None:
    assert importlib.metadata.version(distribution) == REVIEWED[distribution]


@pytest.mark.parametrize("distribution", REVIEWED)
def test_the_image_has_the_version_that_is_tested_here(distribution: str) -> None:
    lock = (ROOT / "sandbox_image" / "requirements-core.txt").read_text()
    assert f"\n{distribution}=={REVIEWED[distribution]} " in lock


def test_overridden_methods_are_those_that_were_reviewed() -> None:
    changed = {
        name: digest for name, digest in overridden().items() if FINGERPRINTS.get(name) != digest
    }
    assert changed == {}, f"reviewed for {REVIEWED}"
    assert sorted(FINGERPRINTS) == sorted(overridden())


@pytest.mark.parametrize(
    "extended",
    [extended for module in MODULES for extended in extended_classes(module)],
    ids=lambda extended: str(extended.__name__),
)
def test_attributes_that_a_subclass_uses_exist_upstream(extended: type) -> None:
    source = textwrap.dedent(inspect.getsource(extended))
    used: set[str] = set()
    set_here: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
            (set_here if isinstance(node.ctx, ast.Store) else used).add(node.attr)
    upstream = "\n".join(inspect.getsource(base) for base in upstream_classes(extended))
    missing = [
        name
        for name in used - set_here
        if not hasattr(extended, name) and not re.search(rf"self\.{name}\b.*=", upstream)
    ]
    assert missing == [], f"reviewed for {REVIEWED}"


def test_completions_have_their_types_under_the_known_key() -> None:
    assert ipkernel._EXPERIMENTAL_KEY_NAME == TYPES


def test_the_pause_before_a_reply_has_its_name() -> None:
    assert "_execute_sleep" in ipkernel.IPythonKernel.class_trait_names()


def test_the_debugger_is_imported_without_debugpy() -> None:
    program = (
        "import sys\n"
        "from cellblock_agent.kernel.upstream import debugger\n"
        "debugger.import_debugger_without_debugpy()\n"
        "module = sys.modules['ipykernel.debugger']\n"
        "assert 'debugpy' not in sys.modules and not module._is_debugpy_available\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_thread_runs_the_method_that_is_set_on_it() -> None:
    ran = threading.Event()
    thread = threading.Thread()
    thread.run = lambda: ran.set()  # type: ignore[method-assign]
    thread.start()
    thread.join()
    assert ran.is_set()


def test_a_tar_file_keeps_its_members_in_a_list() -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("name"))
    data.seek(0)
    with tarfile.open(fileobj=data) as archive:
        assert archive.next() is not None
        assert len(archive.members) == 1  # type: ignore[attr-defined]
