"""The explorer in a real browser, against the real program on a free port."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from husqy_graphql.transport.explorer import STARTERS
from husqy_graphql.transport.explorer_assets import explorer_is_installed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
expect = playwright.expect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH"),
    pytest.mark.skipif(
        not explorer_is_installed(), reason="the explorer's files are missing: husqy-graphql explorer install"
    ),
]

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The browser itself writes this line when an answer is a refusal, which some of these tests provoke.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 40[13] ")
# GraphiQL's own dialogs lack a description, and its library says so each time.
NOT_OURS = re.compile(r"Warning: Missing `Description`")
SECRET = "a-secret-that-must-not-stay"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The program with the demo world, as `make run` starts it."""
    folder = tmp_path_factory.mktemp("program")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUSQY_")},
        "HUSQY_PORT": str(port),
        "HUSQY_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/husqy.db",
        "HUSQY_SANDBOX_PATH": f"{folder}/sandbox.db",
    }
    program = [sys.executable, "-c", "from husqy_graphql.cli import main; main()"]
    for command in ("migrate", "demo"):
        subprocess.run([*program, command], env=environment, check=True, capture_output=True, timeout=60)
    log = folder / "log"
    with log.open("wb") as output, subprocess.Popen([*program, "serve"], env=environment, stderr=output) as server:
        try:
            wait_until_it_answers(f"http://127.0.0.1:{port}/livez", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"The program does not answer:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """A page of somebody's first visit, and everything about it that must not happen."""

    page: Page
    address: str
    troubles: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    may_be_refused: bool = False

    def open(self, path: str = "/") -> None:
        self.page.goto(f"{self.address}{path}")

    def start(self) -> None:
        """Open the explorer and wait until it knows the schema."""
        with self.page.expect_response(lambda response: "IntrospectionQuery" in (response.request.post_data or "")):
            self.open()
        expect(self.page.get_by_role("button", name="Execute query (Ctrl-Enter)")).to_be_visible()

    def tab(self, title: str) -> None:
        self.page.get_by_role("tab", name=title).click()

    def run(self) -> None:
        self.page.get_by_role("button", name="Execute query (Ctrl-Enter)").click()

    @property
    def answer(self) -> Any:
        return self.page.locator(".graphiql-response .CodeMirror-code")

    @property
    def identity(self) -> Any:
        return self.page.get_by_role("status").first

    def wait_until_kept(self, text: str) -> None:
        # Not the page's own waiting: it evaluates text, which the policy forbids.
        deadline = time.monotonic() + 5
        while text not in self.kept.replace("\\", ""):
            assert time.monotonic() < deadline, f"{text} was not kept"
            self.page.wait_for_timeout(50)

    @property
    def kept(self) -> str:
        """All that the browser keeps for the next visit, and for the next page of this one."""
        return self.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")


@pytest.fixture
def visit(browser: Browser, address: str, request: pytest.FixtureRequest) -> Generator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, **getattr(request, "param", {}))
    page = context.new_page()
    visit = Visit(page, address)
    page.on("request", lambda sent: visit.hosts.add(sent.url.split("/")[2] if "//" in sent.url else "data"))
    page.on("pageerror", lambda error: visit.troubles.append(str(error)))
    page.on("console", lambda said: visit.troubles.append(said.text) if said.type in {"error", "warning"} else None)
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))"
    )
    yield visit
    context.close()
    troubles = [
        said
        for said in visit.troubles
        if not NOT_OURS.match(said) and not (visit.may_be_refused and REFUSED.match(said))
    ]
    assert troubles == []
    assert visit.hosts <= {address.removeprefix("http://"), "data"}


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
        assert name
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
    expect(visit.identity).to_have_text("Not signed in")
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
    visit.wait_until_kept('"activeTabIndex":3')

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
    for _ in range(5):
        visit.page.keyboard.press("Tab")
        reached.append(visit.page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert reached == ["Skip to the editor", "person", "credential", "reveal", "REST API"]

    visit.page.locator(".graphiql-query-editor .CodeMirror").click()
    visit.page.keyboard.press("Escape")
    execute = visit.page.get_by_role("button", name="Execute query (Ctrl-Enter)")
    expect(execute).to_be_focused()
    visit.page.keyboard.press("Enter")
    expect(visit.answer).to_contain_text('"data"')


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


def test_without_the_published_files_the_page_says_what_to_do(visit: Visit) -> None:
    visit.page.route("**/graphiql.js", lambda route: route.abort())
    visit.open()

    expect(visit.page.get_by_role("alert")).to_contain_text("husqy-graphql explorer install")
    assert visit.troubles  # the browser's own line, and the plugin that misses GraphiQL
    visit.troubles.clear()
