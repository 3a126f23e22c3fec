"""Two hundred members vote at once over two processes: each vote counts once, and Discord is asked once a second."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from uuid import uuid4

import pytest

from tests.conftest import GUILD, MEMBER, POSTGRES_URL, REDIS_URL
from tests.faults.processes import make_ready, moment, staged
from tests.modules.polling import PATH, answers, body, vote_body

MEMBERS = 200
FIRST_MEMBER = 1_300_000_000_000_050_000
PATIENCE = "60"  # seconds for an operation: all of them wait for one lock, on a machine that may be busy
APART = 0.95  # seconds between two edits: one, and what the way to Discord may differ by


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_votes_of_many_members_over_two_processes(database_url: str) -> None:
    if POSTGRES_URL is None or REDIS_URL is None:
        pytest.skip("needs PostgreSQL and Redis: set HUSQY_TEST_POSTGRES_URL and HUSQY_TEST_REDIS_URL")
    settings = {
        "HUSQY_REDIS_URL": REDIS_URL,
        "HUSQY_REDIS_PREFIX": f"husqy-test-{uuid4().hex[:12]}",
        "HUSQY_OPERATION_SECONDS": PATIENCE,
    }
    async with staged(database_url, **settings) as stage:
        processes = await asyncio.gather(stage.start(), stage.start())
        await make_ready(processes[0], GUILD)
        asked = body(poll_owner_id=MEMBER, answers=answers("Yes", "No"))
        made = await processes[0].rest("POST", f"{PATH}/entries", MEMBER, json=asked)
        poll = made.json()["data"]

        async def member(number: int) -> list[int]:
            """Vote through both processes at once, though one vote is allowed; then for the other answer."""
            user, mine = FIRST_MEMBER + number, number % 2 + 1
            tries = [
                each.rest("POST", f"{PATH}/entry/vote", user, json=vote_body(poll, answer_id=mine))
                for each in processes
            ]
            other = vote_body(poll, answer_id=3 - mine)
            statuses = sorted(each.status_code for each in await asyncio.gather(*tries))
            return [*statuses, (await processes[0].rest("POST", f"{PATH}/entry/vote", user, json=other)).status_code]

        began = time.monotonic()
        statuses = await asyncio.gather(*map(member, range(MEMBERS)))
        took = time.monotonic() - began
        await stage.settled()

        assert statuses == [[200, 400, 400]] * MEMBERS
        voters = await stage.rows("SELECT user_id FROM poll_votes")
        assert sorted(each["user_id"] for each in voters) == [FIRST_MEMBER + number for number in range(MEMBERS)]
        [message] = stage.discord.messages()
        shown = [field["value"].split(" (")[0] for field in message["embeds"][0]["fields"]]
        assert shown == [f"Votes: {MEMBERS // 2}"] * 2
        edits = [moment(each) for each in stage.discord.calls("PATCH", "/messages/")]
        apart = [later - earlier for earlier, later in pairwise(edits)]
        print(
            f"{took:.1f} s for the votes; {len(edits)} edits in {edits[-1] - edits[0]:.1f} s, "
            f"at least {min(apart, default=0):.2f} s apart"
        )
        assert edits
        assert all(each >= APART for each in apart), apart
