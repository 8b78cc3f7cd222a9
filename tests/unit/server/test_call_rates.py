"""How often a tenant may call, as time goes by."""

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


def calls(rates: CallRates, tenant: str) -> int:
    """How many calls are allowed at once."""
    for count in range(1000):
        try:
            rates.count_call(tenant)
        except QuotaError:
            return count
    raise AssertionError("no bound")


def test_a_seconds_calls_may_come_at_once(rates: CallRates, time: Time) -> None:
    assert calls(rates, "a") == 10
    assert calls(rates, "a") == 0
    assert calls(rates, "b") == 10
    time.now += 0.35
    assert calls(rates, "a") == 3
    time.now += 3600
    assert calls(rates, "a") == 10


def test_a_refusal_says_when_to_come_back(rates: CallRates, time: Time) -> None:
    calls(rates, "a")
    with pytest.raises(QuotaError, match="'a' may make 10 calls a second") as caught:
        rates.count_call("a")
    assert caught.value.retry_after == pytest.approx(timedelta(seconds=0.1), abs=timedelta(0, 0, 5))
    time.now += caught.value.retry_after.total_seconds() + 1e-6
    rates.count_call("a")


def test_another_rate_counts_at_once(time: Time) -> None:
    table = QuotaTable(replace(QUOTAS, calls_per_second=10))
    rates = CallRates(table, time)
    assert calls(rates, "a") == 10
    table.set("a", {"calls_per_second": 2})
    time.now += 1
    assert calls(rates, "a") == 2
    table.set("a", {"calls_per_second": 0})
    time.now += 1
    with pytest.raises(QuotaError) as caught:
        rates.count_call("a")
    assert caught.value.retry_after is None
