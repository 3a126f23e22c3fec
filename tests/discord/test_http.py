"""The transport: limits kept, calls bounded, nothing done twice, tokens nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from husqy_graphql.discord.http import MAX_TRIES, DiscordHTTP
from husqy_graphql.discord.limits import INVALID_MAX, RateLimits
from husqy_graphql.discord.port import (
    Invalid,
    NotThere,
    Refused,
    Throttled,
    TooMany,
    Unauthorized,
    Unreachable,
)

TOKEN = "Bot very-secret"
Handler = Callable[[httpx2.Request], httpx2.Response]


class Time:
    """Waits cost no time, and are added up."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.slept = 0.0

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept += seconds
        await asyncio.sleep(0)


def connect(handler: Handler, time: Time | None = None, **options: Any) -> DiscordHTTP:
    time = time or Time()
    limits = RateLimits(options.pop("per_second", 40), time.now, time.sleep)
    return DiscordHTTP("http://discord", transport=httpx2.MockTransport(handler), limits=limits, **options)


def answer(status: int, body: Any = None, **headers: object) -> httpx2.Response:
    given = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return httpx2.Response(status, json=body if body is not None else {}, headers=given)


async def get(http: DiscordHTTP, route: str = "/x", **options: Any) -> Any:
    return await http.request("GET", route, authorization=TOKEN, **options)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"code": 50035, "message": "Invalid Form Body"}, Invalid),
        (401, {"code": 0, "message": "401: Unauthorized"}, Unauthorized),
        (403, {"code": 50013, "message": "Missing Permissions"}, Refused),
        (404, {"code": 10004, "message": "Unknown Guild"}, NotThere),
        (400, {"code": 30005, "message": "Maximum number of guild roles reached"}, TooMany),
        (409, {}, Invalid),
    ],
)
async def test_a_refusal_is_its_own_class_and_asked_once(status: int, body: Any, error: type[Exception]) -> None:
    calls: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        calls.append(request.method)
        return answer(status, body)

    http = connect(handler)
    with pytest.raises(error) as raised:
        await get(http)
    assert type(raised.value) is error
    assert calls == ["GET"]
    assert "secret" not in repr(raised.value)
    await http.close()


async def test_the_tree_of_errors_becomes_a_sentence() -> None:
    errors = {"embeds": {"0": {"title": {"_errors": [{"code": "X", "message": "too long"}]}}}}
    http = connect(lambda _: answer(400, {"code": 50035, "message": "Invalid Form Body", "errors": errors}))

    with pytest.raises(Invalid, match=r"Invalid Form Body \(embeds.0.title: too long\)"):
        await get(http)
    await http.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_what_may_be_repeated_is_tried_again(method: str) -> None:
    answers = iter([answer(502), answer(503), answer(200, {"ok": True})])
    http = connect(lambda _: next(answers))

    assert await http.request(method, "/x", authorization=TOKEN) == {"ok": True}
    await http.close()


@pytest.mark.parametrize(
    "last", [answer(403), answer(400), answer(401), answer(429, {"retry_after": 60}), httpx2.ConnectError("refused")]
)
async def test_what_an_earlier_attempt_may_have_made_stays_ambiguous(last: httpx2.Response | Exception) -> None:
    answers = iter([answer(502), last, last, last])

    def handler(request: httpx2.Request) -> httpx2.Response:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    http = connect(handler)
    with pytest.raises(Unreachable) as raised:
        await http.request("POST", "/x", authorization=TOKEN, json={"nonce": "1"}, keyed=True)
    assert raised.value.ambiguous
    await http.close()


@pytest.mark.parametrize("failure", [502, "drop"])
async def test_a_post_is_never_repeated_blindly_and_is_ambiguous(failure: object) -> None:
    calls: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        calls.append(request.method)
        if failure == "drop":
            raise httpx2.ReadError("gone", request=request)
        return answer(502)

    http = connect(handler)
    with pytest.raises(Unreachable) as raised:
        await http.request("POST", "/x", authorization=TOKEN, json={})
    assert raised.value.ambiguous
    assert calls == ["POST"]
    await http.close()


