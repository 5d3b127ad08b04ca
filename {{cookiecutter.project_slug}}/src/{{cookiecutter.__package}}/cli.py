"""The command line. It lists its commands: `uv run {{ cookiecutter.project_slug }}`."""

import asyncio
import json
import sys
from typing import Annotated

import typer
import uvicorn
from alembic.util import CommandError
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError

from .app import create_app
from .core.db.database import Database
from .core.db.migrations import HEAD, Revisions, migrate
from .core.db.unit_of_work import UnitOfWork
from .core.errors import AppError, SettingsError, UnavailableError
from .core.events.events import Events
from .core.security.password_policy import PasswordPolicy
from .core.security.passwords import Passwords
from .core.server import serve as serve_app
from .core.settings import Settings, describe_settings, load_settings
from .features.users.repository import UserRepository
from .features.users.schemas import Email
from .features.users.service import UserService

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def main() -> None:
    """Run a command; an error that we foresee is one sentence and exit code 1."""
    try:
        cli()
    except (SettingsError, AppError) as error:
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        sys.exit(f"{error}{cause}")
    except CommandError as error:
        sys.exit(str(error))
    except DBAPIError as error:
        sys.exit(f"The database refuses a statement: {error.orig}")


@cli.command()
def dev() -> None:
    """Migrate, then serve on this machine and reload when the code changes."""
    settings = load_settings()
    asyncio.run(migrate(settings.database))
    uvicorn.run(
        "{{ cookiecutter.__package }}.main:app",
        host=settings.server.host,
        port=settings.server.port,
        ws="auto" if settings.server.websockets else "none",
        reload=True,
        reload_dirs=["src"],
        access_log=False,
    )


@cli.command()
def serve() -> None:
    """Serve as in production: one process, graceful stop, deadlines for slow clients."""
    settings = load_settings()
    serve_app(create_app(settings), settings.server)


@cli.command("migrate")
def migrate_database(revision: Annotated[str, typer.Argument()] = HEAD) -> None:
    """Bring the database to a revision, by default to the code's own; it never goes back."""
    reached = asyncio.run(migrate(load_settings().database, revision))
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


async def _create_user(settings: Settings, email: str, password: str) -> str:
    database, passwords = Database(settings.database), Passwords(settings.auth)
    users = UserService(
        unit_of_work=UnitOfWork(database, UserRepository),
        passwords=passwords,
        policy=PasswordPolicy(settings.auth.password_min_length),
        events=Events({}),
    )
    try:
        await _check_migrated(database)
        return str((await users.register(email, password)).id)
    finally:
        passwords.close()
        await database.close()


async def _check(settings: Settings) -> None:
    database = Database(settings.database)
    try:
        await _check_migrated(database)
    finally:
        await database.close()


async def _check_migrated(database: Database) -> None:
    if not await Revisions().is_current(database):
        raise UnavailableError("The database waits for its migrations: run the command `migrate`.")
