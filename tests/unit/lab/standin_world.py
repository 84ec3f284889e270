# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world of one computer, and in Python the functions that data/host_stubs.psm1 has for a real PowerShell."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
import time
import uuid
from decimal import Decimal
from types import SimpleNamespace

from ansible_collections.lync.xmpp_migration.lab import cmdlets
from ansible_collections.lync.xmpp_migration.lab.cmdlets import Call, ExecutableCall, Exit, cmdlet, executable
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.computers import Computer
from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults
from ansible_collections.lync.xmpp_migration.lab.organisation.files import Files
from ansible_collections.lync.xmpp_migration.lab.organisation.transcript import Transcript
from ansible_collections.lync.xmpp_migration.lab.powershell import values as v
from ansible_collections.lync.xmpp_migration.lab.powershell.errors import PSError, command_not_found
from ansible_collections.lync.xmpp_migration.lab.powershell.performer import ComputerSession

PARAMETERS = {
    "Get-Echo": ("Value",),
    "Get-Things": (),
    "Get-Text": (),
    "Get-Many": ("Count",),
    "Get-HalfBad": (),
    "Set-Stub": ("How", "Text", "Confirm", "WhatIf"),
    "Get-Defect": (),
    "Get-Unwritten": (),
}


class StubWorld:
    """What the stand-in needs of a world."""

    def __init__(self, *, powershell: str = "3.0", **clock) -> None:
        self.clock = Clock(**clock)
        self.lock = threading.RLock()
        self.computer = Computer(fqdn="pool2013.contoso.test", powershell=powershell)
        self.files = Files()
        self.faults = Faults()
        self.transcript = Transcript()
        self.latency: dict[str, float] = {}
        self.changes: list[str] = []

    @contextlib.contextmanager
    def turn(self):
        with self.lock:
            yield self

    def after_change(self, call) -> None:
        self.changes.append(getattr(call, "cmdlet", None) or call.path)

    def session(self, **more) -> ComputerSession:
        return ComputerSession(self, self.computer, "CONTOSO\\lyncadmin", bind=bind, **more)


def bind(name, parameters, computer):
    """Just enough of a binder for the stubs."""
    known = next((known for known in PARAMETERS if known.casefold() == name.casefold()), None)
    if known is None:
        raise command_not_found(name)
    names = {parameter.casefold(): parameter for parameter in PARAMETERS[known]}
    bound = {}
    for key, value in parameters.items():
        if key.casefold() not in names:
            raise PSError(
                "NamedParameterNotFound",
                "InvalidArgument",
                "System.Management.Automation.ParameterBindingException",
                f"A parameter cannot be found that matches parameter name '{key}'.",
            )
        bound[names[key.casefold()]] = value
    return SimpleNamespace(set=1, parameters=bound)


@contextlib.contextmanager
def stub_handlers():
    """The registry with nothing but the stubs in it."""
    before = dict(cmdlets.registry), dict(cmdlets.executables)
    loaded, cmdlets._loaded = cmdlets._loaded, True
    cmdlets.registry.clear()
    cmdlets.executables.clear()
    try:
        _register()
        yield
    finally:
        cmdlets._loaded = loaded
        for table, content in zip((cmdlets.registry, cmdlets.executables), before, strict=True):
            table.clear()
            table.update(content)


def _register() -> None:
    cmdlet("Get-Echo")(get_echo)
    cmdlet("Get-Things")(lambda call: things())
    cmdlet("Get-Text")(lambda call: "a text\nin two lines")
    cmdlet("Get-Many")(get_many)
    cmdlet("Get-HalfBad")(half_bad)
    cmdlet("Set-Stub", writes=True)(set_stub)
    cmdlet("Get-Defect")(lambda call: 1 // 0)
    executable("sh", writes=False)(shell)
    executable("sleep")(lambda call: 0)


def get_echo(call: Call):
    value = call.p["Value"]
    keys = ",".join(sorted(value)) if isinstance(value, dict) else ""
    yield v.Psobj(
        properties={
            "Type": value.type_name.rpartition(".")[2] if isinstance(value, v.Psobj) else v.type_name(value),
            "Text": v.text_of(value),
            "Value": value,
            "Keys": keys,
            "User": v.member(value, "UserName"),
        }
    )


def things() -> v.Psobj:
    def psobj(**properties):
        return v.Psobj(properties=properties)

    return psobj(
        Enum=v.Enum("Monday"),
        Span=dt.timedelta(minutes=5),
        Version=v.Version("1.2"),
        Address=v.Psobj("System.Net.IPAddress", "::1"),
        Uri=v.Uri("http://pool01/"),
        Guid=uuid.UUID(int=0),
        Nested=[["a", "b"], []],
        Nothing=None,
        Char="x",
        Dec=Decimal("1.25"),
        Nan=float("nan"),
        Switch=v.Switch(True),
        Deep=psobj(Inner=psobj(Name="in"), List=[psobj(Name="a"), psobj(Name="b")]),
    )


def get_many(call: Call):
    when = dt.datetime(2013, 2, 22)
    for i in range(call.p["Count"]):
        yield v.Psobj(
            properties={
                "Identity": f"CN=User {i}",
                "SipAddress": f"sip:u{i}@contoso.test",
                "Pool": v.Uri("http://pool01"),
                "Enabled": True,
                "When": when,
            }
        )


def half_bad(call: Call):
    def no_text() -> str:
        raise PSError("no", "OperationStopped", "System.Management.Automation.RuntimeException", "no")

    yield v.Psobj(properties={"Identity": "one", "Bad": "fine"})
    yield v.Psobj(properties={"Identity": "two", "Bad": v.Psobj(text=no_text)})


def failure(identifier: str) -> PSError:
    inner = (("System.ArgumentException", "innen"),)
    return PSError(identifier, "InvalidOperation", "System.InvalidOperationException", "außen", "target", inner)


def set_stub(call: Call):
    how = call.p.get("How")
    if how == "collect":
        yield v.Psobj(properties={"Identity": "one"})
        call.write_error(failure("First"))
        yield v.Psobj(properties={"Identity": "two"})
        call.write_error(failure("Second"))
    elif how == "terminate":
        raise failure("ProcessingFailed")
    elif how == "prompt":
        call.should_process("x")
    elif how == "print":
        call.host_line(call.p["Text"])
    elif how == "warn":
        call.warn("größe 配置")
    elif how == "noise":
        call.host_line("host line")
        call.host_line("no line end: ")
        yield v.Psobj(properties={"Identity": "noisy"})


def shell(call: ExecutableCall) -> Exit:
    """Only the one command line of the table: nothing is run."""
    if call.argv == ["-c", "cat; echo out; echo err >&2; exit 3"]:
        return Exit(3, b"out\n", b"err\n")
    return Exit(127)


def wait_for(condition, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the condition did not come true")
        time.sleep(0.005)
