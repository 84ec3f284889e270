# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that modules, sessions and daemons know, as types: what they say is for people, what they are is for code.

Errors cross the socket between module and daemon: `to_json` and `from_json` keep type and content.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

COMMAND_NOT_FOUND = "CommandNotFoundException"


@dataclass(frozen=True)
class RemoteException:
    """One exception of a chain, outermost first."""

    type: str
    hresult: int | None
    message: str


@dataclass(frozen=True)
class RemoteError:
    """An error record of PowerShell. Decide on `name`, `category` and exception types: `message` is localised."""

    id: str
    category: str = "NotSpecified"
    target: str = ""
    exceptions: tuple[RemoteException, ...] = ()

    @property
    def name(self) -> str:
        """The FullyQualifiedErrorId without the class that raised it."""
        return self.id.split(",")[0]

    @property
    def message(self) -> str:
        return next((one.message for one in self.exceptions if one.message), "")

    def has_type(self, *names: str) -> bool:
        return any(one.type in names or one.type.rsplit(".", 1)[-1] in names for one in self.exceptions)

    def shown(self) -> str:
        said = one_line(self.message)
        return f"{self.name or 'no error id'} ({self.category})" + (f": {said}" if said else "")

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "category": self.category,
            "target": self.target,
            "exceptions": [{"type": e.type, "hresult": e.hresult, "message": e.message} for e in self.exceptions],
        }

    @classmethod
    def from_json(cls, data: object) -> RemoteError:
        if not isinstance(data, Mapping):
            raise BadAnswer("The server's answer holds an error that is not an error record.")
        chain = data.get("exceptions") or ()
        return cls(
            id=str(data.get("id") or ""),
            category=str(data.get("category") or "NotSpecified"),
            target=str(data.get("target") or ""),
            exceptions=tuple(
                RemoteException(
                    str(one.get("type") or ""),
                    one.get("hresult") if isinstance(one.get("hresult"), int) else None,
                    str(one.get("message") or ""),
                )
                for one in chain
                if isinstance(one, Mapping)
            ),
        )


def one_line(text: str, limit: int = 500) -> str:
    """A server's text in one of our sentences: on one line, without control and direction characters, not endless."""
    line = " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


class MigrationError(Exception):
    """Base of all that a module reports with one sentence."""

    kind = "error"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def facts(self) -> dict[str, Any]:
        """What goes beside the sentence into a module's result."""
        return {}

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text, **self.facts()}

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> MigrationError:
        return cls(str(data.get("text", "")))

    @classmethod
    def restored(cls, data: Mapping[str, Any]) -> Self:
        """For kinds whose sentence is made of their parts: the finished sentence, without making it again."""
        error = cls.__new__(cls)
        MigrationError.__init__(error, str(data.get("text", "")))
        return error


class InvalidInput(MigrationError):
    """A value of an option, or what the options ask of this organisation, cannot be."""

    kind = "invalid_input"


class InvalidRequest(MigrationError):
    """A request that the collection itself must never make: a write in check mode, a null, a wildcard in a write."""

    kind = "invalid_request"


class NotReady(MigrationError):
    """Something has not come true within its time, or is missing before a step can begin."""

    kind = "not_ready"


class StateError(MigrationError):
    """The state directory, the journal or the plan cannot be trusted or written."""

    kind = "state"


class Unreachable(MigrationError):
    """No session can be had with the host: it is down, refuses us, or is not the host that the inventory says."""

    kind = "unreachable"


class NoSession(Unreachable):
    """The host has no session in this run: it is only a name."""

    kind = "no_session"


class NeverRan(MigrationError):
    """The request did not reach PowerShell: the server proved it."""

    kind = "never_ran"


class InDoubt(MigrationError):
    """The connection was lost after the request was sent: whether it ran is not known."""

    kind = "in_doubt"


class AnswerTimeout(InDoubt):
    """No answer within the time that the request had."""

    kind = "answer_timeout"


class BadAnswer(InDoubt):
    """The answer breaks the rules of the wire: nothing in it is believed."""

    kind = "bad_answer"


class Refused(MigrationError):
    """A law of the migration forbids the change as things stand. Nothing was sent."""

    kind = "refused"

    def __init__(self, reasons: list[str] | tuple[str, ...]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(" ".join(self.reasons))

    def facts(self) -> dict[str, Any]:
        return {"reasons": list(self.reasons)}

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> MigrationError:
        reasons = data.get("reasons")
        return cls([str(r) for r in reasons] if isinstance(reasons, list) else [str(data.get("text", ""))])


class CmdletFailed(MigrationError):
    """The server refused a call. `errors` holds what it said."""

    kind = "cmdlet_failed"

    def __init__(self, text: str, errors: tuple[RemoteError, ...] = (), call: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.errors = errors
        self.call = dict(call or {})

    def facts(self) -> dict[str, Any]:
        return {"errors": [one.to_json() for one in self.errors], "call": self.call}

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> MigrationError:
        errors = tuple(RemoteError.from_json(one) for one in data.get("errors") or ())
        return cls(str(data.get("text", "")), errors, data.get("call") or {})


class NoCmdlet(CmdletFailed):
    """The host does not know the cmdlet: its management tools are missing or of another version."""

    kind = "no_cmdlet"


class Mismatch(MigrationError):
    """What is read after a write is not what the write declared."""

    kind = "mismatch"


def _all_kinds(cls: type[MigrationError]) -> dict[str, type[MigrationError]]:
    found = {cls.kind: cls}
    for sub in cls.__subclasses__():
        found.update(_all_kinds(sub))
    return found


def from_json(data: Mapping[str, Any]) -> MigrationError:
    """The error that `to_json` described; of an unknown kind it is still an error with its sentence."""
    return _all_kinds(MigrationError).get(str(data.get("kind")), MigrationError).rebuild(data)
