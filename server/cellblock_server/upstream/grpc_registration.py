"""Services whose methods are found by their names, and not registered one by one.

For every registered method `grpc.aio` keeps a task that waits for the next call of it, and each
call that comes makes it wait for all of them again: with fifty methods that takes longer than our
pipeline. Methods that are not registered share one task.
"""

from collections.abc import Sequence
from typing import cast

import grpc


def found_by_name(server: grpc.aio.Server) -> grpc.aio.Server:
    """`server`, for generated code to add services to."""
    return cast(grpc.aio.Server, _ByName(server))


class _ByName:
    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, *_service_and_handlers: object) -> None:
        """Do nothing: generated code has added the same methods as generic ones."""
