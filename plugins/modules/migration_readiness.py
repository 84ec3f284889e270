#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: migration_readiness
short_description: See whether the organisation can be migrated
version_added: 0.1.0
description:
  - Reads the topology, the users, the replicas and the organizational units, and finds what would stop a migration half-way. Changes nothing.
  - Everything that stands in the way is told at once, one sentence each with what to do. What cannot be seen yet, because no host has the management tools or
    the forest has no Central Management store, is told as not known and stops nobody.
  - Once all users are homed on Lync Server 2013, XMPP partners and routes are as they should be and are not found any more.
options:
  source:
    description: What is migrated from.
    type: str
    required: true
    choices: [lync_2010, ocs_2007_r2]
  legacy_edge_fqdn:
    description: Internal FQDN of the legacy Edge pool.
    type: str
  edges:
    description: The legacy Edges of Office Communications Server 2007 R2, which are in no topology before the merge.
    type: list
    elements: dict
    default: []
    suboptions:
      fqdn:
        description: Internal FQDN of the Edge.
        type: str
      access_fqdn:
        description: External FQDN of the Access Edge service.
        type: str
        required: true
      web_conferencing_fqdn:
        description: External FQDN of the Web Conferencing Edge service.
        type: str
      av_fqdn:
        description: External FQDN of the A/V Edge service.
        type: str
  partner_domains:
    description:
      - XMPP domains of the partners that are migrated.
      - Without them every XMPP partner of Lync Server 2013 counts.
    type: list
    elements: str
    default: []
  lync_2010_minimum:
    description:
      - The least product version that servers with Lync Server 2010 have to have, for example V(4.0.7577.205).
      - No least version for coexistence is known to be documented, so without this nothing is asked for, and the versions are told.
    type: str
  accept:
    description: Findings, by their ids, that are warnings here instead of errors.
    type: list
    elements: str
    default: []
    choices: [edge_one_fqdn, federated_edges, lync_2010_update, ou_inheritance, source_combination, xmpp_partner, xmpp_route]
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  check_mode:
    details:
      - Reads what is there in check mode too. Of a host without a session or without the cmdlets nothing is known.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.server_readiness
  - name: Supported server migration paths and coexistence scenarios
    description: Microsoft's page of what Lync Server 2013 is migrated to from.
    link: >-
      https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/lync-server-2013-supported-server-migration-paths-and-coexistence-scenarios
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See whether the organisation can be migrated
  lync.xmpp_migration.migration_readiness:
    source: lync_2010
    legacy_edge_fqdn: edge2010.contoso.test
    partner_domains:
      - fabrikam.test

- name: The same before anything of Lync Server is installed
  lync.xmpp_migration.migration_readiness:
    source: ocs_2007_r2
    edges:
      - fqdn: ocsedge.contoso.test
        access_fqdn: sip.contoso.test
        web_conferencing_fqdn: webconf.contoso.test
        av_fqdn: avconf.contoso.test
"""

RETURN = r"""
ready:
  description: That nothing stands in the way, apart from what is accepted and what is not known.
  returned: success
  type: bool
  sample: true
findings:
  description: What is not as it should be but stops nobody, and what is not known yet.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Name of the finding, for O(accept) and for the documentation.
      type: str
    severity:
      description: V(warning) or V(unknown).
      type: str
    what:
      description: What was looked at.
      type: str
    wanted:
      description: How it should be.
      type: str
    found:
      description: How it is.
      type: str
    do:
      description: What to do.
      type: str
    sentence:
      description: All that as one sentence.
      type: str
  sample: []
not_known:
  description: Ids of what could not be seen.
  returned: success
  type: list
  elements: str
  sample:
    - lync_2010_update
products:
  description: The products that serve users now, as far as they can be seen.
  returned: success
  type: list
  elements: str
  sample:
    - lync_2010
legacy_hosts:
  description: Which legacy hosts of the inventory have a session in this run; the others are only names.
  returned: success
  type: dict
  contains:
    session:
      description: Inventory names of those with a session.
      type: list
      elements: str
    no_session:
      description: Inventory names of the others.
      type: list
      elements: str
  sample:
    session: []
    no_session: [fe2010, edge2010, xmppgw]
error:
  description: What is wrong, as data. RV(ignore:error.findings) has all errors, in the form of RV(findings).
  returned: failure
  type: dict
  sample:
    kind: not_prepared
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.estate import IDS, run

ARGUMENT_SPEC = {
    "source": {"type": "str", "required": True, "choices": ["lync_2010", "ocs_2007_r2"]},
    "legacy_edge_fqdn": {"type": "str"},
    "edges": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "fqdn": {"type": "str"},
            "access_fqdn": {"type": "str", "required": True},
            "web_conferencing_fqdn": {"type": "str"},
            "av_fqdn": {"type": "str"},
        },
    },
    "partner_domains": {"type": "list", "elements": "str", "default": []},
    "lync_2010_minimum": {"type": "str"},
    "accept": {"type": "list", "elements": "str", "default": [], "choices": sorted(IDS)},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
