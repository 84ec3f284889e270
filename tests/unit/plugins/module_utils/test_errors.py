# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors keep their type and content on the way from the daemon to the module."""

from __future__ import annotations

import json

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import errors
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import RemoteError, RemoteException
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.findings import Finding, NotPrepared
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.manual_gate import GateClosed, Seen
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.run import ProbeFailed

RECORD = RemoteError(
    "ProcessingFailed,Microsoft.Rtc.Management.Thing",
    "InvalidOperation",
    "target",
    (RemoteException("System.InvalidOperationException", -5, "größe"), RemoteException("A.B", None, "inner")),
)

FINDING = Finding("disk", "error", "The disk", "32 GB", "3 GB", "free space")
PROBED = {"findings": ["no answer"], "answers": [], "advice": None, "table": "", "more": 1}
#: Those that are made of more than a sentence.
MADE = {
    errors.Refused: lambda: errors.Refused(["one.", "two."]),
    GateClosed: lambda: GateClosed("gateway_console", "lead it on", ["Click."], Seen(False, ("nothing",)), True),
    NotPrepared: lambda: NotPrepared("fe1", [FINDING]),
    ProbeFailed: lambda: ProbeFailed("It does not answer.", PROBED),
}


def kinds(cls: type[errors.MigrationError]) -> list[type[errors.MigrationError]]:
    return [cls, *(one for sub in cls.__subclasses__() for one in kinds(sub))]


@pytest.mark.parametrize("cls", kinds(errors.MigrationError), ids=lambda cls: cls.kind)
def test_each_error_passes_the_socket(cls: type[errors.MigrationError]) -> None:
    error = MADE[cls]() if cls in MADE else cls("one sentence.")  # type: ignore[operator]
    back = errors.from_json(json.loads(json.dumps(error.to_json())))
    assert back.__class__ is cls and back.text == error.text and back.facts() == error.facts()


def test_kinds_are_unique() -> None:
    found = [cls.kind for cls in kinds(errors.MigrationError)]
    assert len(found) == len(set(found))


def test_what_a_server_said_passes_too() -> None:
    error = errors.CmdletFailed("It failed.", (RECORD,), {"cmdlet": "Get-X"})
    back = errors.from_json(json.loads(json.dumps(error.to_json())))
    assert isinstance(back, errors.CmdletFailed) and back.errors == (RECORD,) and back.call == {"cmdlet": "Get-X"}


def test_an_unknown_kind_is_still_an_error_with_its_sentence() -> None:
    assert errors.from_json({"kind": "from the future", "text": "Something."}).text == "Something."


def test_decisions_are_made_on_ids_and_types() -> None:
    assert RECORD.name == "ProcessingFailed" and RECORD.message == "größe"
    assert RECORD.has_type("InvalidOperationException") and RECORD.has_type("A.B") and not RECORD.has_type("C")
    assert "ProcessingFailed (InvalidOperation): größe" == RECORD.shown()
    assert RemoteError("").shown().startswith("no error id")


def test_a_servers_text_stays_on_one_line_of_ours() -> None:
    shown = errors.one_line("a\r\nb\x1b[31m\u202e\x00" + "x" * 1000)
    assert "\n" not in shown and "\x1b" not in shown and "\u202e" not in shown and len(shown) <= 500


@pytest.mark.parametrize("data", [None, "text", 3, []])
def test_a_record_that_is_none_is_a_bad_answer(data: object) -> None:
    with pytest.raises(errors.BadAnswer):
        RemoteError.from_json(data)


def test_a_sparse_record_is_taken() -> None:
    assert RemoteError.from_json({"exceptions": [{"hresult": "x"}, 3]}).exceptions == (RemoteException("", None, ""),)
