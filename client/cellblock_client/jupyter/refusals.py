"""Replies to requests that a kernel can't serve: every request is answered, as Jupyter requires.

Source: jupyter_client's documentation, "Messaging in Jupyter".
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

REQUEST, REPLY = "_request", "_reply"
REFUSED = {
    "debug_request": "there is no debugger in a sandbox",
    "usage_request": "resources of a sandbox are not reported to notebooks",
    "create_subshell_request": "a session runs one execution at a time",
    "delete_subshell_request": "a session runs one execution at a time",
    "list_subshell_request": "a session runs one execution at a time",
}
"""Requests that are refused on every channel, with the reason."""
CONTROL = {
    "comm_info_request",
    "connect_request",
    "history_request",
    "interrupt_request",
    "kernel_info_request",
    "shutdown_request",
}
"""Requests that are served on the control channel. The others need the thread of the shell channel.
"""

Handler = Callable[[Any, Any, Any], Awaitable[None] | None]
"""Function of a stream, the sender's identities and a request; it sends the reply."""
SendError = Callable[[Any, Any, Any, dict[str, Any]], None]
"""Function of a stream, the sender's identities, a request, and the content of the reply."""


class Handlers(dict[str, Handler]):
    """Handlers of a channel's requests, by type. Types without one are refused."""

    def __init__(self, handlers: dict[str, Handler], send_error: SendError, channel: str) -> None:
        """Use those of `handlers` that `channel` can serve."""
        served = handlers.keys() - REFUSED.keys()
        super().__init__(
            (kind, handler)
            for kind, handler in handlers.items()
            if kind in (served & CONTROL if channel == "control" else served)
        )
        self._send_error = send_error
        self._channel = channel

    def get(self, kind: str, default: Any = None) -> Any:  # noqa: ANN401 - a dictionary's
        """Return the handler of a type; `default` for messages that expect no reply."""
        handler = super().get(kind)
        if not kind.endswith(REQUEST):
            return handler or default
        return partial(self._handle, kind, handler)

    async def _handle(
        self,
        kind: str,
        handler: Handler | None,
        stream: Any,  # noqa: ANN401 - ipykernel's
        identities: Any,  # noqa: ANN401
        request: Any,  # noqa: ANN401
    ) -> None:
        if handler is None:
            reason = REFUSED.get(kind, f"{kind} is not served on the {self._channel} channel")
            self._send_error(stream, identities, request, refusal_content(reason, request))
            return
        try:
            replying = handler(stream, identities, request)
            if replying is not None:
                await replying
        except Exception as error:
            reason = f"{kind} failed: {type(error).__name__}"
            self._send_error(stream, identities, request, refusal_content(reason, request))
            raise


def refusal_content(reason: str, request: dict[str, Any]) -> dict[str, Any]:
    """Create the content of an error reply; a debugger's also has the fields of its protocol."""
    content: dict[str, Any] = {
        "status": "error",
        "ename": "NotSupported",
        "evalue": reason,
        "traceback": [f"NotSupported: {reason}"],
    }
    asked = request.get("content")
    if request["header"]["msg_type"] == "debug_request" and isinstance(asked, dict):
        content |= {
            "type": "response",
            "success": False,
            "message": reason,
            "request_seq": asked.get("seq", 0),
            "command": asked.get("command", ""),
            "seq": 0,
        }
    return content


def reply_type(request: dict[str, Any]) -> str:
    """Return the type of the reply to a request."""
    return str(request["header"]["msg_type"]).removesuffix(REQUEST) + REPLY
