# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text option of every module with patterns and code in it: one sentence that names it, or plain data.

The table is generated from the argument specs, so a new option is in it by itself. A module without a row in `GOOD`
fails the first test.
"""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.dictionary import check as check_settings
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.names import shown
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import DEFAULTS, FakeShell
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.test_settings import GOOD as SETTINGS
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    EDGE_NEW,
    EDGE_OLD,
    GATEWAY,
    NEW,
    OLD,
    People,
    estate,
    sip,
    user,
)

MODULES = Path(__file__).parents[4] / "plugins" / "modules"
NAMES = sorted(path.stem for path in MODULES.glob("*.py") if path.stem != "__init__")
FACTS = ("services_running", "legacy_route", "no_partner", "pilot_reached_partner", "users_homed", "components",
         "xmpp_listening", "certificate_names", "replicated")  # fmt: skip

HOSTILE = {
    "star": "*",
    "subexpression": "$(Remove-Item C:\\)",
    "semicolon": "'; Get-Process; '",
    "line end": "one\ntwo",
    "NUL": "one\x00two",
    "jinja": "{{ lookup('pipe', 'touch X') }}",
    "opath": "o'x' -or 'a' -eq 'a",
    "ldap": "*)(objectClass=*",
    "switch": "-Confirm:$true",
    "invisible": "one\u202etwo",
}

CERTIFICATE = {"uses": ["Internal"], "subject": EDGE_NEW, "names": [EDGE_NEW], "sip_domains": ["contoso.test"],
               "xmpp_domains": ["contoso.test"], "srv_targets": ["xmpp.contoso.test"], "shared_from": "edge2013"}  # fmt: skip
AUTHORITY = {"certificate": "/nowhere/ca.pem", "key": "/nowhere/ca.key"}
SERVER = {"address": "127.0.0.1", "port": 9}
DNS_TARGET = {"host": "access.contoso.test", "addresses": ["203.0.113.9"]}
DNS_RECORD = {
    "name": "xmpp",
    "type": "SRV",
    "values": ["0 0 5269 xmpp.contoso.test"],
    "targets": [DNS_TARGET],
    "state": "present",
}
MACHINE = {"fqdn": "edge3.contoso.test", "internal_address": "10.0.1.41", "external_address": "203.0.113.41",
           "public_address": "203.0.113.42"}  # fmt: skip

#: For each module options that are good, every text option among them. Nested dictionaries and lists have one of each.
XMPP_NEEDS = {
    "xmpp_users": ["sip:user1@contoso.test"],
    "xmpp_group": "CN=XMPP,OU=Groups,DC=contoso,DC=test",
    "loses_xmpp": ["sip:user2@contoso.test"],
}
BACK: dict[str, Any] = {"hosts": ["fe2013"], "leave": ["topology"], "despite_acceptance": True}
KEY = {
    "tsig_key_name": "migration.contoso.test",
    "tsig_secret": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
    "kerberos_server_name": "ns1.contoso.test",
    "kerberos_principal": "ann@CONTOSO.TEST",
    "kerberos_cache": "/tmp/cache",
}
GOOD: dict[str, dict[str, Any]] = {
    "acceptance": {"accepted": True, "note": "seen by Ann"},
    "access_edge_configuration": {"allow_federated_users": True},
    "active_directory": {
        "stages": ["schema"],
        "group_domain": "contoso.test",
        "global_settings_domain_controller": "dc.contoso.test",
        "ldf_path": "D:\\Support\\Schema",
    },
    "allowed_domain": {
        "domain": "litware.test",
        "proxy_fqdn": GATEWAY,
        "comment": "by hand",
        "override": "litware.test",
    },
    "certificate": {
        **CERTIFICATE,
        "authority": AUTHORITY,
        "authority_passphrase": "long-enough",
        "pfx_passphrase": "long-enough",
        "origin": {
            "source": "private_ca",
            "authority": AUTHORITY,
            "ca": "ca.contoso.test\\Contoso CA",
            "template": "LyncEdge",
            "file": "/nowhere/access.pfx",
            "directory": "/nowhere",
            "chain": "/nowhere/chain.pem",
            "holder": "edge2010",
            "names": [EDGE_NEW],
        },
    },
    "certificate_assignment": CERTIFICATE,
    "configuration_store_location": {"sql_server_fqdn": "sql.contoso.test", "sql_instance": "RTC"},
    "cutover_plan": {
        "domains": ["contoso.test"],
        "targets": ["access.contoso.test"],
        "external_partners": ["litware.test"],
        "dialback_partners": ["nwtraders.test"],
        "ttl": 300,
        "margin": 60,
        "working": 120,
        "gateway_fqdn": GATEWAY,
    },
    "database": {"sql_server_fqdn": "sql.contoso.test", "central_management": True, "sql_instance": "RTC"},
    "dns_record_set": {
        "zone": "contoso.test",
        "domains": ["contoso.test"],
        "zones": ["contoso.test"],
        "records": [DNS_RECORD],
        "servers": [SERVER],
        "parent_servers": [SERVER],
        "tsig_key_name": "key",
        "tsig_secret": "c2VjcmV0c2VjcmV0c2VjcmV0",
        "kerberos_server_name": "ns1.contoso.test",
        "kerberos_principal": "dns@CONTOSO.TEST",
        "kerberos_cache": "FILE:/nowhere",
        "unless_values": ["0 0 5269 xmpp.contoso.test"],
        "unless_targets": [DNS_TARGET],
        "override": ["xmpp.contoso.test SRV"],
        "wait_seconds": 0,
    },
    "edge_server": {"fqdn": EDGE_NEW, "xmpp_listening_port": 5269, "xmpp_internal_port": 23456},
    "estate_baseline": {"source": "lync_2010", "hosts": ["fe2013"]},
    "estate_export": {"settings": {"name": "contoso"}, "report": False},
    "estate_info": {"gather": ["site"]},
    "event_watch": {"minutes": 1, "ignore_ids": [1], "fail_on_error": False},
    "external_access_policy": {
        "identity": "Pilot",
        "description": "for Ann",
        "copy_from": "Global",
        "accepted_losses": [sip(1)],
    },
    # either the policy or the copies are given: each is looked at by itself before that
    "external_access_policy_grant": {
        "policy": "XmppUsers",
        "copies": [{"of": "Global", "identity": "XmppUsers"}],
        "copy_name": "{name} XMPP",
        "users": [sip(1)],
        "pools": [NEW],
        "accepted_losses": [sip(1)],
    },
    "federation_route": {
        "site": "Redmond",
        "sip_edge_fqdn": EDGE_OLD,
        "xmpp_edge_fqdn": EDGE_NEW,
        "keep_routes_to": [EDGE_NEW],
    },
    "go_no_go": {
        "point": "partners",
        "domains": ["contoso.test"],
        "targets": ["access.contoso.test"],
        "external_partners": ["litware.test"],
        "dialback_partners": ["nwtraders.test"],
        "ttl": 300,
        "margin": 60,
        "working": 120,
        "gateway_fqdn": GATEWAY,
        "name_servers": [{"address": "127.0.0.1", "port": 9}],
        "wait_seconds": 0,
        "users": ["sip:ann@contoso.test"],
        "receivers": {"litware.test": "bob@litware.test"},
    },
    "hosts_file": {"entries": [{"address": "10.0.0.20", "names": ["fe.contoso.test"]}]},
    "homed_objects_info": {"target_pool": NEW, "pools": [NEW]},
    "legacy_configuration": {"again": False},
    "legacy_federation": {
        "source": "lync_2010",
        "site": "Redmond",
        "pools": [NEW],
        "branch_pools": ["sba.contoso.test"],
        "edge_fqdn": EDGE_OLD,
        "route_edge_fqdn": EDGE_OLD,
        "gateway_fqdn": GATEWAY,
        "partner_domains": ["fabrikam.test"],
        "pilot_users": [sip(1)],
        "proof": "declared",
    },
    "legacy_gateway_service": {"state": "stopped", "wait_seconds": 1},
    "legacy_topology": {
        "pools": ["ocspool.contoso.test"],
        "edges": [
            {
                "internal_fqdn": "ocsedge.contoso.test",
                "machines": ["ocsedge.contoso.test"],
                "web_conferencing_fqdn": "webconf.contoso.test",
                "next_hop_fqdn": "ocspool.contoso.test",
                "access_fqdn": "sip.contoso.test",
                "av_fqdn": "avedge.contoso.test",
                "version": "OCS2007R2",
            }
        ],
    },
    "local_store": {"source_host": "fe2013", "source_directory": "C:\\Setup"},
    "lync_service": {"may_be_stopped": ["RTCSRV"]},
    "microsoft_dns_record_set": {
        "zone": "contoso.test",
        "domains": ["contoso.test"],
        "zones": ["contoso.test"],
        "records": [DNS_RECORD],
        "servers": [SERVER],
        "parent_servers": [SERVER],
        "unless_values": ["0 0 5269 xmpp.contoso.test"],
        "unless_targets": [DNS_TARGET],
        "override": ["xmpp.contoso.test SRV"],
        "wait_seconds": 0,
    },
    "migration_lock": {"state": "released", "owner": "ann@one", "takeover": "ben@two"},
    "manual_gate": {
        "gate": "edge_without_session",
        "confirmed": ["gateway_console"],
        "edge_fqdn": EDGE_NEW,
        "servers": [NEW],
        "gateway_fqdn": GATEWAY,
        "access_fqdn": "access.contoso.test",
        "web_conferencing_fqdn": "webcon.contoso.test",
        "av_fqdn": "av.contoso.test",
        "sip_domains": ["contoso.test"],
        "partner_domains": ["fabrikam.test"],
        "machines": [
            {
                "fqdn": EDGE_NEW,
                "internal_address": "10.0.1.40",
                "external_address": "203.0.113.40",
                "public_address": "203.0.113.41",
            }
        ],
        "member": "edge2013",
        "names": ["webcon.contoso.test"],
        "srv_targets": ["xmpp.contoso.test"],
        "xmpp_domains": ["contoso.test"],
        "thumbprints": ["AB" * 20],
        "name_servers": [{"address": "203.0.113.53"}],
        "sender": "fabrikam.test",
        "hosts_entries": [{"address": "10.0.0.20", "names": ["fe.contoso.test"]}],
        "trusted_roots": ["C:\\root.cer"],
        "media_path": "D:\\",
        "sxs_path": "D:\\sources\\sxs",
        "configuration_file": "C:\\lync.zip",
        "outside_addresses": ["203.0.113.40"],
    },
    "migration_plan": {
        "state": "compared",
        "settings": {"name": "contoso"},
        "hosts": ["fe2013"],
        "domains": ["contoso.test"],
        "dns_servers": [SERVER],
    },
    "migration_report": {
        "settings": {"name": "contoso"},
        "hosts": ["fe2013"],
        "domains": ["contoso.test"],
        "dns_servers": [SERVER],
    },
    "migration_readiness": {
        "source": "lync_2010",
        "legacy_edge_fqdn": EDGE_OLD,
        "edges": [
            {
                "fqdn": EDGE_OLD,
                "access_fqdn": "sip.contoso.test",
                "web_conferencing_fqdn": "webconf.contoso.test",
                "av_fqdn": "avedge.contoso.test",
            }
        ],
        "partner_domains": ["fabrikam.test"],
        "lync_2010_minimum": "4.0.7577.205",
        "accept": ["xmpp_route"],
    },
    "outbound_reach": {
        "partner_domains": ["litware.test"],
        "connections": [{"host": EDGE_NEW, "port": 23456}],
        "fail_on_closed": False,
    },
    "outside_port": {
        "addresses": ["127.0.0.1"],
        "hosts": [],
        "port": 9,
        "state": "closed",
        "silence": True,
        "name_servers": [{"address": "127.0.0.1", "port": 9}],
        "allow_private": True,
        "wait_seconds": 0,
    },
    "package": {
        "packages": [
            {
                "name": "Core components",
                "path": "D:\\Setup\\vcredist_x64.exe",
                "arguments": ["/q"],
                "kind": "exe",
                "provides": {
                    "display_name": "Core",
                    "file": "C:\\core.txt",
                    "service": "CORE",
                    "sql_instance": "RTC",
                },
                "sha256": "a" * 64,
                "signer": "Microsoft Corporation",
            }
        ]
    },
    "partner_pack": {
        "partners": [{"domain": "litware.test"}],
        "domains": ["contoso.test"],
        "host": "access.contoso.test",
        "addresses": ["203.0.113.9"],
        "old_host": GATEWAY,
        "old_addresses": ["203.0.113.8"],
        "chain": "/nowhere/chain.pem",
        "thumbprints": ["A" * 40],
        "tls_versions": ["TLS 1.2"],
        "window": "Saturday",
        "drop_streams_at": "21:10 UTC",
        "contacts": ["Ann"],
    },
    "partner_reconciliation": {
        "gateway_fqdn": GATEWAY,
        "allow_list": ["fabrikam.test"],
        "partners": [{"domain": "fabrikam.test"}],
        "dropped": ["old.test"],
    },
    "primary_dns_suffix": {"suffix": "contoso.test"},
    "rehearsal": {"estate": "/nowhere/estate.yml", "plan": False},
    "registry_value": {"values": [{"path": "HKLM:\\SOFTWARE\\Contoso", "name": "One", "type": "string", "data": "x"}]},
    "restart": {"state": "always", "reason": "New group membership", "ignored": ["updates"], "wait_seconds": 0},
    "server_readiness": {
        "role": "front_end",
        "source": "lync_2010",
        "names": [NEW],
        "media": ["D:\\Setup\\setup.exe"],
        "accept": ["disk"],
    },
    "server_components": {"source_directory": "C:\\Setup"},
    "server_file": {"content": "x", "dest": "C:\\file.txt", "sha256": "a" * 64},
    "session": {"state": "inspected"},
    "settings": {"settings": SETTINGS, "needed": ["name"], "required_groups": []},
    "state_purge": {"confirmed": "contoso", "settings": {"name": "contoso"}},
    "store_replication": {"replicas": [EDGE_NEW], "hosts": ["edge2013"], "member": "edge2013"},
    "topology": {
        "source": "declared",
        "pool": {
            "fqdn": NEW,
            "site": "Redmond",
            "kind": "enterprise",
            "edge_fqdn": EDGE_OLD,
            "file_share": "LyncShare",
            "external_web_fqdn": "web.contoso.test",
            "internal_web_fqdn": "webint.contoso.test",
            "machines": ["fe1.contoso.test"],
            "sql_server_fqdn": "sql.contoso.test",
            "sql_instance": "RTC",
            "file_server_fqdn": "files.contoso.test",
        },
        "accepts": ["simple_urls_dropped"],
        "organisation": {
            "sip_domains": ["contoso.test"],
            "site": {"name": "Redmond", "city": "Redmond", "state": "WA", "country": "US"},
        },
        "edge": {
            "fqdn": EDGE_NEW,
            "site": "Redmond",
            "next_hop_fqdn": NEW,
            "access_fqdn": "access.contoso.test",
            "web_conferencing_fqdn": "webcon.contoso.test",
            "av_fqdn": "av.contoso.test",
            "internal_address": "10.0.1.40",
            "external_address": "203.0.113.40",
            "public_address": "203.0.113.43",
            "machines": [MACHINE],
        },
        "registrar_edge": {"pool_fqdn": NEW, "edge_fqdn": EDGE_OLD},
    },
    "trusted_root": {"certificates": ["/nowhere/root.pem"], "misplaced": "report"},
    "user_move": {
        "target_pool": NEW,
        "target_pools": [NEW],
        "users": [sip(1)],
        "targets": [
            {
                "pool": NEW,
                "sip_domains": ["contoso.test"],
                "organizational_units": ["OU=Staff,DC=contoso,DC=test"],
                "source_pools": [OLD],
            }
        ],
        "branch_pools": ["sba.contoso.test"],
        "domain_controller": "dc.contoso.test",
        "through": ["fe2013"],
        "first_users": [sip(1)],
        "force_users": [sip(1)],
        "force_without_export": [sip(1)],
        "export_directory": "C:\\Exports",
        "hours": "22:00-05:00",
        "time_zone": "Europe/Berlin",
        **XMPP_NEEDS,
    },
    "user_move_back": {
        "users": [sip(1)],
        "of_run": "run-1",
        "moved_after": "2026-11-21T22:00:00+01:00",
        "moved_before": "2026-11-22T05:00:00+01:00",
        "accept_losses": [sip(1)],
        "loses_xmpp": [sip(1)],
        "ocs_pool": "ocs.contoso.test",
        "domain_controller": "dc.contoso.test",
    },
    "rollback_dns": {**BACK, "servers": [{"address": "127.0.0.1", "port": 53}], **KEY},
    "rollback_microsoft_dns": {**BACK, "servers": [{"address": "127.0.0.1", "port": 53}]},
    "rollback_plan": {**BACK, "accepts": ["users"], "topology_source": "declared", "edge_access": "session"},
    "rollback_server": {**BACK, "part": "certificate"},
    "rollback_settings": {**BACK, "part": "partners"},
    "rollback_topology": {**BACK, "part": "xmpp"},
    "user_readiness": {
        "target_pool": NEW,
        "pools": [NEW],
        "direction": "forth",
        "branch_pools": ["sba.contoso.test"],
        "accept": ["protected"],
        "domain_controller": "dc.contoso.test",
    },
    "users_homed": {"pools": [NEW], "branch_pools": ["sba.contoso.test"], "domain_controller": "dc.contoso.test"},
    "windows_feature": {"names": ["Web-Server"], "source": "D:\\sources\\sxs"},
    "xmpp_access_info": {"users": [sip(1)], "pools": [NEW], "sample": 0},
    "xmpp_access_policies": {
        "copies": [{"of": "Global", "identity": "Pilot"}],
        "copy_name": "{name} XMPP",
        "users": [sip(1)],
        "pools": [NEW],
        "accepted_losses": [sip(1)],
    },
    "xmpp_coexistence": {"target_pool": "pool2019.contoso.test", "domain_controller": "dc.contoso.test", **XMPP_NEEDS},
    "xmpp_coexistence_policies": {
        "target_pool": "pool2019.contoso.test",
        "copies": [{"of": "Global", "identity": "Without"}],
        "copy_name": "{name} without XMPP",
        "domain_controller": "dc.contoso.test",
        **XMPP_NEEDS,
    },
    "xmpp_gateway_configuration": {"dialback_passphrase": "x", "update_dialback_passphrase": True},
    "xmpp_im": {"partner": "litware.test", "receiver": "bob@litware.test", "pool_fqdn": NEW},
    "xmpp_partner": {
        "domain": "litware.test",
        "additional_domains": ["other.test"],
        "partner_type": "Federated",
        "tls_negotiation": "Required",
        "sasl_negotiation": "Required",
        "support_dialback_negotiation": False,
        "proxy_fqdn": EDGE_NEW,
        "description": "for Ann",
    },
    "xmpp_partner_advice": {
        "partners": [{"domain": "litware.test"}],
        "sender": "contoso.test",
        "name_servers": [SERVER],
        "key_passphrase": "long-enough",
        "seconds": 1,
    },
    "xmpp_partner_info": {"expect": ["fabrikam.test"], "replicas": [EDGE_NEW], "member": "edge2013"},
    "xmpp_probe": {
        "domains": ["contoso.test"],
        "hosts": ["xmpp.contoso.test"],
        "addresses": ["127.0.0.1"],
        "port": 9,
        "sender": "contoso.test",
        "name_servers": [SERVER],
        "allow_private": True,
        "thumbprints": ["A" * 40],
        "key_passphrase": "long-enough",
        "dialback_listen": {"address": "127.0.0.1", "port": 0},
        "negotiation": {
            "tls_negotiation": "Required",
            "sasl_negotiation": "Required",
            "support_dialback_negotiation": False,
        },
        "seconds": 1,
    },
}

#: Free text that a person reads, or a secret: any text is data there, and only control characters are refused.
FREE = {
    ("acceptance", "note"),
    ("allowed_domain", "comment"),
    ("external_access_policy", "description"),
    ("migration_lock", "takeover"),
    ("server_file", "content"),
    ("xmpp_partner", "description"),
    ("certificate", "authority_passphrase"),
    ("certificate", "pfx_passphrase"),
    ("dns_record_set", "tsig_secret"),
    ("xmpp_probe", "key_passphrase"),
    ("xmpp_partner_advice", "key_passphrase"),
    ("partner_pack", "window"),
    ("partner_pack", "drop_streams_at"),
    ("partner_pack", "contacts"),
    ("partner_pack", "tls_versions"),
    ("xmpp_gateway_configuration", "dialback_passphrase"),
    ("rollback_dns", "tsig_secret"),
    # names of objects that are compared with, and go nowhere
    *((name, "leave") for name in (
        "rollback_dns", "rollback_microsoft_dns", "rollback_plan", "rollback_server", "rollback_settings", "rollback_topology",
    )),
}
#: Names of things on the controller: what is not there is said to be not there.
ON_THE_CONTROLLER = {
    ("certificate", "authority.certificate"),
    ("certificate", "authority.key"),
    ("certificate", "origin.authority.certificate"),
    ("certificate", "origin.authority.key"),
    ("certificate", "origin.file"),
    ("certificate", "origin.directory"),
    ("certificate", "origin.chain"),
    ("dns_record_set", "kerberos_keytab"),
    ("dns_record_set", "kerberos_cache"),
    ("rollback_dns", "kerberos_keytab"),
    ("rollback_dns", "kerberos_cache"),
    ("manual_gate", "ca_file"),
    ("partner_pack", "chain"),
    ("xmpp_partner_advice", "ca_file"),
    ("xmpp_partner_advice", "certificate"),
    ("xmpp_partner_advice", "key"),
    ("xmpp_probe", "ca_file"),
    ("xmpp_probe", "certificate"),
    ("xmpp_probe", "key"),
    ("estate_baseline", "hosts"),
    ("local_store", "source_host"),
    ("store_replication", "hosts"),
    ("server_file", "src"),
    ("trusted_root", "certificates"),
    ("settings", "needed"),
    ("settings", "required_groups"),
}


def module(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.lync.xmpp_migration.plugins.modules.{name}")


def texts(spec: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, bool]]:
    """Options that take a text, with their place, and whether only some texts are accepted at all."""
    for name, option in spec.items():
        kind = option.get("elements") if option.get("type") == "list" else option.get("type", "str")
        if kind in ("str", "path"):
            yield above + name, "choices" in option
        elif kind == "dict" and "options" in option:
            yield from texts(option["options"], f"{above}{name}.")


CASES = [(name, place, choices) for name in NAMES for place, choices in texts(module(name).ARGUMENT_SPEC)]


def put(params: dict[str, Any], place: str, text: str) -> dict[str, Any]:
    params = copy.deepcopy(params)
    inner: Any = params
    *way, last = place.split(".")
    for step in way:
        inner = inner[step]
        inner = inner[0] if isinstance(inner, list) else inner
    inner[last] = [text] if isinstance(inner.get(last), list) else text
    return params


#: They read the topology, or what is installed: the lab has both.
IN_THE_LAB = {"topology", "local_store", "server_components"}


@pytest.fixture(scope="module")
def in_the_lab(tmp_path_factory: pytest.TempPathFactory) -> LabBench:
    """One for all, because none of them is to change it."""
    return LabBench(tmp_path_factory.mktemp("bad") / "lab")


def bench(directory: Path) -> Any:
    policies = [{"Identity": name, **DEFAULTS["external_access_policy"]} for name in ("Global", "Tag:XmppUsers")]
    one = People(directory, estate(user(1, NEW), user(2, OLD), external_access_policy=policies))
    one.prove(*FACTS)
    return one


def writes(one: Any) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(one, LabBench):
        return [(line, {}) for line in one.called()]
    return [call for shell in one.hosts.values() for call in made(shell)]


def made(shell: FakeShell) -> list[tuple[str, dict[str, Any]]]:
    return [call for call in shell.transcript if not call[0].startswith(("Get-", "Test-", "netstat"))]


def test_every_module_has_good_options() -> None:
    assert sorted(GOOD) == NAMES
    known = {(name, place) for name, place, _ in CASES}
    assert known >= FREE | ON_THE_CONTROLLER
    unset = [f"{name}: {place}" for name, place, choices in CASES if not choices and not _has(GOOD[name], place)]
    # files that have to be there first, the one in place of its content; a host that has to be of a group of the inventory;
    # and what chooses users, which stands in the place of naming them: test_selection.py has its patterns
    assert unset == [
        "dns_record_set: kerberos_keytab",
        "manual_gate: gateway_host",
        "manual_gate: ca_file",
        "rollback_dns: kerberos_keytab",
        "server_file: src",
        "user_move: users_file",
        "user_move: organizational_units",
        "user_move: sip_domains",
        "user_move: source_pools",
        "user_move: ldap_filter",
        "xmpp_partner_advice: ca_file",
        "xmpp_partner_advice: certificate",
        "xmpp_partner_advice: key",
        "xmpp_probe: ca_file",
        "xmpp_probe: certificate",
        "xmpp_probe: key",
    ]


def _has(params: Any, place: str) -> bool:
    for step in place.split("."):
        if step not in params:
            return False
        params = params[step]
        params = params[0] if isinstance(params, list) and params and isinstance(params[0], dict) else params
    return True


@pytest.mark.parametrize(("name", "place", "choices"), CASES, ids=[f"{name}-{place}" for name, place, _ in CASES])
def test_patterns_and_code_in_an_option(
    tmp_path: Path, in_the_lab: LabBench, name: str, place: str, choices: bool
) -> None:
    wrong = []
    one: Any = in_the_lab if name in IN_THE_LAB and not choices else bench(tmp_path)
    for what, text in HOSTILE.items():
        before = len(one.journal())
        result = one.run(module(name), put(GOOD[name], place, text))
        entries = [entry for entry in one.journal()[before:] if entry["kind"] == "intent"]
        if result.get("failed"):
            said = str(result["msg"])
            if writes(one) or entries:
                wrong.append(f"{what}: refused after a write: {said}")
            if len(said) > 900 or "Traceback" in said:
                wrong.append(f"{what}: no sentence: {said!r}")
            if not choices and (name, place) not in ON_THE_CONTROLLER and not said.isprintable():
                wrong.append(f"{what}: no sentence: {said!r}")
            if (name, place) not in FREE | ON_THE_CONTROLLER and not names_it(said, place, text):
                wrong.append(f"{what}: does not name the option: {said}")
        elif (name, place) not in FREE | ON_THE_CONTROLLER:
            wrong.append(f"{what}: taken as {json.dumps(result)[:200]}")
        else:
            # free text goes where free text belongs, whole, and nowhere else
            for cmdlet, parameters in writes(one):
                free = {n for n, v in parameters.items() if v == text}
                if not free <= {"Comment", "Description", "DialbackPassphrase"}:
                    wrong.append(f"{what}: {cmdlet} {parameters}")
            one = bench(tmp_path / what.replace(" ", "_"))
    assert not wrong, "\n".join(wrong)


def names_it(said: str, place: str, text: str) -> bool:
    """The option, or its value as a sentence can carry it."""
    return place.rpartition(".")[2] in said or shown(text, 200) in said or repr(text) in said


# --- lync_migration as a whole


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, (*way, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*way, index))
    elif isinstance(value, str):
        yield way


FREE_SETTINGS = {"description"}
#: Names of files on the controller and of a key in DNS messages: nothing that a cmdlet could take for a switch.
DATA = {"certificate", "key", "tsig_key_name"}


@pytest.mark.parametrize("way", list(leaves(SETTINGS)), ids=lambda way: ".".join(map(str, way)))
def test_patterns_and_code_in_lync_migration(way: tuple[Any, ...]) -> None:
    for what, text in HOSTILE.items():
        settings = copy.deepcopy(SETTINGS)
        inner: Any = settings
        for step in way[:-1]:
            inner = inner[step]
        inner[way[-1]] = text
        problems = check_settings(settings).problems
        assert problems or way[-1] in FREE_SETTINGS or (what == "switch" and way[-1] in DATA), (what, way)
        assert all("\n" not in one and "\x00" not in one and "\u202e" not in one for one in problems)


@pytest.mark.parametrize("way", list(leaves(SETTINGS)), ids=lambda way: ".".join(map(str, way)))
def test_a_key_with_a_typing_error(way: tuple[Any, ...]) -> None:
    """Every key of the documented example, with two letters exchanged."""
    if not isinstance(way[-1], str) or len(way[-1]) < 4:
        return
    settings = copy.deepcopy(SETTINGS)
    inner: Any = settings
    for step in way[:-1]:
        inner = inner[step]
    key = way[-1]
    inner[key[0] + key[2] + key[1] + key[3:] if key[1] != key[2] else key + "s"] = inner.pop(key)
    problems = check_settings(settings).problems
    assert any(f"did you mean '{key}'?" in one for one in problems), problems
