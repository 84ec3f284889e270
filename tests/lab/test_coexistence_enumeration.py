# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module, state and option that can change a user's pool, an Edge, a route or a policy: none takes XMPP from a user by a move.

A module that is added, or an option of one of these, fails here until it is classified.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay, definition

pytestmark = pytest.mark.timeout(300)

MODULES = Path(__file__).parents[2] / "plugins" / "modules"
ESTATE = "sfb2019-with-2015"
OLD, NEW, EDGE_OLD, EDGE_NEW = (f"{one}.contoso.test" for one in ("pool2015", "pool2019", "edge2015", "edge2019"))
NEEDS = {"xmpp_users": ["sip:user001@contoso.test", "sip:user201@contoso.test"], "xmpp_group": "CN=XMPP,OU=Groups,DC=contoso,DC=test"}
STAY = {"sip:user001@contoso.test", "sip:user201@contoso.test", "sip:ann@contoso.test", "sip:bob@contoso.test"}
ONE = "sip:user001@contoso.test"
NAMED = "sip:user301@contoso.test"
UNIT = "OU=Staff,DC=contoso,DC=test"

#: These change no user's pool, no Edge, no route and no policy: they only read, or what they write is something else.
OTHERS = set(
    "acceptance access_edge_configuration active_directory allowed_domain certificate certificate_assignment configuration_store_location "
    "cutover_plan database dns_record_set estate_baseline estate_export estate_info event_watch go_no_go homed_objects_info hosts_file "
    "legacy_configuration legacy_federation legacy_gateway_service local_store lync_service manual_gate microsoft_dns_record_set "
    "migration_lock migration_plan migration_readiness migration_report outbound_reach outside_port package partner_pack rehearsal "
    "partner_reconciliation primary_dns_suffix registry_value restart server_components server_file server_readiness session settings "
    "state_purge store_replication trusted_root user_readiness users_homed windows_feature xmpp_access_info xmpp_coexistence "
    "xmpp_gateway_configuration xmpp_im xmpp_partner xmpp_partner_advice xmpp_partner_info xmpp_probe".split()
)
POLICY = {"identity": "Global"}
#: module -> what it is called with at least, and for each of its options what might get past the law
CHANGING: dict[str, tuple[dict[str, Any], dict[str, list[Any]]]] = {
    "user_move": (
        {"target_pool": NEW},
        {
            "force_users": [[ONE]], "force_without_export": [[ONE]], "export_directory": ["C:\\Exports"], "target_pool": [NEW, NEW.upper()],
            "target_pools": [[OLD]], "users": [[ONE], ["sip:user002@contoso.test"]], "users_file": ["{lab}/users.txt"],
            "targets": [[{"pool": NEW, "share": 50}], [{"pool": NEW, "source_pools": [OLD]}]], "organizational_units": [[UNIT]],
            "sip_domains": [["contoso.test"]], "source_pools": [[OLD]], "ldap_filter": ["(cn=*)"], "branch_pools": [[OLD]],
            "pilot": [True], "move_conference_data": [True], "batch_size": [1000], "domain_controller": ["dc.contoso.test"],
            "movers": [2], "through": [["fe2019"]], "attempts": [2], "failure_count": [0], "failure_percent": [1], "first_users": [[ONE]],
            "wave_size": [1], "wave_pause": [1], "hours": ["00:00-00:00"], "time_zone": ["Europe/Berlin"], "wait_for_hours": [True],
            "xmpp_users": [[], ["sip:user002@contoso.test"]], "xmpp_group": ["CN=Other,DC=contoso,DC=test"], "loses_xmpp": [[NAMED]],
        },
    ),
    "user_move_back": (
        {"users": [ONE], "accept_losses": ["all"]},
        {
            "users": [[ONE]], "of_run": ["none"], "moved_after": ["2020-01-01T00:00:00+00:00"], "moved_before": ["2030-01-01T00:00:00+00:00"],
            "accept_losses": [["all"]], "loses_xmpp": [["sip:user002@contoso.test"]], "restore_policies": [False], "ocs_pool": [NEW], "all_moved": [True],
            "domain_controller": ["dc.contoso.test"], "batch_size": [1],
        },
    ),
    "edge_server": (
        {"fqdn": EDGE_NEW, "xmpp_listening_port": 5269, "xmpp_internal_port": 23456},
        {"fqdn": [EDGE_NEW, EDGE_NEW.upper()], "access_edge_external_sip_port": [5061], "xmpp_listening_port": [5270], "xmpp_internal_port": [1]},
    ),
    "federation_route": (
        {"site": "Redmond", "xmpp_edge_fqdn": EDGE_NEW},
        {"site": ["Dublin"], "sip_edge_fqdn": [EDGE_OLD], "xmpp_edge_fqdn": [EDGE_NEW.upper()], "keep_routes_to": [[EDGE_OLD]], "leave_legacy_edge": [True]},
    ),
    "external_access_policy": (
        POLICY,
        {
            "identity": ["site:Dublin", "Chat"], "enable_xmpp_access": [True], "enable_federation_access": [True], "enable_outside_access": [True],
            "enable_public_cloud_access": [True], "enable_public_cloud_audio_video_access": [True], "description": ["x"],
            "copy_from": ["Chat"], "state": ["absent", "present"], "accepted_losses": [[ONE]],
        },
    ),
    "external_access_policy_grant": (
        {"policy": "Chat", "pools": [OLD]},
        {
            "policy": ["Chat", "Global"], "copies": [[{"of": "Global", "identity": "Chat"}]], "copy_name": ["{name} XMPP"], "users": [[ONE], ["all"]],
            "pools": [[OLD, NEW]], "accepted_losses": [[ONE]],
        },
    ),
    "xmpp_access_policies": (
        {"copy_name": "{name} XMPP", "pools": [OLD]},
        {
            "copies": [[{"of": "Global", "identity": "Global"}]], "copy_name": ["{name} more"], "users": [["all"], [ONE]], "pools": [[NEW, OLD]],
            "accepted_losses": [[ONE]],
        },
    ),
    "xmpp_coexistence_policies": (
        {"target_pool": NEW, "copy_name": "{name} without XMPP", **NEEDS},
        {
            "target_pool": [NEW], "copies": [[{"of": "Global", "identity": "Inside"}], [{"of": "Global", "identity": "Global"}]], "copy_name": ["{name}x"],
            "domain_controller": ["dc.contoso.test"], "xmpp_users": [[ONE]], "xmpp_group": [NEEDS["xmpp_group"]], "loses_xmpp": [["sip:user301@contoso.test"]],
        },
    ),
}  # fmt: skip
#: These publish a topology. A document with the pools of 2015 and 2019 is refused, or it only adds: what a publish does to rows is
#: judged as in tests/unit/plugins/module_utils/test_coexistence_laws.py.
PUBLISHING = {"topology", "legacy_topology"}
#: These only take back what the journal says this collection did; users go back with user_move_back.
BACK = {"rollback_dns", "rollback_microsoft_dns", "rollback_plan", "rollback_server", "rollback_settings", "rollback_topology"}


