"""The composition root: the only place that knows every part and puts them together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import metadata

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware

from .authentication import admit, needed_scopes
from .core.http.body import BodyMiddleware
from .core.http.middleware import (
    CorsMiddleware,
    DeadlineMiddleware,
    HostMiddleware,
    LivenessMiddleware,
    RequestContextMiddleware,
)
from .core.http.openapi import install_openapi
from .core.http.problems import add_problem_handlers
from .core.http.settings import ServerSettings
from .core.logging import configure_logging
from .core.security.authenticator import Authenticator
from .features.auth.authenticator import BearerAuthenticator
from .features.auth.errors import OAuthError
from .features.auth.events import LoggedIn
from .features.auth.router import oauth_error_response
from .features.auth.tasks import purge_expired_tokens
from .features.health.router import router as health
from .resources import Resources, Subscription, make_resources
from .routes import ROUTERS, SUBSCRIPTIONS, USER_SCOPES
from .settings import Settings

NAME = "{{ cookiecutter.project_slug }}"
API_PREFIX = "/api/v1"
DOCS_PATHS = ("/docs", "/redoc", "/static-offline-docs")
AUTHENTICATORS: tuple[Authenticator, ...] = (BearerAuthenticator(),)
OWN_SUBSCRIPTIONS: tuple[Subscription, ...] = ((LoggedIn, purge_expired_tokens),)


def make_service(settings: Settings) -> Resources:
    """Make the resources of this service: the application, commands and tests work with them."""
    return make_resources(
        settings,
        user_scopes=USER_SCOPES,
        authenticators=AUTHENTICATORS,
        subscriptions=(*OWN_SUBSCRIPTIONS, *SUBSCRIPTIONS),
    )


def create_app(settings: Settings) -> FastAPI:
    """Build the application; nothing is connected before its lifespan begins.

    Raises:
        SettingsError: the settings name something that cannot be made.
    """
    configure_logging(settings.log, production=settings.production)
    resources = make_service(settings)
    app = _create_fastapi(settings, _middleware(settings.server, resources))
    app.state.resources = resources
    add_problem_handlers(app, resources.authenticators)
    app.exception_handler(OAuthError)(oauth_error_response)
    for router in ROUTERS:
        app.include_router(router, prefix=API_PREFIX)
    app.include_router(health)
    install_openapi(app, resources.authenticators, needed_scopes)
    return app


def _create_fastapi(settings: Settings, middleware: list[Middleware]) -> FastAPI:
    about = metadata(NAME)
    create = FastAPIOffline if settings.serves_docs else FastAPI
    return create(
        title=NAME,
        description=about["Summary"],
        version=about["Version"],
        openapi_url="/openapi.json" if settings.serves_docs else None,
        middleware=middleware,
        lifespan=_lifespan,
        redirect_slashes=False,
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.resources.running():
        yield


def _middleware(server: ServerSettings, resources: Resources) -> list[Middleware]:
    cors = Middleware(
        CorsMiddleware,
        allow_origins=server.cors_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "X-Request-ID"],
        expose_headers=["ETag", "Retry-After", "X-Request-ID"],
    )
    return [
        Middleware(LivenessMiddleware),
        Middleware(
            RequestContextMiddleware,
            settings=server,
            docs_paths=DOCS_PATHS,
            stopping=resources.stopping,
        ),
        Middleware(HostMiddleware, hosts=server.trusted_hosts),
        *([cors] if server.cors_origins else []),
        Middleware(DeadlineMiddleware, settings=server),
        Middleware(BodyMiddleware, settings=server, admit=admit),
    ]
