"""Random Strawberry schemas, written as Python text so that a failure can be read, and what their resolvers do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from random import Random
from types import ModuleType
from typing import Annotated, Any, ClassVar, NewType, Optional, Union

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.schema.config import StrawberryConfig

from husqy_graphql.gql.scalars import SCALARS, AutoDeleteSeconds, JSONObject, Snowflake

Shout = NewType("Shout", str)
Picky = NewType("Picky", str)
Anything = NewType("Anything", str)


@strawberry.enum
class Color(Enum):
    RED = "r"
    GREEN = strawberry.enum_value("g", name="VERT")
    BLUE = "b"
    AZURE = "b"  # noqa: PIE796 - another name of BLUE


@strawberry.enum(name="Importance")
class Level(IntEnum):
    LOW = 1
    HIGH = 2


@strawberry.enum
class Word(str, Enum):  # noqa: UP042 - StrEnum differs in how it is written
    ONE = "one"
    TWO = "two"


def shout(value: Any) -> str:
    return value.upper()


def pick(value: Any) -> Any:
    """Refuses some, and answers nothing for some."""
    if value == "refused":
        raise ValueError("refused")
    return None if value == "nothing" else value


SCALAR_MAP: dict[Any, Any] = {
    **{python_type: scalar.definition for python_type, scalar in SCALARS.items()},
    Shout: strawberry.scalar(name="Shout", serialize=shout, parse_value=str),
    Picky: strawberry.scalar(name="Picky", serialize=pick, parse_value=pick),
    Anything: strawberry.scalar(name="Anything"),
}
LEAVES = (
    *("str", "strawberry.ID", "int", "float", "bool", "datetime", "Snowflake", "AutoDeleteSeconds", "JSONObject"),
    *("Shout", "Picky", "Anything", "Color", "Level", "Word"),
)
ARGUMENTS = (
    *("str", "int", "bool", "float", "strawberry.ID", "datetime", "Snowflake", "Picky", "Color", "Level", "Word"),
    *("Small", "Large"),
)
DEFAULTS = {
    "str": "'text'",
    "int": "3",
    "bool": "True",
    "float": "0.5",
    "Color": "Color.GREEN",
    "Level": "Level.HIGH",
    "Snowflake": "1300000000000000001",
}
INPUTS = """
@strawberry.input
class Small:
    number: int = 7
    text: str | None = None
    color: Color = Color.GREEN
    maybe: strawberry.Maybe[int]

@strawberry.input
class Large:
    small: Small
    smalls: list[Small] | None = None
    words: list[Word | None] = strawberry.field(default_factory=lambda: [Word.ONE])
