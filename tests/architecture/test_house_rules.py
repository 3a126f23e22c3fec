"""Rules that no linter knows; each says what to do instead."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "husqy_graphql", ROOT / "rest_compat")
FILES = [
    path for package in PACKAGES for path in sorted(package.rglob("*.py")) if "migrations/versions" not in str(path)
]


def module(path: Path) -> str:
    return str(path.relative_to(ROOT))


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The dotted name and the line of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node), node.lineno


RULES: list[tuple[str, Callable[[str], bool], set[str], str]] = [
    (
        "commits",
        lambda call: call.endswith((".commit", ".begin")) and "connection" not in call.lower(),
        {"husqy_graphql/db/unit_of_work.py", "husqy_graphql/db/migrate.py"},
        "change rows inside `unit_of_work`",
    ),
    (
        "reads the time",
        lambda call: call in {"datetime.now", "datetime.utcnow", "time.time", "date.today"},
        {"husqy_graphql/core/clock.py"},
        "take a `Clock`",
    ),
    (
        "makes GuildAccess",
        lambda call: call.split(".")[-1] in {"GuildAccess", "MemberAccess"},
        {"husqy_graphql/core/access.py"},
        "call `authorize`, `authorize_member` or `authorize_service`",
    ),
    (
        "reads the environment",
        lambda call: call in {"os.getenv", "os.environ.get"},
        set(),
        "add a field to `Settings`",
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=[rule[0].replace(" ", "-") for rule in RULES])
def test_no_file_outside_its_place(rule: tuple[str, Callable[[str], bool], set[str], str]) -> None:
    what, matches, allowed, instead = rule
    found = [
        f"{module(path)}:{line} {what}: {instead}"
        for path in FILES
        for call, line in calls(ast.parse(path.read_text(encoding="utf-8")))
        if matches(call) and module(path) not in allowed and "/sandbox/" not in module(path)
    ]

    assert found == []


def test_the_environment_is_read_by_the_settings_alone() -> None:
    found = [
        f"{module(path)}:{line}"
        for path in FILES
        for name, line in names(ast.parse(path.read_text(encoding="utf-8")))
        if name == "os.environ"
    ]

    assert found == []


@pytest.mark.parametrize("path", FILES, ids=module)
def test_a_file_stays_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, "split it by meaning"
