#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: estate_baseline
short_description: Keep a record of the organisation as it was before the migration
version_added: 0.1.0
description:
  - Exports the configuration (C(Export-CsConfiguration)) and the location information (C(Export-CsLisConfiguration)), and notes simple URLs, certificates
    without their keys, and which users are homed on which pool. All of it is kept in the folder C(baseline) of the state directory on the controller, for
    the operator's account only.
  - It is made once, before the first change outside of the new hosts. Later runs see that it is there and unchanged.
  - Where Active Directory names no Central Management store yet, as after Office Communications Server 2007 R2 alone, there is no configuration to export
    and nobody to ask about users. Then the record says so, and has the certificates.
  - The exported files are deleted on the server.
options:
  source:
    description: The product that the migration comes from. With V(lync_2010) it is an error where no Central Management store is found.
    type: str
    choices: [lync_2010, ocs_2007_r2]
    default: lync_2010
  hosts:
    description: Inventory names of further hosts whose certificates are noted. They need a session.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - C(Import-CsConfiguration) of an exported configuration replaces the whole Central Management store. This collection never does that; it is a last resort
    for an administrator.
seealso:
  - name: Export-CsConfiguration
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/export-csconfiguration
  - name: Export-CsLisConfiguration
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/export-cslisconfiguration
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Keep a record of the organisation as it was
  lync.xmpp_migration.estate_baseline:
    source: lync_2010
"""

RETURN = r"""
baseline:
  description: The record that is kept.
  returned: success
  type: dict
  contains:
    directory:
      description: The folder on the controller.
      type: str
    made:
      description: When it was made, by the controller's clock. Null in check mode where it is only planned.
      type: str
    central_management_store:
      description: Where the Central Management store was. Null where there was none.
      type: str
    files:
      description: The exported files with their SHA-256. In check mode null where it is only planned.
      type: dict
    users:
      description: How many enabled on-premises users were homed on which pool.
      type: dict
  sample:
    directory: /home/ann/.local/state/lync_xmpp_migration/contoso/baseline
    made: "2026-11-21T08:15:00+00:00"
    central_management_store: pool2010.contoso.test\rtc
    files:
      configuration.zip: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    users: {pool2010.contoso.test: 200}
evidence:
  description: What was put on record for the checks that later changes go through. Here that the record is kept, with the digest of its summary.
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
    - fact: baseline
      member: organisation
      digest: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
      value: planned
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
    - cmdlet: Export-CsConfiguration
      parameters:
        FileName: C:\Program Files\Microsoft Lync Server 2013\Deployment\lync_xmpp_migration-baseline-configuration.zip
        Force: true
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.baseline import run

ARGUMENT_SPEC = {
    "source": {"type": "str", "choices": ["lync_2010", "ocs_2007_r2"], "default": "lync_2010"},
    "hosts": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
