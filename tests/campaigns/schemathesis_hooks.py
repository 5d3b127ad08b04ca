"""What Schemathesis cannot know of a service: who logs in, and values that no schema describes.

Its own process loads this file. CAMPAIGN_URL is the service's address.
"""

import os
import uuid
from typing import Any

import httpx
import schemathesis
from hypothesis import strategies as st

from campaigns.service import PASSWORD

Case = schemathesis.Case[Any]

client = httpx.Client(base_url=os.environ["CAMPAIGN_URL"], trust_env=False)


def sign_up() -> dict[str, str]:
    """Register somebody and return the form that logs him in."""
    email = f"{uuid.uuid4().hex}@example.com"
    registration = {"email": email, "password": PASSWORD}
    client.post("/api/v1/users", json=registration).raise_for_status()
    return {"grant_type": "password", "username": email, "password": PASSWORD}


def log_in(form: dict[str, str]) -> str:
    """Return an access token."""
    answer = client.post("/api/v1/auth/token", data=form).raise_for_status()
    return str(answer.json()["access_token"])


def a_cursor() -> str:
    """Return the cursor of a second page."""
    headers = {"Authorization": f"Bearer {log_in(LOGIN)}"}
    for _ in range(2):
        item = {"name": "Page"}
        client.post("/api/v1/items", json=item, headers=headers).raise_for_status()
    page = client.get("/api/v1/items", params={"limit": 1}, headers=headers).raise_for_status()
    return str(page.json()["next_cursor"])


LOGIN = sign_up()  # of somebody whose account no test can change
CURSOR = a_cursor()
# Valid by the schema is not enough for these: only the right password changes an account, and new
# ones must not be easy to guess. Invalid bodies stay as they were generated.
BODIES = {
    "POST /api/v1/auth/token": LOGIN | {"scope": ""},
    "POST /api/v1/users": {"password": PASSWORD},
    "PATCH /api/v1/users/me": {"current_password": PASSWORD},
    "POST /api/v1/users/me/password": {"current_password": PASSWORD, "new_password": PASSWORD},
}
# No service takes mail addresses of domains like .test, which are formally well-formed.
schemathesis.openapi.format("email", st.emails(domains=st.just("example.com")))


@schemathesis.auth()
class FreshAccount:
    """Logs in; again, as somebody new, once a test has deleted the account."""

    def get(self, _case: Case, _context: schemathesis.AuthContext) -> str:
        """Return an access token."""
        return log_in(sign_up())

    def set(self, case: Case, token: str, _context: schemathesis.AuthContext) -> None:
        """Send it."""
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: Case, _kwargs: dict[str, Any]) -> None:
    """Complete what is valid by the schema."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    known = BODIES.get(case.operation.label, {})
    if isinstance(case.body, dict):
        case.body = {**case.body, **known}
    if "cursor" in case.query:
        case.query["cursor"] = CURSOR
