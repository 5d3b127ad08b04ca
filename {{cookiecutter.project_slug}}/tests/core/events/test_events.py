"""Events, and when their handlers run."""

import pytest
from fastapi import FastAPI, HTTPException

from {{ cookiecutter.__package }}.core.events.events import Event, EventsDep
from {{ cookiecutter.__package }}.core.settings import Settings

from tests.client import make_client
from tests.core.logs import collected_logs


class Happened(Event):
    what: str


class Ignored(Event):
    pass


@pytest.fixture
def app() -> FastAPI:
    """Give an application that records what its address says, twice, and something unheard of."""
    app = FastAPI()

    async def handle(event: Happened) -> None:
        app.state.handled.append(event.what)
        if event.what == "broken":
            raise ValueError

    app.state.handled = []
    app.state.event_handlers = {Happened: [handle]}

    @app.post("/{what}")
    async def record(what: str, events: EventsDep) -> int:
        for event in (Ignored(), Happened(what=what), Happened(what=what)):
            events.record(event)
        if what == "refused":
            raise HTTPException(409)
        return len(app.state.handled)

    return app


@pytest.mark.parametrize(("what", "times"), [("fine", 2), ("broken", 2), ("refused", 0)])
async def test_what_a_request_recorded_is_handled_after_its_answer(
    app: FastAPI, settings: Settings, what: str, times: int
) -> None:
    with collected_logs(settings) as records:
        answer = await make_client(app).post(f"/{what}")
    assert (answer.status_code, answer.text) == (200, "0") or what == "refused"
    assert app.state.handled == [what] * times
    failures = [record for record in records if record["event"] == "event_failed"]
    assert len(failures) == (2 if what == "broken" else 0)
