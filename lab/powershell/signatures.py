# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cmdlets a host has, with the parameters and sets of its edition: lab/data, read when first asked for."""

from __future__ import annotations

import json
import lzma
import typing as t
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .conversion import ParameterType
from .parameter_types import parameter_type

DATA = Path(__file__).resolve().parents[1] / "data"

LYNC = ("L10", "L13", "S15", "S19")
# Windows 6.1 is Windows Server 2008 R2, 6.2 is 2012, 6.3 is 2012 R2, 10.0 is 2016 and later.
SHIPPED_WITH = {"6.1": "2.0", "6.2": "3.0", "6.3": "4.0", "10.0": "5.1"}
CATALOGUES = ("2.0", "3.0", "4.0", "5.1")


@dataclass(frozen=True)
class Edition:
    """What a host runs: which Lync tools (None: none), which Windows PowerShell, which Windows."""

    lync: str | None = "L13"
    powershell: str = "3.0"
    windows: str = "6.2"

    def __post_init__(self) -> None:
        if self.lync is not None and self.lync not in LYNC:
            raise ValueError(f"{self.lync!r} is none of the editions {', '.join(LYNC)}")
        if self.windows not in SHIPPED_WITH:
            raise ValueError(f"{self.windows!r} is none of the Windows versions {', '.join(SHIPPED_WITH)}")
        version(self.powershell)


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


@dataclass(frozen=True, slots=True)
class Parameter:
    """``sets`` has a bit per parameter set, none for a parameter of every set; ``mandatory`` those where it must be."""

    name: str
    type: ParameterType
    sets: int = 0
    mandatory: int = 0
    common: bool = False


@dataclass(frozen=True)
class Signature:
    cmdlet: str
    module: str  # "Lync" or the Windows module
    count: int
    default: int  # the bit of the default parameter set
    parameters: dict[str, Parameter]  # by lower-case name
    aliases: dict[str, Parameter]
    required: tuple[Parameter, ...]
    prefixes: dict[str, Parameter] = field(default_factory=dict, compare=False, repr=False)

    @property
    def all_sets(self) -> int:
        return (1 << self.count) - 1

    def find(self, name: str) -> Parameter | tuple[str, ...] | None:
        """The parameter of a name, an alias or an unambiguous beginning; the candidates where it is ambiguous."""
        folded = name.lower()
        exact = self.parameters.get(folded) or self.aliases.get(folded)
        if exact is not None:
            return exact
        found = self.prefixes.get(folded) or self._by_prefix(folded)
        if isinstance(found, Parameter):
            self.prefixes[folded] = found
        return found

    def _by_prefix(self, folded: str) -> Parameter | tuple[str, ...] | None:
        found: dict[str, Parameter] = {}
        for known in (self.parameters, self.aliases):
            for name, parameter in known.items():
                if folded and name.startswith(folded):
                    found[parameter.name] = parameter
        if len(found) > 1:
            own = [parameter for parameter in found.values() if not parameter.common]
            if len(own) != 1:
                return tuple(found)
            return own[0]
        return next(iter(found.values()), None)


# --- common parameters

_PREFERENCE = ("SilentlyContinue", "Stop", "Continue", "Inquire", "Ignore", "Suspend")
_COMMON: tuple[tuple[str, str, str, str], ...] = (
    ("Verbose", "SwitchParameter", "vb", "2.0"),
    ("Debug", "SwitchParameter", "db", "2.0"),
    ("ErrorAction", "ActionPreference", "ea", "2.0"),
    ("WarningAction", "ActionPreference", "wa", "2.0"),
    ("InformationAction", "ActionPreference", "infa", "5.0"),
    ("ErrorVariable", "String", "ev", "2.0"),
    ("WarningVariable", "String", "wv", "2.0"),
    ("InformationVariable", "String", "iv", "5.0"),
    ("OutVariable", "String", "ov", "2.0"),
    ("OutBuffer", "Int32", "ob", "2.0"),
    ("PipelineVariable", "String", "pv", "4.0"),
)
_COMMON_NAMES = frozenset(name.lower() for name, _type, _alias, _since in _COMMON)
_SHOULD_PROCESS = {"whatif": ("WhatIf", "wi"), "confirm": ("Confirm", "cf")}


def _common(powershell: str) -> list[tuple[Parameter, str]]:
    running = version(powershell)
    result = []
    for name, kind, alias, since in _COMMON:
        if running >= version(since):
            values = _PREFERENCE if kind == "ActionPreference" else ()
            result.append((Parameter(name, parameter_type(kind, values), common=True), alias))
    return result


