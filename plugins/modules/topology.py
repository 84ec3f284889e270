#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: topology
short_description: Have a pool, an Edge pool and their federation in the published topology
version_added: 0.1.0
description:
  - Sees that the published topology has a Front End pool, an Edge pool, SIP and XMPP federation on the Edge pool, and the association of a pool with an
    Edge pool.
  - With O(source=builder) an operator publishes from Topology Builder, which is Microsoft's way. The module says exactly what is missing, and waits for it
    for O(wait_seconds).
  - With O(source=declared) the module adds what is missing to the document of C(Get-CsTopology -AsXml) and publishes that with C(Publish-CsTopology -FileName).
    Microsoft does not recommend it. Nothing is altered or removed beside what was asked for; where that is not so, nothing is published.
  - A publish by cmdlet loses the simple URLs. They are noted before it and put back after it, and so are federation routes, should they be lost.
  - What is in the topology already but otherwise than wanted is an error. This module never alters or removes a pool.
  - Where nobody has published yet, O(organisation) says what the first document has, and the pool gets the Central Management store.
  - A dry run on a host that has no Lync cmdlets yet, or after a merge was planned, does not know the published topology. What follows from the options
    is planned then, as conditional.
options:
  source:
    description: Who publishes. There is no default, because the operator has to decide.
    type: str
    required: true
    choices: [builder, declared]
  accepts:
    description:
      - Costs that are accepted, by name.
      - V(simple_urls_dropped) is needed for O(source=declared) on a topology that has servers of Lync Server 2010. Publishing by cmdlet drops the simple
        URLs of the whole organisation until the same task has put them back, and no document with a Lync Server 2013 Edge has ever been published.
    type: list
    elements: str
    choices: [simple_urls_dropped]
    default: []
  organisation:
    description:
      - What the first topology of a forest has where there was no Lync Server before, as when coming from Office Communications Server.
      - Of a topology that is there it is only checked.
    type: dict
    suboptions:
      sip_domains:
        description: The SIP domains. The first one is the default.
        type: list
        elements: str
        required: true
      site:
        description: The first central site.
        type: dict
        required: true
        suboptions:
          name:
            description: Its name, without C(Site:).
            type: str
            required: true
          city:
            description: Its city.
            type: str
          state:
            description: Its state or province.
            type: str
          country:
            description: The code of its country.
            type: str
  pool:
    description: A Front End pool of Lync Server 2013.
    type: dict
    suboptions:
      fqdn:
        description: FQDN of the pool. The FQDN of a Standard Edition pool is that of its server.
        type: str
        required: true
      site:
        description: Name of the central site, without C(Site:).
        type: str
        required: true
      kind:
        description: The edition. An Enterprise pool has several servers, a SQL Server and a file server.
        type: str
        choices: [standard, enterprise]
        default: standard
      edge_fqdn:
        description:
          - FQDN of the Edge pool that the pool uses, where it has none yet. During the migration that is the legacy Edge.
          - An association with another Edge pool is left alone; see O(registrar_edge).
        type: str
      conferencing:
        description: Whether a new pool has web, audio/video and application sharing conferences beside IM.
        type: bool
        default: true
      file_share:
        description:
          - Name of the file share of a new pool, on the file server or on the Standard Edition server itself.
          - The share has to be there before the topology is published. A Standard Edition server has V(LyncShare) by default.
        type: str
      machines:
        description: FQDNs of the Front End Servers of an Enterprise pool.
        type: list
        elements: str
      sql_server_fqdn:
        description: FQDN of the SQL Server of an Enterprise pool.
        type: str
      sql_instance:
        description: Name of the SQL Server instance of an Enterprise pool. V(MSSQLSERVER) is the default instance.
        type: str
      file_server_fqdn:
        description: FQDN of the file server of an Enterprise pool.
        type: str
      internal_web_fqdn:
        description:
          - Internal FQDN of the web services of an Enterprise pool, where it is not that of the pool, as with a hardware load balancer.
          - It is set with C(Set-CsWebServer), because how a document writes it is not published.
        type: str
      external_web_fqdn:
        description: External FQDN of the web services of a new pool. By default the FQDN of the pool.
        type: str
  edge:
    description:
      - An Edge pool of Lync Server 2013. It is made without SIP federation and without XMPP federation.
      - Of an Edge pool that exists, O(edge.fqdn) is enough.
    type: dict
    suboptions:
      fqdn:
        description: Internal FQDN of the Edge pool.
        type: str
        required: true
      site:
        description: Name of the central site, without C(Site:).
        type: str
      next_hop_fqdn:
        description: FQDN of the pool that is the next hop.
        type: str
      access_fqdn:
        description: External FQDN of the Access Edge service.
        type: str
      web_conferencing_fqdn:
        description: External FQDN of the Web Conferencing Edge service.
        type: str
      av_fqdn:
        description: External FQDN of the A/V Edge service.
        type: str
      access_port:
        description: External port of the Access Edge service for clients. The three services share one address, so their ports differ.
        type: int
        default: 5061
      web_conferencing_port:
        description: External port of the Web Conferencing Edge service.
        type: int
        default: 444
      av_port:
        description: External TCP port of the A/V Edge service.
        type: int
        default: 443
      internal_address:
        description: IP address of the internal interface, where the pool has one server.
        type: str
      external_address:
        description: IP address of the external interface, where the pool has one server.
        type: str
      public_address:
        description: Public IP address that the external address is translated to, where it is.
        type: str
      machines:
        description: The servers of a pool that has several, instead of the three addresses.
        type: list
        elements: dict
        suboptions:
          fqdn:
            description: FQDN of the server.
            type: str
            required: true
          internal_address:
            description: IP address of the internal interface.
            type: str
            required: true
          external_address:
            description: IP address of the external interface.
            type: str
            required: true
          public_address:
            description: Public IP address that the external address is translated to, where it is.
            type: str
      federation:
        description: Whether SIP federation is enabled (port 5061). Left out, it is left alone.
        type: bool
      xmpp:
        description: Whether XMPP federation is enabled (ports 5269 and 23456). Left out, it is left alone.
        type: bool
  registrar_edge:
    description: The Edge pool that a pool uses, also where it uses another one now.
    type: dict
    suboptions:
      pool_fqdn:
        description: FQDN of the pool.
        type: str
        required: true
      edge_fqdn:
        description: FQDN of the Edge pool.
        type: str
        required: true
  wait_seconds:
    description: With O(source=builder), how long to wait for the operator's publish before failing.
    type: int
    default: 0
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - C(Publish-CsTopology) needs membership in C(RTCUniversalServerAdmins), and in C(Domain Admins) for the first publish of a server.
  - The document and, for good, a backup of the topology before each publish are kept in the Deployment folder of Lync Server 2013 on the host.
