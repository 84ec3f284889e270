# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The overlay: planned changes over the server's rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    UNKNOWN,
    Change,
    Cmdlet,
    Effect,
    Query,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.collections import (
    ORGANISATION,
    collection,
    key,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.overlay import Overlay
from hypothesis import given
from hypothesis import strategies as st

IDENTITIES = st.sampled_from(["a.test", "b.test", "C.test", "c.TEST"])
NAMES = collection("xmpp_partner").properties
PROPERTIES = st.dictionaries(
    st.sampled_from([n for n in NAMES if n != "Identity"]), st.one_of(st.none(), st.text(max_size=3), st.booleans()),
    max_size=3,
)  # fmt: skip
EFFECTS = st.lists(
    st.builds(Effect, st.just("xmpp_partner"), st.just(ORGANISATION), IDENTITIES, st.one_of(st.none(), PROPERTIES)),
    max_size=8,
)
BASE = st.dictionaries(st.sampled_from(["a.test", "b.test", "d.test"]), PROPERTIES, max_size=3).map(
    lambda rows: [dict.fromkeys(NAMES) | {"Identity": identity} | given for identity, given in rows.items()]
)
QUERY = Query("xmpp_partner")


def overlay(effects: list[Effect]) -> Overlay:
    made = Overlay()
    for effect in effects:
        made.apply(effect)
    return made


def by_key(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {key(row["Identity"]): row for row in rows}


@given(BASE, EFFECTS, EFFECTS)
def test_what_is_applied_is_what_is_read(base: list[dict[str, Any]], before: list[Effect], more: list[Effect]) -> None:
    for effect in more[:1]:
        rows = by_key(overlay([*before, effect]).rows(QUERY, "h", base))
        if effect.properties is None:
            assert key(effect.identity) not in rows
        else:
            row = rows[key(effect.identity)]
            assert {name: row[name] for name in effect.properties} == effect.properties


@given(BASE, EFFECTS)
def test_it_is_what_a_server_would_have_after_the_same_changes(
    base: list[dict[str, Any]], effects: list[Effect]
) -> None:
    expected = by_key(base)
    for effect in effects:
        if effect.properties is None:
            expected.pop(key(effect.identity), None)
        else:
            blank = dict.fromkeys(NAMES)
            expected.setdefault(key(effect.identity), blank).update(effect.properties)
    found = by_key(overlay(effects).rows(QUERY, "h", base))
    assert set(found) == set(expected)
    for identity, row in expected.items():
        assert {n: v for n, v in found[identity].items() if n != "Identity"} == {
            n: v for n, v in row.items() if n != "Identity"
        }


@given(BASE, EFFECTS)
def test_rows_that_nobody_touched_are_the_servers(base: list[dict[str, Any]], effects: list[Effect]) -> None:
    touched = {key(effect.identity) for effect in effects}
    found = overlay(effects).rows(QUERY, "h", base)
    assert [row for row in found if key(row["Identity"]) not in touched] == [
        row for row in base if key(row["Identity"]) not in touched
    ]


@given(BASE)
def test_without_a_plan_nothing_changes(base: list[dict[str, Any]]) -> None:
    assert Overlay().rows(QUERY, "h", base) == base


def test_a_replica_shows_what_the_organisation_plans() -> None:
    made = overlay([Effect("xmpp_partner", ORGANISATION, "a.test", {"PartnerType": "Federated"})])
    (row,) = made.rows(Query("local_xmpp_partner"), "edge2013.contoso.test", [])
    assert (row["Identity"], row["PartnerType"], row["ProxyFqdn"]) == ("a.test", "Federated", None)


def test_a_hosts_own_rows_are_its_own() -> None:
    made = overlay([Effect("certificate_use", "Edge2013.contoso.test", "XmppServer", {"Thumbprint": UNKNOWN})])
    assert made.rows(Query("certificate_use"), "pool2013.contoso.test", []) == []
    (row,) = made.rows(Query("certificate_use", properties=("Use", "Thumbprint")), "edge2013.contoso.test", [])
    assert row == {"Use": "XmppServer", "Thumbprint": UNKNOWN}


def test_only_what_was_asked_for_comes_back() -> None:
    made = overlay([Effect("user", ORGANISATION, "sip:a@b.test", {"RegistrarPool": "p", "Guid": "g"})])
    base = [{"SipAddress": "SIP:A@b.test", "Enabled": True}]
    assert made.rows(Query("user", properties=("Enabled",)), "h", base) == base


def test_a_query_for_one_identity_gets_one_row() -> None:
    made = overlay([Effect("xmpp_partner", ORGANISATION, name, {}) for name in ("a.test", "b.test")])
    assert [r["Identity"] for r in made.rows(Query("xmpp_partner", "A.TEST"), "h", [])] == ["a.test"]
    assert made.rows(Query("xmpp_partner", "z.test"), "h", []) == []


def test_documents_are_one_row_each() -> None:
    made = overlay([Effect("topology_document", ORGANISATION, "document", {".": "<new/>"})])
    assert made.rows(Query("topology_document"), "h", [{".": "<old/>"}]) == [{".": "<new/>"}]
    assert made.rows(Query("local_topology_document"), "h", []) == [{".": "<new/>"}]


def test_a_row_that_went_and_came_back_is_a_new_one() -> None:
    effects = [
        Effect("allowed_domain", ORGANISATION, "a.test", None),
        Effect("allowed_domain", ORGANISATION, "a.test", {"Comment": "new"}),
    ]
    base = [{"Identity": "a.test", "Domain": "a.test", "ProxyFqdn": "gw", "Comment": "old", "MarkForMonitoring": True}]
    (row,) = overlay(effects).rows(Query("allowed_domain"), "h", base)
    assert row["Comment"] == "new" and row["ProxyFqdn"] is None


def test_the_overlay_follows_the_plan_of_all_daemons(tmp_path: Path) -> None:
    journals = [Journal(tmp_path / "state", "run-1", sync=False) for number in range(2)]
    overlays = [Overlay(journal) for journal in journals]
    context = Context(str(tmp_path / "state"), "run-1", "h")
    for number, journal in enumerate(journals):
        change = Change(
            Cmdlet("New-CsXmppAllowedPartner", {"Identity": f"{number}.test"}), "p",
            (Effect("xmpp_partner", ORGANISATION, f"{number}.test", {}),),
        )  # fmt: skip
        journal.intents([change], context, "h", check=True)
        for one in overlays:
            one.refresh()
            assert len(one.rows(QUERY, "h", [])) == number + 1
    other = Overlay(Journal(tmp_path / "state", "run-2", sync=False))
    other.refresh()
    assert other.rows(QUERY, "h", []) == []


def test_a_computer_comes_back_from_a_planned_restart_with_its_planned_suffix() -> None:
    overlay, host = Overlay(), "edge2013"
    key_of = r"HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
    overlay.apply(Effect("windows_feature", host, "BITS", {"Name": "BITS", "Installed": True}))
    overlay.apply(Effect("registry", host, key_of, {"NV Domain": "contoso.test", "Domain": UNKNOWN}))
    assert overlay.scope(host) == host  # before it was restarted
    overlay.apply(Effect("registry", host, key_of, {"Domain": "contoso.test"}))
    new = overlay.scope(host)
    assert new == "edge2013.contoso.test" and overlay.scope("EDGE2013") == new and overlay.scope("fe") == "fe"
    assert [row["Name"] for row in overlay.rows(Query("windows_feature"), new, [])] == ["BITS"]
    assert overlay.rows(Query("windows_feature"), host, []) == []
