"""What the service works with: made once from the settings, and handed to whoever needs it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

from .core.db.database import Database
from .core.db.readiness import Readiness
from .core.db.revisions import Revisions
from .core.events import Event, EventDispatcher, Handler
from .core.http.rate_limits import RateLimiter
from .core.security.authenticator import Authenticator
from .core.security.password_policy import PasswordPolicy
from .core.security.passwords import Passwords
from .core.security.tokens import TokenIssuer, TokenVerifier
from .settings import Settings


@dataclass(frozen=True, kw_only=True)
class Resources:
    """One object for the application, the commands and the tests. A new part is a field here."""

    settings: Settings
    user_scopes: tuple[str, ...]
    authenticators: tuple[Authenticator, ...]
    database: Database
    readiness: Readiness
    events: EventDispatcher
    passwords: Passwords
    password_policy: PasswordPolicy
    token_issuer: TokenIssuer
    token_verifier: TokenVerifier
    rate_limiter: RateLimiter
    stopping: asyncio.Event
    """Set once this process should get no more requests."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Close in the end, in reverse order, what has to be closed."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            stack.callback(self.passwords.close)
            stack.push_async_callback(self.events.close)
            yield self


Reaction = Callable[[Any, Resources], Awaitable[None]]
Subscription = tuple[type[Event], Reaction]


def make_resources(
    settings: Settings,
    *,
    user_scopes: Sequence[str],
    authenticators: Sequence[Authenticator],
    subscriptions: Sequence[Subscription],
) -> Resources:
    """Make all that the service needs; nothing is connected before it is used.

    Raises:
        SettingsError: the settings name something that cannot be made.
    """
    events = EventDispatcher()
    database = Database(settings.database, events)
    resources = Resources(
        settings=settings,
        user_scopes=tuple(user_scopes),
        authenticators=tuple(authenticators),
        database=database,
        readiness=Readiness(database.probe_engine, Revisions()),
        events=events,
        passwords=Passwords(settings.auth),
        password_policy=PasswordPolicy(settings.auth.password_min_length),
        token_issuer=TokenIssuer(settings.auth),
        token_verifier=TokenVerifier(settings.auth),
        rate_limiter=RateLimiter(),
        stopping=asyncio.Event(),
    )
    for event, handler in subscriptions:
        events.subscribe(event, _bound(resources, handler))
    return resources


def _bound(resources: Resources, handler: Reaction) -> Handler:
    return lambda event: handler(event, resources)