seealso:
  - name: Publish-CsTopology
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/publish-cstopology
  - name: Deploy pilot Edge Server
    description: Why the new Edge is first made without federation.
    link: https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/deploy-pilot-edge-server
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Define a Standard Edition pool that uses the legacy Edge
  lync.xmpp_migration.topology:
    source: declared
    accepts: [simple_urls_dropped]
    pool:
      fqdn: pool2013.contoso.test
      site: Redmond
      edge_fqdn: edge2010.contoso.test

- name: Define an Enterprise pool in a topology that has servers of Lync Server 2010
  lync.xmpp_migration.topology:
    source: declared
    accepts: [simple_urls_dropped]
    pool:
      fqdn: eepool2013.contoso.test
      kind: enterprise
      site: Redmond
      machines: [fe1.contoso.test, fe2.contoso.test, fe3.contoso.test]
      sql_server_fqdn: sql2013.contoso.test
      sql_instance: RTC
      file_server_fqdn: files.contoso.test
      file_share: lyncshare
      external_web_fqdn: webext.contoso.test

- name: Publish the first topology of a forest
  lync.xmpp_migration.topology:
    source: declared
    organisation:
      sip_domains: [contoso.test, wingtip.test]
      site:
        name: Redmond
        country: US
    pool:
      fqdn: pool2013.contoso.test
      site: Redmond

- name: Define the Edge pool without federation and XMPP
  lync.xmpp_migration.topology:
    source: declared
    edge:
      fqdn: edge2013.contoso.test
      site: Redmond
      next_hop_fqdn: pool2013.contoso.test
      access_fqdn: access.contoso.test
      web_conferencing_fqdn: webcon.contoso.test
      av_fqdn: av.contoso.test
      internal_address: 10.0.1.40
      external_address: 203.0.113.40

- name: Wait an hour until the operator has enabled federation and XMPP in Topology Builder
  lync.xmpp_migration.topology:
    source: builder
    wait_seconds: 3600
    edge:
      fqdn: edge2013.contoso.test
      federation: true
      xmpp: true
