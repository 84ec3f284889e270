# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.dictionary import check, check_groups
from hypothesis import given
from hypothesis import strategies as st

GOOD: dict[str, Any] = {
    "name": "contoso",
    "source": "lync_2010",
    "pool": {"fqdn": "pool2013.contoso.test", "kind": "standard", "site": "Redmond"},
    "edge": {
        "fqdn": "edge2013.contoso.test",
        "access_fqdn": "access.contoso.test",
        "web_conferencing_fqdn": "webcon.contoso.test",
        "av_fqdn": "av.contoso.test",
        "internal_address": "10.0.1.40",
        "external_address": "203.0.113.40",
        "public_address": None,
    },
    "legacy": {
        "pool_fqdn": "pool2010.contoso.test",
        "edge_fqdn": "edge2010.contoso.test",
        "gateway_fqdn": "xmppgw.contoso.test",
    },
    "sip_domains": ["contoso.test", "wingtip.test"],
    "topology_source": "declared",
    "topology_accepts": ["simple_urls_dropped"],
    "sip_federation_route": "keep",
    "partners": [
        {
            "domain": "fabrikam.test",
            "partner_type": "Federated",
            "tls_negotiation": "Required",
            "sasl_negotiation": "Required",
            "support_dialback_negotiation": False,
        },
        {
            "domain": "nwtraders.test",
            "partner_type": "Federated",
            "tls_negotiation": "Optional",
            "sasl_negotiation": "NotSupported",
            "support_dialback_negotiation": True,
        },
    ],
    "users": {"pilot": ["sip:user001@contoso.test"], "pilot_proof": "test"},
    "access_policy": {"identity": "XmppUsers", "grant_to": "all"},
    "certificates": {
        "authority": {"certificate": "/etc/pki/ca.pem", "key": "/etc/pki/ca.key"},
        "edge_external": {"source": "private_ca"},
        "front_end": {"source": "imported"},
    },
    "dns": {
        "servers": [{"address": "10.0.0.53", "port": 53}],
        "zones": ["contoso.test", "wingtip.test"],
        "method": "rfc2136",
        "tsig_key_name": "lync-migration",
        "ttl_window": 300,
        "ttl_final": 3600,
    },
}


def changed(path, value):
    """GOOD with one value set, or with one key removed."""
    settings: Any = copy.deepcopy(GOOD)
    *way, last = path.split("/")
    target: Any = settings
    for step in way:
        target = target[int(step) if step.isdigit() else step]
    if value is ...:
        del target[last]
    else:
        target[int(last) if last.isdigit() else last] = value
    return settings


def test_the_documented_example_has_no_problem():
    found = check(GOOD)
    assert (found.problems, found.warnings) == ((), ())
    assert found.settings["access_policy"]["identity"] == "tag:XmppUsers"


