#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: store_replication
short_description: Have the Central Management store replicated to the servers
version_added: 0.1.0
description:
  - Asks for replication (C(Invoke-CsManagementStoreReplication)) where a replica is not up to date, or where something was changed since all replicas were
    last seen up to date, and waits until they are.
  - That a server is up to date is recorded as evidence, without which no XMPP partner is created.
options:
  replicas:
    description: FQDNs of the servers that have to be up to date. By default all servers of the topology.
    type: list
    elements: str
    default: []
  hosts:
    description:
      - Inventory names of servers that have to be up to date. Each is asked what it calls itself.
    type: list
    elements: str
    default: []
  member:
    description:
      - Inventory name of a server that no session reaches, so that it cannot be asked what it calls itself. O(replicas) are then its own.
    type: str
  wait_seconds:
    description: How long to wait.
    type: int
    default: 600
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - The host has to reach the Central Management store, so this is for a Front End, not for an Edge server.
seealso:
  - name: Get-CsManagementStoreReplicationStatus
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/get-csmanagementstorereplicationstatus
  - name: Invoke-CsManagementStoreReplication
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/invoke-csmanagementstorereplication
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Wait until all servers have the present configuration
  lync.xmpp_migration.store_replication:

- name: Wait for the new Edge server
  lync.xmpp_migration.store_replication:
    replicas:
      - edge2013.contoso.test
    wait_seconds: 1200
  delegate_to: fe2013
"""

RETURN = r"""
replicas:
  description: The replicas after the task.
  returned: success
  type: list
  elements: dict
  contains:
    fqdn:
      description: FQDN of the server.
      type: str
    up_to_date:
      description: Whether it has the present configuration.
      type: bool
    product_version:
      description: Version of the product there, as the replica reports it.
      type: str
  sample:
    - fqdn: edge2013.contoso.test
      up_to_date: true
      product_version: 5.0.8308.0
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.replication import run

ARGUMENT_SPEC = {
    "replicas": {"type": "list", "elements": "str", "default": []},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "member": {"type": "str"},
    "wait_seconds": {"type": "int", "default": 600},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
