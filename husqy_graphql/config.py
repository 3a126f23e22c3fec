"""The settings, out of environment variables that begin with `HUSQY_`; the only reader of the environment."""

from __future__ import annotations

import math
from functools import cached_property
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from husqy_graphql.discord.sandbox.world import APPLICATION_ID
from husqy_graphql.engine.limits import Limits
from husqy_graphql.gql.connections import PAGE_MAX
from husqy_graphql.transport.hosts import host_name

# These mean something to the sandbox alone.
SANDBOX_SERVICE_CREDENTIAL = "sandbox-service"
SANDBOX_SECRET_KEY = "sandbox-secret-key"  # noqa: S105
SHORTEST_SECRET = 32


class ConfigurationError(Exception):
    """A setting that is wrong; the message is one sentence that names it."""


Policy = Literal["open", "signed-in", "off"]
# (points, points that come back each second), or None for no limit.
RatePoints = Annotated[tuple[int, float] | None, NoDecode]


class Settings(BaseSettings):
    """Every setting, its default, and what it means."""

    model_config = SettingsConfigDict(env_prefix="HUSQY_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on; 0 takes any free one.")
    workers: int = Field(
        1, ge=1, le=64, description="Processes that answer; more than one need PostgreSQL and HUSQY_REDIS_URL."
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Where `worker` answers `/metrics`; nowhere when left out. `serve` always does.",
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite+aiosqlite:///var/husqy.db"),
        description="sqlite+aiosqlite:///PATH, or postgresql+asyncpg://USER:PASSWORD@HOST/NAME.",
    )
    database_pool_size: int = Field(
        16, ge=1, le=200, description="Connections of a process to PostgreSQL: so many for reads, and for writes."
    )
    discord_bot_token: SecretStr | None = Field(
        None, description="The bot's token. Without it the program runs on its own fake Discord, the sandbox."
    )
    discord_client_id: int | None = Field(None, ge=1, description="The application whose access tokens are accepted.")
    discord_client_secret: SecretStr | None = Field(
        None, description="The application's client secret; sign-in at /auth/login needs it."
    )
    discord_api_url: str = Field("https://discord.com/api/v10", description="Where Discord's REST API answers.")
    discord_authorize_url: str = Field(
        "https://discord.com/oauth2/authorize", description="Discord's page that asks people for their consent."
    )
    public_url: str | None = Field(
        None,
        description="Where browsers reach this program, like https://api.example.com; sign-in needs it outside of the "
        "sandbox.",
    )
    dashboard_url: str = Field(
        "https://husqy.xyz",
        description="Where the dashboard is; members who verify on the web are sent to its page /verify/ID.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins of web pages that may call from a browser, separated by commas."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Host names that are answered, separated by commas; by default that of HUSQY_PUBLIC_URL, in the "
        "sandbox loopback names, else all.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses or networks of proxies whose X-Forwarded-For and -Proto count, separated by commas."
    )
    redis_url: SecretStr | None = Field(
        None, description="redis://HOST:PORT/NUMBER; carries events and rate limits between several processes."
    )
    service_credentials: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Credentials of Husqy's own bot process, separated by commas, so that they can be rotated."
    )
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="The key ring that encrypts at rest, separated by commas: the first writes, all read."
    )
    redis_prefix: str = Field("husqy", min_length=1, description="What the names of everything in Redis begin with.")
    trusted_documents: Path | None = Field(
        None, description="A file or folder of GraphQL documents that clients may name by `documentId`."
    )
    trusted_documents_only: bool = Field(default=False, description="Whether /graphql takes no other documents.")
    introspection: Policy | None = Field(
        None, description="Who may ask for the schema: open in the sandbox, else signed-in."
    )
    explorer: Policy | None = Field(
        None, description="Who may see the explorer at /: open in the sandbox, else signed-in."
    )
    require_preflight: bool | None = Field(
        None, description="Whether a GET of /graphql needs GraphQL-Require-Preflight: not in the sandbox, else yes."
    )
    rate_credential: RatePoints = Field(
        (2000, 50.0), description="Points/points per second of each person or API key; 0 does not limit."
    )
    rate_guild: RatePoints = Field((10_000, 250.0), description="The same for each guild.")
    rate_address: RatePoints = Field((4000, 100.0), description="The same for each address.")
    max_body: int = Field(100_000, ge=1_000, description="Bytes of a request to /graphql, and of a socket's message.")
    max_characters: int = Field(15_000, ge=1, description="Characters of a document.")
    max_tokens: int = Field(2_000, ge=1, description="Tokens of a document.")
    max_comments: int = Field(100, ge=0, description="Comments of a document.")
    max_depth: int = Field(10, ge=1, description="How deep the fields of a document may stand.")
    max_aliases: int = Field(15, ge=0, description="Aliases of a document.")
    max_directives: int = Field(25, ge=0, description="Directives of a document.")
    max_repeats: int = Field(20, ge=1, description="How often one selection may have the same field.")
    max_root_fields: int = Field(20, ge=1, description="Fields at the root of an operation.")
    max_page: int = Field(100, ge=1, le=PAGE_MAX, description="Items of a page.")
    max_nodes: int = Field(5_000, ge=1, description="Objects that an operation may ask for.")
    max_cost: int = Field(1_000, ge=1, description="Points of an operation.")
    max_anonymous_cost: int = Field(200, ge=1, description="Points of an operation without a credential.")
    max_errors: int = Field(25, ge=1, description="Errors of an answer.")
    compiled: bool = Field(
        default=True, description="Whether documents that come again are compiled; else graphql-core runs all of them."
    )
    operation_seconds: float = Field(10.0, gt=0, description="Seconds after which an operation is stopped.")
    max_sockets: int = Field(5, ge=1, description="WebSockets of a credential in a process.")
    max_socket_operations: int = Field(20, ge=1, description="Operations at once on a WebSocket.")
    socket_init_seconds: float = Field(10.0, gt=0, description="Seconds in which a WebSocket must identify itself.")
    socket_recheck_seconds: float = Field(
        30.0, gt=0, le=60, description="Seconds between two looks at the credential behind an open socket or stream."
    )
    session_days: int = Field(
        30, ge=1, le=365, description="How many days a sign-in lasts; then one has to sign in again."
    )
    sandbox_path: Path | None = Field(
        Path("var/sandbox.db"),
        description="The file in which the sandbox keeps its objects; none keeps them in memory.",
    )
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="The least level that is logged."
    )
    log_json: bool = Field(default=False, description="Log lines as JSON instead of for people.")

    @field_validator(
        "service_credentials", "secret_keys", "cors_origins", "allowed_hosts", "trusted_proxies", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("rate_credential", "rate_guild", "rate_address", mode="before")
    @classmethod
    def _points(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        points, _, refill = value.partition("/")
        try:
            found = int(points), float(refill or points)
        except ValueError:
            found = 0, -1.0
        if found == (0, 0.0):
            return None
        if found[0] < 1 or not 0 < found[1] < math.inf:
            raise ValueError("must be POINTS/POINTS PER SECOND like 2000/50, or 0")
        return found

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not is_origin(origin):
                raise ValueError("must be a list of origins like https://dashboard.example.com, without a path; not *")
        return value

    @field_validator("public_url")
    @classmethod
    def _public_origin(cls, value: str | None) -> str | None:
        if value is not None and not is_origin(value.removesuffix("/")):
            raise ValueError("must be an address like https://api.example.com, without a path")
        return value and value.removesuffix("/")

    @field_validator("dashboard_url")
    @classmethod
    def _dashboard_address(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname or len(value) > 400:
            raise ValueError("must be an address like https://dashboard.example.com")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
                raise ValueError("must begin with redis://, rediss:// or unix://")
            if find_spec("redis") is None:
                raise ValueError("Redis needs the package redis; install husqy-graphql[redis]")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr) -> SecretStr:
        try:
            driver = make_url(value.get_secret_value()).drivername
        except ArgumentError:
            driver = ""
        if driver not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
            raise ValueError("must begin with sqlite+aiosqlite:/// or postgresql+asyncpg://")
        if driver == "postgresql+asyncpg" and find_spec("asyncpg") is None:
            raise ValueError("PostgreSQL needs the package asyncpg; install husqy-graphql[postgres]")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.workers > 1:
            self._require_shared_state()
        if self.sandbox:
            if not self.host_is_loopback:
                raise ValueError(
                    "HUSQY_HOST must be a loopback address while the sandbox is used, whose tokens everybody knows; "
                    "set HUSQY_DISCORD_BOT_TOKEN to serve the real Discord."
                )
            return self
        for name, given in (
            ("HUSQY_DISCORD_CLIENT_ID", self.discord_client_id),
            ("HUSQY_SERVICE_CREDENTIALS", self.service_credentials),
            ("HUSQY_SECRET_KEYS", self.secret_keys),
        ):
            if not given:
                raise ValueError(f"{name} must be set beside HUSQY_DISCORD_BOT_TOKEN.")
        for name, secrets in (
            ("HUSQY_SERVICE_CREDENTIALS", self.service_credentials),
            ("HUSQY_SECRET_KEYS", self.secret_keys),
        ):
            if any(len(secret.get_secret_value()) < SHORTEST_SECRET for secret in secrets):
                raise ValueError(f"{name} must have at least {SHORTEST_SECRET} characters each.")
        return self

    def _require_shared_state(self) -> None:
        if self.sandbox and self.sandbox_path is None:
            raise ValueError("Several workers need HUSQY_SANDBOX_PATH, or each would have a Discord of its own.")
        if make_url(self.database_url.get_secret_value()).drivername != "postgresql+asyncpg":
            raise ValueError(
                "Several workers need PostgreSQL in HUSQY_DATABASE_URL, because SQLite lets one process write at a "
                "time; set it, or serve with one worker."
            )
        if self.redis_url is None:
            raise ValueError(
                "Several workers need HUSQY_REDIS_URL, because without Redis each tells changes to its own subscribers "
                "alone and counts rate limits for itself; set it, or serve with one worker."
            )

    @property
    def sandbox(self) -> bool:
        """Whether the program runs on its own fake Discord."""
        return self.discord_bot_token is None

    @property
    def host_is_loopback(self) -> bool:
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def document_limits(self) -> Limits:
        """The most of each that a document may have."""
        return Limits(
            characters=self.max_characters,
            tokens=self.max_tokens,
            comments=self.max_comments,
            depth=self.max_depth,
            aliases=self.max_aliases,
            directives=self.max_directives,
            repeats=self.max_repeats,
            root_fields=self.max_root_fields,
            errors=self.max_errors,
            nodes=self.max_nodes,
            cost=self.max_cost,
            anonymous_cost=self.max_anonymous_cost,
        )

    @property
    def introspection_policy(self) -> Policy:
        """Who may ask for the schema."""
        return self.introspection or ("open" if self.sandbox else "signed-in")

    @property
    def explorer_policy(self) -> Policy:
        """Who may see the explorer."""
        return self.explorer or ("open" if self.sandbox else "signed-in")

    @property
    def preflight_required(self) -> bool:
        """Whether a GET of `/graphql` needs a header that no foreign page can send unasked."""
        return not self.sandbox if self.require_preflight is None else self.require_preflight

    @cached_property
    def served_hosts(self) -> frozenset[str] | None:
        """The host names that are answered; None for all."""
        if self.allowed_hosts:
            return frozenset(name.lower() for name in self.allowed_hosts)
        public = {host_name(urlsplit(self.public_url).netloc)} if self.public_url else set[str]()
        # Everybody knows the sandbox's tokens, so no foreign page may reach it by a name that points here.
        loopback = {"localhost", "127.0.0.1", "[::1]", self.host} if self.sandbox else set[str]()
        return frozenset(public | loopback) or None

    @property
    def missing_for_sign_in(self) -> tuple[str, ...]:
        """The settings without which nobody can sign in."""
        wanted = {
            "HUSQY_DISCORD_CLIENT_SECRET": self.discord_client_secret,
            "HUSQY_PUBLIC_URL": self.public_url,
        }
        return () if self.sandbox else tuple(name for name, given in wanted.items() if given is None)

    @property
    def sign_in(self) -> bool:
        """Whether people can sign in at /auth/login."""
        return not self.missing_for_sign_in

    @cached_property
    def application_ids(self) -> frozenset[int]:
        """The applications whose access tokens are accepted."""
        return frozenset({self.discord_client_id or APPLICATION_ID})

    @cached_property
    def accepted_service_credentials(self) -> tuple[str, ...]:
        """The service credentials, the sandbox's own one where none is set."""
        given = tuple(each.get_secret_value() for each in self.service_credentials)
        return given or ((SANDBOX_SERVICE_CREDENTIAL,) if self.sandbox else ())

    @cached_property
    def ring_secrets(self) -> tuple[str, ...]:
        """The secrets of the key ring, the sandbox's own one where none is set."""
        return tuple(each.get_secret_value() for each in self.secret_keys) or (SANDBOX_SECRET_KEY,)


def is_origin(text: str) -> bool:
    """Whether a text is an origin as browsers write it: scheme, host in lower case, a port unless it is the usual."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    usual = {"http": 80, "https": 443}
    if parts.scheme not in usual or not parts.hostname or port == usual[parts.scheme]:
        return False
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return text == f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process. Raises ConfigurationError with one sentence for the first one that is wrong."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        name = f"HUSQY_{str(first['loc'][0]).upper()}: " if first["loc"] else ""
        raise ConfigurationError(f"{name}{reason}.") from None


def describe_settings() -> list[tuple[str, str, str]]:
    """(environment variable, default, meaning) of every setting."""
    return [
        (f"HUSQY_{name.upper()}", _shown(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _shown(default: Any) -> str:
    if default is None or default == ():
        return "not set"
    if isinstance(default, tuple):
        return "/".join(f"{each:g}" for each in cast("tuple[float, ...]", default))
    return str(default.get_secret_value() if isinstance(default, SecretStr) else default)
