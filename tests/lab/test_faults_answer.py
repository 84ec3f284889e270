# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer that comes after the request's time: a doubt in the journal, and nothing that a later answer can confuse.

Over real pywinrm, with the session, performer and journal of a run; a playbook cannot shorten a request's time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Change, Cmdlet, Query
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import AnswerTimeout
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import entries
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import make_performer
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import DirectTransport, Session
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._shell import Shell
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import shell_of


@pytest.fixture
def running(lab: Any) -> Any:
    return lab("small")


@pytest.fixture
def shell(running: Any) -> Iterator[Shell]:
    one = shell_of(running, "fe")
    yield one
    one.drop()


def test_an_answer_past_the_requests_time(running: Any, shell: Shell, tmp_path: Path) -> None:
    state = tmp_path / "state"
    context = Context(str(state), "run", "fe")
    session = Session(DirectTransport(make_performer(shell, context)), context)
    assert session.read(Query("allowed_domain"))[0] == []
    running.fault({"do": "delay", "cmdlet": "New-CsAllowedDomain", "seconds": 3, "when": "after"})
    call = Cmdlet("New-CsAllowedDomain", {"Identity": "late.test", "Confirm": False})
    with pytest.raises(AnswerTimeout, match="gave no answer in the time"):
        session.change(Change(call, "allowed domain late.test"), seconds=1)
    assert session.doubtful == ("allowed domain late.test",)
    intent, outcome = entries(state)
    assert (intent["kind"], intent["object"]) == ("intent", "allowed domain late.test")
    assert (outcome["ok"], outcome["ran"], outcome["errors"][0]["id"]) == (False, None, "answer_timeout")
    # read again at once, by another process: the late answer of the first one meets nobody
    assert [one["Identity"] for one in session.read(Query("allowed_domain"))[0]] == ["late.test"]
    assert [one["reason"] for one in shell.renewals] == ["after_doubt"]
