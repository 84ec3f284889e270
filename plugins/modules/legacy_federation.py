#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: legacy_federation
short_description: See that moved users keep the legacy XMPP gateway
version_added: 0.1.0
description:
  - Sees that the SIP federation route of the site and the Edge association of the pool lead to the legacy Edge, and that each XMPP partner is an allowed
    domain whose proxy is the legacy gateway. Users are moved only after that.
  - With O(pilot_users) it also sees that these users are homed on O(pools), and that the partners are reached through the legacy Edge. The other users
    are moved only after that.
  - Where every user is homed on O(pools) already, nothing is tested, because the legacy path is not needed any more.
  - That XMPP partners of the legacy gateway are ordinary federated SIP domains to Lync is documented for OCS 2007 R2 and inferred for Lync Server 2010.
  - The gateway's partners are allowed domains of Lync Server 2010, which are read. With Office Communications Server 2007 R2 they are on the Allow list of
    the legacy Edge, which no cmdlet reads, so what is seen is that the merged legacy Edge is in the topology and that the route of the Lync Server 2013 site
    and the pool lead to it. That partners are reached is then for O(pilot_users) to prove.
options:
  source:
    description: The product that the migration comes from.
    type: str
    choices: [lync_2010, ocs_2007_r2]
    default: lync_2010
  site:
    description: Name of the central site of the pool.
    type: str
    required: true
  pools:
    description: FQDNs of the Lync Server 2013 pools.
    type: list
    elements: str
    required: true
  branch_pools:
    description: FQDNs of survivable branch appliances. Their users are not moved, so they do not need the legacy path to be seen.
    type: list
    elements: str
    default: []
  edge_fqdn:
    description: Internal FQDN of the legacy Edge pool.
    type: str
    required: true
  route_edge_fqdn:
    description:
      - FQDN of the Edge pool that SIP federation leads through, where the operator has moved the route away from the legacy Edge already. That Edge has to
        reach the legacy gateway, which is what O(proof) then shows.
    type: str
  gateway_fqdn:
    description: FQDN of the OCS 2007 R2 XMPP gateway.
    type: str
    required: true
  partner_domains:
    description: XMPP domains of the partners.
    type: list
    elements: str
    required: true
  pilot_users:
    description: SIP addresses of the pilot users, who were moved already.
    type: list
    elements: str
    default: []
  proof:
    description:
      - V(test) runs C(Test-CsFederatedPartner) through the legacy Edge for each partner.
      - V(declared) takes the operator's word that a pilot user exchanged messages with each partner.
    type: str
    choices: [test, declared]
    default: test
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Test-CsFederatedPartner
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/test-csfederatedpartner
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Prove that a pilot user reaches the XMPP partners
  lync.xmpp_migration.legacy_federation:
    site: Redmond
    pools:
      - pool2013.contoso.test
    edge_fqdn: edge2010.contoso.test
    gateway_fqdn: xmppgw.contoso.test
    partner_domains:
      - fabrikam.test
    pilot_users:
      - sip:user001@contoso.test
"""

RETURN = r"""
needed:
  description: Whether the legacy path is still needed, that is whether users are still to be moved.
  returned: success
  type: bool
  sample: true
tested:
  description: The partner domains that were tested through the legacy Edge.
  returned: success
  type: list
  elements: str
  sample:
    - fabrikam.test
evidence:
  description: What was put on record for the checks that later changes go through.
  returned: when RV(needed) is true
  type: list
  elements: dict
  contains:
    fact:
      description: What was seen.
      type: str
    member:
      description: The host it was seen on, or V(organisation).
      type: str
    digest:
      description: Hash of what was seen. Empty where there is none.
      type: str
    value:
      description: What was seen in detail.
      type: raw
  sample:
    - fact: legacy_route
      member: organisation
      digest: ""
      value: {edge: edge2010.contoso.test, partners: [fabrikam.test]}
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.federation import see_legacy_path as run

ARGUMENT_SPEC = {
    "source": {"type": "str", "choices": ["lync_2010", "ocs_2007_r2"], "default": "lync_2010"},
    "site": {"type": "str", "required": True},
    "pools": {"type": "list", "elements": "str", "required": True},
    "branch_pools": {"type": "list", "elements": "str", "default": []},
    "edge_fqdn": {"type": "str", "required": True},
    "route_edge_fqdn": {"type": "str"},
    "gateway_fqdn": {"type": "str", "required": True},
    "partner_domains": {"type": "list", "elements": "str", "required": True},
    "pilot_users": {"type": "list", "elements": "str", "default": []},
    "proof": {"type": "str", "choices": ["test", "declared"], "default": "test"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
