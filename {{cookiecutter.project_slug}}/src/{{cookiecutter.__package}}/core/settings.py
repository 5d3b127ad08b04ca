"""Every setting of the service: the only place that reads the environment.

Names begin with APP_ and nest with two underscores: APP_DATABASE__URL sets `database.url`. Values
come, first match wins, from the environment, from `.env` and from files in the folder that
APP_SECRETS_DIR names. Times are in seconds, sizes in bytes. `docs/settings.md` lists them all.
"""

import json
import os
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError
from pydantic_settings.sources import PydanticBaseSettingsSource
# {% if cookiecutter.database == "postgresql" %}
from sqlalchemy import make_url
# {% endif %}

from .errors import SettingsError
from .setting_types import (
    DatabaseUrl,
    Hosts,
    Networks,
    Origins,
    Rate,
    Seconds,
    SigningKey,
    SigningKeys,
    is_weak_key,
    is_wide_network,
)

PREFIX = "APP_"
SECRETS_DIR = "APP_SECRETS_DIR"
ENV_FILE = ".env"
LAST_SECONDS = 5  # Of the grace period: after the requests, connections and threads end.

# The least that OWASP recommends for argon2id.
ARGON2_MEMORY_KIB = 19456
ARGON2_TIME_COST = 2


class Group(BaseModel):
    """A group of settings; a name that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ServerSettings(Group):
    """The HTTP server and its edges."""

    host: str = "127.0.0.1"
    """Address that `serve` and `dev` listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port that `serve` and `dev` listen on."""
    trusted_hosts: Hosts = ["*"]
    """Values of the Host header that are answered; production refuses `*`."""
    trusted_proxies: Networks = ["127.0.0.1"]
    """Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed, or `*`."""
    cors_origins: Origins = []
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


class DatabaseSettings(Group):
    """The database and the limits of its connections."""

# {% if cookiecutter.database == "sqlite" %}
    url: DatabaseUrl = SecretStr("sqlite+aiosqlite:///var/app.db")
    """SQLAlchemy URL, `sqlite+aiosqlite:///PATH`."""
    allow_in_production: bool = False
    """Production refuses SQLite, which serves one process on one disk, unless this is true."""
    busy_timeout: Seconds = 5
    """A writer waits this long for another process's write before the answer is 503."""
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
    url: DatabaseUrl = SecretStr("postgresql+asyncpg://app:app@localhost:5432/app")
    """SQLAlchemy URL, `postgresql+asyncpg://USER:PASSWORD@HOST:PORT/NAME`."""
    connect_timeout: Seconds = 2
    """A connection that takes longer to open counts as a database that is away."""
    statement_timeout: Seconds = 10
    """The database cancels a statement that takes longer."""
    write_pool_size: Annotated[int, Field(gt=0)] = 10
    """Connections of one process for transactions."""
# {% endif %}
    read_pool_size: Annotated[int, Field(gt=0)] = 10
    """Connections of one process for reading."""
    pool_timeout: Seconds = 2
    """A request that gets no connection within this time is answered 503."""


class AuthSettings(Group):
    """Tokens, passwords and limits of the login."""

    signing_key: SigningKey | None = None
    """Key of the access tokens, 32 random bytes or more; local makes one in `var/`."""
    previous_signing_keys: SigningKeys = []
    """Keys that still verify tokens but sign none: for rotation."""
    issuer: str = "{{ cookiecutter.project_slug }}"
    """The `iss` claim of access tokens."""
    audience: str = "{{ cookiecutter.project_slug }}"
    """The `aud` claim of access tokens."""
    access_token_seconds: Annotated[int, Field(gt=0, le=900)] = 900
    """Life of an access token, and how long a revoked access can last."""
    refresh_token_days: Annotated[float, Field(gt=0, le=365)] = 30
    """Time after the login at which its refresh tokens end, rotated or not."""
    refresh_reuse_grace: Annotated[float, Field(ge=0, le=60)] = 10
    """A refresh token repeated within this time is refused, later its family is revoked."""
    password_min_length: Annotated[int, Field(ge=8, le=64)] = 15
    """Shortest password of a new account."""
    argon2_time_cost: Annotated[int, Field(ge=1)] = ARGON2_TIME_COST
    """Passes of argon2id."""
    argon2_memory_kib: Annotated[int, Field(ge=8)] = ARGON2_MEMORY_KIB
    """Memory of argon2id in KiB."""
    hash_queue: Annotated[int, Field(gt=0)] = 64
    """Logins and registrations that may wait for the hashing thread; above it: 503."""
    login_rate_per_account: Rate = "5/minute"
    """Logins for one e-mail; above it: 429."""
    login_rate_per_address: Rate = "20/minute"
    """Logins, and registrations, from one client address; above it: 429."""


class LogSettings(Group):
    """What is logged, and how."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least level that is written."""
    format: Literal["console", "json"] | None = None
    """`console` for people, `json` for machines; unset: json in production only."""


