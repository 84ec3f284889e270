#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: legacy_topology
short_description: Merge Office Communications Server 2007 R2 into the topology
version_added: 0.1.0
description:
  - Has the pools and Edge servers of Office Communications Server 2007 R2 in the published topology, in the site C(BackCompatSite), so that they and Lync
    Server 2013 work together.
  - Writes O(edges) to a file on the server, because those Edge servers are not in Active Directory, merges with C(Merge-CsLegacyTopology), and publishes the
    result with C(Publish-CsTopology) and C(Enable-CsTopology).
  - A publish by cmdlet loses the simple URLs. They are noted before it and put back after it, and so are federation routes.
  - What C(Merge-CsLegacyTopology) writes is not described anywhere. It is published as it is, after it was seen that no pool of the published topology is
    missing in it. In check mode, what only the merge will reveal is planned as not known.
  - The merge has to be made again (O(again)) after each change of Office Communications Server, and once after its end.
options:
  pools:
    description: FQDNs of the legacy pools that the topology has to have. The merge finds them in Active Directory.
    type: list
    elements: str
    default: []
  edges:
    description: The legacy Edge servers. An Edge whose services are on several servers (expanded Edge) is not supported by Microsoft.
    type: list
    elements: dict
    default: []
    suboptions:
      internal_fqdn:
        description: Internal FQDN of the Edge server, or of the load balancer before several.
        type: str
        required: true
      machines:
        description: Internal FQDNs of the Edge servers. By default O(edges[].internal_fqdn) alone.
        type: list
        elements: str
      web_conferencing_fqdn:
        description: External FQDN of the Web Conferencing Edge service.
        type: str
        required: true
      access_fqdn:
        description: External FQDN of the Access Edge service. The merge is not told of it; in check mode it is what the plan has.
        type: str
      av_fqdn:
        description: External FQDN of the A/V Edge service. The merge is not told of it; in check mode it is what the plan has.
        type: str
      next_hop_fqdn:
        description: FQDN of the Director or pool that is the next hop.
        type: str
        required: true
      federation:
        description:
          - Whether this Edge is used for federation. One legacy Edge is, and without it no federation route leads to it.
          - To move federation away from it, merge again with V(false).
        type: bool
        default: true
      version:
        description: The product of the Edge.
        type: str
        choices: [OCS2007, OCS2007R2]
        default: OCS2007R2
      access_edge:
        description: Whether it has the Access Edge service.
        type: bool
        default: true
      web_conferencing_edge:
        description: Whether it has the Web Conferencing Edge service.
        type: bool
        default: true
      av_edge:
        description: Whether it has the A/V Edge service.
        type: bool
        default: true
      access_port:
        description: Internal port of the Access Edge service.
        type: int
        default: 5061
      web_conferencing_port:
        description: Internal port of the Web Conferencing Edge service.
        type: int
        default: 8057
      external_web_conferencing_port:
        description: External port of the Web Conferencing Edge service.
        type: int
        default: 443
  registrar_port:
    description: SIP port of the legacy pools. Without it the merge finds the ports itself.
    type: int
  again:
    description: Whether to merge and publish although the topology has all of O(pools) and O(edges) already.
    type: bool
    default: false
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  idempotent:
    description: With O(again=true) it merges and publishes each time.
    support: partial
notes:
  - The server needs the package C(OCSWMIBC.msi) of the installation media.
seealso:
  - name: Merge-CsLegacyTopology
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/merge-cslegacytopology
  - name: Publish-CsTopology
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/publish-cstopology
  - module: lync.xmpp_migration.legacy_configuration
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Merge Office Communications Server into the topology
  lync.xmpp_migration.legacy_topology:
    pools:
      - ocspool.contoso.test
    edges:
      - internal_fqdn: ocsedge.contoso.test
        web_conferencing_fqdn: webconf.contoso.test
        next_hop_fqdn: ocspool.contoso.test
        federation: true
"""

RETURN = r"""
legacy_topology:
  description: The merged part of the topology after the task.
  returned: success
  type: dict
  contains:
    site:
      description: Identity of the site that the merge makes. Null where there is none.
      type: str
    pools:
      description: FQDNs of the pools in it, the Edge servers among them.
      type: list
      elements: str
    edges:
      description: FQDNs of the Edge servers in it, each with whether it has a port for federation.
      type: dict
  sample:
    site: Site:BackCompatSite
    pools: [ocsedge.contoso.test, ocspool.contoso.test]
    edges: {ocsedge.contoso.test: true}
calls:
  description: The cmdlets that were called to change something, or in check mode would be.
  returned: always
  type: list
  elements: dict
  contains:
    cmdlet:
      description: The name of the cmdlet.
      type: str
    parameters:
      description: Its parameters.
      type: dict
  sample:
    - cmdlet: Enable-CsTopology
      parameters:
        Force: true
        Confirm: false
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.legacy import run

_EDGE = {
    "internal_fqdn": {"type": "str", "required": True},
    "machines": {"type": "list", "elements": "str"},
    "web_conferencing_fqdn": {"type": "str", "required": True},
    "next_hop_fqdn": {"type": "str", "required": True},
    "access_fqdn": {"type": "str"},
    "av_fqdn": {"type": "str"},
    "federation": {"type": "bool", "default": True},
    "version": {"type": "str", "choices": ["OCS2007", "OCS2007R2"], "default": "OCS2007R2"},
    "access_edge": {"type": "bool", "default": True},
    "web_conferencing_edge": {"type": "bool", "default": True},
    "av_edge": {"type": "bool", "default": True},
    "access_port": {"type": "int", "default": 5061},
    "web_conferencing_port": {"type": "int", "default": 8057},
    "external_web_conferencing_port": {"type": "int", "default": 443},
}
ARGUMENT_SPEC = {
    "pools": {"type": "list", "elements": "str", "default": []},
    "edges": {"type": "list", "elements": "dict", "default": [], "options": _EDGE},
    "registrar_port": {"type": "int"},
    "again": {"type": "bool", "default": False},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
