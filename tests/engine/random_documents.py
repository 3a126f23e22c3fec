"""Random documents of any schema, and random values for their variables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLSchema,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
    is_union_type,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import NoUnusedFragmentsRule, NoUnusedVariablesRule

RULES = [rule for rule in specified_rules if rule not in {NoUnusedFragmentsRule, NoUnusedVariablesRule}]
JUNK = (None, True, 0, -1, 2**40, 1.5, "", "text", [], [None], {}, {"number": None}, [1, "x"])
INPUTS: dict[str, Sequence[Any]] = {
    "String": ("text", "", "ünï"),
    "ID": ("1", 2),
    "Int": (0, 5, -7),
    "Float": (1, 2.5),
    "Boolean": (True, False),
    "DateTime": ("2026-03-01T14:05:00+02:00", "2026-03-01T14:05:00Z", "2026-03-01"),
    "Snowflake": ("1300000000000000001", 1300000000000000002),
}


@dataclass
class Variable:
    name: str
    type: Any
    written_type: str
    default: str | None


@dataclass
class Documents:
    """Writes one document; `inputs` are the values of scalars to ask with."""

    schema: GraphQLSchema
    random: Random
    inputs: Mapping[str, Sequence[Any]] = field(default_factory=lambda: INPUTS)
    depth: int = 4
    roots: frozenset[str] | None = None
    variables: list[Variable] = field(default_factory=list)
    fragments: list[tuple[str, Any, str]] = field(default_factory=list)
    aliases: int = 0
    budget: int = 0  # fields left to write

    def text(self) -> tuple[str, DocumentNode, list[str | None]] | None:
        """A valid document and the names of its operations; None where it came out as no valid one."""
        random = self.random
        self.budget = random.choice((5, 12, 30))
        kinds = [random.choice(("query", "query", "query", "mutation"))]
        if random.random() < 0.15:
            kinds.append(random.choice(("query", "mutation")))
        if self.schema.mutation_type is None or self.roots is not None:
            kinds = ["query"] * len(kinds)
        bodies = [
            (kind, self.selection(self.schema.mutation_type if kind == "mutation" else self.schema.query_type, 0))
            for kind in kinds
        ]
        names: list[str | None] = [None] if len(bodies) == 1 and random.random() < 0.5 else []
        written: list[str] = []
        for number, (kind, body) in enumerate(bodies):
            if not names or number:
                names.append(f"Operation{number}")
            defined = [
                f"${each.name}: {each.written_type}{f' = {each.default}' if each.default else ''}"
                for each in self.variables
            ]
            header = f"({', '.join(defined)})" if defined else ""
            written.append(f"{kind} {names[number] or ''}{header} {body}")
        written += [f"fragment {name} on {of.name} {body}" for name, of, body in self.fragments]
        text = "\n".join(written)
        document = parse(text)
        return None if validate(self.schema, document, RULES) else (text, document, names)

    def values(self) -> dict[str, Any]:
        """Values for the variables: most of them fine, some missing, null or of another type."""
        values: dict[str, Any] = {}
        odd = self.random.random() < 0.25
        for each in self.variables:
            roll = self.random.random() if odd else self.random.uniform(0.2, 1)
            if roll < 0.05 or (roll < 0.3 and (each.default or not is_non_null_type(each.type))):
                continue
            if odd and roll < 0.37:
                values[each.name] = self.random.choice(JUNK) if roll < 0.34 else None
            else:
                values[each.name] = self.value(each.type)
        return values

    def selection(self, of: Any, depth: int) -> str:
        random = self.random
        parts: list[str] = []
        fields = [] if is_union_type(of) else list(of.fields.items())
        if depth == 0 and self.roots is not None:
            fields = [each for each in fields if each[0] in self.roots]
        if depth >= self.depth or self.budget <= 0:
            fields = [each for each in fields if is_leaf_type(get_named_type(each[1].type))]
        written: list[tuple[str, Any]] = []
        if depth and random.random() < 0.1:
            return "{ __typename }"  # its object's class is all that is looked at
        for _ in range(random.randint(1, 5 if depth else 3)):
            roll = random.random()
            if roll < 0.08 or (not fields and (is_union_type(of) is False or roll < 0.3)):
                parts.append(f"{self.alias()}__typename{self.condition()}")
            elif (roll < 0.3 or not fields) and depth < self.depth and (self.budget > 0 or is_union_type(of)):
                parts.append(self.fragment(of, depth))
            elif roll < 0.38 and written:
                prefix, definition = random.choice(written)  # merged with the one before
                self.budget -= 1
                parts.append(prefix + self.below(definition, depth))
            elif fields:
                self.budget -= 1
                name, definition = random.choice(fields)
                arguments = self.arguments(definition)
                head = f"{self.alias(needed=bool(definition.args))}{name}{arguments}"
                if not any(prefix == head for prefix, _ in written):
                    written.append((head, definition))
                parts.append(head + self.condition() + self.below(definition, depth))
        return f"{{ {' '.join(parts or ['__typename'])} }}"

    def below(self, definition: Any, depth: int) -> str:
        named = get_named_type(definition.type)
        return "" if is_leaf_type(named) else f" {self.selection(named, depth + 1)}"

    def alias(self, *, needed: bool = False) -> str:
        if not needed and self.random.random() < 0.75:
            return ""
        self.aliases += 1
        return f"a{self.aliases}: "

    def fragment(self, of: Any, depth: int) -> str:
        random = self.random
        possible = [of, of, *(self.schema.get_possible_types(of) if not hasattr(of, "is_type_of") else of.interfaces)]
        on = random.choice(possible)
        if random.random() < 0.5:
            condition = f" on {on.name}" if on is not of or random.random() < 0.5 else ""
            return f"...{condition}{self.condition()} {self.selection(on, depth)}"
        known = [name for name, other, _ in self.fragments if other is on and depth > 0]
        if known and random.random() < 0.6:
            return f"...{random.choice(known)}{self.condition()}"
        body = self.selection(on, depth)
        name = f"F{len(self.fragments)}"
        self.fragments.append((name, on, body))
        return f"...{name}{self.condition()}"

    def condition(self) -> str:
        random = self.random
        if random.random() < 0.88:
            return ""
        directive = random.choice(("skip", "include"))
        if random.random() < 0.3:
            return f" @{directive}(if: {random.choice(('true', 'false'))})"
        known = [each for each in self.variables if each.name.startswith("c")]
        if not known or (len(known) < 3 and random.random() < 0.5):
            written, default = random.choice((("Boolean!", None), ("Boolean! ", "true"), ("Boolean", "false")))
            boolean = self.schema.type_map["Boolean"]
            known = [Variable(f"c{len(self.variables)}", boolean, written.strip(), default)]
            self.variables += known
        return f" @{directive}(if: ${random.choice(known).name})"

    def arguments(self, definition: Any) -> str:
        random = self.random
        written: list[str] = []
        for name, argument in definition.args.items():
            if not is_required_argument(argument) and random.random() < 0.4:
                continue
            if random.random() < 0.5:
                written.append(f"{name}: {self.literal(argument.type)}")
                continue
            of: Any = argument.type
            default = None
            if is_non_null_type(of):
                if random.random() < 0.3:
                    of = of.of_type
                    default = self.literal(argument.type)
            elif random.random() < 0.3:
                default = self.literal(of)
            variable = Variable(f"v{len(self.variables)}", of, str(of), default)
            self.variables.append(variable)
            inside = is_list_type(of) and not is_non_null_type(of) and random.random() < 0.2
            written.append(
                f"{name}: [${variable.name}]" if inside and is_list_type(of.of_type) else f"{name}: ${variable.name}"
            )
        return f"({', '.join(written)})" if written else ""

    def value(self, of: Any) -> Any:
        """A value as JSON has it; enums as their names."""
        random = self.random
        if is_non_null_type(of):
            of = of.of_type
        elif random.random() < 0.12:
            return None
        if is_list_type(of):
            if random.random() < 0.15:
                return self.value(of.of_type)  # one stands for a list of one
            return [self.value(of.of_type) for _ in range(random.randint(0, 2))]
        if is_enum_type(of):
            return random.choice(list(of.values))
        if is_input_object_type(of):
            fields = list(of.fields.items())
            if of.is_one_of:
                name, each = random.choice(fields)
                return {name: self.value(each.type)}
            return {
                name: self.value(each.type)
                for name, each in fields
                if is_required_input_field(each) or random.random() < 0.5
            }
        return random.choice(self.inputs.get(of.name, ("text", "fine", 5)))

    def literal(self, of: Any) -> str:
        return self._written(self.value(of), of)

    def _written(self, value: Any, of: Any) -> str:
        of = of.of_type if is_non_null_type(of) else of
        if value is None:
            return "null"
        if is_list_type(of):
            if isinstance(value, list):
                return f"[{', '.join(self._written(each, of.of_type) for each in value)}]"
            return self._written(value, of.of_type)
        if is_enum_type(of):
            return value
        if is_input_object_type(of):
            members = [f"{name}: {self._written(each, of.fields[name].type)}" for name, each in value.items()]
            return f"{{ {', '.join(members)} }}"
        return json.dumps(value, ensure_ascii=False)
