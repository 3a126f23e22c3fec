"""A real browser, and the real program for it to visit."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from husqy_graphql.app import Program, create_program
from husqy_graphql.tasks import migrate_database
from husqy_graphql.transport.explorer_assets import explorer_is_installed
from tests.conftest import settings_for
from tests.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
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
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 40[0134] ")
# GraphiQL's own dialogs lack a description, and its library says so each time.
NOT_OURS = re.compile(r"Warning: Missing `Description`")


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH")
    if not explorer_is_installed():
        pytest.skip("the explorer's files are missing: husqy-graphql explorer install")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The program with the demo world, as `make run` starts it."""
    with process(tmp_path_factory.mktemp("program")) as (address, _):
        yield address


@contextmanager
def process(folder: Path) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """The program in a process of its own, with its data in a folder."""
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
            yield f"http://127.0.0.1:{port}", server
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


@dataclass
class Served:
    """A program in this process, which can be looked into."""

    program: Program
    address: str
    stop: Callable[[], None]

    @property
    def listeners(self) -> int:
        """How many streams wait for changes."""
        return self.program.resources.events.subscribers


@pytest.fixture
def serve(tmp_path: Path) -> Generator[Callable[..., Served]]:
    """Starts programs with these settings. Each has a thread, since Playwright keeps this one's event loop."""
    running: list[Served] = []

    def start(**changes: Any) -> Served:
        path = tmp_path / f"{len(running)}.db"
        served_here = start_in_thread(path, changes)
        running.append(served_here)
        return served_here

    yield start
    for each in running:
        each.stop()


def start_in_thread(database: Path, changes: dict[str, Any]) -> Served:
    ready, started = threading.Event(), list[tuple[Program, str]]()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        settings = settings_for(f"sqlite+aiosqlite:///{database}", **changes)
        await migrate_database(settings)
        program = create_program(settings)
        async with program.running():
            if program.sandbox is not None:
                await program.seed_demo_world()
            async with served(program) as address:
                started.append((program, f"http://{address}"))
                ready.set()
                await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(60), "The program does not start."
    program, address = started[0]

    def stop() -> None:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)
        loop.close()

    return Served(program, address, stop)


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
        self.execute.wait_for()

    def tab(self, title: str) -> None:
        self.page.get_by_role("tab", name=title).click()

    def run(self) -> None:
        self.execute.click()

    @property
    def execute(self) -> Locator:
        return self.page.get_by_role("button", name="Execute query (Ctrl-Enter)")

    @property
    def stop(self) -> Locator:
        return self.page.get_by_role("button", name="Stop query (Ctrl-Enter)")

    @property
    def answer(self) -> Locator:
        return self.page.locator(".graphiql-response .CodeMirror-code")

    @property
    def identity(self) -> Locator:
        return self.page.get_by_role("status").first

    @property
    def person(self) -> Locator:
        return self.page.get_by_label("Act as")

    @property
    def credential(self) -> Locator:
        return self.page.get_by_label("Credential")

    def sign_in(self, name: str) -> None:
        """By the link of the bar, and a button of the consent page."""
        self.page.get_by_role("link", name="Sign in with Discord").click()
        self.page.get_by_role("button", name=name).click()
        self.execute.wait_for()

    def wait_until(self, condition: Callable[[], bool], complaint: str) -> None:
        # Not the page's own waiting: it evaluates text, which the policy forbids.
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, complaint
            self.page.wait_for_timeout(50)

    def wait_until_kept(self, text: str) -> None:
        self.wait_until(lambda: text in self.kept.replace("\\", ""), f"{text} was not kept")

    @property
    def kept(self) -> str:
        """All that the browser keeps for the next visit, and for the next page of this one."""
        return self.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")


@contextmanager
def visiting(browser: Browser, address: str, **options: Any) -> Generator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
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


@pytest.fixture
def visit(browser: Browser, address: str, request: pytest.FixtureRequest) -> Generator[Visit]:
    with visiting(browser, address, **getattr(request, "param", {})) as visit:
        yield visit


@pytest.fixture
def visit_to(browser: Browser) -> Callable[..., Any]:
    """Visits to the program at an address."""
    return partial(visiting, browser)
