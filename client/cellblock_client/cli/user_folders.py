"""Directories of a user's own files, by the XDG Base Directory Specification.

`Unix`, not the folders of the system at hand: the documents name these, and the server has its
settings in the same file.
"""

from platformdirs.unix import Unix

USER_FOLDERS = Unix("cellblock")
"""Reads the environment on each access."""
