"""Where listeners for HTTP take requests. What is malformed is answered without repeating it."""

import asyncio
import socket
import ssl
from http import HTTPStatus

import structlog
from aiohttp import web

log = structlog.get_logger(__name__)


class Site(web.SockSite):
    """A bound socket at which a runner's application answers."""

    def __init__(
        self, runner: web.AppRunner, bound: socket.socket, tls: ssl.SSLContext | None = None
    ) -> None:
        """Answer at `bound`, with HTTPS if there is `tls`."""
        super().__init__(runner, bound, ssl_context=tls)

    async def start(self) -> None:
        """Begin to take connections."""
        # Registers it with the runner, which stops it.
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
    """aiohttp's, whose answer to a malformed request and whose log repeat what was sent.

    That may be a cookie, a key, or what a terminal obeys.
    """

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that is no HTTP, or one whose handler has failed."""
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        log.info("http_request_malformed", peer=request.remote, problem=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of another answer has been sent")
        told = {"reason": "HTTP", "message": HTTPStatus(status).phrase}
        response = web.json_response(told, status=status)
        response.force_close()
        return response
