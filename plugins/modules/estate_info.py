#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: estate_info
short_description: Read the deployment
version_added: 0.1.0
description:
  - Reads sites, pools, Edge pools, SIP domains, policies, partners, replicas and where users are homed. Changes nothing.
  - A host without the Lync Server Management Shell, and an Edge server, know little of it. What could not be read is listed with the error.
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [access_edge_configuration, allowed_domains, edge_servers, external_access_policies, pools, replicas, sip_domains, sites, users, xmpp_partners]
    default: [access_edge_configuration, allowed_domains, edge_servers, external_access_policies, pools, replicas, sip_domains, sites, users, xmpp_partners]
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Get-CsTopology
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/get-cstopology
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Read the deployment
  lync.xmpp_migration.estate_info:
    gather:
      - sites
      - edge_servers
"""

RETURN = r"""
estate:
  description: What was read, a list by kind with the property names of the cmdlets; C(users) is how many users each pool has.
  returned: success
  type: dict
  sample:
    sites:
      - Identity: Site:Redmond
        FederationRoute: EdgeServer:edge2010.contoso.test
        XmppFederationRoute: null
    users:
      pool2010.contoso.test: 196
unread:
  description: What could not be read, and the id of the error.
  returned: success
  type: dict
  sample: {}
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.estate_info import KINDS, run

ARGUMENT_SPEC = {"gather": {"type": "list", "elements": "str", "choices": sorted(KINDS), "default": sorted(KINDS)}}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
