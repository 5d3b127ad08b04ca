"""What this service offers: the routers under /api/v1, and the scopes that its users have.

Add your own features here.
"""

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

# {% if cookiecutter.example %}
USER_SCOPES: tuple[str, ...] = ("items:read", "items:write")
# {% endif %}
# {% if not cookiecutter.example %}
USER_SCOPES: tuple[str, ...] = ()
# {% endif %}
