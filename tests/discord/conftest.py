"""The adapter on a sandbox of its own, for each test."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from husqy_graphql.discord.adapter import BotDiscord, UserDiscord
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.sandbox import world
from husqy_graphql.discord.sandbox.app import BASE_URL, Sandbox, create_sandbox
from tests.conftest import FixedClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Stage:
    sandbox: Sandbox
    http: DiscordHTTP
    bot: BotDiscord
    users: UserDiscord
    control: httpx2.AsyncClient
    clock: FixedClock = field(default_factory=FixedClock)

    async def act(self, token: str, method: str, path: str, **options: Any) -> httpx2.Response:
        """Call Discord's API as a person of the demo world, or as the bot with `sandbox-bot`."""
        scheme = "Bot" if token == world.BOT_TOKEN else "Bearer"
        headers = {"authorization": f"{scheme} {token}"}
        return await self.control.request(method, f"/api/v10{path}", headers=headers, **options)

    async def messages(self, channel_id: int) -> list[dict[str, Any]]:
        """The messages of a channel, the oldest first."""
        return (await self.control.get(f"/control/channels/{channel_id}/messages")).json()

    async def fault(self, *faults: dict[str, Any]) -> None:
        await self.control.put("/control/faults", json=list(faults))


@pytest.fixture
async def stage() -> AsyncGenerator[Stage]:
    clock = FixedClock(NOW)
    sandbox = create_sandbox(None, clock)
    http = DiscordHTTP(BASE_URL, transport=sandbox.transport)
    control = httpx2.AsyncClient(transport=sandbox.transport, base_url="http://sandbox")
    bot = BotDiscord(http, world.BOT_TOKEN, world.APPLICATION_ID)
    yield Stage(sandbox, http, bot, UserDiscord(http), control, clock)
    await http.close()
    await control.aclose()
    sandbox.close()
