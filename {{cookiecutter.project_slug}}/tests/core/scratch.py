"""A database that tests of migrations may empty."""

from alembic import command
from alembic.config import Config

from {{ cookiecutter.__package }}.core.settings import DatabaseSettings


def emptied(settings: DatabaseSettings) -> Config:
    """Undo every migration, and return what Alembic needs for others."""
    config = Config(attributes={"database": settings})
    config.set_main_option("script_location", "migrations")
    command.downgrade(config, "base")
    return config
