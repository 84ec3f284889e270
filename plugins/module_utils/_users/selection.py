# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which users a task means, and which pool takes whom. Without any server.

A filter that the server is given narrows what is read. Who is meant is decided here, by the values that came back; the one
exception is an LDAP filter of the operator's own, which only the directory understands.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.collections import ldap_escape
from .._engine.errors import InvalidInput
from .._settings.names import BadName, dn, domain, fqdn, shown, sip_uri
from .reading import address, from_ocs, ocs_pool, registrar

Row = Mapping[str, Any]

FILTERS = ("organizational_units", "sip_domains", "source_pools", "ldap_filter", "users_file")
"""Options of a module that narrow whom it means."""
NARROWED = 50
"""So many users are asked for by their addresses; more are read with all others."""
FILE_BYTES, FILE_LINES = 64_000_000, 1_000_000
FILTER_CHARACTERS, FILTER_DEPTH = 4_000, 30
_ADDRESS = "msRTCSIP-PrimaryUserAddress"


# --- distinguished names

_RDN = re.compile(r"(?:\\.|[^\\,])+", re.DOTALL)
_ESCAPE = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)


def rdns(text: str) -> tuple[str, ...]:
    """The parts of a distinguished name in the one form in which they are compared."""
    parts = []
    for part in _RDN.findall(text):
        kind, _equals, value = part.strip(" ").partition("=")
        parts.append(f"{kind.strip(' ')}={_ESCAPE.sub(_plain, value.strip(' '))}".casefold())
    return tuple(parts)


def _plain(escaped: re.Match[str]) -> str:
    """Characters that a distinguished name had to write otherwise: bytes of UTF-8 in hex, or after a backslash."""
    if escaped.group(1):
        return bytes.fromhex(escaped.group(1).replace("\\", "")).decode("utf-8", "replace")
    return escaped.group(2)


def below(identity: str, unit: tuple[str, ...]) -> bool:
    """Whether an object is in this organizational unit or in one below it."""
    return rdns(identity)[1:][-len(unit) :] == unit


# --- filters


def checked_filter(text: str) -> str:
    """An LDAP filter as RFC 4515 writes it, from its first bracket to its last one. Its values are the directory's to read."""
    if len(text) > FILTER_CHARACTERS:
        raise InvalidInput(f"ldap_filter has {len(text)} characters, more than {FILTER_CHARACTERS}.")
    end = _component(text, 0, 0)
    if end != len(text):
        raise _no_filter(text, end)
    return text


_ITEM = re.compile(r"\([A-Za-z][\w;.:-]*(?:=|>=|<=|~=)(?:[^()\\\x00]|\\[0-9A-Fa-f]{2})*\)")


def _component(text: str, at: int, depth: int) -> int:
    """Where the component that begins here ends."""
    if depth > FILTER_DEPTH:
        raise InvalidInput("ldap_filter is nested too deeply.")
    if text[at : at + 2] in ("(&", "(|", "(!"):
        negated, at, count = text[at + 1] == "!", at + 2, 0
        while text[at : at + 1] == "(":
            at, count = _component(text, at, depth + 1), count + 1
        if text[at : at + 1] != ")" or not count or (negated and count > 1):
            raise _no_filter(text, at)
        return at + 1
    end = text.find(")", at) + 1
    if not _ITEM.fullmatch(text[at:end]):
        raise _no_filter(text, at)
    return end


def _no_filter(text: str, at: int) -> InvalidInput:
    return InvalidInput(
        f"ldap_filter: {shown(text)} is no LDAP filter (RFC 4515) from its character {at + 1} on. A filter such as "
        "(department=Sales) is wanted; in a value, * ( ) and \\ are written \\2a \\28 \\29 and \\5c."
    )


def either(attribute: str, values: Iterable[str]) -> str:
    """A filter for any of these values, which are literal: none of their characters is taken for more than a character."""
    parts = [f"({attribute}={ldap_escape(one)})" for one in values]
    return parts[0] if len(parts) == 1 else f"(|{''.join(parts)})"


def in_domains(names: Iterable[str]) -> str:
    parts = [f"({_ADDRESS}=*@{ldap_escape(one)})" for one in names]
    return parts[0] if len(parts) == 1 else f"(|{''.join(parts)})"


# --- a file of addresses


def addresses_in(path: str) -> tuple[str, ...]:
    """SIP addresses of a file on the controller: one on each line; empty lines and those that begin with # say nothing."""
    try:
        handle = os.open(os.path.expanduser(path), os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_BYTES:
                raise InvalidInput(f"users_file: {shown(path)} is no file of at most {FILE_BYTES} bytes.")
            lines = file.read(FILE_BYTES).decode("utf-8-sig").splitlines()
    except OSError as exc:
        raise InvalidInput(f"users_file: {shown(path)} cannot be read on the controller ({exc.strerror}).") from exc
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"users_file: {shown(path)} is not in UTF-8: save it again in that encoding.") from exc
    if len(lines) > FILE_LINES:
        raise InvalidInput(f"users_file: {shown(path)} has more than {FILE_LINES} lines.")
    found: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and not text.startswith("#"):
            found[_checked(f"users_file, line {number}", sip_uri, text).lower()] = None
    return tuple(found)


