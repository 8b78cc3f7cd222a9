"""Requests of the page except for files: calls, executions, a session's log."""

import json
from contextlib import aclosing
from typing import Any

from aiohttp import web

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import execution_pb2_grpc
from cellblock_server.console.calls import Caller, cancelled_at_end, refused
from cellblock_server.console.failures import RefusedError
from cellblock_server.console.session_log import SessionLog
from cellblock_server.console.streams import EventStream, cut_off_unless_read, with_beats

JSON_TYPE = "application/json"


async def call(request: web.Request, caller: Caller) -> web.Response:
    """Make a call of the services and return its response. Raises RefusedError."""
    answer = await caller.call(request.match_info["method"], await json_body(request))
    return web.json_response(answer)


async def execute(request: web.Request, caller: Caller) -> web.Response:
    """Start an execution and return its id; the session's log shows it. Raises RefusedError."""
    code = (await json_body(request)).get("code")
    if not isinstance(code, str):
        raise RefusedError(400, "BODY_MALFORMED", "code: must be text")
    stub = execution_pb2_grpc.ExecutionServiceStub(caller.channel)
    wanted = pb.ExecuteRequest(session_id=request.match_info["session_id"], code=code)
    made = stub.Execute(wanted, metadata=caller.metadata)
    # The execution continues without this stream.
    with cancelled_at_end(made):
        async with refused():
            first = await made.read()
    if not isinstance(first, pb.ExecuteResponse):
        raise RefusedError(500, "INTERNAL", "an execution without an event")
    return web.json_response({"executionId": first.events[0].execution_id})


async def follow(request: web.Request, caller: Caller) -> web.StreamResponse:
    """Send a session's log as server-sent events, past and live, until the session ends.

    The last event is `ended`, or `failed` with the reason.
    """
    stream = EventStream(caller.timings.write)
    response = await stream.begin(request)
    session_log = SessionLog(caller, request.match_info["session_id"])
    with cut_off_unless_read(request):
        try:
            async with aclosing(with_beats(session_log.items(), caller.timings.beat)) as items:
                async for item in items:
                    if item is None:
                        await stream.beat()
                    else:
                        await stream.send(*item)
            await stream.send("ended", {})
        except RefusedError as refusal:
            # The headers have been sent.
            await stream.send("failed", refusal.response_body())
        await stream.end()
    return response


async def json_body(request: web.Request) -> dict[str, Any]:
    """Return the JSON object in a request's body. Raises RefusedError."""
    # A foreign page's form can't send this type without a preflight request.
    if request.content_type != JSON_TYPE:
        raise RefusedError(415, "TYPE_NOT_ALLOWED", f"a body's Content-Type must be {JSON_TYPE}")
    try:
        body = json.loads(await request.read())
        # JSON's escapes may encode lone surrogates, which no message can have.
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise RefusedError(400, "BODY_MALFORMED", "text that is not Unicode") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "BODY_MALFORMED", "not JSON") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "BODY_MALFORMED", "not a JSON object")
    return body