"""


class Refused(Exception):
    extensions: ClassVar = {"code": "REFUSED"}


def error(random: Random) -> Exception:
    return random.choice(
        [
            ValueError("a value"),
            AttributeError("an attribute"),
            KeyError("key"),
            Refused("refused"),
            GraphQLError("told", extensions={"code": "TOLD"}),
            GraphQLError("placed", path=["elsewhere"]),
        ]
    )


@dataclass
class World:
    """What the resolvers of a schema answer. `calls` has those of the resolvers that must run once."""

    schema: GraphQLSchema = None  # type: ignore[assignment]
    make_value: Any = None  # of data.py
    seed: str = ""
    dirt: float = 0.0
    calls: list[str] = field(default_factory=list)
    async_calls: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)  # of the fields of a mutation

    def random(self, *key: Any) -> Random:
        return Random(f"{self.seed}:{key}")

    def answer(self, source: Any, name: str, arguments: dict[str, Any] | None = None) -> Any:
        """What a resolver answers: the same for the same source and arguments, however often it is asked."""
        random = self.random(getattr(source, "serial", 0), name, arguments)
        if random.random() < self.dirt:
            raise error(random)
        parent, _, python_name = name.partition(".")
        of: Any = self.schema.type_map[parent]
        [found] = [
            each for each in of.fields.values() if each.extensions["strawberry-definition"].python_name == python_name
        ]
        return self.make_value(self, random, found.type)

    def call(self, source: Any, name: str, arguments: dict[str, Any]) -> Any:
        self.calls.append(f"{getattr(source, 'serial', 0)} {name} {arguments!r}")
        if name.startswith("Mutation."):
            self.effects.append(f"{name} {arguments!r}")
        return self.answer(source, name, arguments)

    async def later(self, source: Any, name: str, arguments: dict[str, Any], info: Any = None) -> Any:
        if info is not None:
            arguments = {**arguments, "path": info.path}
        self.async_calls.append(f"{getattr(source, 'serial', 0)} {name} {arguments!r}")
        if name.startswith("Mutation."):
            self.effects.append(f"{name} {arguments!r}")
        for _ in range(self.random(getattr(source, "serial", 0), name).choice((0, 0, 1, 3))):
            await asyncio.sleep(0)
        return self.answer(source, name, arguments)

    def is_type_of(self, cls: type, value: Any) -> bool:
        return isinstance(value, cls) and getattr(value, "serial", 1) % 7 != 0

    def allowed(self, source: Any) -> bool:
        random = self.random("allowed", getattr(source, "serial", 0))
        if random.random() < self.dirt:
            raise error(random)
        return random.random() < 0.8


class Schemas:
    """Writes the text of a schema."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.lines: list[str] = [INPUTS]

    def text(self) -> str:
        random = self.random
        self.lines.append("@strawberry.interface\nclass Node:")
        self.attributes("Node", list(LEAVES), random.randint(1, 3))
        if random.random() < 0.5:
            self.resolver("Node", "shared", list(LEAVES), "self")
        below = ["T5"]
        self.object_type("T5", list(LEAVES), "")
        for name in ("T4", "T3"):
            self.object_type(name, [*LEAVES, *below * 3], "(Node)" if random.random() < 0.7 or name == "T4" else "")
            below.append(name)
        self.lines.append('Either = Annotated[Union[T3, T4, T5], strawberry.union("Either")]')
        self.lines.append("types = [T3, T4, T5]")
        below += ["Node", "Either"]
        for name in ("T2", "T1", "T0"):
            self.object_type(name, [*LEAVES, *below * 3], "")
            below.append(name)
        self.lines.append("@strawberry.type\nclass Query:")
        for number in range(8):
            kinds = [*below[-4:], *below, random.choice(LEAVES), "list[T5]", "list[T5]", "list[T3]"]
            self.resolver("Query", f"root_{number}", kinds)
        self.lines.append("@strawberry.type\nclass Mutation:")
        for number in range(6):
            kind = random.choice(("call", "async", "async"))
            self.resolver("Mutation", f"change_{number}", [*below, random.choice(LEAVES)], kind)
        return "\n".join(self.lines)

    def object_type(self, name: str, kinds: Sequence[str], bases: str) -> None:
        random = self.random
        self.lines.append(f"@strawberry.type\nclass {name}{bases}:")
        self.lines.append("    serial: strawberry.Private[int] = 1")
        self.attributes(name, kinds, random.randint(3, 6))
        if name == "T5":  # which rows are read of
            self.lines.append(f"    t5_color: {random.choice(('Color', 'Optional[Color]'))}")
        if random.random() < 0.75:
            for number in range(random.randint(1, 3)):
                self.resolver(name, f"resolved_{number}", kinds)
        if random.random() < 0.2:
            self.lines.append("    @classmethod\n    def is_type_of(cls, obj: Any, info: Any) -> bool:")
            self.lines.append("        return WORLD.is_type_of(cls, obj)")

    def attributes(self, name: str, kinds: Sequence[str], count: int) -> None:
        for number in range(count):
            of = self.wrap(self.random.choice(kinds))
            kind = self.random.random()
            renamed = f" = strawberry.field(name='{name.lower()}Renamed{number}')"
            settings = renamed if kind < 0.1 else ""
            settings = " = None" if 0.1 <= kind < 0.2 and of.startswith("Optional") else settings
            self.lines.append(f"    {name.lower()}_{number}: {of}{settings}")

    def resolver(self, parent: str, name: str, kinds: Sequence[str], kind: str | None = None) -> None:
        random = self.random
        kind = kind or random.choice(
            ("self", "call", "call", "call", "async", "info", "parent", "permission", "extension")
        )
        arguments = self.arguments(is_async=kind == "async") if kind in {"call", "async", "info", "extension"} else []
        passed = ", ".join(f"{each.split(':')[0]!r}: {each.split(':')[0]}" for each in arguments)
        settings, prefix, first, call = "", "", "self", f"WORLD.call(self, '{parent}.{name}', {{{passed}}})"
        # Reads are free of side effects, and so is a function of the object alone: it may be called twice.
        if kind == "self" or (kind == "call" and not arguments):
            call = f"WORLD.answer(self, '{parent}.{name}')"
        elif kind == "async":
            prefix = "async "
            first = random.choice(("self", "self, info: strawberry.Info"))
            call = f"await WORLD.later(self, '{parent}.{name}', {{{passed}}}{', info' if 'info' in first else ''})"
        elif kind == "info":
            first = "self, info: strawberry.Info"
            call = call.replace("{", "{'path': info.path, 'field': info.field_name, ", 1)
        elif kind == "parent":
            first = f"parent: strawberry.Parent[{parent!r}]"
            call = call.replace("self", "parent")
        elif kind == "permission":
            settings = f"(permission_classes=[{random.choice(('Allowed', 'AllowedLater'))}])"
        elif kind == "extension":
            settings = f"(extensions=[{random.choice(('Counted()', 'CountedLater()'))}])"
        self.lines.append(f"    @strawberry.field{settings}")
        self.lines.append(
            f"    {prefix}def {name}({', '.join([first, *arguments])}) -> {self.wrap(random.choice(kinds))}:"
        )
        self.lines.append(f"        return {call}")

    def arguments(self, *, is_async: bool) -> list[str]:
        random = self.random
        written: list[str] = []
        for number in range(random.choice((0, 1, 1, 2, 3))):
            name, of, roll = f"arg_{number}", random.choice(ARGUMENTS), random.random()
            if roll < 0.25:
                written.append(f"{name}: {of}{f' = {DEFAULTS[of]}' if of in DEFAULTS and roll < 0.12 else ''}")
            elif roll < 0.55:
                default = random.choice(("None", DEFAULTS.get(of, "None"), "strawberry.UNSET"))
                written.append(f"{name}: Optional[{of}] = {default}")
            elif roll < 0.65:
                # Left out, it is missing in the call, which Python says at once or later.
                written.append(f"{name}: Optional[{of}]{' = None' if is_async else ''}")
            elif roll < 0.75:
                written.append(
                    f"{name}: strawberry.Maybe[{of}]{' = None' if is_async else random.choice(('', ' = None'))}"
                )
            else:
                written.append(
                    f"{name}: {random.choice(('list[{}]', 'Optional[list[Optional[{}]]] = None')).format(of)}"
                )
        return sorted(written, key=lambda each: "=" in each)

    def wrap(self, of: str) -> str:
        random = self.random
        wrapped = f"Optional[{of}]" if random.random() < 0.4 else of
        while random.random() < 0.3:
            wrapped = f"list[{wrapped}]"
            if random.random() < 0.3:
                wrapped = f"Optional[{wrapped}]"
        return wrapped


