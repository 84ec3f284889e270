# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Binds named arguments to a cmdlet's parameters as Windows PowerShell does, with its errors in its order.

A name is found exactly, by alias or by an unambiguous beginning; values are converted in the order given and each bound
parameter narrows the parameter sets; only then are names that nobody knows an error, then the default set decides, then
mandatory parameters are missed. Measured: tests/data/binder_cases.ndjson.xz.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from . import frames
from .conversion import ParameterType, Refused, described, text
from .errors import PSError
from .signatures import Edition, Parameter, Signature, signature
from .values import Psobj, Switch

__all__ = ["BindError", "Bound", "Edition", "bind", "main"]

AUTOMATION = "System.Management.Automation."
_SECRET_TYPES = ("SecureString", "PSCredential")


class BindError(PSError):
    """What the engine throws before a cmdlet runs. ``exception`` is the type's short name."""

    def __init__(self, id: str, category: str, exception: str, message: str, target: str = "") -> None:
        super().__init__(id, category, AUTOMATION + exception, message, target)
        self.exception = exception


def _binding(id: str, message: str, category: str = "InvalidArgument") -> BindError:
    return BindError(id, category, "ParameterBindingException", message)


def _invalid(id: str, message: str) -> BindError:
    return BindError(id, "InvalidData", "ParameterBindingValidationException", message)


@dataclass(frozen=True)
class Bound:
    """``set`` counts from 1 in the order of publication; ``parameters`` by their own names, in the order given."""

    set: int
    parameters: dict[str, t.Any]
    types: dict[str, ParameterType] = field(default_factory=dict, compare=False, repr=False)

    def shown(self) -> dict[str, list[str]]:
        """Each parameter's bound type and text."""
        return {name: [self.types[name].shown(value), shown_text(value)] for name, value in self.parameters.items()}


def shown_text(value: t.Any) -> str:
    if isinstance(value, dict) and not isinstance(value, Psobj) and value.__class__ is not dict:
        return ";".join(f"{action.lower()}={len(value.get(action, ()))}" for action in ("Add", "Remove", "Replace"))
    return text(value)


def bind(cmdlet: str, parameters: t.Mapping[str, t.Any], edition: Edition, culture: str = "en-US") -> Bound:
    """``parameters`` are JSON values or typed ones (see ``values``). Raises a BindError."""
    known = signature(cmdlet, edition)
    if known is None:
        raise BindError(
            "CommandNotFoundException",
            "ObjectNotFound",
            "CommandNotFoundException",
            f"The term '{cmdlet}' is not recognized as the name of a cmdlet, function, script file or program.",
            cmdlet,
        )
    open_sets = known.all_sets
    values: dict[str, t.Any] = {}
    types: dict[str, ParameterType] = {}
    strangers = []
    for name, value in parameters.items():
        parameter = known.find(name)
        if isinstance(parameter, tuple):
            raise _binding(
                "AmbiguousParameter",
                f"Parameter cannot be processed because the parameter name '{name}' is ambiguous. "
                f"Possible matches include: {' '.join('-' + item for item in parameter)}.",
            )
        if parameter is None:
            strangers.append(name)
            continue
        if parameter.name in values:
            raise _binding(
                "ParameterAlreadyBound",
                f"Cannot bind parameter because parameter '{parameter.name}' is specified more than once.",
            )
        values[parameter.name] = _argument(parameter, value, culture)
        types[parameter.name] = parameter.type
        if parameter.sets:
            open_sets &= parameter.sets
    open_sets = _narrow(known, open_sets, values)
    if strangers:
        raise _binding(
            "NamedParameterNotFound", f"A parameter cannot be found that matches parameter name '{strangers[0]}'."
        )
    if open_sets & (open_sets - 1):
        open_sets = known.default
    missing = [item.name for item in known.required if item.mandatory & open_sets and item.name not in values]
    if missing:
        raise _binding(
            "MissingMandatoryParameter",
            f"Cannot process command because of one or more missing mandatory parameters: {' '.join(missing)}.",
        )
    return Bound(open_sets.bit_length(), values, types)


def _narrow(known: Signature, open_sets: int, values: dict[str, t.Any]) -> int:
    """The sets that are left: none is an error, several stay open where the default set is one of them."""
    if open_sets and (not open_sets & (open_sets - 1) or open_sets & known.default):
        return open_sets
    if open_sets:
        complete = open_sets
        for parameter in known.required:
            if parameter.name not in values:
                complete &= ~parameter.mandatory
        if complete and not complete & (complete - 1):
            return complete
    raise _binding("AmbiguousParameterSet", "Parameter set cannot be resolved using the specified named parameters.")


