# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read, written down as the lab takes estates: everything but hosts, users and DNS. Pure.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.errors import InvalidInput
from .._readiness.findings import Row, number
from .._readiness.homed import KINDS
from .._topology.losses import simple_urls as urls_of
from .._topology.model import Cluster, Topology
from .._topology.view import view
from .addresses import Addresses
from .reading import Found

#: What a policy has that the twin knows.
FLAGS = (
    "EnableFederationAccess", "EnableXmppAccess", "EnablePublicCloudAccess", "EnablePublicCloudAudioVideoAccess",
    "EnableOutsideAccess",
)  # fmt: skip
_XMPP = {
    "PartnerType": "partner_type",
    "TlsNegotiation": "tls_negotiation",
    "SaslNegotiation": "sasl_negotiation",
    "SupportDialbackNegotiation": "support_dialback_negotiation",
    "ProxyFqdn": "proxy_fqdn",
}
_NEWEST = {5: "lync_2010", 6: "lync_2013", 7: "sfb_2015", 8: "sfb_2019"}
_READY = ("SCHEMA_VERSION_STATE_CURRENT", "LC_FORESTSETTINGS_STATE_READY", "LC_DOMAINSETTINGS_STATE_READY")


def pool_name(text: object) -> str:
    """EdgeServer:edge.contoso.com, or the FQDN alone."""
    return str(text or "").rpartition(":")[2].casefold()


def organisation(found: Found, addresses: Addresses) -> dict[str, Any]:
    made: dict[str, Any] = {}
    topology = found.topology
    if topology is not None:
        made |= _topology(topology, found, addresses)
    domains = found.rows("sip_domains")
    if domains:
        ordered = sorted(domains, key=lambda row: row.get("IsDefault") is not True)
        made["sip_domains"] = [str(row.get("Name") or row.get("Identity")).casefold() for row in ordered]
    made["policies"] = {
        str(row["Identity"]).removeprefix("Tag:"): _policy(row) for row in found.rows("policies") if row.get("Identity")
    }
    made["access_edge"] = {
        name: value
        for row in found.rows("access_edge")
        if str(row.get("Identity")) == "Global"
        for name, value in row.items()
        if name != "Identity" and value is not None
    }
    made["allowed_domains"] = [
        {"domain": str(row.get("Domain") or row.get("Identity")).casefold()}
        | ({"proxy": str(row["ProxyFqdn"]).casefold()} if row.get("ProxyFqdn") else {})
        | ({"comment": str(row["Comment"])} if row.get("Comment") else {})
        for row in found.rows("allowed_domains")
    ]
    made["xmpp_partners"] = [_partner(row) for row in found.rows("xmpp_partners")]
    made["simple_urls"] = _urls(found)
    made["homed_objects"] = list(_homed(found, made.get("pools") or ()))
    prepared = _prepared(found)
    if prepared:
        made["prepared_for"] = prepared
    return {name: value for name, value in made.items() if value}


def _policy(row: Row) -> dict[str, Any]:
    flags: dict[str, Any] = {name: row[name] for name in FLAGS if isinstance(row.get(name), bool)}
    return flags | ({"Description": str(row["Description"])} if row.get("Description") else {})


def _partner(row: Row) -> dict[str, Any]:
    made: dict[str, Any] = {"domain": str(row.get("Identity")).casefold()}
    more = [str(one).casefold() for one in row.get("AdditionalDomains") or ()]
    if more:
        made["additional_domains"] = more
    return made | {ours: row[name] for name, ours in _XMPP.items() if row.get(name) not in (None, "")}


def _urls(found: Found) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for row in found.rows("simple_urls"):
        if str(row.get("Identity")) != "Global":
            found.unread["simple_urls"] = f"those of {row.get('Identity')} have no place in an estate"
            continue
        try:
            for one in urls_of(row):
                if one["Component"] in ("Meet", "Dialin", "Cscp"):
                    made.setdefault(one["Component"], []).extend(one["Urls"])
        except InvalidInput as exc:
            found.unread["simple_urls"] = exc.text
    return made


def _homed(found: Found, pools: Sequence[Mapping[str, Any]]) -> Any:
    known = {str(one["fqdn"]) for one in pools}
    for name, look in found.homed.items():
        for row in look.rows:
            pool = pool_name(KINDS[name].pool(row))
            label = str(row.get(KINDS[name].name) or row.get("Identity") or "")
            if pool not in known:
                continue
            line = str(
                row.get("Identity")
                if name == "conference_directory"
                else row.get("LineURI") or row.get("PrimaryUri") or ""
            )
            yield {"kind": name, "name": label, "pool": pool} | ({"number": line} if line else {})


