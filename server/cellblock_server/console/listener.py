"""The console's own HTTP listener: its routes, and the checks of each request."""

import re
import ssl
from collections.abc import Awaitable, Callable
from secrets import token_hex

import grpc
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from cellblock_server.common.connections import Connections
from cellblock_server.common.http_site import Site
from cellblock_server.console import answers, frames
from cellblock_server.console.access import Access, check_host, check_origin
from cellblock_server.console.calls import Caller
from cellblock_server.console.failures import RefusedError
from cellblock_server.console.files import (
    download_file,
    download_session_file,
    upload_session_file,
)
from cellblock_server.console.logins import Login, Logins, open_stream
from cellblock_server.console.page import HEADERS, page_files
from cellblock_server.console.timings import ConsoleTimings
from cellblock_server.rpc.inside import InternalSocket

CLOSE_SECONDS = 1.0
"""Time for which requests in progress may continue when the server stops."""
MAX_CONNECTIONS = 200
"""Maximum number of connections; over it, the oldest one without a login is closed.

A browser has about six.
"""
KEY_PREFIX = "cb_"
KEY = re.compile(r"cb_[!-~]{1,200}")
"""Characters allowed in a key; the services decide whether it is valid."""

Answer = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


class ConsoleListener:
    """Serves browsers in the server's own event loop."""

    def __init__(
        self,
        inside: InternalSocket,
        access: Access,
        tls: ssl.SSLContext | None,
        timings: ConsoleTimings | None = None,
    ) -> None:
        """Call the services at `inside` for requests that pass `access`; HTTPS with `tls`."""
        self._timings = timings or ConsoleTimings()
        self._inside = inside
        self._access = access
        self._tls = tls
        self._page = page_files()
        self._logins = Logins(access.login_timeout, with_token=not access.needs_key)
        self._channel: grpc.aio.Channel | None = None
        self._connections = Connections(MAX_CONNECTIONS)
        application = web.Application(
            client_max_size=access.max_body_bytes, middlewares=[self._guard]
        )
        application.add_routes(self._routes())
        application.on_response_prepare.append(_add_headers)
        self._runner = web.AppRunner(
            application,
            # The services log a line for each call.
            access_log=None,
            # A request ends when its browser has disconnected.
            handler_cancellation=True,
            shutdown_timeout=CLOSE_SECONDS,
        )

    async def start(self, address: str) -> str:
        """Begin to serve at `host:port`; return the URL to open. Raises OSError."""
        host, _, port = address.rpartition(":")
        # Files of any size pass in pieces that the services check; all other bodies are small.
        self._channel = grpc.aio.insecure_channel(
            self._inside.address,
            options=[("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)],
        )
        await self._runner.setup()
        for bound in await self._connections.bound(host.strip("[]"), int(port)):
            await Site(self._runner, bound, self._tls).start()
        chosen = self._runner.addresses[0][1]
        url = f"{self._access.scheme}://{host}:{chosen}/"
        log.info("console_listening", address=url)
        token = self._logins.token
        # Behind the #: the browser does not send it, so it is in no log until the page logs in with
        # it.
        return f"{url}#token={token}" if token else url

    async def stop(self) -> None:
        """Stop serving."""
        self._logins.end_all()
        await self._runner.cleanup()
        if self._channel is not None:
            await self._channel.close()

    def _routes(self) -> list[web.RouteDef]:
        session, file = "/api/sessions/{session_id}", "/api/files/{file_id}"
        return [
            web.get("/", self._show_page, allow_head=False),
            web.get("/static/{name:.+}", self._show_page, allow_head=False),
            web.get("/api/login", self._who, allow_head=False),
            web.post("/api/login", self._log_in),
            web.delete("/api/login", self._log_out),
            web.post("/api/call/{method}", self._with_login(answers.call)),
            web.post(f"{session}/execute", self._with_login(answers.execute)),
            web.get(f"{session}/log", self._streamed(answers.follow), allow_head=False),
            web.get(f"{session}/file", self._streamed(download_session_file), allow_head=False),
            web.put(f"{session}/file", self._streamed(upload_session_file)),
            web.get(file, self._streamed(download_file), allow_head=False),
            web.get(
                r"/frame/{execution_id}/{sequence:\d{1,15}}",
                self._with_login(frames.show_html),
                allow_head=False,
            ),
        ]

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check every request's origin, and report failures as JSON."""
        try:
            check_host(self._access, request.headers)
            if request.path.startswith(("/api/", "/frame/")):
                check_origin(self._access, request.method, request.headers)
            return await handler(request)
        except RefusedError as refusal:
            return web.json_response(refusal.response_body(), status=refusal.status)
        except web.HTTPException as error:
            problem = {"reason": "HTTP", "message": error.reason}
            return web.json_response(problem, status=error.status)
        except UnicodeError:
            # From a path or a query: lone surrogates can't be sent.
            problem = {"reason": "NOT_UNICODE", "message": "the request has invalid Unicode"}
            return web.json_response(problem, status=400)
        except Exception:
            if request.transport is None or request.transport.is_closing():
                raise
            identity = token_hex(8)
            log.exception("console_fault", error_id=identity)
            words = f"a server error; the server's log has details under {identity}"
            return web.json_response({"reason": "FAULT", "message": words}, status=500)

    async def _show_page(self, request: web.Request) -> web.Response:
        found = self._page.get(request.match_info.get("name", "index.html"))
        if found is None:
            raise RefusedError(404, "NO_SUCH_PAGE", "no such file")
        kind, data = found
        return web.Response(body=data, headers={"Content-Type": kind})

    async def _who(self, request: web.Request) -> web.Response:
        """Return whether the browser is logged in, and which logins are possible."""
        try:
            self._login(request)
        except RefusedError:
            return web.json_response({"loggedIn": False, "needsKey": self._access.needs_key})
        return web.json_response({"loggedIn": True, "needsKey": self._access.needs_key})

    async def _log_in(self, request: web.Request) -> web.Response:
        secret = (await answers.json_body(request)).get("secret")
        key = secret if isinstance(secret, str) and secret.startswith(KEY_PREFIX) else ""
        if key and KEY.fullmatch(key):
            # Refused like any call with that key, and recorded in the audit log as well.
            await self._caller(request, key).call("ListSessions", {"pageSize": 1})
        elif not isinstance(secret, str) or not self._logins.is_token(secret):
            log.warning("console_login_refused", peer=request.remote)
            raise RefusedError(
                401, "LOGIN_REFUSED", "neither an API key nor the login token of this start"
            )
        self._connections.mark_authenticated(request.transport)
        response = web.json_response({"loggedIn": True, "needsKey": self._access.needs_key})
        response.set_cookie(
            self._logins.cookie,
            self._logins.begin_login(key),
            httponly=True,
            samesite="Strict",
            secure=self._tls is not None,
        )
        return response

    async def _log_out(self, request: web.Request) -> web.Response:
        self._logins.end_login(request.cookies.get(self._logins.cookie, ""))
        response = web.json_response({"loggedIn": False, "needsKey": self._access.needs_key})
        response.del_cookie(self._logins.cookie)
        return response

    def _login(self, request: web.Request) -> Login:
        login = self._logins.find_login(request.cookies.get(self._logins.cookie, ""))
        self._connections.mark_authenticated(request.transport)
        return login

    def _caller(self, request: web.Request, key: str) -> Caller:
        if self._channel is None:
            raise RuntimeError("the console is not started")
        who = (("authorization", f"Bearer {key}"),) if key else ()
        metadata = who + self._inside.metadata(_peer(request))
        return Caller(self._channel, metadata, self._timings)

    def _with_login(self, answer: Answer) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await answer(request, self._caller(request, self._login(request).key))

        return handle

    def _streamed(self, answer: Answer) -> Handler:
        """Wrap a handler that may take long: it is a stream of the login, and ends with it."""

        async def handle(request: web.Request) -> web.StreamResponse:
            login = self._login(request)
            with open_stream(login):
                return await answer(request, self._caller(request, login.key))

        return handle


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _peer(request: web.Request) -> str:
    address = request.transport.get_extra_info("peername") if request.transport else None
    return f"{address[0]}:{address[1]}" if address else "unknown"
