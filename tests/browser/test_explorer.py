"""The explorer in a real browser, against the real program on a free port."""

from __future__ import annotations

import re

import pytest

from husqy_graphql.transport.explorer import STARTERS
from tests.browser.conftest import Visit

playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
expect = playwright.expect

SECRET = "a-secret-that-must-not-stay"


def test_a_query_runs_as_the_owner_of_the_demo_world(visit: Visit) -> None:
    visit.start()
    expect(visit.identity).to_have_text("user 1300000000000000101")
    visit.tab("GuildSettings")
    visit.run()

    expect(visit.answer).to_contain_text('"name": "Husqy demo"')
    expect(visit.answer).not_to_contain_text("errors")


def test_every_starter_query_runs(visit: Visit) -> None:
    visit.start()
    for starter in STARTERS:
        name = re.search(r"^(?:query|mutation) (\w+)", starter.query, re.MULTILINE)
        if name is None:
            continue  # a subscription answers nothing by itself
        visit.tab(name[1])
        visit.run()
        expect(visit.answer).to_contain_text('"data"')
        expect(visit.answer).not_to_contain_text("errors")


def test_the_schema_s_documentation_and_the_field_picker_open(visit: Visit) -> None:
    visit.start()
    visit.page.get_by_role("button", name="Show Documentation Explorer").click()
    visit.page.get_by_role("link", name="Query", exact=True).click()
    expect(visit.page.locator(".graphiql-doc-explorer")).to_contain_text("A guild that Husqy is in.")
    visit.page.get_by_role("button", name="Show GraphiQL Explorer").click()
    expect(visit.page.locator(".docExplorerWrap")).to_contain_text("supportedLanguages")


@pytest.mark.parametrize("visit", [{}, {"color_scheme": "dark"}], indirect=True, ids=["light", "dark"])
def test_the_rest_documentation_opens(visit: Visit) -> None:
    visit.start()
    visit.page.get_by_role("link", name="REST API").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Husqy REST API")
    visit.page.get_by_role("link", name="Change settings of a guild").first.click()
    expect(visit.page.get_by_text("/v1/settings", exact=True).nth(1)).to_be_in_viewport()
    dark = visit.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    expect(visit.page.locator("body")).to_have_css(
        "background-color", "rgb(22, 28, 38)" if dark else "rgb(255, 255, 255)"
    )


def test_a_wrong_credential_is_explained(visit: Visit) -> None:
    visit.may_be_refused = True
    visit.start()
    visit.page.get_by_label("Credential").fill("wrong")
    visit.page.get_by_label("Credential").press("Enter")
    expect(visit.identity).to_contain_text("Discord does not know this access token")
    visit.run()

    expect(visit.answer).to_contain_text('"code": "UNAUTHENTICATED"')
    expect(visit.answer).to_contain_text("Discord does not know this access token")
    expect(visit.page.get_by_label("Act as")).to_have_value("other")


def test_a_credential_that_no_header_can_hold_is_explained(visit: Visit) -> None:
    visit.start()
    visit.page.get_by_label("Credential").fill("snö☃")
    visit.page.get_by_label("Credential").press("Enter")

    expect(visit.identity).to_contain_text("use visible ASCII")
    visit.run()
    expect(visit.answer).to_contain_text("use visible ASCII")


def test_somebody_else_sees_something_else(visit: Visit) -> None:
    visit.start()
    visit.tab("GuildSettings")
    visit.page.get_by_label("Act as").select_option("Outsider")
    expect(visit.page.get_by_label("Credential")).to_have_value("sandbox-outsider")
    expect(visit.identity).to_have_text("user 1300000000000000105")
    visit.run()
    expect(visit.answer).to_contain_text('"code": "FORBIDDEN"')

    visit.page.get_by_label("Act as").select_option("Husqy itself")
    expect(visit.identity).to_have_text("Husqy itself")
    visit.page.get_by_label("Act as").select_option("Nobody")
    expect(visit.identity).to_have_text("Nobody: no credential is sent")
    visit.run()
    expect(visit.answer).to_contain_text('"code": "UNAUTHENTICATED"')


