"""SQL that the pages show to PostgreSQL administrators runs on a real server."""

from secrets import token_hex

import pytest

from tests.support.postgresql import Cluster
from tests.support.samples import Sample, samples


@pytest.mark.parametrize("sample", samples("sql"), ids=str)
def test_statements_are_accepted(sample: Sample, cluster: Cluster) -> None:
    # The cluster has a role of that name.
    name = f"reader_{token_hex(4)}"
    text = sample.text.replace("cellblock", name)
    with cluster.admin() as connection:
        try:
            for statement in filter(str.strip, text.split(";")):
                connection.execute(statement.encode())
            owned = "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = %s"
            assert connection.execute(owned, [name]).fetchall() == [(name,)]
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
            connection.execute(f"DROP ROLE IF EXISTS {name}".encode())