# --- data


@cache
def _load(name: str) -> dict[str, t.Any]:
    data: dict[str, t.Any] = json.loads(lzma.decompress((DATA / name).read_bytes()))
    data["names"] = {cmdlet.lower(): cmdlet for cmdlet in data["cmdlets"]}
    return data


class Sets(t.NamedTuple):
    """Parameter sets as they are published: of each its mandatory and its optional parameters; what is in all of them."""

    sets: list[tuple[list[str], list[str]]]
    everywhere: list[str]
    types: dict[str, str]
    default: int | None = None


def default_set(sets: t.Sequence[tuple[t.Sequence[str], t.Sequence[str]]]) -> int:
    """The default set where none is published: the first that leaves every other set within reach.

    A set is within reach when the call with its mandatory parameters alone can be bound; a set that has none is meant to
    be called with nothing, unless it is the one that takes a whole object (-Instance). A default set that asks for more
    than another set does would swallow that set's calls and then miss parameters, so nobody ships one.
    """

    def binds(call: set[str], default: int) -> bool:
        open_sets = [
            index
            for index, (mandatory, optional) in enumerate(sets)
            if not (call & _own(sets)) - set(mandatory) - set(optional)
        ]
        if default in open_sets:
            return set(sets[default][0]) <= call
        return sum(set(sets[index][0]) <= call for index in open_sets) == 1 or len(open_sets) == 1

    def least(mandatory: t.Sequence[str], optional: t.Sequence[str]) -> set[str]:
        return set(mandatory) or {name for name in optional if name == "Instance"}

    for candidate in range(len(sets)):
        if all(binds(least(*item), candidate) for item in sets if item[0] or item[1]):
            return candidate
    return 0


def _own(sets: t.Sequence[tuple[t.Sequence[str], t.Sequence[str]]]) -> set[str]:
    return {name for mandatory, optional in sets for name in (*mandatory, *optional)}


def _lync_2013(entry: dict[str, t.Any]) -> Sets:
    page = entry["2013"]
    sets = [(each[0], each[1]) for each in page["sets"]]
    return Sets(sets, page.get("all", []), page["types"], page.get("default"))


def _lync_by_product(entry: dict[str, t.Any], product: str) -> Sets:
    """The current page without what belongs to other products; a set that loses a mandatory parameter is theirs too."""
    page = entry["now"]
    foreign = {name for name, products in page.get("prod", {}).items() if product not in products.split()}
    sets: list[tuple[list[str], list[str]]] = []
    default = None
    for name, (mandatory, optional) in page["sets"].items():
        if foreign & set(mandatory):
            continue
        item = (mandatory, [parameter for parameter in optional if parameter not in foreign])
        if item in sets:
            continue
        if name == page.get("default"):
            default = len(sets)
        sets.append(item)
    return Sets(sets or [([], [])], [], page["types"], default)


def _lync(cmdlet: str, product: str) -> Sets | None:
    data = _load("lync_cmdlets.json.xz")
    name = data["names"].get(cmdlet.lower())
    if name is None:
        return None
    entry = data["cmdlets"][name]
    if product == "L13" and "2013" in entry:
        return _lync_2013(entry)
    if product not in entry["prod"].split() or "now" not in entry:
        return None
    return _lync_by_product(entry, product)


def is_engine(module: str) -> bool:
    """Part of the Windows Management Framework: there in PowerShell's version, whatever the Windows."""
    return module.startswith("Microsoft.PowerShell.") or module == "CimCmdlets"


@cache
def _catalogued(module: str) -> frozenset[str]:
    entries = _load("windows_cmdlets.json.xz")["cmdlets"].values()
    return frozenset(edition for entry in entries if entry["module"] == module for edition in entry["in"])


def _catalogue(module: str, edition: Edition) -> str | None:
    """Which edition of the catalogue a host's module is of."""
    if is_engine(module):
        running = version(edition.powershell)
        return max((item for item in CATALOGUES if version(item) <= running), key=version, default=None)
    shipped = SHIPPED_WITH[edition.windows]
    # Some modules are missing from the newest catalogue as a whole, though Windows still has them: the last known stand.
    known = [item for item in CATALOGUES if item in _catalogued(module) and version(item) <= version(shipped)]
    return known[-1] if known else None


