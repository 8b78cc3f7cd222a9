"""Assembly of the server from its parts.

storage.py     database, journal, files
sessions.py    backend, pool, sessions, metering
guards.py      stages between callers and services
services.py    services that callers reach
listening.py   all of them, in order of dependency
"""

from cellblock_server.assembly.listening import Addresses, listening

__all__ = ["Addresses", "listening"]
