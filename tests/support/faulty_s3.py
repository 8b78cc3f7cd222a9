"""The S3 server behind a proxy that can be slow, silent, broken or absent."""

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

SECONDS = 10.0
"""Bound on each change."""
MAX_BODY = 64 * 2**20
ERROR = (
    "<Error><Code>{code}</Code><Message>{message}</Message>"
    "<AWSAccessKeyId>AKIATESTS</AWSAccessKeyId></Error>"
)
"""An answer repeats who asked."""


@dataclass
class Fault:
    """A fault that the proxy causes, and the requests that it affects."""

    kind: str
    """`refuse`, `cut` an answer after some bytes, `alter` its first byte, `hold`, or `lose` the
    answer to a request that was carried out."""
    method: str = ""
    part: str = ""
    """Part of the path of affected requests."""
    times: int = 1_000_000
    status: int = 503
    code: str = "SlowDown"
    message: str = "Please reduce your request rate."

    def takes(self, request: web.Request) -> bool:
        """Whether the fault affects this request; counts the request."""
        if self.method not in ("", request.method) or self.part not in request.path_qs:
            return False
        self.times -= 1
        return self.times >= 0


class FaultyS3:
    """Forwards requests and answers, unless a fault is active. Runs a thread."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.seen: Counter[str] = Counter()
        """Requests by their method."""
        self.open = 0
        """Requests that are being answered."""
        self.held = threading.Event()
        """A request is held."""
        self._to = f"http://127.0.0.1:{port}"
        self._tls = tls
        self._faults: list[Fault] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._go_on = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    def fault(self, kind: str, **how: Any) -> None:
        """Affect requests from now on."""
        self._faults.append(Fault(kind, **how))

    def clear_faults(self) -> None:
        """End all faults and forward what was held."""
        self._faults.clear()
        self._loop.call_soon_threadsafe(self._go_on.set)

    def go_away(self) -> None:
        """Stop listening."""
        self._do(self._close())

    def come_back(self) -> None:
        """Listen again at the same port."""
        self._do(self._open())

    def start(self) -> None:
        self._thread.start()
        self.come_back()

    def end(self) -> None:
        self.clear_faults()
        self.go_away()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    async def _open(self) -> None:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner is not None and self._session is not None:
            await self._runner.cleanup()
            await self._session.close()
            self._runner = self._session = None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen[request.method] += 1
        self.open += 1
        try:
            return await self._answer(request)
        finally:
            self.open -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fault = next((one for one in self._faults if one.takes(request)), None)
        kind = "" if fault is None else fault.kind
        body = await request.read()
        if fault is not None and kind == "refuse":
            text = ERROR.format(code=fault.code, message=fault.message)
            return web.Response(status=fault.status, text=text, content_type="application/xml")
        if kind == "hold":
            self._go_on.clear()
            self.held.set()
            await self._go_on.wait()
        assert self._session is not None
        async with self._session.request(
            request.method, self._to + request.raw_path, headers=request.headers, data=body
        ) as answer:
            data = await answer.read()
            if kind == "lose":
                _break(request)
                return web.Response()
            headers = {
                name: value
                for name, value in answer.headers.items()
                if name.lower() not in ("transfer-encoding", "connection", "server", "date")
            }
            if request.method == "HEAD" or kind not in ("cut", "alter"):
                return web.Response(status=answer.status, headers=headers, body=data)
            if kind == "alter":
                data = bytes([data[0] ^ 1]) + data[1:]
                return web.Response(status=answer.status, headers=headers, body=data)
            cut = web.StreamResponse(status=answer.status, headers=headers)
            await cut.prepare(request)
            await cut.write(data[: len(data) // 2])
            _break(request)
            return cut


def _break(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


@contextmanager
def faulty_s3(port: int, tls: ssl.SSLContext | None = None) -> Iterator[FaultyS3]:
    """Run a proxy of the S3 server at `port` for the length of the block."""
    proxy = FaultyS3(port, tls)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.end()
