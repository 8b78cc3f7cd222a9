"""Quotas so high that no test reaches them."""

from cellblock_server.tenants.quotas import Quotas

QUOTAS = Quotas(
    max_sessions=1e9, max_executions=1e9, cpu_seconds=1e9, stored_bytes=2**30, calls_per_second=1e9
)
