"""HTTP listener of the metrics, for Prometheus."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from cellblock_server.common.connections import Connections
from cellblock_server.common.http_site import Site

PATH = "/metrics"
MAX_CONNECTIONS = 50
"""Maximum number of connections; over it, the oldest one ends. Each Prometheus has one."""
CLOSE_SECONDS = 1.0
"""Time for which a scrape in progress may continue when the server stops."""


class MetricsListener:
    """Serves `GET /metrics` in the server's event loop, so that the values are consistent."""

    def __init__(
        self, address: str, registry: CollectorRegistry, refresh: Callable[[], Awaitable[None]]
    ) -> None:
        """Serve `registry` at `address` (`host:port`), after a `refresh` of its gauges."""
        host, _, port = address.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._address = address
        self._registry = registry
        self._refresh = refresh
        self._connections = Connections(MAX_CONNECTIONS)
        application = web.Application(client_max_size=0)
        application.router.add_get(PATH, self._show)
        # Requests are not logged: a scrape comes every few seconds.
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSE_SECONDS)

    async def start(self) -> str:
        """Begin to serve; return the address, with the port chosen for port 0. Raises OSError."""
        await self._runner.setup()
        for bound in await self._connections.bound(self._host, self._port):
            await Site(self._runner, bound).start()
        host, port, *_ = self._runner.addresses[0]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def stop(self) -> None:
        """Stop serving."""
        await self._runner.cleanup()

    async def _show(self, request: web.Request) -> web.Response:
        await self._refresh()
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        # The header is set whole: aiohttp's own argument accepts no parameters.
        return web.Response(body=encode(self._registry), headers={"Content-Type": kind})