def _checked(option: str, check: Any, text: str) -> str:
    try:
        return str(check(text))
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


# --- who is meant


@dataclass(frozen=True)
class Selection:
    """Users of any of these units, and any of these SIP domains, and so on. What is left out means everybody."""

    units: tuple[tuple[str, ...], ...] = ()
    domains: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    addresses: frozenset[str] | None = None
    ldap_filter: str | None = None
    unit: str | None = field(default=None, compare=False)
    """The organizational unit as it was given, where it is the only one."""

    @classmethod
    def of(cls, options: Mapping[str, Any], where: str = "") -> Selection:
        """What the options of a module, or those of one rule of it, say."""
        given = {name: _given(options, name, where) for name in ("organizational_units", "sip_domains", "source_pools")}
        units = [_checked(f"{where}organizational_units", dn, one) for one in given["organizational_units"]]
        ldap_filter = options.get("ldap_filter")
        file = options.get("users_file")
        return cls(
            tuple(dict.fromkeys(rdns(one) for one in units)),
            frozenset(_checked(f"{where}sip_domains", domain, one) for one in given["sip_domains"]),
            frozenset(_checked(f"{where}source_pools", fqdn, one) for one in given["source_pools"]),
            None if file is None else frozenset(addresses_in(file)),
            None if ldap_filter is None else checked_filter(ldap_filter.strip()),
            units[0] if len(units) == 1 else None,
        )

    def has(self, row: Row, legacy_pools: Iterable[Row] = ()) -> bool:
        own = address(row)
        if self.addresses is not None and own not in self.addresses:
            return False
        if self.domains and own.rpartition("@")[2] not in self.domains:
            return False
        if self.pools and source(row, legacy_pools) not in self.pools:
            return False
        identity = str(row.get("Identity") or "")
        return not self.units or any(below(identity, unit) for unit in self.units)

    def parameters(self, named: Iterable[str] | None = None) -> dict[str, Any]:
        """Parameters of Get-CsUser with which less is read. `named`: nobody else is meant anyway."""
        addresses = self.addresses if named is None else frozenset(named)
        filters = [] if self.ldap_filter is None else [self.ldap_filter]
        if addresses is not None and 0 < len(addresses) <= NARROWED:
            filters.append(either(_ADDRESS, sorted(addresses)))
        elif self.domains:
            filters.append(in_domains(sorted(self.domains)))
        parameters = {"OU": self.unit} if self.unit is not None else {}
        if filters:
            parameters["LdapFilter"] = filters[0] if len(filters) == 1 else f"(&{''.join(filters)})"
        return parameters


def _given(options: Mapping[str, Any], name: str, where: str) -> Sequence[str]:
    """An empty list would mean nobody to one reader and everybody to another."""
    value = options.get(name)
    if value is not None and not value:
        raise InvalidInput(f"{where}{name} is an empty list: leave it out to mean everybody.")
    return value or ()


def source(row: Row, legacy_pools: Iterable[Row] = ()) -> str:
    """FQDN of the pool that a user comes from; of Office Communications Server too, where that is clear."""
    return (ocs_pool(row, legacy_pools) or "") if from_ocs(row) else registrar(row)


# --- which pool takes whom


@dataclass(frozen=True)
class Rule:
    pool: str
    selection: Selection
    share: int | None = None

    def takes(self, row: Row, legacy_pools: Iterable[Row] = ()) -> bool:
        return self.selection.has(row, legacy_pools) and (self.share is None or drawn(self.pool, address(row)) < self.share)


def drawn(pool: str, user: str) -> float:
    """A number from 0 to below 100 that a user has for a pool, the same one in each run."""
    digest = hashlib.blake2b(f"{pool}\0{user}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") * 100 / 2**64


@dataclass(frozen=True)
class Partition:
    """Everybody goes to the pool of the first rule that takes him, and to the last pool where none does."""

    rules: tuple[Rule, ...]
    last: str

    @classmethod
    def of(cls, rules: Sequence[Mapping[str, Any]], last: str) -> Partition:
        made = []
        for number, rule in enumerate(rules, 1):
            where = f"targets, rule {number}: "
            share = rule.get("share")
            if share is not None and not 1 <= share <= 100:
                raise InvalidInput(f"{where}share is {share}: 1 to 100 is wanted.")
            made.append(Rule(_checked(f"{where}pool", fqdn, rule["pool"]), Selection.of(rule, where), share))
            if made[-1].selection == Selection() and share is None and number < len(rules):
                raise InvalidInput(f"{where}it takes everybody, so that no rule after it takes anybody: put it last.")
        return cls(tuple(made), last)

    def pool(self, row: Row, legacy_pools: Iterable[Row] = ()) -> str:
        return next((rule.pool for rule in self.rules if rule.takes(row, legacy_pools)), self.last)

    @property
    def pools(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*(rule.pool for rule in self.rules), self.last]))

    @property
    def by_source(self) -> bool:
        return any(rule.selection.pools for rule in self.rules)
