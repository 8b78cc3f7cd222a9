"""All parts of the server, put together.

storage.py     what is kept: database, journal, files
sessions.py    what runs: backend, pool, sessions, and the count of what they use
guards.py      what stands between callers and services
services.py    what callers reach
listening.py   all of it, in order of need
"""

from cellblock_server.assembly.listening import Addresses, listening

__all__ = ["Addresses", "listening"]
