# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""user_move against the lab in one process: filters, several pools, one domain controller, and names that look like code."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab.estate import load
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import laws
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.collections import ldap_escape
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal, entries
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.overlay import Overlay
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Performer
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.listing import Controllers
from ansible_collections.lync.xmpp_migration.plugins.modules import user_move, users_homed
from ansible_collections.lync.xmpp_migration.tests.replay.movers import MovingTransport
from ansible_collections.lync.xmpp_migration.tests.replay.shell import LabShell

OLD, OTHER, NEW, SECOND = (f"pool{name}.contoso.test" for name in ("2010", "2010b", "2013", "2013b"))
NAMES = [
    "'; Remove-CsUser -Identity *; '", 'say "x"', "`whoami`", "$(Get-CsUser)", "a; b", "first\nsecond", "*", "-Filter {Enabled -eq $true}",
    "*)(objectClass=*", "{{ lookup('pipe', 'id') }}", "\u05d0\u05d1\u202e", "名前", "😀", "x" * 256, "\\2a",
]  # fmt: skip
EDGE = {"web_conferencing_fqdn": "wc.contoso.test", "av_fqdn": "av.contoso.test"}


def sip(number: int | str, domain: str = "contoso.test") -> str:
    return f"sip:person{number}@{domain}"


@functools.cache
def prepared(directory: Path) -> World:
    people = [{"sip": sip(n), "display_name": name, "pool": OLD} for n, name in enumerate(NAMES)]
    people += [{"sip": sip("w", "wingtip.test"), "pool": OLD}, {"sip": sip("o"), "pool": OTHER}, {"sip": sip("cloud"), "hosting_provider": "sipfed.x.test"},
               # each has the other's address for a name
               {"sip": sip("a"), "display_name": sip("b"), "pool": OLD}, {"sip": sip("b"), "display_name": sip("a"), "pool": OLD}]  # fmt: skip
    edge = {"edge": "edge2010.contoso.test"}
    estate = {
        "name": "chosen", "domain": "contoso.test", "sip_domains": ["contoso.test", "wingtip.test"], "central_management": OLD,
        "certificates": {"key": "ec256"}, "sites": [{"name": "Redmond", "federation_route": "edge2010.contoso.test"}],
        "pools": [{"fqdn": OLD, "version": 5, **edge}, {"fqdn": OTHER, "version": 5, **edge}, {"fqdn": NEW, "version": 6, **edge},
                  {"fqdn": SECOND, "version": 6, **edge}],
        "edges": [{"fqdn": "edge2010.contoso.test", "version": 5, "access_fqdn": "sip.contoso.test", "internal_address": "10.0.1.20",
                   "external_address": "203.0.113.20", "federation": True, **EDGE}],
        "users": people,
    }  # fmt: skip
    file = directory / "estate.yml"
    file.write_text(yaml.safe_dump(estate, allow_unicode=True), encoding="utf-8")
    return create(load(str(file)), Clock(speed=0, jump=True))


class Chosen:
    def __init__(self, directory: Path, world: World) -> None:
        self.world, self.state = world.copy(), str(directory / "state")
        self.shell = LabShell(self.world, self.world.computers[NEW])
        groups = {"lync_2013_edges": ("edge2013",), "lync_2013_front_ends": ("fe",), "lync_legacy_front_ends": ("old",)}
        self.contexts = {
            check: Context(self.state, "run", "fe", module="user_move", check=check, groups=groups) for check in (False, True)
        }
        facts = ("legacy_route", "no_partner", "pilot_reached_partner")
        proved = [Evidence("services_running", "edge2013"), *(Evidence(one, "organisation") for one in facts)]
        Journal(self.state, "before").evidence(proved, self.contexts[False], check=False)

    def run(self, check: bool = False, module: Any = user_move, **options: Any) -> dict[str, Any]:
        context = self.contexts[check]
        journal = Journal(self.state, "run")
        performer = Performer(self.shell, journal, Overlay(journal), laws.refusals, context)
        transport = MovingTransport(performer, lambda: self.shell, lambda: 0.0)
        needed = {"pools": [NEW]} if module is users_homed else {"target_pool": NEW}
        return perform(
            module.ARGUMENT_SPEC, module.run, {**needed, **options}, context, lambda host: transport, **getattr(module, "CONSTRAINTS", {})
        )

    def on(self, pool: str) -> set[str]:
        return {one.sip for one in self.world.ad if one.registrar_pool == pool}

    @property
    def moves(self) -> list[dict[str, Any]]:
        lines = [one for one in entries(self.state) if one["kind"] == "intent"]
        return [{**one["call"]["parameters"], "Guid": one["before"]["Guid"]} for one in lines]


