"""Limits of the rate of a tenant's calls."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cellblock_server.common.errors import QuotaError
from cellblock_server.tenants.call_rate import CallRates
from cellblock_server.tenants.quotas import QuotaTable
from tests.support.quotas import QUOTAS


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def rates(time: Time) -> CallRates:
    return CallRates(QuotaTable(replace(QUOTAS, calls_per_second=10)), time)


def allowed_calls(rates: CallRates, tenant: str) -> int:
    """Return the number of calls that are allowed at the present time."""
    for count in range(1000):
        try:
            rates.count_call(tenant)
        except QuotaError:
            return count
    raise AssertionError("no bound")


def test_calls_of_one_second_may_come_together(rates: CallRates, time: Time) -> None:
    assert allowed_calls(rates, "a") == 10
    assert allowed_calls(rates, "a") == 0
    assert allowed_calls(rates, "b") == 10
    time.now += 0.35
    assert allowed_calls(rates, "a") == 3
    time.now += 3600
    assert allowed_calls(rates, "a") == 10


def test_refusal_has_the_time_of_a_retry(rates: CallRates, time: Time) -> None:
    allowed_calls(rates, "a")
    with pytest.raises(QuotaError, match="'a' may make 10 calls a second") as caught:
        rates.count_call("a")
    assert caught.value.retry_after == pytest.approx(timedelta(seconds=0.1), abs=timedelta(0, 0, 5))
    time.now += caught.value.retry_after.total_seconds() + 1e-6
    rates.count_call("a")


def test_changed_rate_applies_immediately(time: Time) -> None:
    table = QuotaTable(replace(QUOTAS, calls_per_second=10))
    rates = CallRates(table, time)
    assert allowed_calls(rates, "a") == 10
    table.set("a", {"calls_per_second": 2})
    time.now += 1
    assert allowed_calls(rates, "a") == 2
    table.set("a", {"calls_per_second": 0})
    time.now += 1
    with pytest.raises(QuotaError) as caught:
        rates.count_call("a")
    assert caught.value.retry_after is None