def test_every_module_and_option_is_classified() -> None:
    names = {one.stem for one in MODULES.glob("*.py") if not one.stem.startswith("_")}
    known = OTHERS | set(CHANGING) | PUBLISHING | BACK
    assert names == known, f"classify {sorted(names ^ known)} by what it can change"
    for module, (_least, tries) in CHANGING.items():
        assert set(tries) == set(definition(module)[0]), module


def call(module: str, arguments: dict[str, Any]) -> Recorded:
    host = "fe2019" if module.startswith("user_move") else "fe2015"
    return Recorded(module, host, None, "coexistence", module, (), False, arguments, "ok", False)


SEE = call("xmpp_coexistence", {"target_pool": NEW, **NEEDS})
SEE_ALL = call("xmpp_coexistence", {"target_pool": NEW})


def cases(module: str) -> list[dict[str, Any]]:
    least, tries = CHANGING[module]
    made = [dict(least)]
    for option, values in tries.items():
        made += [{**least, option: value} for value in values]
    if module == "user_move":  # with what is declared, and as if nothing were
        made = [*made, *({**NEEDS, **one} for one in made)]
    return made


def wrong(replay: Replay) -> list[str]:
    """Whoever was declared is where he was, nobody with XMPP is on 2019, and XMPP is carried as it was."""
    homes = {user.sip: user.registrar_pool for user in replay.world.ad}
    found = [f"{user} is on {homes[user]}" for user in sorted(STAY) if homes[user] == NEW]
    return found + [f"{one['law']} {one['key']}" for one in replay.world.laws.violations if one["law"] == "L3" and one["key"] != f"user {NAMED}"]


@pytest.mark.parametrize("module", sorted(CHANGING))
def test_none_takes_xmpp_from_a_user_who_is_not_named(module: str, tmp_path: Path) -> None:
    bad = []
    with Replay(ESTATE, tmp_path / "lab") as replay:
        (tmp_path / "lab" / "users.txt").write_text(f"{ONE}\nsip:user002@contoso.test\n", encoding="utf-8")
        replay.run([SEE]).done()
        declared = True
        for arguments in cases(module):
            if module == "user_move" and declared is not (NEEDS.items() <= arguments.items()):
                declared = not declared
                replay.run([SEE if declared else SEE_ALL]).done()
            replay.run([call(module, arguments)])
            bad += [f"{arguments}: {one}" for one in wrong(replay)]
        # and whatever it left behind, a move of everybody after it
        replay.run([SEE])
        replay.run([call("user_move", {"target_pool": NEW, **NEEDS})])
        bad += [f"a move of everybody afterwards: {one}" for one in wrong(replay)]
    assert not bad, "\n".join(bad)


def test_a_named_user_is_moved_alone(tmp_path: Path) -> None:
    """That the moves above were refused for the sake of XMPP, and not because nothing moves at all."""
    with Replay(ESTATE, tmp_path / "lab") as replay:
        named = {"users": ["sip:user002@contoso.test"], "loses_xmpp": ["sip:user002@contoso.test"]}
        replay.run([SEE, call("user_move", {"target_pool": NEW, **named, **NEEDS})]).done()
        assert wrong(replay) == ["L3 user sip:user002@contoso.test"]
        assert [user.sip for user in replay.world.ad if user.registrar_pool == NEW] == ["sip:user002@contoso.test"]