def _prepared(found: Found) -> str:
    """For the product of whoever says that it is ready; of another product it says nothing."""
    states = tuple(
        str(look.first(".")) for one in ("ad_schema", "ad_forest", "ad_domain") if (look := found.looks.get(one))
    )
    if states != _READY:
        return ""
    return found.product


def _topology(topology: Topology, found: Found, addresses: Addresses) -> dict[str, Any]:
    shown = view(topology, *(one.fqdn for one in topology.clusters))
    routes = {str(row.get("Identity")).removeprefix("Site:"): row for row in found.rows("sites")}
    web = {pool_name(row.get("PoolFqdn")): row for row in found.rows("web")}
    pools, edges = [], []
    central = ""
    for cluster in topology.clusters:
        if topology.is_legacy(cluster):
            continue
        version = topology.version_of(cluster)
        row = shown[cluster.fqdn]
        if version in _NEWEST and topology.role_on(cluster.fqdn, "Registrar"):
            pools.append(_pool(cluster, version or 0, row, web.get(cluster.fqdn.casefold(), {})))
            central = cluster.fqdn.casefold() if row.get("central_management") else central
        elif version in _NEWEST and topology.role_on(cluster.fqdn, "EdgeServer"):
            edges.append(_edge(topology, cluster, version or 0, row, addresses))
    sites = []
    for key, name in topology.sites.items():
        one: dict[str, Any] = {"name": name} | ({"id": int(key)} if key.isdigit() else {})
        said = routes.get(name, {})
        if said.get("Description"):
            one["description"] = str(said["Description"])
        for ours, theirs in (("federation_route", "FederationRoute"), ("xmpp_route", "XmppFederationRoute")):
            if pool_name(said.get(theirs)) in {str(edge["fqdn"]) for edge in edges}:
                one[ours] = pool_name(said[theirs])
        sites.append(one)
    made = {"sites": sites, "pools": pools, "edges": edges}
    return made | ({"central_management": central} if central else {})


def _pool(cluster: Cluster, version: int, row: Mapping[str, Any], web: Row) -> dict[str, Any]:
    fqdn = cluster.fqdn.casefold()
    made: dict[str, Any] = {"fqdn": fqdn, "version": version, "site": row["site"], "kind": row["kind"]}
    host, _sep, instance = str(row.get("sql") or "").partition("\\")
    if row["kind"] == "enterprise":
        made["machines"] = [one.casefold() for one in row["computers"]]
        made |= {"sql": host.casefold(), "sql_instance": instance}
    server, share = _share(str(row.get("file_share") or ""))
    if share:
        made |= {"share": share} | ({"file_store": server} if server != fqdn else {})
    if row.get("edge"):
        made["edge"] = str(row["edge"]).casefold()
    for key, name in (
        ("external_web_fqdn", row.get("external_web_fqdn")),
        ("internal_web_fqdn", web.get("InternalFqdn")),
    ):
        if name and str(name).casefold() != fqdn:
            made[key] = str(name).casefold()
    return made


def _share(text: str) -> tuple[str, str]:
    server, _sep, share = text.removeprefix("\\\\").partition("\\")
    return server.casefold(), share


def _edge(
    topology: Topology, cluster: Cluster, version: int, row: Mapping[str, Any], addresses: Addresses
) -> dict[str, Any]:
    names = {key: str(value or "").rpartition(":") for key, value in row["external_names"].items()}
    made: dict[str, Any] = {
        "fqdn": cluster.fqdn.casefold(),
        "version": version,
        "site": row["site"],
        "access_fqdn": names["access"][0].casefold(),
        "web_conferencing_fqdn": names["web_conferencing"][0].casefold(),
        "av_fqdn": names["av"][0].casefold(),
        "client_port": number(names["access"][2]) or 443,
        "federation": row["federation"],
        "xmpp": row["xmpp"],
    }
    hop = topology.target(topology.role_on(cluster.fqdn, "EdgeServer"), "Registrar")
    if hop is not None:
        made["next_hop"] = topology.fqdn_of(hop).casefold()
    sides = {
        name.casefold(): {
            "internal": addresses.inside(one["internal"]),
            "external": addresses.outside(one["external"]),
            "public": addresses.outside(one["public"]),
        }
        for name, one in row["addresses"].items()
    }
    machines = [one.casefold() for one in row["computers"]]
    if machines == [made["fqdn"]]:
        made |= {f"{side}_address": value for side, value in sides[made["fqdn"]].items() if value}
    else:
        made["machines"] = machines
        made["addresses"] = {name: {side: one for side, one in both.items() if one} for name, both in sides.items()}
    return {name: value for name, value in made.items() if value != ""}
