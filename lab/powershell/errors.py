# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell's error records, as handlers raise them and as they look in a frame."""

from __future__ import annotations

import typing as t

# What .NET gives each exception type; the ones not listed have the base class's.
HRESULTS: dict[str, int] = {
    "System.Exception": -2146233088,
    "System.SystemException": -2146233087,
    "System.ArgumentException": -2147024809,
    "System.ArgumentNullException": -2147467261,
    "System.FormatException": -2146233033,
    "System.InvalidOperationException": -2146233079,
    "System.NotSupportedException": -2146233067,
    "System.TimeoutException": -2146233083,
    "System.UnauthorizedAccessException": -2147024891,
    "System.IO.IOException": -2146232800,
    "System.IO.FileNotFoundException": -2147024894,
    "System.IO.DirectoryNotFoundException": -2147024893,
    "System.Management.Automation.CommandNotFoundException": -2146233087,
    "System.Management.Automation.ParameterBindingException": -2146233087,
    "System.Management.Automation.PSInvalidOperationException": -2146233079,
    "System.Management.Automation.RuntimeException": -2146233087,
}


class Inner(t.NamedTuple):
    """An exception inside another."""

    type: str
    message: str
    hresult: int | None = None


class PSError(Exception):
    """An error record. Raised by a handler it ends the cmdlet; given to ``Call.write_error`` it does not.

    ``id`` is FullyQualifiedErrorId without the class, unless it already has a comma; the stand-in appends the class.
    """

    def __init__(
        self,
        id: str,
        category: str,
        exception_type: str,
        message: str,
        target: str = "",
        inner: t.Sequence[Inner | tuple[str, str]] = (),
        hresult: int | None = None,
    ) -> None:
        super().__init__(message)
        self.id = id
        self.category = category
        self.exception_type = exception_type
        self.message = message
        self.target = target
        self.inner = tuple(Inner(*item) for item in inner)
        self.hresult = hresult

    def chain(self) -> list[Inner]:
        return [Inner(self.exception_type, self.message, self.hresult), *self.inner]

    def of_class(self, class_name: str) -> PSError:
        """The same error with the cmdlet's class behind its id, unless one is there."""
        if not class_name or "," in self.id:
            return self
        full = f"{self.id},{class_name}"
        return PSError(full, self.category, self.exception_type, self.message, self.target, self.inner, self.hresult)

    def to_frame(self) -> dict[str, t.Any]:
        """The error as ConvertTo-JsonError writes it."""
        return {
            "id": self.id,
            "category": self.category,
            "target": self.target,
            "exceptions": [
                {
                    "type": item.type,
                    "hresult": item.hresult if item.hresult is not None else HRESULTS.get(item.type, -2146233088),
                    "message": item.message,
                }
                for item in self.chain()
            ],
        }

    def __repr__(self) -> str:
        return f"PSError({self.id!r}, {self.category!r}, {self.exception_type!r}, {self.message!r})"


def command_not_found(name: str) -> PSError:
    return PSError(
        "CommandNotFoundException",
        "ObjectNotFound",
        "System.Management.Automation.CommandNotFoundException",
        name,
    )


def prompt_refused(target: str = "") -> PSError:
    """What a C# cmdlet's ShouldProcess or ShouldContinue prompt ends in under -NonInteractive."""
    return PSError(
        "InvalidOperation",
        "InvalidOperation",
        "System.Management.Automation.PSInvalidOperationException",
        "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.",
        target,
    )


def plain(
    exception_type: str,
    message: str,
    target: str = "",
    inner: t.Sequence[Inner | tuple[str, str]] = (),
) -> PSError:
    """A cmdlet that throws a plain exception: the id is the type's full name."""
    return PSError(exception_type, "NotSpecified", exception_type, message, target, inner)


def parameter_already_bound(name: str) -> PSError:
    return PSError(
        "ParameterAlreadyBound",
        "InvalidArgument",
        "System.Management.Automation.ParameterBindingException",
        f"Cannot bind parameter because parameter '{name}' is specified more than once.",
    )


def cannot_start(reason: str) -> PSError:
    """An executable that Start-Process could not start."""
    return PSError(
        "InvalidOperationException,Microsoft.PowerShell.Commands.StartProcessCommand",
        "InvalidOperation",
        "System.InvalidOperationException",
        f"This command cannot be run due to the error: {reason}.",
    )


def method_failed(exception_type: str, message: str) -> PSError:
    """A .NET method's exception, as PowerShell wraps it."""
    return PSError(
        exception_type.rpartition(".")[2],
        "NotSpecified",
        "System.Management.Automation.MethodInvocationException",
        f'Exception calling a method: "{message}"',
        inner=(Inner(exception_type, message),),
    )
