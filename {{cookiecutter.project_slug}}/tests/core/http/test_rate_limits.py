"""Rate limits."""

import pytest
from fastapi import Request

from {{ cookiecutter.__package }}.core.errors import TooManyRequestsError
from {{ cookiecutter.__package }}.core.http.rate_limits import (
    RateLimiter,
    get_client_network,
)


class TestRateLimiter:
    async def test_refuses_what_is_too_much_and_says_when_to_come_again(self) -> None:
        limiter = RateLimiter()
        await limiter.hit("1/minute", "login", "ann")
        with pytest.raises(TooManyRequestsError) as refused:
            await limiter.hit("1/minute", "login", "ann")
        assert (refused.value.limit, refused.value.remaining) == (1, 0)
        assert 55 < refused.value.retry_after <= 60

    async def test_counts_each_key_for_itself(self) -> None:
        limiter = RateLimiter()
        for key in (("login", "ann"), ("login", "bob"), ("registration", "ann")):
            await limiter.hit("1/minute", *key)


@pytest.mark.parametrize(
    ("client", "network"),
    [
        (("192.0.2.7", 40000), "192.0.2.7/32"),
        (("2001:db8:1:2:3:4:5:6", 40000), "2001:db8:1:2::/64"),
        (("::ffff:192.0.2.7", 40000), "192.0.2.7/32"),
        (("a socket", 0), "a socket"),
        (None, ""),
    ],
)
async def test_ipv6_clients_are_told_apart_by_64_bits(client: object, network: str) -> None:
    assert await get_client_network(Request({"type": "http", "client": client})) == network
