# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight modules share: a finding as one sentence, what a read said, and how the findings end a task.

A check is a pure function from what was read to findings. What could not be read is a finding of the severity
`unknown`: it is said, and stops nobody.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .._engine.calls import Call
from .._engine.errors import COMMAND_NOT_FOUND, InvalidInput, MigrationError, NoSession, RemoteError, one_line
from .._engine.module import Report, Task

ERROR, WARNING, UNKNOWN = "error", "warning", "unknown"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it has to be, or that could not be seen."""

    id: str
    severity: str
    what: str
    wanted: str
    found: str
    do: str

    @property
    def sentence(self) -> str:
        said = (one_line(one) for one in (self.what, self.wanted, self.found, self.do))
        return "{} should be {}, but is {}: {}.".format(*said)


class NotPrepared(MigrationError):
    """Preflight found what would stop the migration half-way. Nothing was changed."""

    kind = "not_prepared"

    def __init__(self, where: str, findings: Sequence[Finding]) -> None:
        self.findings = [asdict(one) for one in findings]
        count = "one thing is" if len(findings) == 1 else f"{len(findings)} things are"
        ids = ", ".join(dict.fromkeys(one.id for one in findings))
        said = " ".join(one.sentence for one in findings)
        super().__init__(
            f"{where} is not ready: {count} not as needed, and nothing was changed. {said} "
            f"(What you take the risk of goes by its id into accept: {ids}.)"
        )

    def facts(self) -> dict[str, Any]:
        return {"findings": self.findings}

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> NotPrepared:
        error = cls.restored(data)
        error.findings = [dict(one) for one in data.get("findings") or ()]
        return error


@dataclass(frozen=True)
class Look:
    """What one read said: its rows, or the text that a program printed; and why there is nothing."""

    rows: tuple[Row, ...] = ()
    errors: tuple[RemoteError, ...] = ()
    output: str = ""
    asked: bool = True

    @property
    def known(self) -> bool:
        return self.asked and not self.errors

    @property
    def no_cmdlet(self) -> bool:
        return any(one.name == COMMAND_NOT_FOUND for one in self.errors)

    @property
    def why(self) -> str:
        """Why it is not known, in a few words."""
        if not self.asked:
            return "there is no session with the host yet"
        if self.no_cmdlet:
            return "the host has no cmdlet for it yet"
        return "; ".join(one.shown() for one in self.errors[:2])

    def first(self, name: str) -> Any:
        return next((row.get(name) for row in self.rows), None)


NOT_ASKED = Look(asked=False)


def checked(check: Callable[[str], object], option: str, *values: str | None) -> None:
    """Texts of an option, before anything is asked with them or shown as something to be typed."""
    for value in values:
        try:
            if value is not None:
                check(value)
        except ValueError as exc:
            raise InvalidInput(f"{option}: {exc}") from exc


def ask(task: Task, calls: Mapping[str, Call], seconds: float = 300) -> dict[str, Look]:
    """All the reads in one request. In check mode a host without a session says nothing, which is no error."""
    try:
        answers = task.session.call(*calls.values(), seconds=seconds) if calls else []
    except NoSession:
        if not task.check_mode:
            raise
        return dict.fromkeys(calls, NOT_ASKED)
    return {name: _look(answer) for name, answer in zip(calls, answers, strict=True)}


def _look(answer: Mapping[str, Any]) -> Look:
    errors = tuple(answer["errors"])
    if not answer.get("ok") and not errors:
        errors = (RemoteError("NoAnswer", "NotSpecified"),)
    output = ""
    if answer.get("stdout"):
        try:  # in the host's own code page: what is looked for in it is ASCII everywhere
            output = base64.b64decode(str(answer["stdout"]), validate=True).decode("latin-1")
        except ValueError:
            output = str(answer["stdout"])
    if answer.get("exit"):
        errors = (*errors, RemoteError(f"ExitCode{answer['exit']}", "NotSpecified"))
    return Look(tuple(answer["rows"]), errors, output)


def not_known(name: str, what: str, wanted: str, why: str, do: str = "nothing needs to be done now") -> Finding:
    return Finding(name, UNKNOWN, what, wanted, f"not known ({why})", do)


def accepted(findings: Iterable[Finding], accept: Iterable[str]) -> list[Finding]:
    """The findings, with those that the operator takes the risk of as warnings."""
    named = set(accept)
    return [replace(one, severity=WARNING) if one.id in named and one.severity == ERROR else one for one in findings]


def concluded(task: Task, where: str, findings: Iterable[Finding], **more: Any) -> Report:
    """The end of a preflight: all errors at once, warnings as warnings, the rest as data."""
    judged = accepted(findings, task.params["accept"])
    for one in judged:
        if one.severity == WARNING:
            task.warn(one.sentence)
    errors = [one for one in judged if one.severity == ERROR]
    if errors:
        raise NotPrepared(where, errors)
    found = [{**asdict(one), "sentence": one.sentence} for one in judged]
    unknown = list(dict.fromkeys(one.id for one in judged if one.severity == UNKNOWN))
    return Report(False, {"ready": True, "findings": found, "not_known": unknown, **more})


def number(value: object) -> int | None:
    """A version as a number: the topology's 5 and 6, whatever comes after a point."""
    digits = str(value).partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else None
