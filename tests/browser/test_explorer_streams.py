"""Subscriptions in the explorer, against a program that can be looked into."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Served, Visit, process
from tests.conftest import GUILD

playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
expect = playwright.expect


@pytest.fixture
def program(serve: Callable[..., Served]) -> Served:
    return serve(socket_recheck_seconds=0.2)


@pytest.fixture
def visit(program: Served, visit_to: Callable[..., Any]) -> Generator[Visit]:
    with visit_to(program.address) as visit:
        yield visit


def change(program: Served, seconds: int) -> None:
    request = urllib.request.Request(
        f"{program.address}/v1/settings",
        method="PUT",
        data=json.dumps({"guild_id": GUILD, "auto_delete": seconds}).encode(),
        headers={"authorization": "Bearer sandbox-admin", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 200


def subscribe(visit: Visit, program: Served) -> None:
    visit.tab("GuildChanges")
    visit.run()
    expect(visit.stop).to_be_visible()
    visit.wait_until(lambda: program.listeners == 1, "nobody listens")


def test_each_change_is_shown_until_it_is_stopped(visit: Visit, program: Served) -> None:
    visit.start()
    subscribe(visit, program)
    for seconds in (11, 12):
        change(program, seconds)
        expect(visit.answer).to_contain_text(f'"autoDelete": {seconds}')
        expect(visit.answer).to_contain_text('"GUILD_SETTINGS_UPDATE"')
    visit.stop.click()
    expect(visit.execute).to_be_visible()
    visit.wait_until(lambda: program.listeners == 0, "the server still sends")
    expect(visit.answer).to_contain_text('"autoDelete": 12')  # the last one stays to be read


@pytest.mark.parametrize("leave", ["tab", "page"])
def test_whoever_goes_away_listens_no_longer(visit: Visit, program: Served, leave: str) -> None:
    visit.start()
    subscribe(visit, program)
    if leave == "tab":
        visit.tab("Viewer")
    else:
        visit.open("/v1/docs")
    visit.wait_until(lambda: program.listeners == 0, "the server still sends")


def test_a_subscription_can_be_started_again(visit: Visit, program: Served) -> None:
    visit.start()
    for seconds in (21, 22):
        subscribe(visit, program)
        change(program, seconds)
        expect(visit.answer).to_contain_text(f'"autoDelete": {seconds}')
        visit.stop.click()
        visit.wait_until(lambda: program.listeners == 0, "the server still sends")


def test_a_stream_ends_with_its_session(visit: Visit, program: Served) -> None:
    visit.start()
    visit.sign_in("Administrator")
    subscribe(visit, program)
    assert visit.page.context.request.post(f"{visit.address}/auth/logout").status == 204

    expect(visit.answer).to_contain_text("Your session has ended: sign in again.")
    expect(visit.execute).to_be_visible()
    expect(visit.identity).to_have_text("Nobody: your session has ended, sign in again")
    visit.wait_until(lambda: program.listeners == 0, "the server still sends")


def test_whoever_may_not_listen_is_told_why(visit: Visit, program: Served) -> None:
    visit.may_be_refused = True
    visit.start()
    visit.person.select_option("Outsider")
    visit.tab("GuildChanges")
    visit.run()
    expect(visit.answer).to_contain_text('"code": "FORBIDDEN"')
    expect(visit.execute).to_be_visible()

    visit.person.select_option("Nobody")
    visit.run()
    expect(visit.answer).to_contain_text('"code": "UNAUTHENTICATED"')
    expect(visit.execute).to_be_visible()


def test_a_wrong_credential_is_told_in_the_answer(visit: Visit, program: Served) -> None:
    visit.may_be_refused = True
    visit.start()
    visit.credential.fill("wrong")
    visit.credential.press("Enter")
    visit.tab("GuildChanges")
    visit.run()
    expect(visit.answer).to_contain_text("Discord does not know this access token")
    expect(visit.answer).not_to_contain_text("stack")
    expect(visit.execute).to_be_visible()


def test_a_mistake_in_the_document_is_told(visit: Visit, program: Served) -> None:
    visit.start()
    visit.page.locator(".graphiql-query-editor .CodeMirror").click()
    visit.page.keyboard.press("Control+A")
    visit.page.keyboard.insert_text("subscription Wrong { nothing }")
    visit.run()
    expect(visit.answer).to_contain_text("Cannot query field 'nothing' on type 'Subscription'.")
    expect(visit.execute).to_be_visible()


def test_a_server_that_goes_away_is_told(tmp_path: Path, visit_to: Callable[..., Any]) -> None:
    with process(tmp_path) as (address, server), visit_to(address) as visit:
        visit.start()
        visit.tab("GuildChanges")
        with visit.page.expect_response("**/graphql"):
            visit.run()
        server.kill()
        expect(visit.answer).to_contain_text("The stream ended before the server completed it")
        expect(visit.execute).to_be_visible()
        visit.run()
        expect(visit.answer).to_contain_text("The server does not answer.")
        assert [said for said in visit.troubles if "net::ERR_" not in said] == []
        visit.troubles.clear()
