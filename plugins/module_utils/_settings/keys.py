# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of lync_migration: which there are, and which values each takes. What they mean together is in _settings.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .._engine.errors import InvalidInput
from .._users.selection import checked_filter
from .._users.waves import Hours
from .._xmpp.negotiation import LEVELS
from .names import BadName, address, dn, domain, fqdn, free_text, policy_identity, shown, sip_uri, site_name
from .schema import Either, Key, boolean, each, name, number, one_of, table, text

#: What only a person can do, in a console that has no cmdlets.
GATES = (
    "ocs_edge_internal_list", "ocs_federation_fqdn", "gateway_console", "edge_without_session", "edge_xmpp_without_session",
    "gateway_stop",
    "gateway_start",
)  # fmt: skip

#: Where a certificate comes from.
CERTIFICATE_SOURCES = ("private_ca", "online_ca", "offline", "pfx", "legacy_edge", "imported")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


def _plain_name(value: object) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise BadName(
        f"A short name of letters, digits, '-' and '_' is wanted (a directory is called after it), but {shown(value)} "
        "is none."
    )


def _mailbox(value: object) -> str:
    """An address of a person at a partner, without a scheme."""
    if not isinstance(value, str) or ":" in value:
        raise BadName(f"An address such as bob@fabrikam.test is wanted, but {shown(value)} is none.")
    return sip_uri(f"sip:{value}").partition(":")[2]


def _hours(value: object) -> str:
    return _readable(value, lambda said: Hours.parse(said, "UTC"))


def _time_zone(value: object) -> str:
    return _readable(value, lambda said: Hours.parse("00:00-00:00", said))


def _ldap_filter(value: object) -> str:
    return _readable(value, checked_filter)


def _readable(value: object, reader: Callable[[str], object]) -> str:
    if not isinstance(value, str):
        raise BadName(f"A text in quotes is wanted, but {shown(value)} is none.")
    try:
        reader(value)
    except InvalidInput as exc:
        raise BadName(exc.text) from exc
    return value


_file = text("A file on the controller")
_fqdn, _domain, _address, _sip = name(fqdn), name(domain), name(address), name(sip_uri)
_authority = {"certificate": Key(_file, True), "key": Key(_file, True), "days": Key(number(1, 825))}
_certificate = table(
    {
        "source": Key(one_of(*CERTIFICATE_SOURCES)),
        "authority": Key(table(_authority)),
        "ca": Key(text("The location of an authority, HOST\\NAME", 200)),
        "template": Key(text("The name of a certificate template", 100)),
        "file": Key(_file),
        "directory": Key(text("A folder on the controller")),
        "chain": Key(_file),
        "names": Key(each(_domain, unique=True)),
    }
)
#: An Edge of Office Communications Server, as Merge-CsLegacyTopology has to be told of it (LegacyUserInput.2008).
_ocs_edge = {
    "internal_fqdn": Key(_fqdn, True),
    "web_conferencing_fqdn": Key(_fqdn, True),
    "next_hop_fqdn": Key(_fqdn, True),
    "machines": Key(each(_fqdn, least=1, unique=True)),
    "access_fqdn": Key(_fqdn),
    "av_fqdn": Key(_fqdn),
    "federation": Key(boolean),
    "version": Key(one_of("OCS2007", "OCS2007R2")),
    "access_port": Key(number(1, 65535)),
    "web_conferencing_port": Key(number(1, 65535)),
    "external_web_conferencing_port": Key(number(1, 65535)),
}
_name_of = text("The id of a preflight finding", 60)
_front_end = {"fqdn": Key(_fqdn, True)}
_sql = {"server_fqdn": Key(_fqdn, True), "instance": Key(text("The name of a SQL Server instance", 16))}
_file_store = {"server_fqdn": Key(_fqdn, True), "share": Key(text("The name of a file share", 80), True)}
_media = {
    "path": Key(text("The folder of the Lync Server 2013 media on the servers", 200)),
    "sxs": Key(text("The folder sources\\sxs of the Windows media on the servers", 200)),
}
_hosts_entry = {"address": Key(_address, True), "names": Key(each(_fqdn, least=1, unique=True), True)}
_machine = {
    "fqdn": Key(_fqdn, True),
    "internal_address": Key(_address, True),
    "external_address": Key(_address, True),
    "public_address": Key(_address, empty=True),
}
_name_server = {"address": Key(_address, True), "port": Key(number(1, 65535))}
_dns_target = {
    "host": Key(_fqdn, True),
    "priority": Key(number(0, 65535)),
    "weight": Key(number(0, 65535)),
    "port": Key(number(1, 65535)),
    "addresses": Key(each(_address, unique=True)),
}
_partner = {
    "domain": Key(_domain, True),
    "additional_domains": Key(each(_domain, unique=True), empty=True),
    "partner_type": Key(one_of("Federated", "PublicVerified", "PublicUnverified")),
    "tls_negotiation": Key(one_of(*LEVELS)),
    "sasl_negotiation": Key(one_of(*LEVELS)),
    "support_dialback_negotiation": Key(boolean),
    "enable_keep_alive": Key(boolean),
    "connection_limit": Key(number(1, 1_000_000), empty=True),
    "proxy_fqdn": Key(_fqdn, empty=True),
    "description": Key(name(free_text), empty=True),
    "test_receiver": Key(name(_mailbox), empty=True),
}
#: The policy that users have, and the one that they get for XMPP.
_policy_copy = {"of": Key(name(policy_identity), True), "identity": Key(name(policy_identity), True)}
#: What a partner is told beside what is declared anyway.
_partner_pack = {
    "contacts": Key(each(name(free_text))),
    "window": Key(name(free_text)),
    "drop_streams_at": Key(name(free_text)),
    "pause_seconds": Key(number(0, 86_400)),
    "tls_versions": Key(each(one_of("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"), least=1, unique=True)),
    "chain": Key(_file),
}
#: How partners are asked what they do: beside name servers, as what is trusted and what is shown.
_partner_probe = {
    "name_servers": Key(each(table(_name_server))),
    "ca_file": Key(_file),
    "certificate": Key(_file),
    "key": Key(_file),
    "seconds": Key(number(1, 600)),
}
_gateway = {
    "connection_limit": Key(number(1, 1_000_000)),
    "partner_connection_limit": Key(number(1, 1_000_000)),
    "keep_alive_interval": Key(number(0, 86_400)),
    "stream_establishment_timeout": Key(number(0, 86_400)),
    "stream_inactivity_timeout": Key(number(0, 86_400)),
    "subscription_refresh_interval": Key(number(0, 31_536_000)),
    "enable_logging_all_message_bodies": Key(boolean),
}

