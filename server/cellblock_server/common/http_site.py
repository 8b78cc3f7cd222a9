"""HTTP listeners that answer malformed requests without repeating their content."""

import asyncio
import socket
import ssl
from http import HTTPStatus

import structlog
from aiohttp import web

log = structlog.get_logger(__name__)


class Site(web.SockSite):
    """A bound socket that serves a runner's application."""

    def __init__(
        self, runner: web.AppRunner, bound: socket.socket, tls: ssl.SSLContext | None = None
    ) -> None:
        """Serve on `bound`, with HTTPS if `tls` is given."""
        super().__init__(runner, bound, ssl_context=tls)

    async def start(self) -> None:
        """Start to accept connections."""
        # Registers the site with the runner, which stops it.
        await web.BaseSite.start(self)
        server, loop = self._runner.server, asyncio.get_running_loop()
        if server is None:
            raise RuntimeError("the runner has not been set up")

        def connection() -> _Connection:
            return _Connection(server, loop=loop, access_log=None)  # type: ignore[arg-type]

        self._server = await loop.create_server(
            connection, sock=self._sock, ssl=self._ssl_context, backlog=self._backlog
        )


class _Connection(web.RequestHandler):
    """aiohttp's request handler, whose response to a malformed request repeats no content.

    The original repeats it, and logs it: it may contain a cookie, a key or control characters.
    """

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that is invalid HTTP, or one whose handler failed."""
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        log.info("http_request_malformed", peer=request.remote, problem=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("part of another response has been sent")
        body = {"reason": "HTTP", "message": HTTPStatus(status).phrase}
        response = web.json_response(body, status=status)
        response.force_close()
        return response
