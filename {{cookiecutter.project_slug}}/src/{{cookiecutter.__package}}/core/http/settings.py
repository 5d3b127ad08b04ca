"""Settings of the HTTP server and its edges. Times are in seconds, sizes in bytes."""

import re
from collections.abc import Iterator
from ipaddress import IPv6Network, ip_network
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from ..setting_types import Group, JsonList, Seconds

LAST_SECONDS = 5  # Of the grace period: after the requests, connections and threads end.
HOST = re.compile(r"\*|(\*\.)?[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.IGNORECASE)
ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^/?#@*\sA-Z]+")  # As browsers send it.
LEAST_PREFIX = 8  # Of a network of proxies: the largest that is private is 10.0.0.0/8.
MAPPED = IPv6Network("::ffff:0:0/96")  # Where IPv4 addresses lie when they are written as IPv6.


def _check_host(value: str) -> str:
    if not HOST.fullmatch(value):
        raise ValueError("a host is a name like api.example.com or *.example.com, without a port")
    return value


def _check_network(value: str) -> str:
    try:
        if value != "*":
            ip_network(value)
    except ValueError:
        raise ValueError("a proxy is an address or a network like 10.0.0.0/8") from None
    return value


def _check_origin(value: str) -> str:
    if not ORIGIN.fullmatch(value):
        raise ValueError("an origin is https://shop.example: small letters, no slash at its end")
    return value


Host = Annotated[str, AfterValidator(_check_host)]
Network = Annotated[str, AfterValidator(_check_network)]
Origin = Annotated[str, AfterValidator(_check_origin)]


class ServerSettings(Group):
    """The HTTP server and its edges."""

    host: str = "127.0.0.1"
    """Address that `serve` and `dev` listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port that `serve` and `dev` listen on."""
    trusted_hosts: JsonList[Host] = ["*"]
    """Values of the Host header that are answered; production refuses `*`."""
    trusted_proxies: JsonList[Network] = ["127.0.0.1"]
    """Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed, or `*`."""
    cors_origins: JsonList[Origin] = []
    """Origins whose browsers may call this service; production refuses `*` and `null`."""
    tls: bool = False
    """Clients reach this service by HTTPS only: answers carry Strict-Transport-Security."""
    docs: bool | None = None
    """Serve /docs, /redoc and /openapi.json; unset: everywhere but in production."""
    max_body_bytes: Annotated[int, Field(gt=0)] = 1024 * 1024
    """Largest request body; above it the answer is 413."""
    max_bodies_bytes: Annotated[int, Field(validate_default=True)] = 4 * 1024 * 1024
    """Most bytes of bodies above 16 KiB, half of it for routes without a token; else 503."""
    max_json_values: Annotated[int, Field(gt=0)] = 1000
    """Most values in a JSON body; each list, object, text and number counts; above it: 413."""
    max_head_bytes: Annotated[int, Field(gt=0)] = 32 * 1024
    """Largest head of a request, else 431; its address may take a quarter of it, else 414."""
    max_head_fields: Annotated[int, Field(gt=0)] = 100
    """Most header fields of a request; above it the answer is 431."""
    max_connections: Annotated[int, Field(gt=0)] = 1000
    """Most connections; above it the one that has waited longest for its client is closed."""
    max_requests: Annotated[int, Field(gt=0)] = 256
    """Most requests that wait for the beginning of their answers; above it the answer is 503."""
    max_kept_bytes: Annotated[int, Field(gt=0)] = 16 * 1024 * 1024
    """Most memory of requests in progress; a large one that does not fit is answered 503."""
    max_unread_bytes: Annotated[int, Field(gt=0)] = 16 * 1024 * 1024
    """Most bytes of answers that clients are slow to read; above it the slowest is cut off."""
    require_if_match: bool = False
    """A change without If-Match is refused with 428, so that nobody overwrites unseen."""
    websockets: bool = False
    """Accept WebSockets; the deadlines and limits here do not hold for them."""
    header_timeout: Seconds = 10
    """A client that has not sent its request's head after this time is cut off."""
    body_timeout: Seconds = 30
    """A client that takes longer to send a body, or reads nothing for this long, is cut off."""
    keep_alive_timeout: Seconds = 65
    """An idle connection is closed after this time: make it longer than the load balancer's."""
    request_timeout: Seconds = 20
    """A request whose answer has not begun this long after it has arrived is answered 504."""
    drain_seconds: Annotated[float, Field(ge=0)] = 5
    """After SIGTERM `serve` reports not ready for this long before it stops listening."""
    grace_period: Annotated[int, Field(validate_default=True)] = 35
    """Time from SIGTERM to SIGKILL; requests in flight are cancelled 5 s before its end."""

    @property
    def shutdown_timeout(self) -> int:
        """How long requests in flight may outlive the drain."""
        return int(self.grace_period - self.drain_seconds - LAST_SECONDS)

    @field_validator("max_bodies_bytes")
    @classmethod
    def _holds_two_of_the_largest(cls, value: int, info: ValidationInfo) -> int:
        if value < 2 * info.data.get("max_body_bytes", 0):
            raise ValueError("it must be at least twice APP_SERVER__MAX_BODY_BYTES")
        return value

    @field_validator("grace_period")
    @classmethod
    def _is_longer_than_the_drain(cls, value: int, info: ValidationInfo) -> int:
        if value - LAST_SECONDS - info.data.get("drain_seconds", 0) < 1:
            seconds = LAST_SECONDS + 1
            raise ValueError(f"it must be {seconds} s longer than APP_SERVER__DRAIN_SECONDS")
        return value

    def production_problems(self) -> Iterator[tuple[str, str]]:
        """Yield what lets too many in."""
        if not self.trusted_hosts or "*" in self.trusted_hosts:
            yield "trusted_hosts", "production needs the names that it is called by, not all."
        if any(map(_is_wide, self.trusted_proxies)):
            yield "trusted_proxies", "production needs the addresses of its proxies, not all."
        if {"*", "null"} & set(self.cors_origins):
            yield "cors_origins", "production needs the origins that it trusts, not all."


def _is_wide(network: str) -> bool:
    # It holds more addresses than anybody has proxies.
    if network == "*":
        return True
    parsed = ip_network(network)
    is_mapped = isinstance(parsed, IPv6Network) and parsed.overlaps(MAPPED)
    return parsed.prefixlen < LEAST_PREFIX + (MAPPED.prefixlen if is_mapped else 0)