#: Which users are meant. An empty list would mean everybody to one reader and nobody to another.
_user_filters = {
    "organizational_units": Key(each(name(dn), least=1, unique=True)),
    "sip_domains": Key(each(_domain, least=1, unique=True)),
    "source_pools": Key(each(_fqdn, least=1, unique=True)),
}


SCHEMA = table(
    {
        "name": Key(name(_plain_name), True),
        "source": Key(one_of("lync_2010", "ocs_2007_r2")),
        "pool": Key(
            table(
                {
                    "fqdn": Key(_fqdn, True),
                    "kind": Key(one_of("standard", "enterprise"), True),
                    "site": Key(name(site_name), True),
                    "machines": Key(each(table(_front_end), least=1, most=12)),
                    "sql": Key(table(_sql)),
                    "file_store": Key(table(_file_store)),
                    "internal_web_fqdn": Key(_fqdn, empty=True),
                    "external_web_fqdn": Key(_fqdn, empty=True),
                    "conferencing": Key(boolean),
                }
            )
        ),
        "edge": Key(
            table(
                {
                    "fqdn": Key(_fqdn, True),
                    "access_fqdn": Key(_fqdn, True),
                    "web_conferencing_fqdn": Key(_fqdn, True),
                    "av_fqdn": Key(_fqdn, True),
                    "internal_address": Key(_address),
                    "external_address": Key(_address),
                    "public_address": Key(_address, empty=True),
                    "machines": Key(each(table(_machine), least=1, most=20)),
                }
            )
        ),
        "legacy": Key(
            table(
                {
                    "pool_fqdn": Key(_fqdn, True),
                    "edge_fqdn": Key(_fqdn, True),
                    "gateway_fqdn": Key(_fqdn, True),
                    "gateway_addresses": Key(each(_address, unique=True)),
                    "gateway_allow_list": Key(each(_domain, unique=True)),
                    "entries_retired_in_window": Key(each(_domain, unique=True)),
                }
            )
        ),
        "ocs": Key(table({"edges": Key(each(table(_ocs_edge), least=1), True)})),
        "media": Key(table(_media)),
        "preflight_accepts": Key(each(_name_of, unique=True)),
        "trusted_roots": Key(each(_file)),
        "edge_hosts_entries": Key(each(table(_hosts_entry))),
        "gates_confirmed": Key(each(one_of(*GATES), unique=True)),
        "sip_domains": Key(each(_domain, least=1, unique=True)),
        "xmpp_domains": Key(each(_domain, least=1, unique=True)),
        "topology_source": Key(one_of("builder", "declared")),
        "topology_accepts": Key(each(one_of("simple_urls_dropped"), unique=True)),
        "sip_federation_route": Key(one_of("keep", "with_cutover", "already_moved")),
        "edge_access": Key(one_of("session", "manual")),
        "partners": Key(each(table(_partner), least=1)),
        "partners_dropped": Key(each(_domain, unique=True)),
        "partner_pack": Key(table(_partner_pack)),
        "partner_probe": Key(table(_partner_probe)),
        "gateway": Key(table(_gateway)),
        "users": Key(
            table(
                {
                    "pilot": Key(each(_sip, unique=True)),
                    "at_most": Key(number(1, 10_000_000)),
                    "pilot_proof": Key(one_of("test", "declared")),
                    "move_conference_data": Key(boolean),
                    "movers": Key(number(1, 8)),
                    "through": Key(each(text("The inventory name of a Front End", 255), unique=True)),
                    "attempts": Key(number(1, 10)),
                    "failure_count": Key(number(0, 10_000_000)),
                    "failure_percent": Key(number(0, 100)),
                    "first_users": Key(each(_sip, unique=True)),
                    "wave_size": Key(number(1, 10_000_000)),
                    "wave_pause": Key(number(0, 604_800)),
                    "hours": Key(name(_hours)),
                    "time_zone": Key(name(_time_zone)),
                    "wait_for_hours": Key(boolean),
                    "select": Key(
                        table(
                            {
                                **_user_filters,
                                "ldap_filter": Key(name(_ldap_filter)),
                                "file": Key(_file),
                            }
                        )
                    ),
                    "target_pools": Key(
                        each(table({"pool": Key(_fqdn, True), **_user_filters, "share": Key(number(1, 100))}), least=1)
                    ),
                    "domain_controller": Key(_fqdn),
                }
            )
        ),
        "access_policy": Key(
            table(
                {
                    "identity": Key(name(policy_identity)),
                    "copy_from": Key(name(policy_identity)),
                    "copies": Key(each(table(_policy_copy), least=1)),
                    "copy_name": Key(text("What a copy of a policy is called, with {name} in it", 100)),
                    "sample": Key(number(0, 200)),
                    "grant_to": Key(Either(one_of("all"), each(_sip, unique=True))),
                    "accepted_losses": Key(each(_sip, unique=True)),
                }
            )
        ),
        "certificates": Key(
            table(
                {
                    "authority": Key(table(_authority)),
                    "edge_external": Key(_certificate),
                    "edge_internal": Key(_certificate),
                    "front_end": Key(_certificate),
                    "oauth": Key(_certificate),
                    "renew_days": Key(number(0, 365)),
                }
            )
        ),
        "dns": Key(
            table(
                {
                    "servers": Key(each(table(_name_server), least=1)),
                    "zones": Key(each(_domain, least=1, unique=True)),
                    "targets": Key(each(table(_dns_target), least=1, most=20)),
                    "method": Key(one_of("rfc2136", "microsoft", "manual")),
                    "server_host": Key(text("The inventory name of a DNS server", 253)),
                    "tsig_key_name": Key(text("The name of a TSIG key", 253), empty=True),
                    "tsig_algorithm": Key(one_of("hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")),
                    "gss_tsig": Key(boolean),
                    "kerberos_server_name": Key(_fqdn),
                    "kerberos_principal": Key(text("A Kerberos principal such as dnsupdate@CONTOSO.COM", 510)),
                    "kerberos_keytab": Key(_file),
                    "kerberos_cache": Key(text("A ticket cache such as FILE:/tmp/krb5cc_1000", 500)),
                    "verify_delegation": Key(boolean),
                    "parent_servers": Key(each(table(_name_server))),
                    "ttl_window": Key(number(0, 86_400)),
                    "ttl_final": Key(number(1, 604_800)),
                    "ttl_former": Key(number(0, 604_800)),
                    "margin": Key(number(0, 86_400)),
                    "wait_seconds": Key(number(0, 86_400)),
                    "probe_allow_private": Key(boolean),
                }
            )
        ),
    }
)  # fmt: skip
