"""Hashing: correct, bounded, and off the event loop."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from {{ cookiecutter.__package }}.core.errors import UnavailableError
from {{ cookiecutter.__package }}.core.security.passwords import Passwords
from {{ cookiecutter.__package }}.core.security.settings import AuthSettings

CHEAP = AuthSettings(argon2_time_cost=1, argon2_memory_kib=8, hash_queue=2)


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(CHEAP)
    yield passwords
    passwords.close()


async def test_verifies_the_password_that_was_hashed(passwords: Passwords) -> None:
    stored = await passwords.hash("a long walk")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "a long walk")
    assert not await passwords.verify(stored, "a long walk ")
    assert not await passwords.verify(None, "a long walk")


async def test_one_password_typed_in_two_ways_is_one(passwords: Passwords) -> None:
    stored = await passwords.hash("caf\u00e9 \ufb01")
    assert await passwords.verify(stored, "cafe\u0301 fi")


async def test_does_not_truncate(passwords: Passwords) -> None:
    stored = await passwords.hash("x" * 128)
    assert not await passwords.verify(stored, "x" * 127)


async def test_notices_a_hash_with_other_parameters(passwords: Passwords) -> None:
    dearer = Passwords(CHEAP.model_copy(update={"argon2_memory_kib": 16}))
    stored = await dearer.hash("a long walk")
    dearer.close()
    assert passwords.needs_rehash(stored)
    assert not passwords.needs_rehash(await passwords.hash("a long walk"))


async def test_the_event_loop_goes_on_and_the_queue_is_bounded(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(passwords, "_verify", lambda *_: gate.wait(5))
    waiting = [asyncio.create_task(passwords.verify("stored", "x")) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError):
        await passwords.verify("stored", "x")
    gate.set()
    assert all(await asyncio.gather(*waiting))
    assert await passwords.verify("stored", "x")
