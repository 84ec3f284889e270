# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a performer performs with: the end that takes calls and answers them.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import NoSession


@dataclass
class Reply:
    """Of one request: per call its rows, the ends of the calls that were made, and host output."""

    rows: list[list[list[Any]]]
    ends: list[dict[str, Any]]
    output: list[str] = field(default_factory=list)


class ShellLike(Protocol):
    """The end that performs: a warm PowerShell, a name server's connection, a test's dictionaries."""

    @property
    def hello(self) -> Mapping[str, Any]: ...

    @property
    def scope(self) -> str: ...

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply: ...


class NoShell:
    """A host that is only a name in this run: in check mode it looks empty, otherwise it cannot be asked."""

    def __init__(self, host: str) -> None:
        self.host = host

    @property
    def hello(self) -> Mapping[str, Any]:
        return {}

    @property
    def scope(self) -> str:
        return self.host

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        raise NoSession(f"{self.host} has no session in this run, so it cannot be asked or changed.")


def full_name(hello: Mapping[str, Any]) -> str:
    """The FQDN of a host as it says itself, in lower case: whose rows of a host's own collections are."""
    computer, domain = str(hello.get("computer") or ""), str(hello.get("domain") or "")
    return f"{computer}.{domain}".strip(".").lower()
