"""What the pool is to hold, from the configuration.

Its sandboxes have time to import the data stack. One that somebody waits for does so when its
code asks for it: it is there in half the time, and has no second copy in memory.
"""

from dataclasses import replace

from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.config import Settings
from cellblock_server.config.sandboxes import PoolProfile
from cellblock_server.sessions.limits import RESERVED_BYTES, sandbox_spec
from cellblock_server.sessions.pool import PoolBounds, Stock
from cellblock_server.sessions.request import NewSession


def stocks(settings: Settings) -> list[Stock]:
    """The sandboxes of sessions that ask for nothing, and of those that the operator expects.

    Raises InvalidArgumentError that names the profile no session could ask for.
    """
    if settings.pool.max_size == 0:
        return []
    found = [_stock(PoolProfile(size=settings.pool.size), settings)]
    for number, profile in enumerate(settings.pool.profiles):
        try:
            found.append(_stock(profile, settings))
        except InvalidArgumentError as error:
            raise InvalidArgumentError(f"pool.profiles[{number}]", error.message) from error
    return found


def pool_bounds(settings: Settings) -> PoolBounds:
    """What the pool may use."""
    pool = settings.pool
    return PoolBounds(
        max_waiting=min(pool.max_size, int(pool.memory_bytes) // RESERVED_BYTES),
        parallelism=pool.parallelism,
        max_age=pool.max_age,
        start_timeout=settings.sandbox.start_timeout,
    )


def _stock(profile: PoolProfile, settings: Settings) -> Stock:
    request = NewSession(
        image=profile.image,
        runtime=profile.runtime,
        memory_bytes=int(profile.memory_bytes),
        data_bytes=int(profile.data_bytes),
        tmp_bytes=int(profile.tmp_bytes),
    )
    request.check(settings)
    spec = sandbox_spec(request, settings, sandbox_id="")
    return Stock(replace(spec, preload=tuple(settings.sandbox.preload)), profile.size)
