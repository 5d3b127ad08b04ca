"""A database that tests of migrations may empty."""

from alembic import command
from alembic.config import Config

from {{ cookiecutter.__package }}.core.db.migrations import alembic_config
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings


def emptied(settings: DatabaseSettings) -> Config:
    """Undo every migration, and return what Alembic needs for others."""
    config = alembic_config(settings)
    command.downgrade(config, "base")
    return config
