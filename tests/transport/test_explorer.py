"""The explorer's page and files over HTTP, and how its packages come onto the machine."""

from __future__ import annotations

import hashlib
import random
import re
import tarfile
from collections.abc import AsyncGenerator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import httpx2
import orjson
import pytest
from graphql import NonNullTypeNode, OperationDefinitionNode, parse, validate
from starlette.applications import Starlette

from husqy_graphql.schema import build_schema, graphql_schema
from husqy_graphql.transport import explorer, explorer_assets
from husqy_graphql.transport.explorer import STARTERS, explorer_routes, starter_tabs
from husqy_graphql.transport.explorer_access import ExplorerAccess
from husqy_graphql.transport.explorer_assets import (
    MANIFEST,
    SCRIPTS,
    STYLES,
    ExplorerNotInstalled,
    ExplorerTampered,
    PackagedFile,
    explorer_is_installed,
    install_explorer,
)
from husqy_graphql.transport.origins import Origins

CONTENTS = {"lib.js": b"window.lib = 1;\n" * 200, "lib.css": b"body {}\n", "LICENSE.txt": b"MIT\n"}


def packaged(name: str) -> PackagedFile:
    return PackagedFile(name, "@scope/lib", "1.2.3", f"dist/{name}", hashlib.sha256(CONTENTS[name]).hexdigest())


@pytest.fixture
def small_manifest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Three small files instead of the published ones, and the folder they are installed into."""
    scripts, styles = (packaged("lib.js"),), (packaged("lib.css"),)
    folder = tmp_path / "graphiql"
    monkeypatch.setattr(explorer_assets, "MANIFEST", (*scripts, *styles, packaged("LICENSE.txt")))
    monkeypatch.setattr(explorer_assets, "EXPLORER_FOLDER", folder)
    monkeypatch.setattr(explorer, "SCRIPTS", scripts)
    monkeypatch.setattr(explorer, "STYLES", styles)
    return folder


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An npm that packs what lies in `published`, and writes down that it was called."""
    published, program = tmp_path / "published", tmp_path / "bin" / "npm"
    published.mkdir()
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tmp_path}/calls\n'
        'while [ "$1" != --pack-destination ]; do shift; done\n'
        f'[ -n "$(ls {published})" ] || {{ echo "cannot reach the registry" >&2; exit 1; }}\n'
        f'cp {published}/* "$2"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return published


def publish(folder: Path, contents: dict[str, bytes]) -> None:
    with tarfile.open(folder / "scope-lib-1.2.3.tgz", "w:gz") as tarball:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            tarball.addfile(member, BytesIO(content))


def install_small(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)


