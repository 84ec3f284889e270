# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on purpose: what goes wrong, where, and at which call. ``lab/README.md`` lists them for whoever writes a file.

Three kinds share one list. A fault with ``cmdlet`` strikes a call inside PowerShell, one with ``operation`` strikes an
exchange of WS-Management, and one with neither is a standing condition that the world asks for by name.
"""

from __future__ import annotations

import fnmatch
import re
import threading
import typing as t
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import yaml

CALL_FAULTS = frozenset({"delay", "error", "drop", "fault", "kill_process", "kill_shell", "restart", "noise"})
OPERATION_FAULTS = frozenset({"delay", "drop", "fault", "refuse", "kill_process", "kill_shell", "restart"})
OPERATIONS = frozenset({"any", "identify", "create", "command", "send", "receive", "signal", "delete"})


@dataclass
class Fault:
    do: str
    host: str = "*"  # FQDN, or a pattern
    cmdlet: str | None = None  # name or pattern of a cmdlet or executable
    operation: str | None = None
    when: str = "before"  # before | after the effect
    nth: int = 1  # strikes from the nth match on …
    times: int = 1  # … this often; 0: from then on always
    seconds: float = 0.0
    code: int = 0  # WSManFault code
    subcode: str = ""
    id: str = "ProcessingFailed"  # of a PowerShell error
    category: str = "InvalidOperation"
    exception: str = "System.InvalidOperationException"
    message: str = "A fault of the lab."
    lines: list[str] = field(default_factory=list)  # host lines put between the frames
    prompt: str = ""  # text without a line end
    clixml: bool = False  # CLIXML on stderr
    seen: int = 0
    struck: int = 0

    @classmethod
    def of(cls, spec: t.Mapping[str, t.Any]) -> Fault:
        """A fault from a file or a command. Raises ValueError with one sentence."""
        if not isinstance(spec, t.Mapping):
            raise ValueError(f"A fault is a mapping with the key 'do', not {spec!r}.")
        known = {item.name for item in fields(cls)} - {"seen", "struck"}
        unknown = sorted(set(map(str, spec)) - known)
        if unknown:
            raise ValueError(f"A fault has no key {unknown[0]!r}; it has {', '.join(sorted(known))}.")
        if "do" not in spec:
            raise ValueError("A fault needs the key 'do'.")
        fault = cls(**spec)
        fault._check()
        return fault

    def _check(self) -> None:
        if self.cmdlet is not None and self.operation is not None:
            raise ValueError("A fault strikes a cmdlet or an operation, not both.")
        if self.cmdlet is not None and self.do not in CALL_FAULTS:
            raise ValueError(f"A cmdlet cannot be struck by {self.do!r}, only by {', '.join(sorted(CALL_FAULTS))}.")
        if self.operation is not None:
            if self.operation not in OPERATIONS:
                raise ValueError(f"There is no operation {self.operation!r}, only {', '.join(sorted(OPERATIONS))}.")
            if self.do not in OPERATION_FAULTS:
                names = ", ".join(sorted(OPERATION_FAULTS))
                raise ValueError(f"An operation cannot be struck by {self.do!r}, only by {names}.")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(self.do)):
            raise ValueError(f"{self.do!r} is not the name of a fault.")
        if self.when not in ("before", "after"):
            raise ValueError(f"A fault strikes before or after the effect, not {self.when!r}.")
        if self.nth < 1 or self.times < 0 or self.seconds < 0:
            raise ValueError("nth counts from 1, times and seconds from 0.")

    def on(self, host: str) -> bool:
        return fnmatch.fnmatchcase(host.casefold(), self.host.casefold())

    def count(self) -> bool:
        """One more match: whether the fault strikes this time."""
        self.seen += 1
        if self.seen < self.nth or (self.times and self.struck >= self.times):
            return False
        self.struck += 1
        return True


class Faults:
    """All faults of a lab. Safe to use from several threads."""

    def __init__(self, specs: t.Iterable[t.Mapping[str, t.Any]] = ()) -> None:
        self._lock = threading.Lock()
        self._faults = [Fault.of(spec) for spec in specs]

    def add(self, specs: t.Iterable[t.Mapping[str, t.Any]]) -> None:
        """All of them or, where one is wrong, none."""
        faults = [Fault.of(spec) for spec in specs]
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def entries(self) -> list[dict[str, t.Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def for_call(self, host: str, name: str) -> tuple[Fault, ...]:
        """The faults that strike this call of a cmdlet or executable. Counts the call."""
        folded = name.casefold()
        with self._lock:
            return tuple(
                fault
                for fault in self._faults
                if fault.cmdlet is not None
                and fnmatch.fnmatchcase(folded, fault.cmdlet.casefold())
                and fault.on(host)
                and fault.count()
            )

    def for_operation(self, host: str, operation: str) -> tuple[Fault, ...]:
        """The faults that strike this exchange of WS-Management. Counts the exchange."""
        with self._lock:
            return tuple(
                fault
                for fault in self._faults
                if fault.operation in (operation, "any") and fault.on(host) and fault.count()
            )

    def active(self, name: str, host: str = "*") -> Fault | None:
        """A standing condition, such as ``stall_replication`` for one host."""
        with self._lock:
            for fault in self._faults:
                standing = fault.cmdlet is None and fault.operation is None
                if standing and fault.do == name and (host == "*" or fault.on(host)):
                    return fault
        return None


def read_specs(text: str) -> list[t.Mapping[str, t.Any]]:
    """Faults as JSON or YAML: one mapping, a list of them, or a mapping with the key ``faults``."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise ValueError(f"The faults are neither JSON nor YAML: {exc}.") from exc
    if isinstance(data, dict) and "faults" in data:
        data = data["faults"]
    if isinstance(data, dict):
        data = [data]
    if not isinstance(data, list):
        raise ValueError("Faults are a mapping or a list of mappings.")
    return data


def read_file(path: Path) -> list[t.Mapping[str, t.Any]]:
    return read_specs(path.read_text(encoding="utf-8"))