def _windows(cmdlet: str, edition: Edition) -> tuple[str, Sets] | None:
    data = _load("windows_cmdlets.json.xz")
    name = data["names"].get(cmdlet.lower())
    if name is None:
        return None
    entry = data["cmdlets"][name]
    catalogue = _catalogue(entry["module"], edition)
    published = entry["in"].get(catalogue)
    if isinstance(published, str):
        published = entry["in"][published[1:]]
    if published is None:
        return None
    sets: list[tuple[list[str], list[str]]] = []
    types: dict[str, str] = {}
    for item in published:
        mandatory, optional = item.get("m", {}), item.get("o", {})
        required_switches, switches = item.get("ms", []), item.get("s", [])
        types.update(mandatory, **optional)
        types.update(dict.fromkeys((*required_switches, *switches), "SwitchParameter"))
        sets.append(([*mandatory, *required_switches], [*optional, *switches]))
    # Get-Command lists the default set first; pages of documentation list them as they like.
    default = None if entry["module"] in ("DnsServer", "ActiveDirectory") else 0
    return entry["module"], Sets(sets, [], types, default)


# --- signatures


@cache
def signature(cmdlet: str, edition: Edition) -> Signature | None:
    """The cmdlet as a host of this edition has it; None where it has none of the name."""
    if edition.lync is not None:
        published = _lync(cmdlet, edition.lync)
        if published is not None:
            data = _load("lync_cmdlets.json.xz")
            name = data["names"][cmdlet.lower()]
            aliases = data["cmdlets"][name].get("alias", {})
            return _compile(name, "Lync", published, aliases, _lync_enums(edition.lync), edition)
    found = _windows(cmdlet, edition)
    if found is None:
        return None
    module, published = found
    name = _load("windows_cmdlets.json.xz")["names"][cmdlet.lower()]
    return _compile(name, module, published, {}, {}, edition)


@cache
def _lync_enums(product: str) -> dict[str, tuple[str, ...]]:
    enums = _load("lync_cmdlets.json.xz")["enums"]
    return {
        name: tuple(item.get("2013", item["all"]) if product == "L13" else item["all"]) for name, item in enums.items()
    }


def _compile(
    cmdlet: str,
    module: str,
    published: Sets,
    aliases: dict[str, str],
    enums: dict[str, tuple[str, ...]],
    edition: Edition,
) -> Signature:
    def type_of(name: str) -> ParameterType:
        kind = published.types.get(name, "")
        return parameter_type(kind, enums.get(kind.removesuffix("[]"), ()))

    sets: dict[str, int] = {}
    mandatory: dict[str, int] = {}
    for index, (required, optional) in enumerate(published.sets):
        for name in required:
            mandatory[name] = mandatory.get(name, 0) | 1 << index
        for name in (*required, *optional):
            sets[name] = sets.get(name, 0) | 1 << index
    names = {**sets, **dict.fromkeys(published.everywhere, 0)}
    parameters: dict[str, Parameter] = {}
    for name in names:
        folded = name.lower()
        if folded not in _COMMON_NAMES and folded not in _SHOULD_PROCESS and folded not in parameters:
            parameters[folded] = Parameter(name, type_of(name), sets.get(name, 0), mandatory.get(name, 0))
    by_alias = {
        alias.lower(): parameters[name.lower()] for alias, name in aliases.items() if name.lower() in parameters
    }
    for folded, (name, alias) in _SHOULD_PROCESS.items():
        # PowerShell adds them to every set of a cmdlet that supports ShouldProcess.
        if folded in {item.lower() for item in names}:
            parameters[folded] = Parameter(name, parameter_type("SwitchParameter"), common=True)
            by_alias.setdefault(alias, parameters[folded])
    for parameter, alias in _common(edition.powershell):
        parameters[parameter.name.lower()] = parameter
        by_alias.setdefault(alias, parameter)
    count = max(len(published.sets), 1)
    default = published.default if published.default is not None else default_set(published.sets)
    required_somewhere = tuple(parameter for parameter in parameters.values() if parameter.mandatory)
    return Signature(cmdlet, module, count, 1 << default, parameters, by_alias, required_somewhere)


def cmdlets(edition: Edition) -> list[str]:
    """The names of all cmdlets of a host, sorted."""
    names = {*_load("lync_cmdlets.json.xz")["cmdlets"], *_load("windows_cmdlets.json.xz")["cmdlets"]}
    return sorted(name for name in names if signature(name, edition) is not None)