@pytest.mark.parametrize(
    "path, value, where, said",
    [
        ("pool/fqdn", "pool2013", "pool.fqdn", "has no dot"),
        ("pool/fqdn", "*.contoso.test", "pool.fqdn", "contains a wildcard"),
        ("pool/fqdn", ..., "pool", "'fqdn' is wanted, but is missing"),
        ("pool/kind", "Standard", "pool.kind", "One of standard, enterprise is wanted, but 'Standard'"),
        ("users/movers", 9, "users.movers", "from 1 to 8"),
        ("users/hours", "10 p.m.", "users.hours", "two times of day are wanted"),
        ("users/hours", 22, "users.hours", "A text in quotes is wanted"),
        ("users/time_zone", "Europe/Redmond", "users.time_zone", "is not the name of a time zone"),
        ("users/wait_for_hours", True, "users.wait_for_hours", "nothing to wait for"),
        ("users/first_users", ["sip:ann@elsewhere.test"], "users.first_users", "in none of sip_domains"),
        ("pool/kind", "enterprise", "pool", "An Enterprise pool wants machines"),
        ("pool/kind", "enterprise", "pool", "An Enterprise pool wants internal_web_fqdn"),
        ("pool/sql", {"server_fqdn": "sql.contoso.test"}, "pool.sql", "one server with its own SQL Server"),
        ("pool/machines", [{"fqdn": "pool2013.contoso.test"}], "pool.machines[0]", "has a name of its own"),
        ("source", "ocs_2007_r2", "", "The key 'ocs' is wanted for the source ocs_2007_r2"),
        ("ocs", {"edges": []}, "ocs", "the source is lync_2010"),
        ("dns/method", "microsoft", "dns", "wants server_host"),
        ("dns/gss_tsig", True, "dns", "wants kerberos_server_name"),
        ("dns/kerberos_keytab", "/etc/k", "dns.kerberos_keytab", "wants kerberos_principal"),
        ("edge/machines", [{"fqdn": "edge2010.contoso.test", "internal_address": "10.0.0.1", "external_address": "10.1.0.1"}],
         "edge.machines[0]", "is the FQDN of legacy.edge_fqdn already"),
        ("media", {"path": "D:\\*"}, "media.path", "contains a wildcard"),
        ("edge_hosts_entries", [{"address": "10.0.0.20", "names": []}], "edge_hosts_entries[0].names", "A list of 1 to"),
        ("gates_confirmed", ["gui"], "gates_confirmed[0]", "One of ocs_edge_internal_list"),
        ("pool/site", "$(calc)", "pool.site", "which reads as code"),
        ("pool/fqnd", "x.test", "pool", "did you mean 'fqdn'?"),
        ("pool", "pool2013.contoso.test", "pool", "A dictionary is wanted"),
        ("edge/access_fqdn", "edge2013.contoso.test", "edge.access_fqdn", "an external name is wanted"),
        ("edge/internal_address", "203.0.113.40", "edge", "both the internal and the external address"),
        ("edge/internal_address", "10.0.1", "edge.internal_address", "An IP address"),
        ("edge/external_address", ..., "edge", "internal_address and external_address are wanted"),
        ("edge/machines", [{"fqdn": "e1.contoso.test", "internal_address": "10.0.0.1", "external_address": "10.1.0.1"}],
         "edge", "are too much"),
        ("legacy/pool_fqdn", "pool2013.contoso.test", "legacy.pool_fqdn", "side by side means two"),
        ("legacy/edge_fqdn", None, "legacy.edge_fqdn", "but it is empty"),
        ("sip_domains", [], "sip_domains", "A list of 1 to"),
        ("sip_domains", "contoso.test", "sip_domains", "A list is wanted"),
        ("sip_domains", ["contoso.test", "CONTOSO.test"], "sip_domains", "stands there twice"),
        ("xmpp_domains", ["other.test"], "xmpp_domains", "other.test is not among sip_domains"),
        ("partners/0/domain", "contoso.test", "partners[0] (contoso.test)", "is an own SIP domain"),
        ("partners/0/domain", "nwtraders.test", "partners[1] (nwtraders.test)", "stands in partners[0] already"),
        ("partners/0/additional_domains", ["nwtraders.test"], "partners[1] (nwtraders.test)", "stands in partners[0]"),
        ("partners/0/additional_domains", ["wingtip.test"], "partners[0] (fabrikam.test)", "is an own SIP domain"),
        ("partners/0/domain", "fabrikam*", "partners[0].domain", "a wildcard"),
        ("partners/0/domain", "fabrikam.test; rm -rf /", "partners[0].domain", "not made of 1 to 63"),
        ("partners/0/tls_negotiation", "NotSupported", "partners[0] (fabrikam.test)", "is not a valid combination: SASL"),
        ("partners/0/sasl_negotiation", "NotSupported", "partners[0] (fabrikam.test)", "allow one of the two"),
        ("partners/0/support_dialback_negotiation", "yes", "partners[0].support_dialback_negotiation", "true or false"),
        ("partners/0/partner_type", "federated", "partners[0].partner_type", "One of Federated"),
        ("partners/0/connection_limit", True, "partners[0].connection_limit", "A whole number from 1"),
        ("partners/0/description", "a\nb", "partners[0].description", "a line end"),
        ("partners", [], "partners", "A list of 1 to"),
        ("users/pilot", ["user001@contoso.test"], "users.pilot[0]", "does not begin with 'sip:'"),
        ("users/pilot", ["sip:user001@fabrikam.test"], "users.pilot", "is in none of sip_domains"),
        ("users/pilot", ["sip:*@contoso.test"], "users.pilot[0]", "contains a wildcard"),
        ("access_policy/identity", "Global", "access_policy.grant_to", "is granted to nobody"),
        ("access_policy/grant_to", "everybody", "access_policy.grant_to", "One of all is wanted"),
        ("access_policy/copy_from", "tag:xmppusers", "access_policy.copy_from", "is the policy itself"),
        ("certificates/edge_external", {"certificate": "/ca.pem"}, "certificates.edge_external", "'certificate' is not known"),
        ("certificates/edge_xmpp", {}, "certificates", "'edge_xmpp' is not known"),
        ("certificates/authority", ..., "certificates.edge_external", "private_ca wants certificate and key"),
        ("certificates/front_end", {"source": "imported", "ca": "h\\a"}, "certificates.front_end.ca", "ca is for online_ca"),
        ("certificates/front_end", {"source": "online_ca"}, "certificates.front_end", "online_ca wants ca, HOST"),
        ("certificates/front_end", {"source": "pfx"}, "certificates.front_end", "pfx wants file"),
        ("certificates/front_end", {"source": "offline", "file": "/a"}, "certificates.front_end.file", "file is for pfx"),
        ("certificates/front_end", {"source": "legacy_edge"}, "certificates.front_end", "external certificate of the Edge alone"),
        ("certificates/renew_days", 400, "certificates.renew_days", "0 to 365"),
        ("certificates/authority/key", "/etc/`id`", "certificates.authority.key", "which reads as code"),
        ("dns/servers", ..., "dns", "rfc2136 wants servers"),
        ("dns/servers/0/port", 70000, "dns.servers[0].port", "A whole number from 1 to 65535"),
        ("dns/method", "manual", "dns.tsig_key_name", "is for rfc2136"),
        ("dns/ttl_window", 7200, "dns", "longer than ttl_final"),
        ("dns/tsig_secret", "abc", "dns", "looks like a secret"),
        ("ca_password", "abc", "", "looks like a secret"),
        ("name", "../etc", "name", "A short name"),
        ("name", "contoso\n", "name", "A short name"),
        ("name", ..., "", "'name' is wanted, but is missing"),
        ("source", ..., "", "'source' is wanted by this playbook"),
        ("source", "lync2010", "source", "One of lync_2010, ocs_2007_r2"),
        ("topology_accepts", [], "topology_accepts", "drops the simple URLs of the whole organisation until the same task"),
        ("topology_source", "guess", "topology_source", "One of builder, declared"),
        ("topology_source", ..., "", "'topology_source' is wanted by this playbook"),
        ("sip_federation_route", "move", "sip_federation_route", "One of keep, with_cutover, already_moved"),
    ],
)  # fmt: skip
def test_each_problem_is_one_sentence_about_one_object(path, value, where, said):
    found = check(changed(path, value)).problems
    prefix = f"lync_migration.{where}: " if where else "lync_migration: "
    matching = [sentence for sentence in found if sentence.startswith(prefix) and said in sentence]
    assert matching, found
    assert all("\n" not in sentence for sentence in found)


