#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: local_store
short_description: Have a local configuration store on a Lync server, filled and replicated to
version_added: 0.1.0
description:
  - Makes the local instance (C(Bootstrapper.exe /BootstrapLocalMgmt)), fills the local store for the first time with an exported configuration
    (C(Import-CsConfiguration -LocalStore)), enables the replica and starts its service. From then on replication keeps the store.
  - Without O(source_host) the server exports the configuration from the Central Management store itself. An Edge server cannot, so a Front End exports it
    and the archive passes through the memory of the controller. The archive is deleted on both servers.
  - C(Import-CsConfiguration) is never called without C(-LocalStore), which would overwrite the Central Management store.
options:
  source_host:
    description: Inventory name of the host that exports the configuration, where the server itself does not reach the Central Management store.
    type: str
  source_directory:
    description:
      - Full path on the server to the folder C(Setup\amd64) of the installation media, for C(Bootstrapper.exe).
      - By default it uses what the installation of the core files has left on the server.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Import-CsConfiguration
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/import-csconfiguration
  - name: Enable-CsReplica
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/enable-csreplica
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Fill the local store of a Front End
  lync.xmpp_migration.local_store:

- name: Fill the local store of an Edge server from a Front End
  lync.xmpp_migration.local_store:
    source_host: fe2013
"""

RETURN = r"""
local_store:
  description: The local store after the task.
  returned: success
  type: dict
  contains:
    instance:
      description: Whether the local instance RTCLOCAL is there.
      type: bool
    pool:
      description: The pool that the local store has this server in.
      type: str
    replica:
      description: Whether the replica's service runs.
      type: str
  sample:
    instance: true
    pool: edge2013.contoso.test
    replica: running
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.local_store import run

ARGUMENT_SPEC = {"source_host": {"type": "str"}, "source_directory": {"type": "str"}}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
