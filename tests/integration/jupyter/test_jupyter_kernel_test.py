"""Jupyter's own suite for kernels (`jupyter_kernel_test`)."""

import jupyter_kernel_test
import pytest


@pytest.mark.usefixtures("installed")
class TestKernel(jupyter_kernel_test.KernelTests):  # type: ignore[misc] # not typed
    kernel_name = "cellblock"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = [
        {"text": "zi", "matches": {"zip"}},
        {"text": "import itertool", "matches": {"itertools"}},
    ]
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"]
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2"]
    invalid_code_samples = ["import = 7q"]
    code_generate_error = "raise ValueError"
    code_execute_result = [
        {"code": "1+2+3", "result": "6"},
        {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"},
    ]
    code_display_data = [
        {"code": f"from IPython.display import *; display({shown})", "mime": mime_type}
        for shown, mime_type in {
            "HTML('<b>test</b>')": "text/html",
            "Math('\\\\frac{1}{2}')": "text/latex",
            "SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')": "image/svg+xml",
            "JSON({'a': 1})": "application/json",
        }.items()
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"

    def test_pager(self) -> None:
        """In place of the suite's: a sandbox has no pager, and shows pages as text."""
        self.flush_channels()
        reply, messages = self.execute_helper("zip?")
        assert (reply["content"]["status"], reply["content"]["payload"]) == ("ok", [])
        assert messages[0]["msg_type"] == "display_data"
        assert "Docstring" in messages[0]["content"]["data"]["text/plain"]