def build(text: str, world: World) -> strawberry.Schema:
    """The schema of a text; `world` answers its fields."""

    class Allowed(BasePermission):
        message = "not allowed"
        error_extensions: ClassVar = {"code": "FORBIDDEN"}

        def has_permission(self, source: Any, info: Any, **kwargs: Any) -> Any:
            return world.allowed(source)

    class AllowedLater(BasePermission):
        message = "not allowed, later"

        async def has_permission(self, source: Any, info: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            return world.allowed(source)

    class Counted(FieldExtension):
        def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
            world.calls.append(f"extension {info.field_name}")
            return next_(source, info, **kwargs)

    class CountedLater(FieldExtension):
        async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
            world.async_calls.append(f"extension {info.field_name}")
            result = next_(source, info, **kwargs)
            return await result if hasattr(result, "__await__") else result

    module = ModuleType("tests.engine.generated_schema")
    sys.modules[module.__name__] = module
    names = {
        **{each.__name__: each for each in (Any, Annotated, Optional, Union)},
        **{each.__name__: each for each in (Allowed, AllowedLater, Counted, CountedLater, Color, Level, Word)},
        **{each.__name__: each for each in (Shout, Picky, Anything, Snowflake, AutoDeleteSeconds, JSONObject)},
        "strawberry": strawberry,
        "datetime": datetime,
        "WORLD": world,
    }
    module.__dict__.update(names)
    exec(compile(text, module.__name__, "exec"), module.__dict__)
    schema = strawberry.Schema(
        module.Query,
        module.Mutation,
        types=module.types,
        config=StrawberryConfig(disable_field_suggestions=True, scalar_map=SCALAR_MAP),
    )
    world.schema = schema._schema
    if "DateTime" in world.schema.type_map:
        world.schema.type_map["DateTime"].extensions["native"] = datetime
    return schema
