"""The command line: what it says when something is wrong, and that it hides secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from husqy_graphql.config import Settings

COMMAND = Path(sys.executable).with_name("husqy-graphql")
LONG = "x" * 32
REAL = {
    "HUSQY_DISCORD_BOT_TOKEN": "bot-token",
    "HUSQY_DISCORD_CLIENT_ID": "1",
    "HUSQY_SERVICE_CREDENTIALS": LONG,
    "HUSQY_SECRET_KEYS": LONG,
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **environment}
    return subprocess.run([COMMAND, *arguments], env=given, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"HUSQY_PORT": "x"}, "HUSQY_PORT"),
        ({"HUSQY_WORKERS": "0"}, "HUSQY_WORKERS"),
        ({"HUSQY_PORT": "70000"}, "HUSQY_PORT"),
        ({"HUSQY_HOST": "0.0.0.0"}, "HUSQY_HOST"),
        ({"HUSQY_DATABASE_URL": "mysql://root:hunter2@db/x"}, "HUSQY_DATABASE_URL"),
        ({"HUSQY_DATABASE_URL": "hunter2"}, "HUSQY_DATABASE_URL"),
        ({"HUSQY_LOG_LEVEL": "loud"}, "HUSQY_LOG_LEVEL"),
        ({"HUSQY_DISCORD_BOT_TOKEN": "hunter2"}, "HUSQY_DISCORD_CLIENT_ID"),
        ({**REAL, "HUSQY_SECRET_KEYS": ""}, "HUSQY_SECRET_KEYS"),
        ({**REAL, "HUSQY_SECRET_KEYS": f"{LONG},hunter2"}, "HUSQY_SECRET_KEYS"),
        ({**REAL, "HUSQY_SERVICE_CREDENTIALS": "hunter2"}, "HUSQY_SERVICE_CREDENTIALS"),
        ({"HUSQY_DATABASE_URL": "postgresql+asyncpg://root:hunter2@127.0.0.1:1/x"}, "HUSQY_DATABASE_URL"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(environment: dict[str, str], name: str) -> None:
    result = run("serve", **environment)

    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("husqy-graphql: ")
    assert result.stderr.count("\n") == 1
    assert name in result.stderr
    assert "hunter2" not in result.stderr


def test_a_database_that_is_not_migrated_is_told_by_name(tmp_path: Path) -> None:
    result = run("serve", HUSQY_DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path}/new.db")

    assert result.returncode == 2
    assert "husqy-graphql migrate" in result.stderr


def test_settings_show_no_secret() -> None:
    secrets = {
        "database_url": "postgresql+asyncpg://root:hunter2@db/x",
        "discord_bot_token": "hunter2",
        "discord_client_id": 1,
        "service_credentials": "hunter2" * 8,
        "secret_keys": "hunter2" * 8,
    }

    assert "hunter2" not in repr(Settings(**secrets))


def test_help_teaches_the_first_steps() -> None:
    result = run("--help")

    assert result.returncode == 0
    for word in ("migrate", "demo", "serve", "worker", "HUSQY_DISCORD_BOT_TOKEN"):
        assert word in result.stdout


def test_every_setting_is_listed_without_its_value() -> None:
    result = run("settings", HUSQY_SECRET_KEYS="hunter2")

    for name in Settings.model_fields:
        assert f"HUSQY_{name.upper()}" in result.stdout
    assert "hunter2" not in result.stdout


def test_keys_are_read_under_an_older_secret_and_rotated(tmp_path: Path) -> None:
    database = {"HUSQY_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/x.db", "HUSQY_SANDBOX_PATH": f"{tmp_path}/s.db"}
    assert run("migrate", **database).returncode == 0

    result = run("keys", "rotate", **database, HUSQY_SECRET_KEYS="new,old")

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("0 API keys")
