"""Every setting of the service: the only place that reads the environment.

Names begin with APP_ and nest with two underscores: APP_DATABASE__URL sets `database.url`. Values
come, first match wins, from the environment, from `.env` and from files in the folder that
APP_SECRETS_DIR names. Times are in seconds, sizes in bytes. `docs/settings.md` lists them all.
"""

import json
import os
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import BaseModel, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError
from pydantic_settings.sources import PydanticBaseSettingsSource

from .core.db.settings import DatabaseSettings
from .core.errors import SettingsError
from .core.http.settings import ServerSettings
from .core.logging import LogSettings
from .core.security.settings import AuthSettings
from .core.setting_types import Group

PREFIX = "APP_"
SECRETS_DIR = "APP_SECRETS_DIR"
ENV_FILE = ".env"


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
        if self.production and (problems := list(self._production_problems())):
            raise ValueError("\n".join(problems))
        return self

    def _production_problems(self) -> Iterator[str]:
        for group_name, group in self:
            if isinstance(group, Group):
                for name, problem in group.production_problems():
                    yield f"{PREFIX}{group_name}__{name}".upper() + f": {problem}"


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
