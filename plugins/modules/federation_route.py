#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: federation_route
short_description: Set the SIP and XMPP federation routes of a site
version_added: 0.1.0
description:
  - Sets the SIP federation route and the XMPP federation route of a central site to an Edge pool.
  - Neither route is cleared by this module, and the published topology document says nothing of them.
  - The XMPP route is refused until every user is homed on Lync Server 2013. The SIP route leaves the legacy Edge only by explicit choice.
options:
  site:
    description: Name of the site, without C(site:).
    type: str
    required: true
  sip_edge_fqdn:
    description: FQDN of the Edge pool that SIP federation leads through.
    type: str
  xmpp_edge_fqdn:
    description: FQDN of the Edge pool that XMPP federation leads through.
    type: str
  keep_routes_to:
    description: FQDNs of Edge pools. A SIP route that leads to one of them already stays as it is.
    type: list
    elements: str
    default: []
  leave_legacy_edge:
    description: The operator's word that the SIP route may leave the legacy Edge before the migration was accepted.
    type: bool
    default: false
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Set-CsSite
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/set-cssite
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Lead XMPP federation through the 2013 Edge
  lync.xmpp_migration.federation_route:
    site: Redmond
    xmpp_edge_fqdn: edge2013.contoso.test
"""

RETURN = r"""
site:
  description: The site after the task.
  returned: success
  type: dict
  contains:
    identity:
      description: Identity of the site.
      type: str
    federation_route:
      description: The Edge service that SIP federation leads through. Null where there is none.
      type: str
    xmpp_federation_route:
      description: The Edge service that XMPP federation leads through. Null where there is none.
      type: str
  sample:
    identity: Site:Redmond
    federation_route: EdgeServer:edge2010.contoso.test
    xmpp_federation_route: EdgeServer:edge2013.contoso.test
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
    - cmdlet: Set-CsSite
      parameters:
        Confirm: false
        Identity: Redmond
        XmppFederationRoute: EdgeServer:edge2013.contoso.test
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.federation import set_routes as run

ARGUMENT_SPEC = {
    "site": {"type": "str", "required": True},
    "sip_edge_fqdn": {"type": "str"},
    "xmpp_edge_fqdn": {"type": "str"},
    "keep_routes_to": {"type": "list", "elements": "str", "default": []},
    "leave_legacy_edge": {"type": "bool", "default": False},
}

CONSTRAINTS: dict[str, Any] = {"required_one_of": [("sip_edge_fqdn", "xmpp_edge_fqdn")]}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
