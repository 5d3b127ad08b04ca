"""The command line. It lists its commands: `uv run {{ cookiecutter.project_slug }}`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError

from .app import create_app, make_service
from .core.db.revisions import HEAD, Revisions
from .core.db.settings import DatabaseSettings
from .core.errors import AppError, MigrationError, SettingsError, UnavailableError
from .core.http.server import serve as serve_app
from .features.users.dependencies import get_user_service
from .features.users.schemas import Email
from .resources import Resources
from .settings import Settings, describe_settings, load_settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def main() -> None:
    """Run a command; an error that we foresee is one sentence and exit code 1."""
    try:
        cli()
    except (SettingsError, MigrationError, AppError) as error:
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        sys.exit(f"{error}{cause}")
    except DBAPIError as error:
        sys.exit(f"The database refuses a statement: {error.orig}")


@cli.command()
def dev() -> None:
    """Migrate, then serve on this machine and reload when the code changes."""
    settings = load_settings()
    _migrate(settings.database, HEAD)
    uvicorn.run(
        "{{ cookiecutter.__package }}.main:app",
        host=settings.server.host,
        port=settings.server.port,
        ws="auto" if settings.server.websockets else "none",
        reload=True,
        reload_dirs=[str(Path(__file__).parent)],
        access_log=False,
    )


@cli.command()
def serve() -> None:
    """Serve as in production: one process, graceful stop, deadlines for slow clients."""
    settings = load_settings()
    app = create_app(settings)
    serve_app(app, settings.server, app.state.resources.stopping)


@cli.command("migrate")
def migrate_database(revision: Annotated[str, typer.Argument()] = HEAD) -> None:
    """Bring the database to a revision, by default to the code's own; it never goes back."""
    reached = _migrate(load_settings().database, revision)
    typer.echo(f"The database is at revision {reached}.")


@cli.command()
def create_user(
    email: str,
    password: Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True)],
) -> None:
    """Make an account, as a registration would."""
    user_id = asyncio.run(_create_user(load_settings(), _checked_email(email), password))
    typer.echo(f"Created user {user_id}.")


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(json.dumps(create_app(load_settings()).openapi(), indent=2))


@cli.command()
def check() -> None:
    """Tell whether the settings are complete and the database is there and migrated."""
    asyncio.run(_check(load_settings()))
    typer.echo("Settings and database are in order.")


@cli.command("settings")
def list_settings() -> None:
    """Print every setting, its default and its meaning, as a Markdown table."""
    typer.echo(describe_settings())


def _checked_email(email: str) -> str:
    try:
        return TypeAdapter[str](Email).validate_python(email)
    except ValidationError:
        sys.exit(f"{email} is no e-mail address.")


def _migrate(settings: DatabaseSettings, revision: str) -> str:
    from .core.db.migrations import migrate  # noqa: PLC0415 - `serve` does not need Alembic.

    return asyncio.run(migrate(settings, revision))


async def _create_user(settings: Settings, email: str, password: str) -> str:
    async with make_service(settings).running() as resources:
        await _check_migrated(resources)
        users = await get_user_service(resources)
        return str((await users.register(email, password)).id)


async def _check(settings: Settings) -> None:
    async with make_service(settings).running() as resources:
        await _check_migrated(resources)


async def _check_migrated(resources: Resources) -> None:
    if not await Revisions().is_current(resources.database.probe_engine):
        raise UnavailableError("The database waits for its migrations: run the command `migrate`.")
