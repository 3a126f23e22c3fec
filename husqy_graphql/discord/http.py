"""The transport to Discord's REST API: one deadline a call, the rate limits, and no blind repetition.

What may have had its effect is never sent again unless repeating it does no harm: GET, PUT, DELETE and PATCH, and a
POST only with a nonce. Tokens never reach an exception, a log line or a repr.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode

import httpx2
import orjson

from husqy_graphql.discord.limits import WAIT, Bucket, RateLimits
from husqy_graphql.discord.port import (
    DiscordError,
    Invalid,
    InvalidGrant,
    NotThere,
    PollExpired,
    Refused,
    Throttled,
    TooMany,
    Unauthorized,
    Unreachable,
)

REPEATABLE = {"GET", "PUT", "DELETE", "PATCH"}
MAX_TRIES = 4
FIRST_BACKOFF = 0.25  # seconds
REJECTED_SECONDS = 30.0  # that a bot's token which Discord has rejected is not tried again
MAJOR_PARAMETERS = ("guild_id", "channel_id", "webhook_id", "token")
POLL_EXPIRED = 520001
_OAUTH_ERROR = re.compile(r"[a-z_]{1,40}")
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class DiscordHTTP:
    """Sends requests to one base address, for any number of tokens. `deadline` is in seconds, for a whole call."""

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        deadline: float = 5.0,
        limits: RateLimits | None = None,
    ) -> None:
        self._deadline = deadline
        self.limits = limits or RateLimits(per_second=40)
        self.calls = Counter[tuple[str, int]]()  # by method and status, which is 0 without an answer
        self._rejected: dict[str, float] = {}  # until when each is not tried again
        self._client = httpx2.AsyncClient(
            base_url=base_url,
            transport=transport,
            timeout=deadline,
            headers={"user-agent": "DiscordBot (https://husqy.xyz, 1.0)"},
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def request(
        self,
        method: str,
        route: str,
        *,
        authorization: str | None,
        parameters: Mapping[str, object] | None = None,
        query: Mapping[str, str | int] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        reason: str | None = None,
        keyed: bool = False,
    ) -> Any:
        """The JSON of the answer, None for 204. `route` is a template such as `/guilds/{guild_id}`; `keyed` says that
        the body has a nonce, so that a repetition makes no second object. A body is `json` or a `form`. Without
        `authorization` the path itself has the right to call.

        Raises the errors of `port.DiscordError`.
        """
        token = hashlib.sha256((authorization or "").encode()).hexdigest()
        given = {name: quote(str(value), safe="") for name, value in (parameters or {}).items()}
        headers = {} if authorization is None else {"authorization": authorization}
        content: bytes | None = None
        if json is not None:
            headers["content-type"], content = "application/json", orjson.dumps(json)
        elif form is not None:
            headers["content-type"], content = "application/x-www-form-urlencoded", urlencode(form).encode()
        if reason:
            headers["x-audit-log-reason"] = quote(reason[:512])
        request = self._client.build_request(
            method,
            route.format(**given),
            params=dict(query or {}),
            content=content,
            headers=headers,
        )
        bucket = self.limits.bucket(token, _bucket_name(method, route, given))
        progress = _Progress()
        try:
            async with asyncio.timeout(self._deadline):
                return await self._try(request, token, bucket, progress, repeatable=keyed or method in REPEATABLE)
        except (PollExpired, NotThere):
            raise  # which say what became of it
        except DiscordError as error:
            if progress.lost and method == "POST":
                # Whatever the last attempt met with, an earlier one may have made what was asked for.
                raise Unreachable(str(error), status=error.status, ambiguous=True) from error
            raise
        except TimeoutError:
            if progress.retry_after is not None and not progress.lost:
                raise Throttled(WAIT, retry_after=progress.retry_after) from None
            raise Unreachable("Discord did not answer in time.", ambiguous=progress.sent and method != "GET") from None

    async def _try(
        self, request: httpx2.Request, token: str, bucket: Bucket, progress: _Progress, *, repeatable: bool
    ) -> Any:
        for attempt in range(1, MAX_TRIES + 1):
            self._require_accepted(token)
            if self.limits.too_many_invalid():
                raise Unreachable("Too many invalid requests: waiting before Discord bans this address.")
            try:
                return await self._attempt(request, token, bucket, progress)
            except Throttled as error:
                if attempt == MAX_TRIES or error.retry_after >= self._deadline:
                    raise  # whoever asked for it has no use for a wait in vain
                progress.retry_after = error.retry_after
                await self.limits.sleep(error.retry_after)
            except Unreachable as error:
                progress.lost = progress.lost or error.ambiguous
                # What had no effect may be sent again, whatever it is.
                if attempt == MAX_TRIES or (error.ambiguous and not repeatable):
                    raise
                await self.limits.sleep(FIRST_BACKOFF * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def _require_accepted(self, token: str) -> None:
        """Raise Unauthorized for a token that was rejected lately; after a while one call finds out for all."""
        until, now = self._rejected.get(token), self.limits.now()
        if until is None:
            return
        if now < until:
            raise Unauthorized("Discord has rejected this token before.", status=401)
        self._rejected[token] = now + REJECTED_SECONDS

    async def _attempt(self, request: httpx2.Request, token: str, bucket: Bucket, progress: _Progress) -> Any:
        try:
            response = await self._send(request, token, bucket, progress)
        except _NOT_SENT:
            raise Unreachable("Discord cannot be reached.") from None
        except httpx2.TransportError:
            raise Unreachable("The connection to Discord broke.", ambiguous=request.method != "GET") from None
        if response.status_code != 401:
            self._rejected.pop(token, None)
        if response.is_success:
            return _json(response) if response.status_code != 204 else None
        raise self._refusal(response, token, bucket, request.method)

    async def _send(self, request: httpx2.Request, token: str, bucket: Bucket, progress: _Progress) -> httpx2.Response:
        async with bucket.lock:
            await self.limits.wait(token, bucket, self._deadline)
            progress.sent, progress.retry_after = True, None
            if bucket.remaining is None:
                # The state of the bucket is not known: one request finds out, the others wait for it.
                return await self._send_and_learn(request, bucket)
        return await self._send_and_learn(request, bucket)

    async def _send_and_learn(self, request: httpx2.Request, bucket: Bucket) -> httpx2.Response:
        status = 0
        try:
            response = await self._client.send(request)
            status = response.status_code
        finally:
            self.calls[request.method, status] += 1
        self.limits.learn(bucket, response.headers)
        return response

    def _refusal(self, response: httpx2.Response, token: str, bucket: Bucket, method: str) -> DiscordError:
        status = response.status_code
        body = _object(response)
        shared = response.headers.get("x-ratelimit-scope") == "shared"
        if status in {401, 403} or (status == 429 and not shared):
            self.limits.count_invalid()
        if status == 401 and response.request.headers.get("authorization", "").startswith("Bot "):
            self._rejected[token] = self.limits.now() + REJECTED_SECONDS
        if status == 429:
            retry_after = _seconds(body.get("retry_after"), response.headers.get("retry-after"))
            hidden = _integer(response.headers.get("x-ratelimit-remaining")) > 0
            self.limits.refused(token, bucket, retry_after, everywhere=bool(body.get("global")), hidden=hidden)
            return Throttled(WAIT, retry_after=retry_after)
        if status >= 500:
            return Unreachable(f"Discord answered {status}.", status=status, ambiguous=method != "GET")
        return _client_error(status, body)


def _client_error(status: int, body: dict[str, Any]) -> DiscordError:
    oauth_error = _oauth_error(body)
    if oauth_error == "invalid_grant":
        return InvalidGrant(oauth_error, status=status)
    message, code = str(body.get("message") or oauth_error or f"status {status}"), _integer(body.get("code"))
    if 30000 <= code < 31000:
        return TooMany(message, status=status, code=code)
    if code == POLL_EXPIRED:
        return PollExpired(message, status=status, code=code)
    kind = {401: Unauthorized, 403: Refused, 404: NotThere}.get(status, Invalid)
    details = "; ".join(_details(body.get("errors"), ""))
    return kind(f"{message} ({details})" if details else message, status=status, code=code)


def _oauth_error(body: Mapping[str, Any]) -> str | None:
    # RFC 6749, section 5.2. The description beside it is left out: it may quote what was sent.
    error = body.get("error")
    return error if isinstance(error, str) and _OAUTH_ERROR.fullmatch(error) else None


class _Progress:
    """How far a call has come when its deadline strikes."""

    sent = False
    lost = False  # whether an attempt may have had its effect, and its answer got lost
    retry_after: float | None = None


def _bucket_name(method: str, route: str, parameters: Mapping[str, str]) -> str:
    major = "/".join(f"{name}={parameters[name]}" for name in MAJOR_PARAMETERS if name in parameters)
    return f"{method} {route} {major}"


def _json(response: httpx2.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise Unreachable("Discord's answer is not JSON.", status=response.status_code, ambiguous=True) from None


def _object(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _integer(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0


def _seconds(*values: object) -> float:
    for value in values:
        try:
            return max(0.05, float(str(value)))
        except ValueError:
            continue
    return 1.0


def _details(errors: object, path: str) -> list[str]:
    """Discord's tree of errors as `field: message` lines."""
    if not isinstance(errors, dict):
        return []
    found: list[str] = []
    for name, value in cast("dict[str, Any]", errors).items():
        if name == "_errors":
            found += [f"{path or 'body'}: {each.get('message', '')}" for each in cast("list[dict[str, Any]]", value)]
        else:
            found += _details(value, f"{path}.{name}".lstrip("."))
    return found
