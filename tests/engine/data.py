"""Random values of a schema's types, most of them as promised, some dirty."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Any

from graphql import Undefined, is_abstract_type, is_leaf_type, is_list_type, is_non_null_type
from strawberry.types.field import StrawberryField

from husqy_graphql.gql.rows import Rows, RowType
from tests.engine.generated import Color, Level, Word, World, error

SNOWFLAKE = 1300000000000000001


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Tint(Enum):
    """Of no schema, with a name that another enum has too."""

    RED = "r"


class Raising:
    """In an attribute: reading it raises."""

    def __init__(self, raised: Exception) -> None:
        self.raised = raised

    def __repr__(self) -> str:
        return f"Raising({self.raised!r})"


class Awaited:
    """Can be awaited."""

    def __init__(self, value: Any, ticks: int) -> None:
        self.value, self.ticks = value, ticks

    def __repr__(self) -> str:
        return f"Awaited({self.ticks})"

    def __await__(self) -> Any:
        for _ in range(self.ticks):
            yield
        if isinstance(self.value, Raising):
            raise self.value.raised
        return self.value


class AwaitedClass:
    """Its class has no `__await__` that says so."""

    def __init__(self, value: Any) -> None:
        self.__await__ = Awaited(value, 0).__await__

    def __repr__(self) -> str:
        return "AwaitedClass()"


class Stranger:
    """Not an instance of any type, with all attributes."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self.values[name]
        if isinstance(value, Raising):
            raise value.raised
        return value


def read(name: str) -> property:
    def getter(self: Any) -> Any:
        value = self.__dict__[name]
        if isinstance(value, Raising):
            raise value.raised
        return value

    return property(getter)


SUBCLASSES: dict[type, type] = {}


def with_properties(of: type, values: dict[str, Any]) -> Any:
    """An instance of a subclass, whose attributes are properties."""
    if of not in SUBCLASSES:
        names = {name: read(name) for name in values if name != "serial"}
        SUBCLASSES[of] = type(f"{of.__name__}Sub", (of,), {**names, "__init__": fill, "__qualname__": of.__name__})
    return SUBCLASSES[of](values)


def fill(self: Any, values: dict[str, Any]) -> None:
    self.__dict__.update(values)


LEAF_VALUES: dict[str, Callable[[Random], Any]] = {
    "String": lambda random: random.choice(("", "text", "ünï", '"')),
    "ID": lambda random: random.choice(("1", "x")),
    "Int": lambda random: random.choice((0, 5, -(2**31), 2**31 - 1)),
    "Float": lambda random: random.choice((0.0, -0.5, 1e300, 2.0)),
    "Boolean": lambda random: random.random() < 0.5,
    "DateTime": lambda random: (
        datetime(random.choice((1, 2026, 9999)), 3, 1, 12, 0, tzinfo=UTC)
        + timedelta(microseconds=random.choice((0, 120, 999999)))
    ),
    "Snowflake": lambda random: random.choice((SNOWFLAKE, str(SNOWFLAKE))),
    "AutoDeleteSeconds": lambda random: random.randint(0, 900),
    "JSONObject": lambda random: {"a": [1, None, "x"]},
    "Shout": lambda random: random.choice(("loud", "")),
    "Picky": lambda random: random.choice(("fine", "fine", "fine", "nothing", "refused")),
    "Anything": lambda random: random.choice(("x", 1, [2])),
    "Color": lambda random: random.choice((Color.RED, Color.GREEN, Color.BLUE)),
    "Importance": lambda random: random.choice((Level.LOW, Level.HIGH)),
    "Word": lambda random: random.choice((Word.ONE, Word.TWO)),
}


def make_value(world: World, random: Random, of: Any) -> Any:
    """A value for a type of the schema."""
    if random.random() < world.dirt * (2 if is_leaf_type(of.of_type if is_non_null_type(of) else of) else 1):
        return _dirty(world, random, of)
    if is_non_null_type(of):
        of = of.of_type
    elif random.random() < 0.15:
        return None
    if is_list_type(of):
        return _list(world, random, of.of_type)
    if is_leaf_type(of):
        return LEAF_VALUES[of.name](random)
    if is_abstract_type(of):
        of = random.choice(world.schema.get_possible_types(of))
    return _object(world, random, of)