def _argument(parameter: Parameter, value: t.Any, culture: str) -> t.Any:
    kind = parameter.type
    if value is None:
        value = _null(parameter)
    else:
        try:
            value = kind.convert(value, culture)
        except Refused as refused:
            raise _refusal(parameter, value, refused) from refused
    if parameter.mandatory:
        _require(parameter.name, kind, value)
    if value is None and kind.kind == "value":
        raise _binding(
            "ParameterBindingFailed",
            f"Cannot bind parameter '{parameter.name}' to the target. Exception setting \"{parameter.name}\": "
            f'"Cannot convert null to type "System.{kind.name}"."',
            "WriteError",
        )
    return value


def _null(parameter: Parameter) -> t.Any:
    if parameter.type.kind == "switch":
        return Switch(True)
    if parameter.type.kind == "bool":
        raise _binding(
            "ParameterArgumentValidationErrorNullNotAllowed",
            f"Cannot bind argument to parameter '{parameter.name}' because it is null.",
        )
    return None


def _refusal(parameter: Parameter, value: t.Any, refused: Refused) -> BindError:
    hidden = parameter.name.lower() in frames.SECRET_PARAMETERS or parameter.type.name in (
        "SecureString",
        "PSCredential",
    )
    if refused.silent:
        why = "" if hidden else f" {refused.text}"
        return _binding("CannotConvertArgumentNoMessage", f"Cannot bind parameter '{parameter.name}'.{why}")
    return _binding(
        "CannotConvertArgument",
        f"Cannot convert '{described(value)}' to the type 'System.{parameter.type.name}' required by parameter "
        f"'{parameter.name}'. {refused.text}",
    )


def _require(name: str, kind: ParameterType, value: t.Any) -> None:
    """A parameter that is mandatory in any set takes no null, no empty text or list, not even inside of a list."""
    why = _emptiness(kind, value)
    if why is None and kind.element is not None:
        if not value:
            why = "EmptyArray", "an empty array"
        elif kind.element.kind != "value":
            why = next(filter(None, (_emptiness(kind.element, item) for item in value)), None)
    if why is not None:
        raise _invalid(
            f"ParameterArgumentValidationError{why[0]}NotAllowed",
            f"Cannot bind argument to parameter '{name}' because it is {why[1]}.",
        )


def _emptiness(kind: ParameterType, value: t.Any) -> tuple[str, str] | None:
    if value is None:
        return "Null", "null"
    if kind.kind == "text" and not value:
        return "EmptyString", "an empty string"
    return None


# --- as a program


def main(stdin: t.Iterable[str], stdout: t.TextIO) -> int:
    """NDJSON in: ``{cmdlet, parameters[, edition, culture]}``; out: ``{set, bound}`` or ``{error, category, exception}``.

    ``edition`` is L10, L13, S15 or S19, or ``{lync, powershell, windows}``; without one it is Lync Server 2013 on
    Windows Server 2012. Values may be tagged as on the wire; a secret may have been taken out.
    """
    for line in stdin:
        if line.strip():
            stdout.write(json.dumps(_answer(line), ensure_ascii=True) + "\n")
            stdout.flush()
    return 0


def _answer(line: str) -> dict[str, t.Any]:
    try:
        request = json.loads(line)
        cmdlet, parameters = request["cmdlet"], request.get("parameters") or {}
        if not isinstance(cmdlet, str) or not isinstance(parameters, dict):
            raise TypeError("cmdlet is a text and parameters an object")
        wanted = request.get("edition") or {}
        edition = Edition(lync=wanted) if isinstance(wanted, str) else Edition(**wanted)
        decoded = {name: _decode(value) for name, value in parameters.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return {
            "error": "InvalidInput",
            "category": "InvalidArgument",
            "exception": type(error).__name__,
            "message": str(error),
        }
    except PSError as error:
        return _error(error)
    try:
        bound = bind(cmdlet, decoded, edition, str(request.get("culture") or "en-US"))
    except BindError as error:
        return _error(error)
    return {"set": bound.set, "bound": bound.shown()}


def _error(error: PSError) -> dict[str, t.Any]:
    return {"error": error.id, "category": error.category, "exception": error.exception_type.rpartition(".")[2]}


def _decode(value: t.Any) -> t.Any:
    """As the host decodes it; what an earlier call returned is some object, a secret that was taken out an empty one."""
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    tag = str(value.get("$", "")).casefold()
    if tag == "result":
        return Psobj()
    if tag == "secret":
        return frames.from_wire({"value": "", **value})
    if tag:
        return frames.from_wire(value)
    return {name: _decode(item) for name, item in value.items()}
