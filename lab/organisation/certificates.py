# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of an organisation: the names each use needs, and what computers in service have from the start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .certificate_authority import Authority, subject
from .certificate_store import (
    CertificateStore,
    Key,
    Keys,
    Stored,
    common_name,
    names_of,
    thumbprint,
    windows_name,
)
from .computers import Computer
from .topology import Cluster, Topology

if TYPE_CHECKING:
    from .store import Snapshot

__all__ = [
    "EDGE_USES",
    "FRONT_END_USES",
    "Authority",
    "CertificateStore",
    "Key",
    "Keys",
    "Stored",
    "certificates_of",
    "common_name",
    "names_for",
    "names_of",
    "subject",
    "thumbprint",
    "uses_of",
    "windows_name",
]

#: Uses by the spelling that the cmdlets print. # source: lists of Request-/Set-/Import-CsCertificate (Lync 2013) and
#: typical deployments; XmppServer as the AWS Edge script writes it, XMPPServer in Import-CsCertificate's page.
FRONT_END_USES = ("Default", "WebServicesInternal", "WebServicesExternal")
EDGE_EXTERNAL_USES = ("AccessEdgeExternal", "DataEdgeExternal", "AudioVideoAuthentication")
EDGE_USES = ("Internal", *EDGE_EXTERNAL_USES)
XMPP_USE = "XmppServer"
OAUTH_USE = "OAuthTokenIssuer"


def certificates_of(computer: Computer) -> CertificateStore:
    if computer.certificates is None:
        computer.certificates = CertificateStore()
    store: CertificateStore = computer.certificates
    return store


def is_edge(topology: Topology, cluster: Cluster) -> bool:
    return topology.role_on(cluster, "EdgeServer") is not None


def has_xmpp(topology: Topology, cluster: Cluster) -> bool:
    edge = topology.role_on(cluster, "EdgeServer")
    return edge is not None and edge.port("XmppFederationProxy", "XmppServer", "External") is not None


def uses_of(topology: Topology, cluster: Cluster) -> tuple[str, ...]:
    """What a certificate can be assigned for on a machine of this pool."""
    if is_edge(topology, cluster):
        return (*EDGE_USES, XMPP_USE) if has_xmpp(topology, cluster) else EDGE_USES
    return (*FRONT_END_USES, OAUTH_USE)


def names_for(
    snapshot: Snapshot, cluster: Cluster, computer: Computer, uses: Iterable[str], all_sip_domains: bool = False
) -> tuple[str, list[str]]:
    """Subject name and alternative names that Request-CsCertificate chooses for these uses.

    # source: certificate requirements for internal servers and for external user access (Lync 2013); the name of each
    # XMPP domain is added by default once the proxy is installed (configure XMPP gateway on Lync Server 2013).
    """
    topology: Topology = snapshot.topology
    wanted = {use.casefold() for use in uses}
    names: list[str] = []
    cn = cluster.fqdn
    sip = [f"sip.{domain}" for domain in topology.domains]
    if "default" in wanted:
        names += [cluster.fqdn, computer.fqdn, *(sip if all_sip_domains else ())]
    web = topology.role_on(cluster, "WebServices")
    if web is not None and wanted & {"webservicesinternal", "webservicesexternal"}:
        names += [cluster.fqdn, *simple_url_hosts(snapshot)]
    if web is not None and "webservicesexternal" in wanted and (host := web.detail("ExternalSettings.Host")):
        names.append(host)
    edge = topology.role_on(cluster, "EdgeServer")
    if edge is not None:
        client = edge.port("AccessEdge", "SipClient", "External")
        conference = edge.port("DataEdge", "PsomClient", "External")
        if wanted & {use.casefold() for use in (*EDGE_EXTERNAL_USES, XMPP_USE)} and client and client.configured_fqdn:
            cn = client.configured_fqdn
        if "accessedgeexternal" in wanted and client and client.configured_fqdn:
            names += [client.configured_fqdn, *(sip if all_sip_domains else ())]
        if "dataedgeexternal" in wanted and conference and conference.configured_fqdn:
            names.append(conference.configured_fqdn)
        if "xmppserver" in wanted:
            names += topology.domains
    return cn, list(dict.fromkeys(names))


def simple_url_hosts(snapshot: Snapshot) -> list[str]:
    hosts: list[str] = []
    for row in snapshot.rows("simple_url_configuration").values():
        for url in row.get("SimpleUrl") or ():
            host = str(url.get("ActiveUrl") or "").partition("://")[2].partition("/")[0].partition(":")[0]
            if host and host not in hosts:
                hosts.append(host)
    return hosts


def state(computer: Computer) -> dict[str, Any]:
    """For the printed state: nothing that is secret, everything that tells two certificates apart."""
    store = certificates_of(computer)
    return {
        "stores": {
            name: {
                thumb: {
                    "subject": windows_name(s.certificate.subject),
                    "issuer": windows_name(s.certificate.issuer),
                    "names": names_of(s.certificate),
                    "not_after": s.certificate.not_valid_after_utc.isoformat(),
                    "has_private_key": s.key is not None,
                }
                for thumb, s in sorted(entries.items())
            }
            for name, entries in sorted(store.stores.items())
        },
        "assignments": {a.use: a.thumbprint for _key, a in sorted(store.assignments.items())},
        "pending": [common_name(p.request) for p in store.pending],
    }
