"""`cellblock admin usage` reports usage, including that of ended sessions."""

import json
from pathlib import Path

from cellblock_client import Client, UsageInterval
from tests.integration.cli.command import cellblock


def test_a_session_that_has_ended_is_in_the_report(
    server: str, client: Client, tmp_path: Path
) -> None:
    before = sum(one.executions for one in client.admin.report_usage("default"))
    with client.sessions.create() as session:
        session.run("1")
    # When a session ends, it is counted immediately.
    (report,) = client.admin.report_usage("default", interval=UsageInterval.WHOLE)
    assert report.executions > before
    assert min(report.sessions, report.session_seconds, report.cpu_seconds) > 0
    done = cellblock("admin", "usage", "--by", "day", "--json", cwd=tmp_path, address=server)
    days = [json.loads(line) for line in done.stdout.splitlines()]
    mine = [day for day in days if day["tenant_id"] == "default"]
    assert sum(day["executions"] for day in mine) >= report.executions
    table = cellblock(
        "admin", "usage", "default", "--from", "2020-01-01", cwd=tmp_path, address=server
    )
    assert "session hours" in table.stdout
    assert "default" in table.stdout


def test_an_invalid_interval_is_reported(tmp_path: Path) -> None:
    done = cellblock("admin", "usage", "--by", "week", cwd=tmp_path, address="unix:/nowhere")
    assert (done.returncode, "hour, day, all" in done.stderr) == (2, True)