def test_no_credential_stays_behind(visit: Visit) -> None:
    visit.may_be_refused = True
    visit.start()
    visit.page.get_by_label("Credential").fill(f"{SECRET}-box")
    visit.page.get_by_label("Credential").press("Enter")
    visit.page.get_by_role("button", name="Headers").click()
    visit.page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror").click()
    visit.page.keyboard.insert_text(f'{{"authorization": "Bearer {SECRET}-header"}}')
    with visit.page.expect_request(lambda sent: "query Viewer" in (sent.post_data or "")) as sent:
        visit.run()
    assert sent.value.headers["authorization"] == f"Bearer {SECRET}-header"
    expect(visit.answer).to_contain_text("UNAUTHENTICATED")
    visit.wait_until_kept("query Viewer")
    visit.tab("AuditLog")
    visit.wait_until_kept('"activeTabIndex":4')

    assert SECRET not in visit.kept
    visit.start()
    expect(visit.page.get_by_label("Credential")).to_have_value("sandbox-owner")
    assert SECRET not in visit.kept
    assert SECRET not in visit.page.content()


def test_a_credential_can_be_shown_and_hidden(visit: Visit) -> None:
    visit.start()
    box = visit.page.get_by_label("Credential")
    expect(box).to_have_attribute("type", "password")
    visit.page.get_by_role("button", name="Show", exact=True).click()
    expect(box).to_have_attribute("type", "text")
    visit.page.get_by_role("button", name="Hide", exact=True).click()
    expect(box).to_have_attribute("type", "password")


def test_the_keyboard_is_enough(visit: Visit) -> None:
    visit.start()
    reached: list[str] = []
    for _ in range(6):
        visit.page.keyboard.press("Tab")
        reached.append(visit.page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        # Whoever cannot see where the focus is cannot use it.
        assert visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["Skip to the editor", "person", "credential", "reveal", "sign-in", "REST API"]


def test_a_query_runs_by_the_keyboard_alone(visit: Visit) -> None:
    visit.start()
    keyboard = visit.page.keyboard
    keyboard.press("Tab")
    keyboard.press("Enter")  # skips to the editor
    inside = "document.activeElement.closest('section[aria-label=\"Query Editor\"]') !== null"
    for _ in range(30):
        if visit.page.evaluate(inside):
            break
        keyboard.press("Tab")
    assert visit.page.evaluate(inside)
    keyboard.press("Control+A")
    keyboard.type("{ viewer { userId")
    keyboard.press("Escape")  # closes the suggestions
    keyboard.press("Escape")
    expect(visit.execute).to_be_focused()
    keyboard.press("Enter")
    expect(visit.answer).to_contain_text('"userId": "1300000000000000101"')


def test_a_server_that_is_gone_is_named(visit: Visit) -> None:
    visit.start()
    visit.page.route("**/graphql", lambda route: route.abort())
    visit.run()

    expect(visit.answer).to_contain_text("The server does not answer.")
    assert visit.troubles == ["Failed to load resource: net::ERR_FAILED"]
    visit.troubles.clear()


@pytest.mark.parametrize("visit", [{"color_scheme": "dark"}], indirect=True)
def test_the_bar_follows_the_system_s_theme_and_the_explorer_s_own(visit: Visit) -> None:
    visit.start()
    body = visit.page.locator("body")
    expect(body).to_have_css("background-color", "rgb(26, 33, 44)")
    visit.page.get_by_role("button", name="Open settings dialog").click()
    visit.page.get_by_role("button", name="Light").click()
    expect(body).to_have_css("background-color", "rgb(247, 248, 250)")
    visit.page.emulate_media(color_scheme="light")
    visit.page.get_by_role("button", name="Dark").click()
    expect(body).to_have_css("background-color", "rgb(26, 33, 44)")
    expect(visit.page.get_by_text("Persist headers")).to_have_count(0)
    visit.page.get_by_role("button", name="System").click()
    expect(body).to_have_css("background-color", "rgb(247, 248, 250)")


@pytest.mark.parametrize("visit", [{"reduced_motion": "reduce"}], indirect=True)
def test_nothing_moves_for_whoever_asked_for_that(visit: Visit) -> None:
    visit.start()
    visit.tab("GuildChanges")
    visit.run()
    expect(visit.stop).to_be_visible()  # a spinner turns while nothing has come
    assert visit.page.evaluate("document.getAnimations().length") == 0
    visit.page.get_by_role("button", name="Open settings dialog").click()
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    visit.stop.click()


def test_without_the_published_files_the_page_says_what_to_do(visit: Visit) -> None:
    visit.page.route("**/graphiql.js", lambda route: route.abort())
    visit.open()

    expect(visit.page.get_by_role("alert")).to_contain_text("husqy-graphql explorer install")
    assert visit.troubles  # the browser's own line, and the plugin that misses GraphiQL
    visit.troubles.clear()
