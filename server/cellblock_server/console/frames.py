"""HTML from a sandbox as an isolated document."""

from aiohttp import web

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import execution_pb2_grpc
from cellblock_server.console.calls import Caller, cancelled_at_end, refused
from cellblock_server.console.failures import RefusedError

HTML = "text/html"
POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Content security policy: no scripts, no requests, an opaque origin, even when opened directly."""
STYLE = (
    "<!doctype html><meta charset=utf-8><style>"
    "body{margin:8px;background:#fff;color:#1a1a1a;font:13px/1.45 system-ui,sans-serif}"
    "table{border:0;border-collapse:collapse;font-size:12px;font-variant-numeric:tabular-nums}"
    "th,td{border:0;padding:3px 10px;text-align:right}"
    "thead th{border-bottom:1px solid #bbb}tbody tr:nth-child(even){background:#f5f6f8}"
    "</style>"
)
"""Style of tables, which pandas leaves to the front end. Light, as most HTML output expects."""


async def show_html(request: web.Request, caller: Caller) -> web.Response:
    """Respond with the HTML of one event of an execution. Raises RefusedError."""
    execution_id, number = request.match_info["execution_id"], request.match_info["sequence"]
    stub = execution_pb2_grpc.ExecutionServiceStub(caller.channel)
    call = stub.WatchExecution(
        pb.WatchExecutionRequest(execution_id=execution_id, from_sequence=int(number)),
        metadata=caller.metadata,
    )
    with cancelled_at_end(call):
        async with refused():
            response = await call.read()
    events = response.events if isinstance(response, pb.WatchExecutionResponse) else ()
    html = html_of(events[0]) if events else None
    if html is None:
        raise RefusedError(404, "NO_HTML", f"event {number} of {execution_id!r} has no HTML")
    return web.Response(
        text=STYLE + html, content_type=HTML, headers={"Content-Security-Policy": POLICY}
    )


def html_of(event: pb.ExecutionEvent) -> str | None:
    """Return the HTML in an event; None if it has none."""
    match event.WhichOneof("event"):
        case "result":
            return event.result.data.get(HTML)
        case "display":
            return event.display.data.get(HTML)
        case "display_update":
            return event.display_update.output.data.get(HTML)
        case "image":
            return event.image.alternatives.get(HTML)
    return None
