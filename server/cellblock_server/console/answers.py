"""What the page asks for beside files: calls, code to run, a session's log."""

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
    """One of the services' calls, as it is. Raises RefusedError."""
    answer = await caller.call(request.match_info["method"], await json_body(request))
    return web.json_response(answer)


async def execute(request: web.Request, caller: Caller) -> web.Response:
    """Have code run; its id. The session's log has the rest. Raises RefusedError."""
    code = (await json_body(request)).get("code")
    if not isinstance(code, str):
        raise RefusedError(400, "BODY_MALFORMED", "code: must be text")
    stub = execution_pb2_grpc.ExecutionServiceStub(caller.channel)
    wanted = pb.ExecuteRequest(session_id=request.match_info["session_id"], code=code)
    made = stub.Execute(wanted, metadata=caller.metadata)
    # It goes on without this stream.
    with cancelled_at_end(made):
        async with refused():
            first = await made.read()
    if not isinstance(first, pb.ExecuteResponse):
        raise RefusedError(500, "INTERNAL", "an execution without an event")
    return web.json_response({"executionId": first.events[0].execution_id})


async def follow(request: web.Request, caller: Caller) -> web.StreamResponse:
    """A session's log as server-sent events: what it ran, then what it runs, until it ends.

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
            # The head has been sent.
            await stream.send("failed", refusal.told())
        await stream.end()
    return response


async def json_body(request: web.Request) -> dict[str, Any]:
    """A request's JSON object. Raises RefusedError."""
    # No form of another page's can send this type without being asked first.
    if request.content_type != JSON_TYPE:
        raise RefusedError(415, "TYPE_NOT_ALLOWED", f"a body's type is {JSON_TYPE}")
    try:
        body = json.loads(await request.read())
        # JSON's escapes may stand for lone surrogates, which no message can have.
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise RefusedError(400, "BODY_MALFORMED", "text that is not Unicode") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "BODY_MALFORMED", "not JSON") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "BODY_MALFORMED", "not a JSON object")
    return body