@pytest.fixture
def chosen(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Chosen:
    return Chosen(tmp_path, prepared(tmp_path_factory.getbasetemp()))


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_name_chooses_its_user_alone_and_travels_as_a_name(chosen: Chosen, number: int) -> None:
    """What a filter with the escaped name finds is this user, who is moved and read back by address and GUID."""
    result = chosen.run(ldap_filter=f"(displayName={ldap_escape(NAMES[number])})", movers=1 + number % 2)
    assert result["moved"] == [sip(number)] and chosen.on(NEW) == {sip(number)}
    (move,) = chosen.moves
    user = next(one for one in chosen.world.ad if one.sip == sip(number))
    assert user.display_name == NAMES[number] and move["Identity"] == sip(number)
    assert move["Guid"] == str(chosen.world.ad.guid(user))


def test_two_users_with_each_others_names_are_told_apart(chosen: Chosen) -> None:
    assert chosen.run(users=[sip("a")])["moved"] == [sip("a")] and chosen.on(NEW) == {sip("a")}
    assert chosen.run(users=[sip("b")])["moved"] == [sip("b")] and chosen.on(NEW) == {sip("a"), sip("b")}


def test_all_are_read_and_moved_on_the_domain_controller_that_answered(chosen: Chosen) -> None:
    result = chosen.run(movers=3)
    assert result["moved_count"] == len(NAMES) + 4 and not chosen.on(OLD) | chosen.on(OTHER)
    assert {one["DomainController"] for one in chosen.moves} == {"dc.contoso.test"}
    assert chosen.run()["changed"] is False
    assert chosen.run(module=users_homed)["users"] == {"here": len(NAMES) + 4, "branch": 0, "other": 1}


@pytest.mark.parametrize(
    ("options", "moved"),
    [
        ({"sip_domains": ["wingtip.test"]}, {sip("w", "wingtip.test")}),
        ({"source_pools": [OTHER]}, {sip("o")}),
        ({"source_pools": [OTHER], "sip_domains": ["wingtip.test"]}, set()),
        ({"organizational_units": ["OU=Nobody,DC=contoso,DC=test"]}, set()),
        ({"organizational_units": ["DC=contoso,DC=test"], "source_pools": [OTHER]}, {sip("o")}),
    ],
)
def test_filters(chosen: Chosen, options: dict[str, Any], moved: set[str]) -> None:
    before = len(chosen.on(OLD) | chosen.on(OTHER))
    assert set(chosen.run(check=True, **options)["moved"]) == moved and not chosen.moves
    assert set(chosen.run(**options)["moved"]) == moved == chosen.on(NEW)
    assert len(chosen.on(OLD) | chosen.on(OTHER)) == before - len(moved)


def test_a_file_says_who(chosen: Chosen, tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"{sip('o')}\n{sip('cloud')}\n", encoding="utf-8")
    assert chosen.run(users_file=str(file))["moved"] == [sip("o")]
    file.write_text(f"{sip('w')}\n", encoding="utf-8")
    assert "No user has the SIP address" in chosen.run(users_file=str(file))["msg"]
    assert "mutually exclusive" in chosen.run(users_file=str(file), users=[sip("a")])["msg"]


def test_several_pools_by_rule(chosen: Chosen) -> None:
    rules = [{"pool": SECOND, "sip_domains": ["wingtip.test"]}, {"pool": SECOND, "source_pools": [OTHER]}]
    planned = chosen.run(check=True, targets=rules)
    assert chosen.run(check=True, targets=rules)["changed"] is False, "what is planned is seen by the next reading"
    result = chosen.run(targets=rules, movers=2)
    assert planned["moved_count"] == result["moved_count"] and chosen.on(SECOND) == {sip("w", "wingtip.test"), sip("o")}
    assert len(chosen.on(NEW)) == len(NAMES) + 2 and chosen.run(targets=rules)["changed"] is False
    assert "no Registrar on pool2020.contoso.test" in Chosen.run(
        chosen, targets=[{"pool": "pool2020.contoso.test", "share": 1}], target_pool=OTHER
    )["msg"]


def test_a_filter_that_is_none_moves_nobody(chosen: Chosen) -> None:
    assert "is no LDAP filter" in chosen.run(ldap_filter="{Enabled -eq $true}")["msg"] and not chosen.moves


@pytest.mark.parametrize(
    ("rows", "one"),
    [
        ([("DC1.contoso.test", "CN=a,DC=contoso,DC=test")] * 2, "dc1.contoso.test"),
        ([("dc1.contoso.test", "CN=a,DC=contoso,DC=test"), ("dc2.contoso.test", "CN=b,DC=contoso,DC=test")], None),
        ([("dc1.contoso.test", "CN=a,DC=contoso,DC=test"), ("dc1.contoso.test", "CN=b,DC=child,DC=contoso,DC=test")], None),
        ([("dc1.child.contoso.test", "CN=a,DC=contoso,DC=test")], None), ([("dc1", "CN=a,DC=contoso,DC=test")], None), ([(None, "CN=a")], None), ([], None),
    ],
)  # fmt: skip
def test_a_domain_controller_is_named_where_it_has_all_users(rows: list[tuple[str | None, str]], one: str | None) -> None:
    controllers = Controllers()
    for controller, identity in rows:
        controllers.take({"OriginatingServer": controller, "Identity": identity})
    assert controllers.one == one
