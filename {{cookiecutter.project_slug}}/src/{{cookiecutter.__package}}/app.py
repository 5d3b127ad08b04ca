"""The composition root: the only place that knows every part and puts them together."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import metadata

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware

from .core.body import BodyMiddleware
from .core.db.database import Database
from .core.db.migrations import Revisions
from .core.events.events import Event, Handler, Handlers, Subscription
from .core.logging import configure_logging
from .core.middleware import (
    CorsMiddleware,
    DeadlineMiddleware,
    HostMiddleware,
    LivenessMiddleware,
    RequestContextMiddleware,
)
from .core.openapi import install_openapi
from .core.problems import add_problem_handlers
from .core.ratelimit import RateLimiter
from .core.security.password_policy import PasswordPolicy
from .core.security.passwords import Passwords
from .core.security.tokens import AccessTokens
from .core.settings import ServerSettings, Settings
from .features.auth.errors import OAuthError, oauth_error_response
from .features.auth.events import LoggedIn
from .features.auth.tasks import PurgeExpiredTokens
from .features.health.readiness import Readiness
from .features.health.router import router as health
from .routes import ROUTERS, SUBSCRIPTIONS, USER_SCOPES

NAME = "{{ cookiecutter.project_slug }}"
API_PREFIX = "/api/v1"
DOCS_PATHS = ("/docs", "/redoc", "/static-offline-docs")
OWN_SUBSCRIPTIONS: tuple[Subscription, ...] = ((LoggedIn, PurgeExpiredTokens),)


def create_app(settings: Settings) -> FastAPI:
    """Build the application; nothing is connected before its lifespan begins.

    Raises:
        SettingsError: the current folder has no migrations.
    """
    configure_logging(settings)
    app = _create_fastapi(settings)
    _add_state(app, settings)
    add_problem_handlers(app)
    app.exception_handler(OAuthError)(oauth_error_response)
    for router in ROUTERS:
        app.include_router(router, prefix=API_PREFIX)
    app.include_router(health)
    install_openapi(app)
    return app


def _create_fastapi(settings: Settings) -> FastAPI:
    about = metadata(NAME)
    create = FastAPIOffline if settings.serves_docs else FastAPI
    return create(
        title=NAME,
        description=about["Summary"],
        version=about["Version"],
        openapi_url="/openapi.json" if settings.serves_docs else None,
        middleware=_middleware(settings.server),
        lifespan=_lifespan,
        redirect_slashes=False,
    )


def _add_state(app: FastAPI, settings: Settings) -> None:
    database = Database(settings.database)
    app.state.settings = settings
    app.state.draining = False
    app.state.database = database
    app.state.readiness = Readiness(database, Revisions())
    app.state.rate_limiter = RateLimiter()
    app.state.passwords = Passwords(settings.auth)
    app.state.password_policy = PasswordPolicy(settings.auth.password_min_length)
    app.state.access_tokens = AccessTokens(settings.auth)
    app.state.user_scopes = USER_SCOPES
    app.state.event_handlers = _event_handlers(database)


def _event_handlers(database: Database) -> Handlers:
    handlers: dict[type[Event], list[Handler]] = defaultdict(list)
    for event, create_handler in (*OWN_SUBSCRIPTIONS, *SUBSCRIPTIONS):
        handlers[event].append(create_handler(database))
    return handlers


def _middleware(server: ServerSettings) -> list[Middleware]:
    cors = Middleware(
        CorsMiddleware,
        allow_origins=server.cors_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "X-Request-ID"],
        expose_headers=["ETag", "Retry-After", "X-Request-ID"],
    )
    return [
        Middleware(LivenessMiddleware),
        Middleware(RequestContextMiddleware, settings=server, docs_paths=DOCS_PATHS),
        Middleware(HostMiddleware, hosts=server.trusted_hosts),
        *([cors] if server.cors_origins else []),
        Middleware(DeadlineMiddleware, settings=server),
        Middleware(BodyMiddleware, settings=server),
    ]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.passwords.close()
    await app.state.database.close()