def test_all_problems_are_found_at_once():
    settings = changed("pool/fqdn", "x")
    settings["partners"][0]["domain"] = "contoso.test"
    settings["dns"]["ttl_windw"] = 1
    assert len(check(settings).problems) == 3


@pytest.mark.parametrize("settings", [None, [], "text", 5, {"pool": []}, {1: 2}, {"partners": {"a": 1}}, {"edge": {}}])
def test_anything_is_answered_with_sentences(settings):
    assert check(settings).problems


def test_warnings():
    defaults = changed("partners/0", {"domain": "fabrikam.test"})
    assert "Dialback is never used" in check(defaults).warnings[0]
    assert check(defaults).problems == ()
    optional = changed("partners/0/tls_negotiation", "Optional")
    assert "SASL needs TLS" in check(optional).warnings[0]


def test_international_domains_are_compared_as_they_stand_in_dns():
    settings = changed("sip_domains", ["bücher.example", "contoso.test"])
    settings["partners"][0]["domain"] = "xn--bcher-kva.example"
    assert "is an own SIP domain" in check(settings).problems[0]


def test_a_role_alone_needs_less():
    assert check({"name": "contoso"}, needed=["name"]).problems == ()


def test_groups():
    assert check_groups(["a", "b"], {"a": ["h"], "b": []}) == [
        "The inventory group b has no member, so its plays would be skipped without a word: put the hosts of that kind "
        "into it."
    ]


_any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(GOOD)) | st.text(max_size=5), inner)
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(GOOD)), _any)
def test_no_value_is_too_strange(key, value):
    for sentence in check({**GOOD, key: value}).problems:
        assert sentence.startswith("lync_migration")


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"identity": "XmppUsers"}, None),
        ({"copy_name": "{name} XMPP", "sample": 25}, None),
        ({"copies": [{"of": "Global", "identity": "XmppUsers"}]}, None),
        ({}, "Either identity is wanted, or copies and copy_name"),
        ({"identity": "X", "copy_name": "{name} XMPP"}, "leave one of them out"),
        ({"copies": [{"of": "Global", "identity": "X"}], "copy_from": "Global"}, "leave one of them out"),
        ({"copy_name": "XMPP"}, "A text with {name} in it is wanted"),
    ],
)
def test_one_policy_for_all_or_one_for_each(policy: dict[str, Any], says: str | None) -> None:
    found = check({"name": "contoso", "access_policy": policy}, needed=()).problems
    assert (found == ()) if says is None else any(says in one for one in found)


def test_what_is_said_of_the_old_gateway_fits_the_partners() -> None:
    told = {
        "name": "contoso",
        "partners": [{"domain": "fabrikam.test"}],
        "partners_dropped": ["Fabrikam.test"],
        "legacy": {
            "pool_fqdn": "p.contoso.test", "edge_fqdn": "e.contoso.test", "gateway_fqdn": "g.contoso.test",
            "gateway_allow_list": ["fabrikam.test", "old.test", "lost.test"], "entries_retired_in_window": ["other.test"],
        },
    }  # fmt: skip
    found = check(told, needed=()).problems
    assert any("fabrikam.test stands in partners[0] too" in one for one in found)
    assert any("other.test is no domain of a partner" in one for one in found)
    assert [one for one in found if "would be lost at the cutover" in one and ("old.test" in one or "lost.test" in one)][1:]
    assert len(found) == 4 and check({**told, "partners_dropped": ["old.test", "lost.test"]}, needed=()).problems == found[-1:]
