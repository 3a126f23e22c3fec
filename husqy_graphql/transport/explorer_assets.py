"""The published files that the explorer is made of: fetched with the npm client, never trusted without their hash."""

from __future__ import annotations

import base64
import hashlib
import secrets
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from husqy_graphql.transport.pages import STATIC

EXPLORER_FOLDER = STATIC / "graphiql"
CDN = "https://cdn.jsdelivr.net/npm"
DEADLINE_SECONDS = 180


class ExplorerNotInstalled(Exception):
    """The files could not be fetched or written; the message is for people, and the page goes on with the CDN."""


class ExplorerTampered(Exception):
    """A package holds other bytes than the ones this program was tested with: nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file inside a published package; `sha256` in hexadecimal is the only content that is accepted."""

    name: str
    package: str
    version: str
    path: str
    sha256: str

    @property
    def specifier(self) -> str:
        """What the npm client calls the package."""
        return f"{self.package}@{self.version}"

    @property
    def tarball(self) -> str:
        """The file that `npm pack` makes of the package."""
        return f"{self.package.removeprefix('@').replace('/', '-')}-{self.version}.tgz"

    @property
    def cdn_url(self) -> str:
        return f"{CDN}/{self.specifier}/{self.path}"

    @property
    def integrity(self) -> str:
        """The hash as browsers want it (Subresource Integrity)."""
        return f"sha256-{base64.b64encode(bytes.fromhex(self.sha256)).decode()}"


# In the order that the page loads them. These versions belong together: they are the last ones that are published as
# ready files, and they run under a policy without 'unsafe-inline' and 'unsafe-eval'.
SCRIPTS = (
    PackagedFile(
        "react.js",
        "react",
        "18.3.1",
        "umd/react.production.min.js",
        "d949f1c3687aedadcedac85261865f29b17cd273997e7f6b2bfc53b2f9d4c4dd",
    ),
    PackagedFile(
        "react-dom.js",
        "react-dom",
        "18.3.1",
        "umd/react-dom.production.min.js",
        "35f4f974f4b2bcd44da73963347f8952e341f83909e4498227d4e26b98f66f0d",
    ),
    PackagedFile(
        "graphiql.js",
        "graphiql",
        "4.1.2",
        "graphiql.min.js",
        "867226ba8af5ce7949903fc53932f78dac9f4bfc6cc8da0fd3869b8bc6c5256b",
    ),
    PackagedFile(
        "plugin-explorer.js",
        "@graphiql/plugin-explorer",
        "4.0.6",
        "dist/index.umd.js",
        "50cf2c58e4b45daf722d8f39aba0a5874a45e2aa715fe4ce709e357e5102a81b",
    ),
)
STYLES = (
    PackagedFile(
        "graphiql.css",
        "graphiql",
        "4.1.2",
        "graphiql.min.css",
        "30487e07635d312a63f647b140d37740a73c53332b0975bf4b1fe985ca6ec885",
    ),
    PackagedFile(
        "plugin-explorer.css",
        "@graphiql/plugin-explorer",
        "4.0.6",
        "dist/style.css",
        "68909a4ae23bfadfc4591acb4e2b3c8d4f44153b9ae7fa3b7e7c319eba310ef1",
    ),
)
LICENSES = (
    PackagedFile(
        "LICENSE.react.txt",
        "react",
        "18.3.1",
        "LICENSE",
        "52412d7bc7ce4157ea628bbaacb8829e0a9cb3c58f57f99176126bc8cf2bfc85",
    ),
    # One licence for the GraphiQL repository: its plugin is published without a copy.
    PackagedFile(
        "LICENSE.graphiql.txt",
        "graphiql",
        "4.1.2",
        "LICENSE",
        "4b18fbe55c4e8f9169cb702be138f4d858a2dad920c39857204ffdc9c1c9fdc4",
    ),
)
MANIFEST = (*SCRIPTS, *STYLES, *LICENSES)


@dataclass(frozen=True, slots=True)
class InstallResult:
    """What an installation did. `sentence` is for people; `changed` is False when everything was there."""

    folder: Path
    changed: bool
    sentence: str


def install_explorer(target: Path | None = None) -> InstallResult:
    """Put the explorer's files into `target`, or do nothing when they are there.

    Raises ExplorerNotInstalled when npm is missing or fails, or the folder cannot be written; ExplorerTampered when a
    package is not the one that this program knows.
    """
    folder = target or EXPLORER_FOLDER
    if explorer_is_installed(folder):
        return InstallResult(folder, changed=False, sentence="The explorer's files are there already.")
    npm = shutil.which("npm")
    if npm is None:
        raise ExplorerNotInstalled(
            "npm was not found, so the explorer's files stay where they are published: the page loads them from "
            "a CDN and checks their hashes. Install Node.js and run this again to have them here."
        )
    with tempfile.TemporaryDirectory(prefix="husqy-explorer-") as scratch:
        _pack(npm, Path(scratch))
        contents = {file: _verified(file, Path(scratch)) for file in MANIFEST}
    _write(contents, folder)
    size = sum(map(len, contents.values())) / 1_000_000
    return InstallResult(folder, changed=True, sentence=f"The explorer's files are installed ({size:.1f} MB).")


def explorer_is_installed(target: Path | None = None) -> bool:
    """Whether every file is there with the content that is known."""
    return installed_files(target) is not None


def installed_files(target: Path | None = None) -> Mapping[str, bytes] | None:
    """The content of every file by its name, or None unless all of them are there and as they should be."""
    folder = target or EXPLORER_FOLDER
    contents: dict[str, bytes] = {}
    for file in MANIFEST:
        try:
            content = (folder / file.name).read_bytes()
        except OSError:
            return None
        if not _is_known(file, content):
            return None
        contents[file.name] = content
    return contents


def _pack(npm: str, folder: Path) -> None:
    specifiers = dict.fromkeys(file.specifier for file in MANIFEST)
    command = [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder), *specifiers]
    try:
        # In the scratch folder, so that no project's own npm settings apply.
        done = subprocess.run(  # noqa: S603 - the arguments are constants
            command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExplorerNotInstalled(_npm_failed(str(error))) from error
    if done.returncode:
        raise ExplorerNotInstalled(_npm_failed(done.stderr.strip() or f"it ended with {done.returncode}"))


def _npm_failed(reason: str) -> str:
    return (
        "npm could not fetch the explorer's files, so the page loads them from a CDN and checks their hashes. "
        f"npm says: {reason[-500:]}"
    )


def _verified(file: PackagedFile, folder: Path) -> bytes:
    try:
        with tarfile.open(folder / file.tarball) as tarball:
            member = tarball.extractfile(f"package/{file.path}")
            content = member.read() if member else b""
    except (OSError, EOFError, KeyError, tarfile.TarError, zlib.error) as error:
        raise ExplorerNotInstalled(f"The package {file.specifier} cannot be read: {error}.") from error
    if not _is_known(file, content):
        raise ExplorerTampered(
            f"{file.path} of the package {file.specifier} is not the file that this program knows "
            f"(sha256 {hashlib.sha256(content).hexdigest()}). Nothing was installed."
        )
    return content


def _is_known(file: PackagedFile, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == file.sha256


def _write(contents: Mapping[PackagedFile, bytes], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in contents.items():
            # Beside its place and moved there: a reader, or a second installation, never sees half a file.
            draft = folder / f".{file.name}.{secrets.token_hex(4)}"
            try:
                draft.write_bytes(content)
                draft.replace(folder / file.name)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise ExplorerNotInstalled(f"The explorer's files cannot be written to {folder}: {error.strerror}.") from error
