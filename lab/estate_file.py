# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML into dataclasses: the annotations are the schema, and every refusal names the file, the line and the key."""

from __future__ import annotations

import dataclasses
import types
import typing as t
from pathlib import Path

import yaml

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as quick where it is there
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "yes or no"}


class EstateError(Exception):
    """What is wrong in an estate: one sentence with the place."""


class Place(t.NamedTuple):
    file: str
    line: int
    path: str

    def error(self, sentence: str) -> EstateError:
        return EstateError(f"{self.file}, line {self.line}, {self.path or 'the estate'}: {sentence}")


class Document:
    """A read YAML file. ``places`` keeps where each dataclass instance stood, for checks that look across the file."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._places: dict[int, Place] = {}
        self._keys: dict[tuple[int, str], Place] = {}
        self._hints: dict[type, tuple[dict[str, t.Any], dict[str, dataclasses.Field[t.Any]]]] = {}
        self._kept: list[t.Any] = []  # ids stay valid only while the objects live
        try:
            self._loader = Loader(text)
            self.root = self._loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise EstateError(f"{name}, line {line}: this is not YAML ({error.problem or error.context}).") from error
        except yaml.YAMLError as error:
            raise EstateError(f"{name}: this is not YAML ({error}).".replace("\n", " ")) from error

    @classmethod
    def open(cls, path: Path) -> Document:
        try:
            return cls(path.read_text(encoding="utf-8"), path.name)
        except OSError as error:
            raise EstateError(f"The estate {path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise EstateError(f"The estate {path} is not UTF-8 text.") from error

    def place(self, owner: t.Any, key: str = "") -> Place:
        """Where a dataclass instance stands, or one of its keys if it was written."""
        own = self._places[id(owner)]
        if not key:
            return own
        return self._keys.get((id(owner), key), own._replace(path=f"{own.path}.{key}".lstrip(".")))

    def read(self, kind: type[t.Any]) -> t.Any:
        if self.root is None:
            raise EstateError(f"{self.name}: the file is empty.")
        return self._read(self.root, kind, "")

    def _at(self, node: yaml.Node, path: str) -> Place:
        return Place(self.name, node.start_mark.line + 1, path)

    def _read(self, node: yaml.Node, kind: t.Any, path: str) -> t.Any:
        if kind is t.Any:
            return self._raw(node, path)
        origin = t.get_origin(kind)
        if origin in (types.UnionType, t.Union):
            return self._union(node, t.get_args(kind), path)
        if origin is tuple:
            if not isinstance(node, yaml.SequenceNode):
                raise self._at(node, path).error("a list is wanted here.")
            inner = t.get_args(kind)[0]
            return tuple(self._read(item, inner, f"{path}[{i}]") for i, item in enumerate(node.value))
        if origin is dict:
            inner = t.get_args(kind)[1]
            return {name: self._read(value, inner, f"{path}.{name}") for name, _key, value in self._pairs(node, path)}
        if dataclasses.is_dataclass(kind):
            return self._instance(node, t.cast(type, kind), path)
        return self._scalar(node, kind, path)

    def _union(self, node: yaml.Node, kinds: tuple[t.Any, ...], path: str) -> t.Any:
        classes = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
        if type(None) in kinds:
            if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null":
                return None
            return self._read(node, next(kind for kind in kinds if kind is not type(None)), path)
        # Dataclasses side by side are told apart by a required key that only one of them has.
        names = {name for name, _key, _value in self._pairs(node, path)}
        for kind in classes:
            others = {f.name for other in classes if other is not kind for f in dataclasses.fields(other)}
            if any(f.name in names and f.name not in others and _required(f) for f in dataclasses.fields(kind)):
                return self._instance(node, t.cast(type, kind), path)
        wanted = " or ".join(
            f"'{f.name}'"
            for kind in classes
            for f in dataclasses.fields(kind)
            if _required(f)
            and not any(f.name in [o.name for o in dataclasses.fields(c)] for c in classes if c is not kind)
        )
        raise self._at(node, path).error(f"the entry needs the key {wanted}.")

    def _instance(self, node: yaml.Node, kind: type, path: str) -> t.Any:
        if kind not in self._hints:
            self._hints[kind] = (t.get_type_hints(kind), {f.name: f for f in dataclasses.fields(kind)})
        hints, fields = self._hints[kind]
        values: dict[str, t.Any] = {}
        places: dict[str, Place] = {}
        for name, key, value in self._pairs(node, path):
            if name not in fields:
                near = ", ".join(sorted(fields))
                raise self._at(key, f"{path}.{name}".lstrip(".")).error(
                    f"this key is not known; {kind.__name__.lower()} has {near}."
                )
            where = f"{path}.{name}".lstrip(".")
            values[name] = self._read(value, hints[name], where)
            places[name] = self._at(key, where)
        missing = [name for name, f in fields.items() if _required(f) and name not in values]
        if missing:
            raise self._at(node, path).error(f"the required key '{missing[0]}' is missing.")
        instance = kind(**values)
        self._kept.append(instance)
        self._places[id(instance)] = self._at(node, path)
        self._keys.update({(id(instance), name): place for name, place in places.items()})
        return instance

    def _pairs(self, node: yaml.Node, path: str) -> t.Iterator[tuple[str, yaml.Node, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self._at(node, path).error("keys with values are wanted here.")
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None:
                raise self._at(key, path).error("a key has to be text.")
            if name in seen:
                raise self._at(key, f"{path}.{name}".lstrip(".")).error("this key is there twice.")
            seen.add(name)
            yield name, key, value

    def _scalar(self, node: yaml.Node, kind: type, path: str) -> t.Any:
        word = WORDS[kind]
        if not isinstance(node, yaml.ScalarNode):
            raise self._at(node, path).error(f"{word} is wanted here, not a list or keys.")
        value = self._loader.construct_object(node)
        if kind is str and not isinstance(value, str):
            if node.tag == "tag:yaml.org,2002:timestamp":
                return node.value
            raise self._at(node, path).error(f"text is wanted here; put {node.value or 'it'} in quotes.")
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise self._at(node, path).error(f"{word} is wanted here, not {node.value!r}.")
        return value

    def _raw(self, node: yaml.Node, path: str) -> t.Any:
        if isinstance(node, yaml.MappingNode):
            return {name: self._raw(value, f"{path}.{name}") for name, _key, value in self._pairs(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self._raw(item, f"{path}[{i}]") for i, item in enumerate(node.value)]
        try:
            return self._loader.construct_object(node)
        except yaml.YAMLError as error:
            raise self._at(node, path).error("this value is not plain YAML.") from error


def _required(field: dataclasses.Field[t.Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