class Settings(BaseSettings):
    """All settings. Build it with `load_settings()`; tests pass the values they need."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    environment: Literal["local", "production"] = "local"
    """`production` refuses to start with anything missing or weak."""
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    auth: AuthSettings = AuthSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add files to the sources; unlike the default one, this reads nested names too."""
        files = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=os.environ.get(SECRETS_DIR) or None,
            secrets_dir_missing="error",
            secrets_prefix=PREFIX,
            secrets_nested_delimiter="__",
        )
        return init_settings, env_settings, dotenv_settings, files

    @property
    def production(self) -> bool:
        """Whether this is the real thing."""
        return self.environment == "production"

    @property
    def serves_docs(self) -> bool:
        """Whether the documentation pages are served."""
        return not self.production if self.server.docs is None else self.server.docs

    @model_validator(mode="after")
    def _is_safe_for_production(self) -> Self:
        if self.production and (problems := list(_production_problems(self))):
            raise ValueError("\n".join(problems))
        return self


def _production_problems(settings: Settings) -> Iterator[str]:
    yield from _server_problems(settings.server)
    yield from _database_problems(settings.database)
    yield from _auth_problems(settings.auth)


def _server_problems(server: ServerSettings) -> Iterator[str]:
    if not server.trusted_hosts or "*" in server.trusted_hosts:
        yield "APP_SERVER__TRUSTED_HOSTS: production needs the names that it is called by, not all."
    if any(map(is_wide_network, server.trusted_proxies)):
        yield "APP_SERVER__TRUSTED_PROXIES: production needs the addresses of its proxies, not all."
    if {"*", "null"} & set(server.cors_origins):
        yield "APP_SERVER__CORS_ORIGINS: production needs the origins that it trusts, not all."


def _database_problems(database: DatabaseSettings) -> Iterator[str]:
    if database.url == DatabaseSettings().url:
        yield "APP_DATABASE__URL: production needs the address of its database."
# {% if cookiecutter.database == "sqlite" %}
    if not database.allow_in_production:
        yield "APP_DATABASE__ALLOW_IN_PRODUCTION: SQLite serves one process; set true to accept."
# {% endif %}
# {% if cookiecutter.database == "postgresql" %}
    url = make_url(database.url.get_secret_value())
    guessed_first = {url.username, "postgres", "password", "secret", "changeme"}
    if url.password and url.password in guessed_first:
        yield "APP_DATABASE__URL: production needs a password that nobody guesses."
# {% endif %}


def _auth_problems(auth: AuthSettings) -> Iterator[str]:
    if auth.signing_key is None:
        yield "APP_AUTH__SIGNING_KEY: production needs a signing key."
    elif is_weak_key(auth.signing_key):
        yield "APP_AUTH__SIGNING_KEY: production needs a random key: openssl rand -hex 32."
    if any(map(is_weak_key, auth.previous_signing_keys)):
        yield "APP_AUTH__PREVIOUS_SIGNING_KEYS: production needs random keys."
    if auth.argon2_memory_kib < ARGON2_MEMORY_KIB:
        yield "APP_AUTH__ARGON2_MEMORY_KIB: production hashes no cheaper than by default."
    if auth.argon2_time_cost < ARGON2_TIME_COST:
        yield "APP_AUTH__ARGON2_TIME_COST: production hashes no cheaper than by default."


def load_settings() -> Settings:
    """Read the settings from the environment, `.env` and secret files.

    Raises:
        SettingsError: one line for each variable that is wrong; never a value.
    """
    if unknown := sorted(_given_names() - {SECRETS_DIR, *setting_names()}):
        raise SettingsError("\n".join(f"{name}: no such setting." for name in unknown))
    try:
        return Settings(_env_file=ENV_FILE)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None
    except UnicodeDecodeError:
        raise SettingsError("The settings cannot be read: a file is not UTF-8.") from None
    except SourceError as error:
        raise SettingsError(f"The settings cannot be read: {error}.") from None


def setting_names() -> dict[str, FieldInfo]:
    """Return the name of every variable with its field: `{"APP_SERVER__PORT": ...}`."""
    return dict(_names(Settings, PREFIX))


def describe_settings() -> str:
    """Return a Markdown table of every variable: name, default, meaning."""
    rows = [
        f"| `{name}` | `{_default(field)}` | {field.description} |"
        for name, field in setting_names().items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return value if isinstance(value, str) else json.dumps(value)


def _names(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group):
            yield from _names(field.annotation, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", field


def _given_names() -> set[str]:
    # pydantic-settings itself finds unknown names in files, but not in the environment.
    return {name.upper() for name in os.environ if name.upper().startswith(PREFIX)}


def _lines(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        message = problem["msg"].removeprefix("Value error, ")
        if problem["loc"]:
            name = "__".join(part.upper() for part in problem["loc"] if isinstance(part, str))
            variable = PREFIX + name.removeprefix(PREFIX)  # Unknown names of files still have it.
            entries = [f"entry {part + 1}: " for part in problem["loc"] if isinstance(part, int)]
            message = f"{variable}: {''.join(entries)}{message}."
        yield message