def _list(world: World, random: Random, item: Any) -> Any:
    named = item.of_type if is_non_null_type(item) else item
    if not is_list_type(named) and not is_leaf_type(named) and random.random() < 0.6:
        return _rows(world, random, named)
    items = [make_value(world, random, item) for _ in range(random.randint(0, 3))]
    return tuple(items) if random.random() < 0.15 else items


def attributes_of(of: Any) -> dict[str, Any]:
    """The types of the fields that are read as attributes, by their Python names."""
    found: dict[str, Any] = {}
    for each in of.fields.values():
        definition: StrawberryField = each.extensions["strawberry-definition"]
        if definition.is_basic_field:
            found[definition.python_name] = each.type
    return found


def _values(world: World, random: Random, of: Any) -> dict[str, Any]:
    values = {name: make_value(world, random, each) for name, each in attributes_of(of).items()}
    return {**values, "serial": random.randint(1, 10**6)}


def _object(world: World, random: Random, of: Any) -> Any:
    values = _values(world, random, of)
    cls = of.extensions["strawberry-definition"].origin
    roll = random.random()
    if roll < 0.1 or (roll < 0.5 and random.random() < world.dirt):
        for name in values:
            if name != "serial" and random.random() < world.dirt * 4:
                values[name] = Raising(error(random))
        return with_properties(cls, values)
    return cls(**values)


def _rows(world: World, random: Random, of: Any) -> Any:
    if is_abstract_type(of):
        of = random.choice(world.schema.get_possible_types(of))
    row_type = _row_type(world, random.choice((0, 1)), of)
    rows: list[Any] = []
    types_of = attributes_of(of)
    for _ in range(random.randint(0, 3)):
        row: list[Any] = []
        for attribute in row_type.attributes:
            value = (
                random.randint(1, 10**6) if attribute == "serial" else make_value(world, random, types_of[attribute])
            )
            if attribute in row_type.enums:
                value = getattr(value, "value", value)
                value = random.choice(("unknown", [], 1.0)) if random.random() < world.dirt else value
            row.append(value)
        rows.append(row[:-1] if random.random() < world.dirt / 2 else tuple(row))
    return Rows(row_type, rows)


ROW_TYPES: dict[tuple[type, int], RowType[Any]] = {}


def _row_type(world: World, number: int, of: Any) -> RowType[Any]:
    """One of two row types of an object type: the second leaves out an attribute, and has enums as its objects do."""
    cls = of.extensions["strawberry-definition"].origin
    if (cls, number) in ROW_TYPES:
        return ROW_TYPES[cls, number]
    types_of = attributes_of(of)
    attributes = ["serial", *types_of]
    missing = attributes.pop() if number and len(attributes) > 2 else None
    enums: dict[str, Any] = {}
    for name, each in types_of.items():
        leaf = each.of_type if is_non_null_type(each) else each
        wrapped = getattr(leaf, "wrapped_cls", None)
        if wrapped is not None and not number:
            enums[name] = wrapped

    def make(row: Any) -> Any:
        values = dict(zip(attributes, row, strict=True))
        if missing:
            values[missing] = None
        lazily = False
        for name, enum in enums.items():
            try:
                values[name] = None if values[name] is None else enum(values[name])
            except (ValueError, TypeError) as raised:
                # Where nobody selects it, nobody may look at it: rows are read by the columns that are selected.
                values[name], lazily = Raising(raised), True
        return with_properties(cls, values) if lazily else cls(**values)

    row_type = ROW_TYPES[cls, number] = RowType(cls, make, tuple(attributes), enums)
    return row_type


@types.coroutine
def old_coroutine(value: Any) -> Any:
    yield
    return value


async def stream(items: list[Any]) -> Any:
    for each in items:
        await asyncio.sleep(0)
        if isinstance(each, Raising):
            raise each.raised
        yield each


