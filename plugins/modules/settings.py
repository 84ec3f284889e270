#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: settings
short_description: Validate the settings of a migration and the inventory
version_added: 0.1.0
description:
  - Checks the whole dictionary C(lync_migration) before anything is read from a server or changed on one.
  - Finds unknown and contradictory keys, names that cannot be, duplicate partners, a partner that is an own SIP domain,
    combinations of TLS, SASL and dialback that Lync Server 2013 does not take, and texts that read as a pattern or as code.
  - All problems are reported at once, one sentence each.
  - The dictionary holds no secret. Secrets are separate, vaulted variables.
options:
  settings:
    description: The dictionary C(lync_migration) as a whole.
    type: dict
    required: true
  needed:
    description:
      - Keys of O(settings) that have to be there.
      - The default is what the migration as a whole needs; a role that is used alone needs less.
    type: list
    elements: str
    default: [name, source, pool, edge, legacy, sip_domains, topology_source, partners, users, access_policy, certificates, dns]
  required_groups:
    description:
      - Groups of the inventory that must have at least one member.
      - A play over an empty group is skipped, and the playbook ends as if it had succeeded.
    type: list
    elements: str
    default: []
  groups:
    description:
      - The groups of the inventory with their members.
      - By default the groups with the collection's fixed names, as the inventory has them.
    type: dict
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
seealso:
  - name: Negotiation settings for XMPP federated partners
    description: Which combinations of TLS, SASL and dialback are valid.
    link: https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/lync-server-2013-negotiation-settings-for-xmpp-federated-partners
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Validate the settings and the inventory
  lync.xmpp_migration.settings:
    settings: "{{ lync_migration }}"
    required_groups:
      - lync_2013_front_ends
      - lync_2013_edges

- name: Validate what one role needs
  lync.xmpp_migration.settings:
    settings:
      name: contoso
      sip_domains:
        - contoso.test
      partners:
        - domain: fabrikam.test
          tls_negotiation: Required
          sasl_negotiation: Required
          support_dialback_negotiation: false
    needed:
      - name
      - partners
"""

RETURN = r"""
checked:
  description: What was checked.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the migration.
      type: str
    sip_domains:
      description: Own SIP domains, as they stand in DNS.
      type: list
      elements: str
    partners:
      description: Domains of the XMPP partners, as they stand in DNS.
      type: list
      elements: str
  sample:
    name: contoso
    sip_domains: [contoso.test, wingtip.test]
    partners: [fabrikam.test, nwtraders.test]
error:
  description: What is wrong, as data. RV(ignore:error.problems) has a sentence for each problem.
  returned: failure
  type: dict
  sample:
    kind: invalid_settings
    problems:
      - "lync_migration.partners[0] (contoso.test): contoso.test is an own SIP domain, and a partner is somebody else: take it out of one."
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Report, Task, execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.dictionary import (
    NEEDED,
    InvalidSettings,
    check,
    check_groups,
)

ARGUMENT_SPEC = {
    "settings": {"type": "dict", "required": True},
    "needed": {"type": "list", "elements": "str", "default": list(NEEDED)},
    "required_groups": {"type": "list", "elements": "str", "default": []},
    "groups": {"type": "dict"},
}


def run(task: Task) -> Report:
    found = check(task.params["settings"], task.params["needed"])
    groups = task.context.groups if task.params["groups"] is None else task.params["groups"]
    problems = [*found.problems, *check_groups(task.params["required_groups"], groups)]
    if problems:
        raise InvalidSettings(problems)
    settings = found.settings
    checked = {
        "name": settings["name"],
        "sip_domains": settings.get("sip_domains", []),
        "partners": [partner["domain"] for partner in settings.get("partners", [])],
    }
    return Report(changed=False, value={"checked": checked}, warnings=found.warnings)


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
