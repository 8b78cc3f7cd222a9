"""Targets and limits of the pool, from the configuration.

Pool sandboxes import the data stack while they wait. A cold start skips that until its code imports
it: the start takes half the time, and there is no second copy in memory.
"""

from dataclasses import replace

from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.config import Settings
from cellblock_server.config.sandboxes import PoolProfile
from cellblock_server.sessions.limits import RESERVED_BYTES, sandbox_spec
from cellblock_server.sessions.pool import PoolBounds, PoolTarget
from cellblock_server.sessions.request import NewSession


def pool_targets(settings: Settings) -> list[PoolTarget]:
    """Return the targets for default sessions and for the configured profiles.

    Raises InvalidArgumentError that names a profile that no session could request.
    """
    if settings.pool.max_size == 0:
        return []
    found = [_target(PoolProfile(size=settings.pool.size), settings)]
    for number, profile in enumerate(settings.pool.profiles):
        try:
            found.append(_target(profile, settings))
        except InvalidArgumentError as error:
            raise InvalidArgumentError(f"pool.profiles[{number}]", error.message) from error
    return found


def pool_bounds(settings: Settings) -> PoolBounds:
    """Return the limits of the pool."""
    pool = settings.pool
    return PoolBounds(
        max_waiting=min(pool.max_size, int(pool.memory_bytes) // RESERVED_BYTES),
        parallelism=pool.parallelism,
        max_age=pool.max_age,
        start_timeout=settings.sandbox.start_timeout,
    )


def _target(profile: PoolProfile, settings: Settings) -> PoolTarget:
    request = NewSession(
        image=profile.image,
        runtime=profile.runtime,
        memory_bytes=int(profile.memory_bytes),
        data_bytes=int(profile.data_bytes),
        tmp_bytes=int(profile.tmp_bytes),
    )
    request.check(settings)
    spec = sandbox_spec(request, settings, sandbox_id="")
    return PoolTarget(replace(spec, preload=tuple(settings.sandbox.preload)), profile.size)
