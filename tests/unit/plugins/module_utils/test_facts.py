# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fresh a piece of evidence is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Change, Cmdlet, Effect, Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.facts import FRESH, MISSING, OLD, STALE, Facts
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal

GROUPS = {"lync_2013_edges": ("e1", "e2"), "lync_2013_front_ends": ("f1", "e1")}


class Desk:
    """A journal in which a test writes what happened, in order."""

    def __init__(self, directory: Path) -> None:
        self.now = 1_700_000_000.0
        self.journal = Journal(directory / "state", "run-1", sync=False, clock=lambda: self.now)

    def context(self, host: str) -> Context:
        return Context(str(self.journal.directory), "run-1", host)

    def saw(self, fact: str, member: str, *, check: bool = False, value: Any = None) -> None:
        self.journal.evidence([Evidence(fact, member, value=value)], self.context(member), check=check)

    def changed(self, collection: str, scope: str = "organisation", *, host: str = "f1", check: bool = False) -> None:
        change = Change(Cmdlet("Set-CsThing"), "thing", (Effect(collection, scope, "x", {}),))
        self.journal.intents([change], self.context(host), f"{host}.contoso.test", check=check)

    def facts(self, *, check: bool = False) -> Facts:
        facts = Facts(self.journal, GROUPS, check=check)
        facts.refresh()
        return facts

    def status(self, fact: str, member: str, *touched: str, check: bool = False) -> str:
        return self.facts(check=check).finding(fact, member, touched).status


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_evidence_is_fresh_until_something_it_depends_on_changes(desk: Desk) -> None:
    assert desk.status("users_homed", "organisation", "user") == MISSING
    desk.saw("users_homed", "organisation", value={"here": 3})
    assert desk.facts().finding("users_homed", "ORGANISATION", ["user"]).value == {"here": 3}
    assert desk.status("users_homed", "organisation", "user") == FRESH
    desk.changed("site")
    assert desk.status("users_homed", "organisation", "user") == FRESH
    desk.changed("user")
    assert desk.status("users_homed", "organisation", "user") == STALE
    desk.saw("users_homed", "organisation")
    assert desk.status("users_homed", "organisation", "user", "Set-CsThing") == FRESH


def test_a_cmdlet_can_make_it_stale_too(desk: Desk) -> None:
    desk.saw("users_homed", "organisation")
    desk.changed("nothing_of_note")
    assert desk.status("users_homed", "organisation", "Set-CsThing") == STALE


def test_it_is_old_after_a_day(desk: Desk) -> None:
    desk.saw("users_homed", "organisation")
    desk.now += 24 * 3600
    assert desk.status("users_homed", "organisation") == FRESH
    desk.now += 1
    assert desk.status("users_homed", "organisation") == OLD


def test_a_hosts_own_rows_touch_only_its_own_evidence(desk: Desk) -> None:
    desk.saw("certificate_names", "e1")
    desk.saw("certificate_names", "e2")
    desk.changed("certificate_use", "e1.contoso.test", host="e1")
    assert desk.status("certificate_names", "e1", "certificate_use@e1") == STALE
    assert desk.status("certificate_names", "e2", "certificate_use@e2") == FRESH


def test_members_of_groups(desk: Desk) -> None:
    assert desk.facts().members("lync_2013_front_ends", "lync_2013_edges", "none") == ("f1", "e1", "e2")


def test_a_change_that_is_about_to_be_made_counts(desk: Desk) -> None:
    desk.saw("users_homed", "organisation")
    facts = desk.facts()
    facts.expect(Change(Cmdlet("Move-CsUser"), "u", (Effect("user", "organisation", "x", {}),)))
    assert facts.finding("users_homed", "organisation", ["user"]).status == STALE
    assert facts.finding("users_homed", "organisation", ["site"]).status == FRESH
    facts.refresh()
    assert facts.finding("users_homed", "organisation", ["user"]).status == FRESH


# --- in check mode


def test_a_dry_run_takes_real_evidence_until_it_plans_a_change(desk: Desk) -> None:
    desk.saw("users_homed", "organisation")
    assert desk.status("users_homed", "organisation", "user", check=True) == FRESH
    desk.changed("user", check=True)
    assert desk.status("users_homed", "organisation", "user", check=True) == STALE
    desk.saw("users_homed", "organisation", check=True)
    assert desk.status("users_homed", "organisation", "user", check=True) == FRESH
    desk.changed("user", check=True)
    assert desk.status("users_homed", "organisation", "user", check=True) == STALE


def test_a_real_run_never_takes_planned_evidence(desk: Desk) -> None:
    desk.saw("users_homed", "organisation", check=True)
    assert desk.status("users_homed", "organisation", "user", check=True) == FRESH
    assert desk.status("users_homed", "organisation", "user") == MISSING


def test_a_planned_change_touches_no_real_evidence(desk: Desk) -> None:
    desk.saw("users_homed", "organisation")
    desk.changed("user", check=True)
    assert desk.status("users_homed", "organisation", "user") == FRESH


def test_evidence_of_another_dry_run_is_not_this_ones(desk: Desk) -> None:
    desk.saw("users_homed", "organisation", check=True)
    other = Journal(desk.journal.directory, "run-2", clock=lambda: desk.now)
    facts = Facts(other, GROUPS, check=True)
    facts.refresh()
    assert facts.finding("users_homed", "organisation").status == MISSING
