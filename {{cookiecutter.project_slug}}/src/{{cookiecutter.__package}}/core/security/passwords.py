"""Password hashing by argon2id, off the event loop, and one at a time."""

import asyncio
import contextlib
import os
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from ..errors import UnavailableError
from .settings import AuthSettings

T = TypeVar("T")
NICENESS = 10


class Passwords:
    """Hashes and verifies passwords in one thread of low priority.

    A hash is 20 ms or more of pure CPU: on the event loop, 50 logins at once would stop
    everything else. What would wait too long is refused at once.
    """

    def __init__(self, settings: AuthSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=1,
        )
        self._thread = ThreadPoolExecutor(1, "passwords", initializer=_lower_priority)
        self._capacity = settings.hash_queue
        self._waiting = 0
        self._dummy_hash = self._hasher.hash(secrets.token_hex())

    async def hash(self, password: str) -> str:
        """Return the hash to store.

        Raises:
            UnavailableError: too many are waiting.
        """
        return await self._run(lambda: self._hasher.hash(normalize(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether `password` is the one that was hashed.

        Without a stored hash (no such user) this is False, and takes as long.

        Raises:
            UnavailableError: too many are waiting.
        """
        return await self._run(
            lambda: self._verify(stored or self._dummy_hash, normalize(password))
        )

    def needs_rehash(self, stored: str) -> bool:
        """Return whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except VerificationError:
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._capacity:
            raise UnavailableError("Too many logins at once; try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1


def normalize(password: str) -> str:
    """Return the one form of a password that may be typed in several (NIST SP 800-63B-4)."""
    return unicodedata.normalize("NFKC", password)


def _lower_priority() -> None:
    # Linux has a priority for each thread; elsewhere the thread runs like any other.
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