async def test_a_post_with_a_nonce_is_tried_again() -> None:
    answers = iter([answer(502), answer(200, {"id": "1"})])
    http = connect(lambda _: next(answers))

    assert await http.request("POST", "/x", authorization=TOKEN, json={"nonce": "1"}, keyed=True) == {"id": "1"}
    await http.close()


async def test_a_post_that_was_never_sent_is_tried_again() -> None:
    calls: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        calls.append(request.method)
        if len(calls) == 1:
            raise httpx2.ConnectError("refused", request=request)
        return answer(200, {})

    http = connect(handler)
    assert await http.request("POST", "/x", authorization=TOKEN, json={}) == {}
    await http.close()


async def test_a_429_is_waited_for_as_long_as_it_says() -> None:
    time = Time()
    answers = iter([answer(429, {"retry_after": 1.5, "global": False}, x_ratelimit_remaining=0), answer(200, {})])
    http = connect(lambda _: next(answers), time)

    assert await get(http) == {}
    assert time.slept >= 1.5
    await http.close()


async def test_a_429_for_ever_ends_after_a_few_tries() -> None:
    calls: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        calls.append(request.method)
        return answer(429, {"retry_after": 0.3})

    http = connect(handler)
    with pytest.raises(Throttled) as raised:
        await get(http)
    assert len(calls) == MAX_TRIES
    assert raised.value.retry_after == 0.3
    await http.close()


async def test_a_wait_past_the_deadline_is_given_up_at_once_with_the_time_to_wait() -> None:
    time, calls = Time(), list[str]()

    def handler(request: httpx2.Request) -> httpx2.Response:
        calls.append(request.method)
        return answer(429, {"retry_after": 60}, x_ratelimit_remaining=0)

    http = connect(handler, time)
    for _ in range(2):
        with pytest.raises(Throttled) as raised:
            await get(http)
        assert raised.value.retry_after == pytest.approx(60, abs=1)
    assert time.slept == 0
    assert len(calls) == 1  # Discord counts who asks again
    await http.close()


