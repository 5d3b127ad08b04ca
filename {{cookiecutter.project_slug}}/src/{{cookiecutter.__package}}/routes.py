"""The routers that this service serves under /api/v1. Add your own features here."""

from fastapi import APIRouter

from .features.auth.router import router as auth
# {% if cookiecutter.example %}
from .features.items.router import router as items
# {% endif %}
from .features.users.router import router as users

ROUTERS: tuple[APIRouter, ...] = (
    auth,
    users,
# {% if cookiecutter.example %}
    items,
# {% endif %}
)
