# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Law L3 as a table: every mix of pool version, scope of the policy, and state of the Edges. What is expected is written by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import laws
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import UNKNOWN, Change, Cmdlet, Effect
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.facts import (
    FRESH,
    MISSING,
    OLD,
    STALE,
    Finding,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.coexistence import carriers
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.policies import Policies
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.xmpp_needs import (
    Declaration,
    Judge,
    hold,
    versions,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD_POOL, NEW_POOL = "old.contoso.test", "new.contoso.test"
USER = "sip:ann@contoso.test"
NOBODY = Declaration().digest


class Evidence:
    """All is proved but what is given."""

    check = False
    now = NOW

    def __init__(self, but: Mapping[str, str] | None = None, digest: str = NOBODY, sfb: bool = False) -> None:
        self.but, self.digest, self.sfb = but or {}, digest, sfb

    def members(self, *groups: str) -> tuple[str, ...]:
        known = {"lync_2013_edges": ("edge2013",), "lync_2013_front_ends": ("fe2013",)}
        known |= {"sfb_2019_front_ends": ("new",), "sfb_2019_edges": ("edge2019",)} if self.sfb else {}
        return tuple(one for group in groups for one in known.get(group, ()))

    def once(self, asked: Hashable, find: Callable[[], bool]) -> bool:
        return find()

    def finding(self, fact: str, member: str, touched: Iterable[str] = ()) -> Finding:
        return Finding(self.but.get(fact, FRESH), None, NOW, self.digest if fact == "xmpp_declared" else "")


# --- the table: global policy, policy of the user's site, policy of the new pool's site, the user's own; on, off, or none there is

ON_OFF = {
    # global, site, site of the new pool, own -> whether the user has XMPP, or would seem to
    ("on", "-", "-", "-"): "xmpp",
    ("on", "-", "on", "-"): "xmpp",
    ("on", "-", "off", "-"): "xmpp",
    ("on", "on", "-", "-"): "xmpp",
    ("on", "on", "on", "-"): "xmpp",
    ("on", "on", "off", "-"): "xmpp",
    ("on", "off", "-", "-"): "xmpp",
    ("on", "off", "on", "-"): "xmpp",
    ("on", "off", "off", "-"): "none",
    ("off", "-", "-", "-"): "none",
    ("off", "-", "on", "-"): "xmpp",
    ("off", "-", "off", "-"): "none",
    ("off", "on", "-", "-"): "xmpp",
    ("off", "on", "on", "-"): "xmpp",
    ("off", "on", "off", "-"): "xmpp",
    ("off", "off", "-", "-"): "none",
    ("off", "off", "on", "-"): "xmpp",
    ("off", "off", "off", "-"): "none",
    # a policy of the user's own counts everywhere
    ("on", "on", "on", "off"): "none",
    ("on", "-", "-", "off"): "none",
    ("off", "on", "-", "off"): "none",
    ("off", "off", "on", "off"): "none",
    ("off", "off", "off", "on"): "xmpp",
    ("on", "off", "off", "on"): "xmpp",
    ("off", "-", "-", "on"): "xmpp",
    # what a policy says is not known, or the policy is not there
    ("off", "?", "off", "-"): "xmpp",
    ("?", "-", "-", "-"): "xmpp",
    ("off", "off", "off", "?"): "xmpp",
    ("off", "off", "off", "gone"): "xmpp",
}
EDGES = {
    # version and ports of the Edge that the route names, whether there is a partner -> whether XMPP stays
    ("6 both", "partner"): True,
    ("7 both", "partner"): True,
    ("6 both", "no partner"): False,
    ("6 none", "partner"): False,
    ("7 outer", "partner"): False,
    ("7 inner", "partner"): False,
    ("8 both", "partner"): False,
    ("8 none", "partner"): False,
    ("? both", "partner"): False,
    ("no route", "partner"): False,
    ("no edge", "partner"): False,
    ("2019 both", "partner"): False,  # in the inventory's group, whatever the server says
}
POOLS = {5: "older", 6: "older", 7: "older", 8: "newer", 9: "newer", None: "unknown"}
VALUES = {"on": True, "off": False, "?": None}


def judged(
    mix: tuple[str, ...], pool_version: int | None, declared: Declaration | None = None
) -> tuple[Judge, dict[str, Any]]:
    everywhere, site, there, own = mix
    rows = [{"Identity": "Global", "EnableXmppAccess": VALUES[everywhere]}]
    rows += [{"Identity": "Site:Here", "EnableXmppAccess": VALUES[site]}] if site != "-" else []
    rows += [{"Identity": "Site:There", "EnableXmppAccess": VALUES[there]}] if there != "-" else []
    rows += [{"Identity": "Tag:Own", "EnableXmppAccess": VALUES[own]}] if own in VALUES else []
    pools = [{"Fqdn": OLD_POOL, "Site": "Site:Here"}, {"Fqdn": NEW_POOL, "Site": "Site:There"}]
    user = {"SipAddress": USER, "RegistrarPool": OLD_POOL, "ExternalAccessPolicy": "Own" if own != "-" else None}
    known = versions([{"PoolFqdn": OLD_POOL, "Version": 6}, {"PoolFqdn": NEW_POOL, "Version": pool_version}])
    return Judge(Policies.read(rows, pools), declared or Declaration(), frozenset(), known), user


def stays_with(state: str, partner: str) -> bool:
    """Whether the report finds that XMPP stays, for an Edge in this state."""
    number, _, ports = state.partition(" ")
    identity = f"EdgeServer:{'edge2019' if number == '2019' else 'edge'}.contoso.test"
    edge = {
        "Identity": identity,
        "Version": int(number) if number in "678" else 7 if number == "2019" else None,
        "XmppListeningPort": 5269 if ports in ("both", "outer") else None,
        "XmppInternalPort": 23456 if ports in ("both", "inner") else None,
    }
    site = {"Identity": "Site:Here", "XmppFederationRoute": None if state == "no route" else identity}
    edges = [] if state.startswith("no") else [edge]
    partners = [{"Identity": "fabrikam.test"}] if partner == "partner" else []
    return not carriers(edges, [site], partners, ("edge2019",)).problems


def move(told: Mapping[str, Any], **more: Any) -> Change:
    return Change(
        Cmdlet("Move-CsUser", {"Identity": USER, "Target": NEW_POOL}),
        f"user {USER}",
        (Effect("user", "organisation", USER, {"RegistrarPool": NEW_POOL}),),
        before={"RegistrarPool": OLD_POOL, **told},
        **more,
    )


@pytest.mark.parametrize("version", list(POOLS), ids=str)
def test_every_mix_of_pool_policy_and_edge(version: int | None) -> None:
    wrong = []
    for (mix, xmpp), (edge, stays) in itertools.product(ON_OFF.items(), EDGES.items()):
        judge, user = judged(mix, version)
        facts = Evidence({} if stays_with(*edge) else {"xmpp_stays": MISSING})
        moved = laws.refusals(move(judge.told(user, NEW_POOL)), facts) == []
        expected = {"older": True, "unknown": False, "newer": xmpp == "none" and stays}[POOLS[version]]
        if moved != expected:
            wrong.append((mix, edge, moved))
    assert wrong == []


@pytest.mark.parametrize(("edge", "stays"), EDGES.items(), ids=str)
def test_what_carries_xmpp(edge: tuple[str, str], stays: bool) -> None:
    assert stays_with(*edge) is stays


DECLARATIONS = {
    # declared that the user needs it, that others do, named as one whose XMPP may end; with XMPP, without -> what becomes of the user
    ("-", "-", "-"): ("stays", "moves"),
    ("needs", "-", "-"): ("stays", "stays"),
    ("-", "others", "-"): ("policy_first", "moves"),
    ("needs", "others", "-"): ("stays", "stays"),
    ("-", "-", "ends"): ("ends_by_name", "moves"),
    ("-", "others", "ends"): ("ends_by_name", "moves"),
}


@pytest.mark.parametrize(("said", "expected"), DECLARATIONS.items(), ids=str)
def test_what_is_declared(said: tuple[str, ...], expected: tuple[str, str]) -> None:
    needs = [*([USER] if said[0] == "needs" else []), *(["sip:other@contoso.test"] if said[1] == "others" else [])]
    declared = Declaration.of({"xmpp_users": needs, "loses_xmpp": [USER] if said[2] == "ends" else []})
    for mix, verdict in zip((("on", "-", "-", "-"), ("off", "-", "-", "-")), expected, strict=True):
        judge, user = judged(mix, 8, declared)
        assert judge.verdict(user, NEW_POOL) == verdict
        held = hold(judge, [user], lambda _row: NEW_POOL, False)
        assert bool(held.movable) is (verdict in ("moves", "ends_by_name"))
        refused = laws.refusals(move(judge.told(user, NEW_POOL)), Evidence(digest=declared.digest))
        assert (refused == []) is bool(held.movable)
        if not held.movable:
            with pytest.raises(InvalidInput, match="Nothing was changed"):
                hold(judge, [user], lambda _row: NEW_POOL, True)


FREE = {"TargetVersion": 8, "XmppAccess": False, "XmppNeeded": False, "XmppDeclaration": NOBODY}


@pytest.mark.parametrize(
    ("told", "facts", "sentence"),
    [
        (FREE, Evidence(), None),
        ({**FREE, "XmppAccess": True}, Evidence(), "has EnableXmppAccess"),
        ({**FREE, "XmppNeeded": True}, Evidence(), "as was declared"),
        ({**FREE, "XmppAccess": None}, Evidence(), "was not found out"),
        ({**FREE, "XmppAccess": UNKNOWN}, Evidence(), "was not found out"),
        ({"TargetVersion": 8}, Evidence(), "declared otherwise"),
        ({}, Evidence(), "the version of the pool new.contoso.test was not found out"),
        ({"TargetVersion": True}, Evidence(), "was not found out"),
        # the inventory knows better than a server that says another version
        ({**FREE, "TargetVersion": 7, "XmppAccess": True}, Evidence(sfb=True), "has EnableXmppAccess"),
        (FREE, Evidence({"xmpp_stays": STALE}), "verified before something that it depends on was changed"),
        (FREE, Evidence({"xmpp_stays": OLD}), "more than 24 hours ago"),
        (FREE, Evidence({"xmpp_declared": MISSING}), "who needs XMPP has not been found out"),
        (FREE, Evidence(digest="other"), "declared otherwise"),
        # named: nothing but the name counts, and the name is that of this very user
        ({"TargetVersion": 8, "XmppAccess": True, "XmppEnds": USER}, Evidence(), None),
        ({**FREE, "XmppAccess": True, "XmppEnds": "sip:bob@contoso.test"}, Evidence(), "has EnableXmppAccess"),
        ({**FREE, "XmppAccess": True, "XmppEnds": ""}, Evidence(), "has EnableXmppAccess"),
        ({"TargetVersion": 8, "XmppEnds": USER}, Evidence({"xmpp_stays": MISSING}), "has not been verified"),
    ],
)  # fmt: skip
def test_what_a_mover_says(told: dict[str, Any], facts: Evidence, sentence: str | None) -> None:
    refused = laws.refusals(move(told), facts)
    assert refused == [] if sentence is None else any(sentence in one for one in refused), refused


def test_naming_a_user_for_something_else_does_not_end_xmpp() -> None:
    forced = move({**FREE, "XmppAccess": True}, override=USER)
    assert any("EnableXmppAccess" in one for one in laws.refusals(forced, Evidence()))
    named = Change(
        Cmdlet("Move-CsUser", {"Identity": USER, "Target": NEW_POOL, "Force": True}), f"user {USER}", forced.effects,
        before={**FREE, "RegistrarPool": OLD_POOL, "XmppEnds": USER},
    )  # fmt: skip
    assert any("-Force" in one for one in laws.refusals(named, Evidence()))


@pytest.mark.parametrize("call", ["Move-CsUser", "Move-CsLegacyUser", "Enable-CsUser"])
def test_a_move_says_whom_it_moves(call: str) -> None:
    silent = Change(Cmdlet(call, {"Identity": USER, "Target": NEW_POOL}), f"user {USER}")
    assert any("not said who" in one for one in laws.refusals(silent, Evidence()))


def test_back_from_2019_needs_no_proof() -> None:
    back = move({"SourceVersion": 8, "TargetVersion": 7, "Back": True})
    assert laws.refusals(back, Evidence({"no_partner": MISSING, "legacy_route": MISSING})) == []
    further = move({"SourceVersion": 8, "TargetVersion": 5, "Back": True})
    assert any("lose XMPP" in one for one in laws.refusals(further, Evidence({"no_partner": MISSING})))


# --- routes and Edges

EDGE_OLD, EDGE_NEW = "EdgeServer:edge2015.contoso.test", "EdgeServer:edge2019.contoso.test"


def change(collection: str, identity: str, properties: dict[str, Any] | None, **before: Any) -> Change:
    return Change(
        Cmdlet("Set-CsThing"),
        f"object {identity}",
        (Effect(collection, "organisation", identity, properties),),
        before=before,
    )


@pytest.mark.parametrize(
    ("one", "sfb", "sentence"),
    [
        (change("site", "Site:A", {"XmppFederationRoute": EDGE_OLD}, XmppEdgeVersion=7), True, None),
        (change("site", "Site:A", {"XmppFederationRoute": EDGE_OLD}, XmppEdgeVersion=8), False, "2019 has no XMPP"),
        (change("site", "Site:A", {"XmppFederationRoute": EDGE_NEW}, XmppEdgeVersion=7), True, "2019 has no XMPP"),
        (change("site", "Site:A", {"XmppFederationRoute": EDGE_OLD}), False, "version of EdgeServer:edge2015"),
        (change("site", "Site:A", {"XmppFederationRoute": "EdgeServer:edge2013"}), False, None),
        (change("site", "Site:A", {"FederationRoute": EDGE_NEW}), True, None),
        (change("edge_server", EDGE_OLD, {"XmppListeningPort": 5269}, Version=7), True, None),
        (change("edge_server", EDGE_OLD, {"XmppListeningPort": 5269}, EdgeVersions={EDGE_OLD: 8}), False, "2019 has no XMPP"),
        (change("edge_server", EDGE_OLD, {"XmppInternalPort": 23456}), False, "version was not found out"),
        (change("edge_server", EDGE_NEW, {"XmppInternalPort": 23456}, Version=7), True, "2019 has no XMPP"),
        (change("edge_server", "EdgeServer:x", {"Identity": "EdgeServer:x", "Version": 8, "XmppListeningPort": None}), True, None),
        (change("edge_server", "EdgeServer:x", {"Identity": "EdgeServer:x", "Version": 8, "XmppListeningPort": 1}), True, "2019 has no XMPP"),
        (change("edge_server", EDGE_OLD, None), True, "neither removed nor replaced"),
        (change("edge_server", EDGE_NEW, None), True, "neither removed nor replaced"),
        (change("edge_server", EDGE_OLD, {"XmppListeningPort": None}), True, "keeps its XMPP ports"),
        (change("edge_server", EDGE_OLD, {"Version": 8}), True, "neither removed nor replaced"),
        (change("edge_server", EDGE_OLD, {"AccessEdgeExternalSipPort": 5061}, Version=7), True, None),
        (change("registrar", "Registrar:old", {"Version": 8}), False, "does not become a pool"),
        (change("registrar", "Registrar:new", {"Identity": "Registrar:new", "Version": 8}), False, None),
    ],
)  # fmt: skip
def test_routes_and_edges(one: Change, sfb: bool, sentence: str | None) -> None:
    facts = Evidence({} if sfb else {"xmpp_stays": MISSING}, sfb=sfb)
    refused = laws.refusals(one, facts)
    assert refused == [] if sentence is None else any(sentence in text for text in refused), refused
