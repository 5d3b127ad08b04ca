"""What can be wrong with a body: each function takes a valid one and returns what is sent."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

Fields = Mapping[str, str]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NESTING = 100_000
DIGITS = 1_000_000
PLACEHOLDER = '"\\u2620"'  # stands for a value that json.dumps could not write
CONTENT_TYPES = [
    "", "text/plain", "application/xml", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=x", "application/octet-stream", "application/jsön", FORM, JSON,
    "application/json;", "application/json; charset=utf-16", "application/merge-patch+json",
]  # fmt: skip
TEXTS = [
    "", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "\uffff", "\u202e", "💥" * 99, "x" * 100_000,
    "1e999", "NaN", "null", "%00", "'; DROP TABLE items; --", "{0.__class__}", "\r\nX: b", "\x1b[",
]  # fmt: skip
VALUES: list[Any] = [
    *TEXTS, None, True, False, 0, -1, 2**31, 2**63, -(2**63) - 1, 2**64, 10**400, 1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"), [], {}, [[]], [None] * 1000, {"": ""}, {"\0": "\0"},
]  # fmt: skip


class Sent(NamedTuple):
    """A body and its Content-Type."""

    body: bytes
    content_type: str


Mutation = Callable[[random.Random, Fields], Sent]


def _json(value: object) -> Sent:
    return Sent(json.dumps(value).encode(), JSON)


def _with_raw_value(chance: random.Random, fields: Fields, value: str) -> Sent:
    marked = {**fields, chance.choice(list(fields)): "\u2620"}
    return Sent(json.dumps(marked).replace(PLACEHOLDER, value).encode(), JSON)


def another_value(chance: random.Random, fields: Fields) -> Sent:
    """Give a field a value of another type or size."""
    return _json({**fields, chance.choice(list(fields)): chance.choice(VALUES)})


def unknown_field(chance: random.Random, fields: Fields) -> Sent:
    """Add a field."""
    name = chance.choice([*TEXTS, "id", "owner_id", "role", "version", "__class__"])
    return _json({**fields, name: chance.choice(VALUES)})


def missing_field(chance: random.Random, fields: Fields) -> Sent:
    """Leave a field out."""
    left_out = chance.choice(list(fields))
    return _json({name: value for name, value in fields.items() if name != left_out})


def no_object(chance: random.Random, fields: Fields) -> Sent:
    """Send something else than an object."""
    return _json(chance.choice([*VALUES, [fields], [fields] * 100]))


def huge_number(chance: random.Random, fields: Fields) -> Sent:
    """Give a field a number of up to a million digits."""
    digits = "9" * chance.randrange(400, DIGITS)
    return _with_raw_value(chance, fields, chance.choice(["", "-", "0.", "1e"]) + digits)


def deep_nesting(chance: random.Random, fields: Fields) -> Sent:
    """Give a field a value that is nested 100,000 times, closed or not."""
    start, end = chance.choice([("[", "]"), ('{"a":', "}")])
    depth = chance.choice([100, 10_000, NESTING])
    value = start * depth + "1" + end * chance.choice([depth, 0])
    return _with_raw_value(chance, fields, value)


def duplicate_key(chance: random.Random, fields: Fields) -> Sent:
    """Send a field twice."""
    text = json.dumps(fields)
    again = json.dumps({chance.choice(list(fields)): chance.choice(VALUES)})
    return Sent(f"{text[:-1]}, {again[1:]}".encode(), JSON)


def truncated(chance: random.Random, fields: Fields) -> Sent:
    """Stop somewhere."""
    body = json.dumps(fields).encode()
    return Sent(body[: chance.randrange(len(body))], JSON)


def broken_bytes(chance: random.Random, fields: Fields) -> Sent:
    """Replace some bytes by any."""
    body = bytearray(json.dumps(fields, ensure_ascii=False).encode())
    for _ in range(chance.randrange(1, 8)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return Sent(bytes(body), JSON)


def another_encoding(chance: random.Random, fields: Fields) -> Sent:
    """Send another encoding than UTF-8."""
    encoding = chance.choice(["utf-16", "utf-32", "utf-8-sig", "cp037", "utf-7"])
    return Sent(json.dumps(fields).encode(encoding), JSON)


def wrong_content_type(chance: random.Random, fields: Fields) -> Sent:
    """Send the right body, or the other kind of body, under any type."""
    body = chance.choice([json.dumps(fields), urlencode(fields)])
    return Sent(body.encode(), chance.choice(CONTENT_TYPES))


def form_value(chance: random.Random, fields: Fields) -> Sent:
    """Give a parameter another value."""
    changed = {**fields, chance.choice(list(fields)): chance.choice(TEXTS)}
    return Sent(urlencode(changed, errors="surrogatepass").encode(), FORM)


def form_escapes(chance: random.Random, fields: Fields) -> Sent:
    """Put escapes into a form that mean nothing, or no text."""
    escapes = ["%", "%zz", "%ff%fe", "%00", "%ed%a0%80", "%u0041", "+" * 1000, "&", "="]
    text = urlencode(fields)
    place = chance.randrange(len(text))
    return Sent(f"{text[:place]}{chance.choice(escapes)}{text[place:]}".encode(), FORM)


def form_parameters(chance: random.Random, fields: Fields) -> Sent:
    """Send a parameter twice, or a thousand others."""
    name = chance.choice(list(fields))
    more = chance.choice([f"&{name}=again", "&a=b" * 1001, "&" * 5000, f"&{name}[]=1", "&=" * 99])
    return Sent(f"{urlencode(fields)}{more}".encode(), FORM)


def form_truncated(chance: random.Random, fields: Fields) -> Sent:
    """Stop somewhere."""
    body = urlencode(fields).encode()
    return Sent(body[: chance.randrange(len(body))], FORM)


def form_parts(chance: random.Random, fields: Fields) -> Sent:
    """Send multipart, whole or not, under a boundary that is right or not."""
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"'
        f"{chance.choice(['', '; filename=a', '; filename*=utf-8%27%27a'])}\r\n\r\n{value}\r\n"
        for name, value in fields.items()
    )
    body = f"{parts}--x--\r\n".encode()
    boundary = chance.choice(["x", "y", "", '"x', "x" * 1000])
    return Sent(
        body[: chance.choice([len(body), chance.randrange(len(body))])],
        f"multipart/form-data; boundary={boundary}",
    )


JSON_MUTATIONS: list[Mutation] = [
    another_value, another_value, unknown_field, missing_field, no_object, huge_number,
    deep_nesting, duplicate_key, truncated, broken_bytes, another_encoding, wrong_content_type,
]  # fmt: skip
FORM_MUTATIONS: list[Mutation] = [
    form_value, form_value, form_escapes, form_parameters, form_truncated, form_parts,
    wrong_content_type, broken_bytes,
]  # fmt: skip
