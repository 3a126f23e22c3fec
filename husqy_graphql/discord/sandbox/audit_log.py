"""The audit log of a guild: what was done to invites, by whom and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.places import Permission, missing_permissions
from husqy_graphql.discord.sandbox.state import State, invalid

INVITE_CREATE, INVITE_DELETE = 40, 42


def routes(state: State) -> list[Route]:
    """`/guilds/{guild_id}/audit-logs`."""

    async def audit_log(request: Request) -> Response:
        guild, member = state.guild_of_caller(request)
        if not state.permissions(guild, member) & Permission.VIEW_AUDIT_LOG:
            raise missing_permissions()
        query = request.query_params
        limit = int(query.get("limit", 50))
        if not 1 <= limit <= 100:
            raise invalid("limit", "int value should be between 1 and 100.", "NUMBER_TYPE_MAX")
        found = [
            each
            for each in reversed(state.store.all("audit_log", f"{guild['id']}:"))
            if str(each["action_type"]) == query.get("action_type", str(each["action_type"]))
            and each["user_id"] == query.get("user_id", each["user_id"])
            and int(each["id"]) < int(query.get("before", 1 << 63))
        ][:limit]
        users = [state.store.get("user", each) for each in dict.fromkeys(entry["user_id"] for entry in found)]
        return JSONResponse({"audit_log_entries": found, "users": users})

    return [Route("/guilds/{guild_id:int}/audit-logs", audit_log)]


def note_invite(state: State, request: Request, action: int, user_id: str, invite: Mapping[str, Any]) -> None:
    """Write down that an invite was made or deleted. As at Discord, no target names it but the change of its code."""
    side = "new_value" if action == INVITE_CREATE else "old_value"
    told = ("code", "channel_id", "inviter_id", "uses", "max_uses", "max_age", "temporary")
    entry: dict[str, Any] = {
        "id": state.new_id(),
        "action_type": action,
        "user_id": user_id,
        "target_id": None,
        "changes": [{"key": name, side: invite[name]} for name in told],
    }
    reason = request.headers.get("x-audit-log-reason")
    if reason:
        entry["reason"] = unquote(reason)
    state.store.put("audit_log", f"{invite['guild_id']}:{entry['id']}", entry)
