"""What the values of settings look like. Messages never repeat a value, which may be a secret."""

import json
import re
from ipaddress import IPv6Network, ip_network
from typing import Annotated

import limits
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

# {% if cookiecutter.database == "sqlite" %}
DRIVER = "sqlite+aiosqlite"
URL_FORM = f"{DRIVER}:///PATH"
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
DRIVER = "postgresql+asyncpg"
URL_FORM = f"{DRIVER}://USER:PASSWORD@HOST:PORT/NAME"
# {% endif %}
SIGNING_KEY_BYTES = 32  # RFC 7518 section 3.2: an HS256 key is at least as long as its hash.
HOST = re.compile(r"\*|(\*\.)?[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.IGNORECASE)
ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^/?#@*\sA-Z]+")  # As browsers send it.
# What people write where a key belongs, and what no random key of 32 bytes or more is made of.
PLACEHOLDER = re.compile(
    r"change.?me|replace|secret|password|example|insecure|your[-_ ]|todo[-_: ]|\$\{|\{\{",
    re.IGNORECASE,
)
LEAST_CHARACTERS = 8
LEAST_PREFIX = 8  # Of a network of proxies: the largest that is private is 10.0.0.0/8.
MAPPED = IPv6Network("::ffff:0:0/96")  # Where IPv4 addresses lie when they are written as IPv6.


def is_weak_key(key: SecretStr) -> bool:
    """Return whether a key is no random one: a placeholder, or the same again and again."""
    text = key.get_secret_value()
    repeats = text in (text + text)[1:-1]
    return repeats or len(set(text)) < LEAST_CHARACTERS or PLACEHOLDER.search(text) is not None


def is_wide_network(network: str) -> bool:
    """Return whether a network holds more addresses than anybody has proxies."""
    if network == "*":
        return True
    parsed = ip_network(network)
    is_mapped = isinstance(parsed, IPv6Network) and parsed.overlaps(MAPPED)
    return parsed.prefixlen < LEAST_PREFIX + (MAPPED.prefixlen if is_mapped else 0)


def _check_rate(value: str) -> str:
    try:
        limits.parse(value)
    except ValueError:
        raise ValueError("a rate is written like 5/minute") from None
    return value


def _parse_list(value: object) -> object:
    # Left to pydantic-settings, the error would name the group and not the variable.
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        raise ValueError('a list is written like ["a", "b"]') from None


def _check_network(value: str) -> str:
    try:
        if value != "*":
            ip_network(value)
    except ValueError:
        raise ValueError("a proxy is an address or a network like 10.0.0.0/8") from None
    return value


def _check_host(value: str) -> str:
    if not HOST.fullmatch(value):
        raise ValueError("a host is a name like api.example.com or *.example.com, without a port")
    return value


def _check_origin(value: str) -> str:
    if not ORIGIN.fullmatch(value):
        raise ValueError("an origin is https://shop.example: small letters, no slash at its end")
    return value


def _check_url(value: SecretStr) -> SecretStr:
    try:
        url = make_url(value.get_secret_value())
        url.get_dialect()().create_connect_args(url)
    except (ArgumentError, TypeError, ValueError):  # Their messages hold parts of the password.
        url = None
    if url is None or url.drivername != DRIVER:
        raise ValueError(f"the address of a database is {URL_FORM}")
# {% if cookiecutter.database == "postgresql" %}
    if {"user", "password"} & set(url.query):
        raise ValueError(f"the address of a database is {URL_FORM}, with the user before the host")
    if "@" in f"{url.host}{url.database}":
        raise ValueError("in a password, @ is written as %40, and % as %25")
# {% endif %}
# {% if cookiecutter.database == "sqlite" %}
    if url.host or url.username or url.query:
        raise ValueError(f"the address of a database is {URL_FORM}, with / before an absolute PATH")
    if url.database in {None, "", ":memory:"} or str(url.database).startswith("file:"):
        raise ValueError("the database has to be a file: in memory, each connection has its own")
# {% endif %}
    return value


def _check_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value().encode()) < SIGNING_KEY_BYTES:
        raise ValueError(f"a signing key needs at least {SIGNING_KEY_BYTES} bytes")
    if value.get_secret_value().startswith(("ssh-", "-----BEGIN")):
        raise ValueError("a signing key is a random text, and no public key")
    return value


Rate = Annotated[str, AfterValidator(_check_rate)]
SigningKey = Annotated[SecretStr, AfterValidator(_check_key)]
AsJson = BeforeValidator(_parse_list)
SigningKeys = Annotated[list[SigningKey], NoDecode, AsJson]
Hosts = Annotated[list[Annotated[str, AfterValidator(_check_host)]], NoDecode, AsJson]
Networks = Annotated[list[Annotated[str, AfterValidator(_check_network)]], NoDecode, AsJson]
Origins = Annotated[list[Annotated[str, AfterValidator(_check_origin)]], NoDecode, AsJson]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_url)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
