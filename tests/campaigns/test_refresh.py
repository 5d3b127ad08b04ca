"""One refresh token, used by twenty at once."""

import asyncio
from collections import Counter

import pytest
from conftest import Report

from campaigns.databases import Databases
from campaigns.service import Serve, refresh

pytestmark = [pytest.mark.campaign, pytest.mark.anyio]
USES = 20
GRACE = 1.0


async def test_of_parallel_refreshes_one_wins_and_a_late_repeat_ends_the_family(
    serve: Serve, databases: Databases, report: Report
) -> None:
    service = serve(APP_AUTH__REFRESH_REUSE_GRACE=str(GRACE))
    account = await service.sign_up()
    async with service.client() as client:
        answers = await asyncio.gather(
            *(refresh(client, account.refresh_token) for _ in range(USES))
        )
        statuses = Counter(answer.status_code for answer in answers)
        winners = [answer.json()["refresh_token"] for answer in answers if answer.is_success]
        assert len(winners) == 1, f"{len(winners)} of {USES} refreshes won: {statuses}"
        assert set(statuses) == {200, 400}, statuses
        successor = await refresh(client, winners[0])
        assert successor.status_code == 200, f"the winner's token does not work: {successor.text}"
        await asyncio.sleep(GRACE + 0.2)
        late = await refresh(client, account.refresh_token)
        assert late.status_code == 400, f"a token was used twice: {late.text}"
        after = await refresh(client, successor.json()["refresh_token"])
        assert after.status_code == 400, "the late repeat has not ended the family"
    report(
        f"refresh, {databases.answer}: {USES} at once, {statuses[200]} x 200,"
        f" {statuses[400]} x 400; the winner's token lives, a late repeat ends the family"
    )
