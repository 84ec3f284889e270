#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: legacy_configuration
short_description: Import policies and conference directories of Office Communications Server 2007 R2
version_added: 0.1.0
description:
  - Calls C(Import-CsLegacyConfiguration) and C(Import-CsLegacyConferenceDirectory), after the topology was merged and published
    (M(lync.xmpp_migration.legacy_topology)). No user of Office Communications Server is moved before that, because C(Move-CsLegacyUser) grants the imported
    policies.
  - No cmdlet tells whether the import was made. It counts as made where a conference directory of a legacy pool is there, because those come last, or where
    the journal of this migration has it and nothing was merged since.
  - What cannot be known from the servers is which policies an import has made, and whether all of them came. C(-ReplaceExisting) is never used, so what was
    changed in Lync Server stays.
options:
  again:
    description: Whether to import although it was done already, for what was added in Office Communications Server since. Deletions there do not arrive.
    type: bool
    default: false
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  idempotent:
    description: With O(again=true) it imports each time. An import leaves alone what is there already.
    support: partial
notes:
  - The server needs the package C(OCSWMIBC.msi) of the installation media.
seealso:
  - name: Import-CsLegacyConfiguration
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/import-cslegacyconfiguration
  - name: Import-CsLegacyConferenceDirectory
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/import-cslegacyconferencedirectory
  - module: lync.xmpp_migration.legacy_topology
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Import the configuration of Office Communications Server
  lync.xmpp_migration.legacy_configuration:
"""

RETURN = r"""
legacy_configuration:
  description: What can be read of the import after the task.
  returned: success
  type: dict
  contains:
    conference_directories:
      description: Identities of the conference directories of legacy pools. In check mode those that only the import will reveal are named as such.
      type: list
      elements: str
    external_access_policies:
      description: Identities of all external access policies.
      type: list
      elements: str
  sample:
    conference_directories: ["1"]
    external_access_policies: [Global, "Tag:Default"]
evidence:
  description: What was put on record for the checks that later changes go through. Here that the configuration was imported.
  returned: success
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
    - fact: legacy_configuration
      member: organisation
      digest: ""
      value: {conference_directories: ["1"], external_access_policies: [Global]}
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
    - cmdlet: Import-CsLegacyConfiguration
      parameters:
        Force: true
        Confirm: false
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.legacy_configuration import run

ARGUMENT_SPEC = {"again": {"type": "bool", "default": False}}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