async def test_an_answer_that_does_not_come_ends_at_the_deadline() -> None:
    async def handler(_: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(5)
        return answer(200)

    http = DiscordHTTP("http://discord", transport=httpx2.MockTransport(handler), deadline=0.05)
    with pytest.raises(Unreachable) as read:
        await get(http)
    assert not read.value.ambiguous
    with pytest.raises(Unreachable) as write:
        await http.request("POST", "/x", authorization=TOKEN, json={})
    assert write.value.ambiguous
    await http.close()


def discord_bucket(time: Time, size: int, per: float) -> tuple[Handler, list[int]]:
    """A server that counts one bucket of `size` requests a `per` seconds, and what it answered."""
    statuses: list[int] = []
    state = {"start": time.seconds, "used": 0}

    def handler(_: httpx2.Request) -> httpx2.Response:
        if time.seconds - state["start"] >= per:
            state.update(start=time.seconds, used=0)
        state["used"] += 1
        left = state["start"] + per - time.seconds
        if state["used"] > size:
            statuses.append(429)
            return answer(429, {"retry_after": left}, x_ratelimit_remaining=0, x_ratelimit_reset_after=left)
        statuses.append(200)
        return answer(200, {}, x_ratelimit_remaining=size - state["used"], x_ratelimit_reset_after=left)

    return handler, statuses


async def test_a_burst_on_a_new_channel_is_never_refused() -> None:
    time = Time()
    handler, statuses = discord_bucket(time, 5, 1.0)
    http = connect(handler, time)

    route = "/channels/{channel_id}/messages"
    calls = [get(http, route, parameters={"channel_id": 7}) for _ in range(12)]
    await asyncio.gather(*calls)

    assert statuses == [200] * 12
    await http.close()


async def test_a_channel_does_not_wait_for_another() -> None:
    time = Time()
    http = connect(lambda _: answer(200, {}, x_ratelimit_remaining=0, x_ratelimit_reset_after=9), time)

    for channel in range(5):
        await get(http, "/channels/{channel_id}", parameters={"channel_id": channel})

    assert time.slept == 0
    await http.close()


async def test_a_hidden_limit_does_not_block_the_bucket() -> None:
    time = Time()
    state = {"first": True}

    def handler(request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH" and state.pop("first", False):
            return answer(429, {"retry_after": 2}, x_ratelimit_remaining=4, x_ratelimit_reset_after=1)
        return answer(200, {}, x_ratelimit_remaining=4, x_ratelimit_reset_after=1)

    http = connect(handler, time)
    rename = asyncio.create_task(http.request("PATCH", "/c", authorization=TOKEN, json={}))
    await asyncio.sleep(0)
    assert await rename == {}
    await http.close()


async def test_a_global_limit_stops_one_token_and_no_other() -> None:
    time = Time()
    state = {"first": True}

    def handler(_: httpx2.Request) -> httpx2.Response:
        if state.pop("first", False):
            return answer(429, {"retry_after": 3, "global": True})
        return answer(200, {})

    http = connect(handler, time)
    assert await get(http) == {}
    assert time.slept >= 3
    slept = time.slept
    assert await http.request("GET", "/x", authorization="Bearer other") == {}
    assert time.slept == slept
    await http.close()


async def test_more_than_the_global_rate_waits() -> None:
    time = Time()
    http = connect(lambda _: answer(200, {}), time, per_second=5)

    for _ in range(11):
        await get(http)

    assert 2 <= time.slept < 2.2
    await http.close()


async def test_a_rejected_bot_token_is_not_tried_again_and_a_users_is() -> None:
    calls: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        calls.append(request.headers["authorization"])
        return answer(401, {"message": "401: Unauthorized", "code": 0})

    http = connect(handler)
    for _ in range(3):
        with pytest.raises(Unauthorized):
            await get(http)
        with pytest.raises(Unauthorized):
            await http.request("GET", "/x", authorization="Bearer user")
    assert calls.count(TOKEN) == 1
    assert calls.count("Bearer user") == 3
    await http.close()


async def test_a_rejected_bot_token_is_tried_again_after_a_while_by_one_call() -> None:
    time, statuses = Time(), [401, 401, 200, 200]
    calls: list[int] = []

    def handler(_: httpx2.Request) -> httpx2.Response:
        calls.append(statuses.pop(0))
        return answer(calls[-1], {})

    http = connect(handler, time)
    for seconds, asked in ((0, 1), (29, 1), (2, 2), (29, 2)):
        time.seconds += seconds
        with pytest.raises(Unauthorized):
            await get(http)
        assert len(calls) == asked
    time.seconds += 2
    await get(http)
    await get(http)
    assert calls == [401, 401, 200, 200]
    await http.close()


def test_invalid_requests_are_counted_for_ten_minutes() -> None:
    time = Time()
    limits = RateLimits(40, time.now, time.sleep)

    for _ in range(INVALID_MAX):
        limits.count_invalid()
    assert limits.too_many_invalid()
    time.seconds += 601
    assert not limits.too_many_invalid()


async def test_an_answer_that_is_no_json_is_unusable() -> None:
    http = connect(lambda _: httpx2.Response(200, text="<html>"))

    with pytest.raises(Unreachable):
        await get(http)
    await http.close()


async def test_parameters_and_reasons_are_encoded() -> None:
    seen: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(204)

    http = connect(handler)
    done = await http.request(
        "PUT", "/r/{emoji}", authorization=TOKEN, parameters={"emoji": "a/b?c"}, reason="für alle"
    )
    assert done is None
    assert seen[0].url.raw_path == b"/r/a%2Fb%3Fc"
    assert seen[0].headers["x-audit-log-reason"] == "f%C3%BCr%20alle"
    await http.close()
