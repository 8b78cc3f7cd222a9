"""A server of a later release: this one, with one more migration. Run as a program.

The migration is what stands in the environment variable `NEWER_MIGRATION`, the body of an
`upgrade()`.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from cellblock_server import main
from cellblock_server.store import schema

REVISION = "9999"
HEAD = """
import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{newest}"


def upgrade() -> None:
    {body}
"""


def serve() -> int:
    with tempfile.TemporaryDirectory() as folder:
        migrations = Path(folder) / "migrations"
        shutil.copytree(schema.MIGRATIONS, migrations)
        newest = sorted((migrations / "versions").glob("*.py"))[-1].name.partition("_")[0]
        text = HEAD.format(revision=REVISION, newest=newest, body=os.environ["NEWER_MIGRATION"])
        (migrations / "versions" / f"{REVISION}_newer.py").write_text(text)
        schema.MIGRATIONS = migrations
        return main.main()


if __name__ == "__main__":
    sys.exit(serve())