"""

RETURN = r"""
topology:
  description: What the topology has of what was named.
  returned: success
  type: dict
  contains:
    pools:
      description: The named pools by FQDN, after the task.
      type: dict
    difference:
      description: What was added to the document, as a unified diff.
      type: str
  sample:
    pools:
      edge2013.contoso.test:
        site: Redmond
        product: Lync Server 2013
        computers: [edge2013.contoso.test]
        services: [EdgeServer, ManagementServer]
        federation: true
        xmpp: true
        external_names:
          access: access.contoso.test:5061
          web_conferencing: webcon.contoso.test:444
          av: av.contoso.test:443
        addresses:
          edge2013.contoso.test:
            internal: 10.0.1.40
            external: 203.0.113.40
            public: null
    difference: |
      --- published topology
      +++ declared topology
      @@ -500,2 +500,3 @@
             <Port Owner="urn:component:MediaRelayEdge" Usage="MediaCommunication" Port="50000" />
      +      <Port Owner="urn:component:XmppFederationProxy" Usage="XmppServer" Port="5269" />
           </Ports>
calls:
  description: The cmdlets that were called, or in check mode would be, with their parameters.
  returned: success
  type: list
  elements: dict
  sample:
    - cmdlet: Publish-CsTopology
      parameters:
        FileName: C:\Program Files\Microsoft Lync Server 2013\Deployment\lync_xmpp_migration-topology.xml
        BackupFileName: C:\Program Files\Microsoft Lync Server 2013\Deployment\lync_xmpp_migration-before-xmpp-edge2013.contoso.test.xml
        Force: true
        Confirm: false
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.publish import run

_MACHINE = {
    "fqdn": {"type": "str", "required": True},
    "internal_address": {"type": "str", "required": True},
    "external_address": {"type": "str", "required": True},
    "public_address": {"type": "str"},
}
_SITE = {
    "name": {"type": "str", "required": True},
    "city": {"type": "str"},
    "state": {"type": "str"},
    "country": {"type": "str"},
}

ARGUMENT_SPEC = {
    "source": {"type": "str", "required": True, "choices": ["builder", "declared"]},
    "accepts": {"type": "list", "elements": "str", "choices": ["simple_urls_dropped"], "default": []},
    "organisation": {
        "type": "dict",
        "options": {
            "sip_domains": {"type": "list", "elements": "str", "required": True},
            "site": {"type": "dict", "required": True, "options": _SITE},
        },
    },
    "pool": {
        "type": "dict",
        "options": {
            "fqdn": {"type": "str", "required": True},
            "site": {"type": "str", "required": True},
            "kind": {"type": "str", "choices": ["standard", "enterprise"], "default": "standard"},
            "edge_fqdn": {"type": "str"},
            "conferencing": {"type": "bool", "default": True},
            "file_share": {"type": "str"},
            "machines": {"type": "list", "elements": "str"},
            "sql_server_fqdn": {"type": "str"},
            "sql_instance": {"type": "str"},
            "file_server_fqdn": {"type": "str"},
            "internal_web_fqdn": {"type": "str"},
            "external_web_fqdn": {"type": "str"},
        },
    },
    "edge": {
        "type": "dict",
        "options": {
            "fqdn": {"type": "str", "required": True},
            "site": {"type": "str"},
            "next_hop_fqdn": {"type": "str"},
            "access_fqdn": {"type": "str"},
            "web_conferencing_fqdn": {"type": "str"},
            "av_fqdn": {"type": "str"},
            "access_port": {"type": "int", "default": 5061},
            "web_conferencing_port": {"type": "int", "default": 444},
            "av_port": {"type": "int", "default": 443},
            "internal_address": {"type": "str"},
            "external_address": {"type": "str"},
            "public_address": {"type": "str"},
            "machines": {"type": "list", "elements": "dict", "options": _MACHINE},
            "federation": {"type": "bool"},
            "xmpp": {"type": "bool"},
        },
    },
    "registrar_edge": {
        "type": "dict",
        "options": {"pool_fqdn": {"type": "str", "required": True}, "edge_fqdn": {"type": "str", "required": True}},
    },
    "wait_seconds": {"type": "int", "default": 0},
}
CONSTRAINTS: dict[str, Any] = {"required_one_of": [("pool", "edge", "registrar_edge")]}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
