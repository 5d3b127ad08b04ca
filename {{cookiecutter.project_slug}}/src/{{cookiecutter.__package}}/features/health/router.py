"""Readiness: whether this process should get requests. Liveness is `LivenessMiddleware`'s."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from ...core.db.dependencies import DatabaseDep
from ...core.errors import UnavailableError
from ...core.problems import problem_responses

PROBE_SECONDS = 1

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """Well."""

    status: Literal["ok"] = "ok"


@router.get("/live")
async def read_liveness() -> Health:
    """Tell that the process runs."""
    return Health()  # For the documentation: what answers is `LivenessMiddleware`.


@router.get("/ready", responses=problem_responses(503))
async def read_readiness(request: Request, database: DatabaseDep) -> Health:
    """Tell whether the process is not stopping and its database is there and migrated."""
    if request.app.state.draining:
        raise UnavailableError("The service is stopping.")
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            current = await request.app.state.revisions.is_current(database)
    except TimeoutError:
        raise UnavailableError("The database does not answer.") from None
    if not current:
        raise UnavailableError("The database waits for its migrations.")
    return Health()
