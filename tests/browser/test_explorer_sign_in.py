"""Who the explorer asks for once people sign in, and who may see it at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.browser.conftest import Served, Visit
from tests.conftest import ADMIN, OWNER

playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
expect = playwright.expect


@pytest.fixture
def program(serve: Callable[..., Served]) -> Served:
    return serve()


@pytest.fixture
def visit(program: Served, visit_to: Callable[..., Any]) -> Generator[Visit]:
    with visit_to(program.address) as visit:
        yield visit


def run_viewer(visit: Visit) -> Any:
    """The headers of the request of the Viewer tab."""
    visit.tab("Viewer")
    with visit.page.expect_request(lambda sent: "query Viewer" in (sent.post_data or "")) as sent:
        visit.run()
    return sent.value.all_headers()


def test_whoever_signs_in_is_asked_for(visit: Visit, program: Served) -> None:
    visit.start()
    expect(visit.page.get_by_role("button", name="Sign out")).to_be_hidden()
    visit.sign_in("Administrator")

    expect(visit.identity).to_have_text(f"user {ADMIN}")
    expect(visit.person).to_have_value("session")
    expect(visit.person.locator("option:checked")).to_have_text(f"Signed in ({ADMIN})")
    expect(visit.credential).to_have_value("")
    expect(visit.page.get_by_role("link", name="Sign in with Discord")).to_be_hidden()
    headers = run_viewer(visit)
    assert "authorization" not in headers
    assert headers["cookie"].startswith("husqy_session=")
    expect(visit.answer).to_contain_text(f'"userId": "{ADMIN}"')


def test_the_next_visit_finds_one_signed_in(visit: Visit) -> None:
    visit.start()
    visit.sign_in("Administrator")
    visit.start()
    expect(visit.identity).to_have_text(f"user {ADMIN}")
    expect(visit.person).to_have_value("session")


def test_a_credential_goes_before_the_session_and_nobody_sends_nothing(visit: Visit) -> None:
    visit.start()
    visit.sign_in("Administrator")
    visit.person.select_option("Owner")
    expect(visit.identity).to_have_text(f"user {OWNER}")
    headers = run_viewer(visit)
    assert headers["authorization"] == "Bearer sandbox-owner"
    assert "cookie" not in headers
    expect(visit.answer).to_contain_text(f'"userId": "{OWNER}"')

    visit.person.select_option("Nobody")
    expect(visit.identity).to_have_text("Nobody: no credential is sent")
    headers = run_viewer(visit)
    assert not {"authorization", "cookie"} & set(headers)
    expect(visit.answer).to_contain_text('"code": "UNAUTHENTICATED"')

    visit.credential.fill("sandbox-owner")
    visit.credential.press("Enter")
    expect(visit.person).to_have_value("sandbox-owner")
    visit.credential.fill("")  # whoever takes the credential away again is back in the session
    visit.credential.press("Enter")
    expect(visit.person).to_have_value("session")
    expect(visit.identity).to_have_text(f"user {ADMIN}")


def test_the_headers_editor_goes_before_everything_and_the_bar_says_so(visit: Visit) -> None:
    visit.start()
    visit.sign_in("Administrator")
    visit.tab("Viewer")
    visit.page.get_by_role("button", name="Headers").click()
    visit.page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror").click()
    visit.page.keyboard.insert_text('{"Authorization": "Bearer sandbox-owner"}')
    expect(visit.identity).to_have_text("Whoever the headers editor's authorization stands for")
    with visit.page.expect_request("**/graphql") as sent:
        visit.run()
    assert "cookie" not in sent.value.all_headers()
    expect(visit.answer).to_contain_text(f'"userId": "{OWNER}"')

    visit.tab("GuildSettings")  # every tab has headers of its own
    expect(visit.identity).to_have_text(f"user {ADMIN}")


def test_the_bar_names_the_member_that_husqy_acts_for(visit: Visit) -> None:
    visit.start()
    visit.person.select_option("Husqy itself")
    expect(visit.identity).to_have_text("Husqy itself")
    visit.page.get_by_role("button", name="Headers").click()
    visit.page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror").click()
    visit.page.keyboard.insert_text(f'{{"X-Husqy-Acting-User": "{ADMIN}"}}')
    expect(visit.identity).to_have_text(f"Husqy itself, acting for {ADMIN}")
    with visit.page.expect_request("**/graphql") as sent:
        visit.run()
    assert sent.value.all_headers()["x-husqy-acting-user"] == str(ADMIN)


def test_a_mutation_and_a_subscription_go_by_the_session(visit: Visit, program: Served) -> None:
    visit.start()
    visit.sign_in("Owner")
    visit.tab("UpdateSettings")
    visit.run()
    expect(visit.answer).to_contain_text('"autoDelete": 30')
    visit.tab("GuildChanges")
    visit.run()
    expect(visit.stop).to_be_visible()
    visit.wait_until(lambda: program.listeners == 1, "nobody listens")
    visit.stop.click()


def test_whoever_signs_out_is_nobody(visit: Visit) -> None:
    visit.start()
    visit.sign_in("Administrator")
    visit.page.get_by_role("button", name="Sign out").click()

    expect(visit.identity).to_have_text("Nobody: you are signed out")
    expect(visit.person).to_have_value("nobody")
    expect(visit.page.get_by_role("link", name="Sign in with Discord")).to_be_focused()
    assert visit.page.context.cookies() == []
    assert "cookie" not in run_viewer(visit)
    expect(visit.answer).to_contain_text('"code": "UNAUTHENTICATED"')
    visit.start()
    expect(visit.identity).to_have_text(f"user {OWNER}")  # the demo world's, as on a first visit


def test_a_session_that_has_ended_elsewhere_is_noticed(visit: Visit) -> None:
    visit.may_be_refused = True
    visit.start()
    visit.sign_in("Administrator")
    [cookie] = visit.page.context.cookies()
    response = visit.page.context.request.post(f"{visit.address}/auth/logout")
    assert response.status == 204
    visit.page.context.add_cookies([cookie])
    run_viewer(visit)

    expect(visit.answer).to_contain_text("Your session has ended: sign in again.")
    expect(visit.identity).to_have_text("Nobody: your session has ended, sign in again")
    expect(visit.page.get_by_role("link", name="Sign in with Discord")).to_be_visible()


def test_a_tab_notices_that_somebody_else_has_signed_in(visit: Visit) -> None:
    visit.start()
    visit.sign_in("Administrator")
    other = visit.page.context.new_page()
    other.goto(f"{visit.address}/auth/login?next=/livez")
    other.get_by_role("button", name="Owner").click()
    other.wait_for_url("**/livez")
    other.close()
    visit.page.evaluate("dispatchEvent(new Event('focus'))")  # headless pages always have the focus

    expect(visit.identity).to_have_text(f"user {OWNER}")
    expect(visit.person.locator("option:checked")).to_have_text(f"Signed in ({OWNER})")


def test_whoever_cancels_is_told_so_and_can_try_again(visit: Visit) -> None:
    visit.may_be_refused = True
    visit.start()
    visit.page.get_by_role("link", name="Sign in with Discord").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Sign in to Husqy")
    visit.page.get_by_role("button", name="Cancel").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("You did not let Discord tell Husqy who you are")
    visit.page.get_by_role("link", name="Sign in again").click()
    visit.page.get_by_role("button", name="Member Mia").click()
    expect(visit.person).to_have_value("session")


def test_a_server_that_does_not_sign_out_is_told(visit: Visit) -> None:
    visit.start()
    visit.sign_in("Administrator")
    visit.page.route("**/auth/logout", lambda route: route.abort())
    visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.identity).to_contain_text("you are still signed in")
    expect(visit.person).to_have_value("session")
    assert visit.troubles == ["Failed to load resource: net::ERR_FAILED"]
    visit.troubles.clear()


def test_where_one_must_sign_in_the_page_comes_after_it(
    serve: Callable[..., Served], visit_to: Callable[..., Any]
) -> None:
    with visit_to(serve(explorer="signed-in", introspection="signed-in").address) as visit:
        visit.open()
        expect(visit.page.get_by_role("heading", level=1)).to_have_text("Sign in to Husqy")
        with visit.page.expect_response(
            lambda response: "IntrospectionQuery" in (response.request.post_data or "")
        ) as told:
            visit.page.get_by_role("button", name="Owner").click()
        assert "__schema" in json.loads(told.value.text())["data"]
        expect(visit.identity).to_have_text(f"user {OWNER}")
        run_viewer(visit)
        expect(visit.answer).to_contain_text(f'"userId": "{OWNER}"')


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_without_an_explorer_the_page_says_what_is_there(
    serve: Callable[..., Served], visit_to: Callable[..., Any], color_scheme: str
) -> None:
    with visit_to(serve(explorer="off").address, color_scheme=color_scheme) as visit:
        visit.may_be_refused = True
        visit.open()
        expect(visit.page.get_by_role("heading", level=1)).to_have_text("Husqy GraphQL")
        expect(visit.page.get_by_text("HUSQY_EXPLORER")).to_be_visible()
        visit.page.get_by_role("link", name="documentation").click()
        expect(visit.page.get_by_role("heading", level=1)).to_have_text("Husqy REST API")
