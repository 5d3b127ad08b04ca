"""Rate limits, counted in this process."""

import ipaddress
import math
import time
from typing import Annotated

import limits
from fastapi import Depends, Request
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from ..errors import TooManyRequestsError


class RateLimiter:
    """Counts what each key did in a moving window."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, rate: str, *key: str) -> None:
        """Count one event of `key`, e.g. `hit("5/minute", "login", email)`.

        Raises:
            TooManyRequestsError: that was more than `rate` allows; says when to come again.
        """
        item = limits.parse(rate)
        if not await self._limiter.hit(item, *key):
            reset_at, remaining = await self._limiter.get_window_stats(item, *key)
            seconds = max(1, math.ceil(reset_at - time.time()))
            raise TooManyRequestsError(
                "Too many attempts; try again later.",
                limit=item.amount,
                remaining=remaining,
                retry_after=seconds,
            )


async def get_client_network(request: Request) -> str:
    """Return whose attempts are counted together: an IPv4 address, or the /64 of an IPv6 one.

    One IPv6 client owns a whole /64, but an IPv4 address that is written as an IPv6 one is one.
    Behind a trusted proxy this is the client and not the proxy.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 64 if isinstance(address, ipaddress.IPv6Address) else 32
    return str(ipaddress.ip_network((address, bits), strict=False))


ClientNetworkDep = Annotated[str, Depends(get_client_network)]