# What is nearly a value of a type, which is where a check may be too short.
NEARLY: dict[str, tuple[Any, ...]] = {
    "String": (Text("sub"), 7, True, Word.ONE, b"x"),
    "ID": (7, Text("sub"), True, 1.5),
    "Int": (True, 2**31, -(2**31) - 1, Number(4), Level.LOW, 3.0, "12"),
    "Float": (float("nan"), float("inf"), 1, True, "1.5"),
    "Boolean": (1, 0, "true", 1.0),
    "DateTime": (
        datetime(2026, 3, 1, 12, 0),  # noqa: DTZ001
        datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=2))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
        date(2026, 3, 1),
    ),
    "Snowflake": (True, Text("5"), 1.5, Level.LOW),
    "AutoDeleteSeconds": (True, "12", 1.5, Level.LOW, 2**40),
    "Color": (Tint.RED, "r", "RED", "VERT", Level.LOW, Word.ONE, []),
    "Importance": (1, "LOW", Color.RED, True),
    "Word": ("one", "ONE", Text("two"), Color.RED),
    "Picky": ("nothing", "refused"),
}


def _dirty(world: World, random: Random, of: Any) -> Any:
    clean = World(world.schema, make_value, world.seed, world.dirt / 2)
    roll = random.random()
    if roll < 0.15:
        return None
    if roll < 0.25:
        return Awaited(make_value(clean, random, of), random.choice((0, 1, 2)))
    if roll < 0.3:
        return Awaited(Raising(error(random)), random.choice((0, 1)))
    if roll < 0.4:
        return error(random)
    of = of.of_type if is_non_null_type(of) else of
    if is_list_type(of) and roll < 0.85:
        items = [make_value(clean, random, of.of_type) for _ in range(random.randint(0, 2))]
        if random.random() < 0.3:
            items.append(Raising(error(random)) if random.random() < 0.3 else None)
        kinds: list[Callable[[], Any]] = [
            lambda: (each for each in items),
            lambda: stream(items),
            lambda: dict(enumerate(items)),
            lambda: dict.fromkeys(map(str, range(len(items)))).keys(),
            lambda: {1},
            lambda: items[0] if items else "text",
            lambda: range(2),
        ]
        return random.choice(kinds)()
    if not is_leaf_type(of) and not is_list_type(of) and roll < 0.75:
        if is_abstract_type(of):
            of = random.choice(world.schema.get_possible_types(of))
        others = [world.schema.type_map[name] for name in ("T3", "T4", "T5")]
        kinds = [
            lambda: Stranger(_values(clean, random, of)),
            lambda: dict(_values(clean, random, of)),
            lambda: _object(clean, random, random.choice(others)),
            lambda: of.extensions["strawberry-definition"].origin,
            lambda: AwaitedClass(None),
            lambda: error(random),
            lambda: Undefined,
            lambda: old_coroutine(_object(clean, random, of)),
        ]
        return random.choice(kinds)()
    if is_leaf_type(of) and of.name in NEARLY and roll < 0.85:
        return random.choice(NEARLY[of.name])
    kinds = [
        *(lambda: True, lambda: 1, lambda: 7, lambda: 2**31, lambda: -(2**40), lambda: 2**70, lambda: 1.5),
        *(lambda: float("nan"), lambda: float("inf"), lambda: 3.0, lambda: "text", lambda: "12", lambda: ""),
        *(lambda: Text("sub"), lambda: Number(4), lambda: Level.LOW, lambda: Word.ONE, lambda: Color.AZURE),
        *(lambda: "r", lambda: "RED", lambda: "VERT", lambda: b"bytes", lambda: Decimal("1.5"), lambda: ["x"]),
        *(lambda: datetime(2026, 3, 1, 12, 0), lambda: date(2026, 3, 1), dict, lambda: Undefined),  # noqa: DTZ001
        *(lambda: datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=2))), lambda: AwaitedClass("text")),
        *(lambda: datetime(2026, 3, 1, tzinfo=timezone.utc), lambda: (), lambda: old_coroutine("text")),  # noqa: UP017
        *(lambda: ValueError, lambda: "refused"),
    ]
    return random.choice(kinds)()