@pytest.fixture
async def installed(small_manifest: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    install_small(small_manifest)
    async with client(sandbox=True) as http:
        yield http


def client(*, sandbox: bool) -> httpx2.AsyncClient:
    app = Starlette(routes=explorer_routes(ExplorerAccess("open", Origins()), sandbox=sandbox))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:8000")


class Page(HTMLParser):
    """What a strict policy cares about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in {"script", "style"} else ""

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.inline.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def loaded(self) -> list[str]:
        links = [link["href"] for link in self.all("link")]
        return [url for url in (*links, *(script["src"] for script in self.all("script"))) if url]


def assert_nothing_inline(page: Page) -> None:
    assert page.inline == []
    assert page.all("style") == []
    assert all("src" in script for script in page.all("script"))
    for _, attributes in page.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        assert not (attributes.get("href") or "").startswith("javascript:")


async def test_the_page_has_a_strict_policy_and_nothing_inline(installed: httpx2.AsyncClient) -> None:
    response = await installed.get("/")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(response.text)
    [nonce] = {link["nonce"] for link in page.all("link") if link["rel"] == "stylesheet"}
    assert nonce
    assert response.headers["content-security-policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; font-src 'self' data:; img-src 'self' data:; connect-src 'self'"
    )
    assert_nothing_inline(page)
    assert all(url.startswith("/static/") for url in page.loaded())


async def test_every_input_has_a_label(installed: httpx2.AsyncClient) -> None:
    page = Page((await installed.get("/")).text)
    labelled = {label["for"] for label in page.all("label")}

    assert {element["id"] for tag in ("input", "select") for element in page.all(tag)} == labelled
    [html] = page.all("html")
    assert html["lang"] == "en"


async def test_what_the_page_loads_is_there_and_may_be_kept_for_ever(installed: httpx2.AsyncClient) -> None:
    for url in Page((await installed.get("/")).text).loaded():
        response = await installed.get(url)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["etag"]
        known = await installed.get(url, headers={"if-none-match": f'"other", {response.headers["etag"]}'})
        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["etag"] == response.headers["etag"]


async def test_no_two_answers_share_a_nonce_and_none_is_kept(installed: httpx2.AsyncClient) -> None:
    first, second = await installed.get("/"), await installed.get("/")

    assert first.headers["content-security-policy"] != second.headers["content-security-policy"]
    assert first.headers["cache-control"] == "no-store"
    again = await installed.get("/", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 200


async def test_head_answers_the_headers_alone(installed: httpx2.AsyncClient) -> None:
    plain = {"accept-encoding": "identity"}
    page, bare = await installed.get("/", headers=plain), await installed.head("/", headers=plain)
    assert (bare.status_code, bare.content) == (200, b"")
    assert bare.headers["content-length"] == page.headers["content-length"]
    for url in Page(page.text).loaded():
        got, head = await installed.get(url), await installed.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert dict(head.headers) == dict(got.headers)


async def test_a_big_file_is_compressed_for_those_who_take_it(installed: httpx2.AsyncClient) -> None:
    [url] = [url for url in Page((await installed.get("/")).text).loaded() if url.endswith("lib.js")]

    packed = await installed.get(url, headers={"accept-encoding": "br, gzip;q=0.5"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == CONTENTS["lib.js"]
    for refusal in ("identity", "gzip;q=0", "gzip; q=0.0"):
        plain = await installed.get(url, headers={"accept-encoding": refusal})
        assert "content-encoding" not in plain.headers
        assert plain.content == CONTENTS["lib.js"]
        assert plain.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../explorer.py",
        "/static/%2e%2e/%2e%2e/explorer.py",
        "/static/x/..%2f..%2fexplorer.py",
        "/static/x/explorer.html",
        "/static/explorer.js",
        "/static/0000000000000000/explorer.js",
        "/static/",
        "/static/graphiql/graphiql.js",
    ],
)
async def test_nothing_else_is_served(installed: httpx2.AsyncClient, path: str) -> None:
    assert (await installed.get(path)).status_code == 404


async def test_only_the_sandbox_names_the_demo_users(small_manifest: Path) -> None:
    async with client(sandbox=True) as http:
        inside = (await http.get("/")).text
    async with client(sandbox=False) as http:
        outside = (await http.get("/")).text

    assert "sandbox-owner" in inside
    assert "1300000000000000001" in inside
    assert "sandbox" not in outside
    assert "1300000000000000001" not in outside


async def test_without_the_files_the_page_takes_exactly_those_from_a_cdn_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(explorer_assets, "EXPLORER_FOLDER", tmp_path / "nothing")
    async with client(sandbox=True) as http:
        response = await http.get("/")

    page = Page(response.text)
    assert_nothing_inline(page)
    remote = {
        (element.get("src") or element.get("href")): element
        for element in (*page.all("script"), *page.all("link"))
        if not (element.get("src") or element.get("href") or "").startswith("/")
    }
    assert list(remote) == [file.cdn_url for file in (*SCRIPTS, *STYLES)]
    assert all(re.fullmatch(r"sha256-[A-Za-z0-9+/]{43}=", element["integrity"] or "") for element in remote.values())
    assert all(element["crossorigin"] == "anonymous" for element in remote.values())
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["script-src"].split() == ["'self'", *(file.cdn_url for file in SCRIPTS)]
    assert policy["style-src"].split()[:-1] == ["'self'", *(file.cdn_url for file in STYLES)]
    assert "cdn.jsdelivr.net" not in policy["connect-src"]
    assert "comes from cdn.jsdelivr.net" in response.text
    assert "husqy-graphql explorer install" in response.text


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.file)
def test_a_starter_fits_the_schema_and_begins_with_what_it_shows(starter: explorer.Starter) -> None:
    assert validate(graphql_schema(build_schema()), parse(starter.query)) == []
    assert re.match(r"# [A-Z].*\.\n", starter.query)
    # What is wider than this stands under the buttons of the editor.
    assert max(map(len, starter.query.splitlines()[:1])) <= 48


def test_the_starters_bring_the_variables_that_they_need() -> None:
    for tab in starter_tabs(sandbox=True):
        given = orjson.loads(tab.get("variables", "{}"))
        [operation] = parse(tab["query"]).definitions
        assert isinstance(operation, OperationDefinitionNode)
        variables = operation.variable_definitions or ()
        needed = {each.variable.name.value for each in variables if isinstance(each.type, NonNullTypeNode)}
        assert needed == set(given)


def test_the_manifest_names_whole_hashes_and_fixed_versions() -> None:
    assert len({file.name for file in MANIFEST}) == len(MANIFEST)
    for file in MANIFEST:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert re.fullmatch(r"\d+\.\d+\.\d+", file.version)


def test_an_installation_keeps_what_it_knows_and_is_done_once(small_manifest: Path, npm: Path, tmp_path: Path) -> None:
    publish(npm, {**CONTENTS, "other.js": b"not asked for"})

    first = install_explorer()
    second = install_explorer()

    assert (first.changed, second.changed) == (True, False)
    assert first.folder == small_manifest
    assert {path.name: path.read_bytes() for path in small_manifest.iterdir()} == CONTENTS
    [call] = (tmp_path / "calls").read_text().splitlines()
    assert call.endswith(" @scope/lib@1.2.3")
    assert "--ignore-scripts" in call


def test_a_damaged_file_is_no_installation_and_is_mended(small_manifest: Path, npm: Path) -> None:
    install_small(small_manifest)
    assert explorer_is_installed()
    (small_manifest / "lib.js").write_bytes(b"window.lib = 2;")
    assert not explorer_is_installed()

    publish(npm, CONTENTS)
    assert install_explorer().changed
    assert explorer_is_installed()


def test_a_package_with_other_bytes_is_refused_whole(small_manifest: Path, npm: Path) -> None:
    publish(npm, {**CONTENTS, "LICENSE.txt": b"changed"})

    with pytest.raises(ExplorerTampered, match=r"dist/LICENSE\.txt of the package @scope/lib@1\.2\.3"):
        install_explorer()
    assert not small_manifest.exists()


@pytest.mark.parametrize("published", [{"other.js": b"x"}, None], ids=["without the file", "no package"])
def test_a_package_that_lacks_something_leaves_nothing(
    small_manifest: Path, npm: Path, published: dict[str, bytes] | None
) -> None:
    (npm / "unrelated.txt").touch()
    if published:
        publish(npm, published)

    with pytest.raises(ExplorerNotInstalled, match="cannot be read"):
        install_explorer()
    assert not small_manifest.exists()


def test_a_package_that_is_cut_off_leaves_nothing(small_manifest: Path, npm: Path) -> None:
    publish(npm, {name: random.Random(name).randbytes(20_000) for name in CONTENTS})  # compresses to as much
    tarball = npm / "scope-lib-1.2.3.tgz"
    whole = tarball.read_bytes()
    for content in (whole[:30_000], whole[:30_000] + b"x" * 1_000, b"", b"no tarball"):
        tarball.write_bytes(content)
        with pytest.raises((ExplorerNotInstalled, ExplorerTampered)):
            install_explorer()
        assert not small_manifest.exists()


def test_a_failing_npm_is_quoted(small_manifest: Path, npm: Path) -> None:
    with pytest.raises(ExplorerNotInstalled, match=r"CDN.*cannot reach the registry"):
        install_explorer()
    assert not small_manifest.exists()


def test_without_npm_it_says_what_that_means(
    small_manifest: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ExplorerNotInstalled, match=r"npm was not found.*CDN"):
        install_explorer()


def test_a_folder_that_cannot_be_made_is_named(small_manifest: Path, npm: Path, tmp_path: Path) -> None:
    publish(npm, CONTENTS)
    (tmp_path / "file").touch()

    with pytest.raises(ExplorerNotInstalled, match="cannot be written to"):
        install_explorer(tmp_path / "file" / "graphiql")
