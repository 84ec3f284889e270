#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: database
short_description: Create the databases of a Lync Server 2013 pool
version_added: 0.1.0
description:
  - Sees with C(Test-CsDatabase) that the databases are there in the version that the management tools expect, and calls C(Install-CsDatabase) where
    one of them is not.
  - Databases that exist are kept. C(-Clean), which would delete them, is never used.
  - The SQL Server instances have to be there already, and whoever connects needs the right to create databases in them.
options:
  sql_server_fqdn:
    description:
      - FQDN of the SQL server whose databases are meant, all that the published topology puts there. For Standard Edition it is the FQDN of the pool.
      - At least one of O(sql_server_fqdn) and O(local) is needed.
    type: str
  local:
    description:
      - Whether the databases in the server's own instances are meant (C(-LocalDatabases)). They need the local configuration store.
    type: bool
    default: false
  central_management:
    description:
      - Whether the databases of a new Central Management store are meant (C(-CentralManagementDatabase)), which no topology names yet.
      - Only for a forest without one, which is so after Office Communications Server 2007 R2 alone. It is refused where Active Directory names another place.
      - Needs O(sql_server_fqdn), and excludes O(local).
    type: bool
    default: false
  sql_instance:
    description: Name of the SQL Server instance for O(central_management). Empty for the default instance. Otherwise the topology names the instances.
    type: str
    default: RTC
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Install-CsDatabase
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/install-csdatabase
  - name: Test-CsDatabase
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/test-csdatabase
  - module: lync.xmpp_migration.topology
  - module: lync.xmpp_migration.configuration_store_location
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Create the databases of a Standard Edition pool
  lync.xmpp_migration.database:
    sql_server_fqdn: pool2013.contoso.test

- name: Create the databases in the server's own instances
  lync.xmpp_migration.database:
    local: true

- name: Create the databases of a new Central Management store
  lync.xmpp_migration.database:
    central_management: true
    sql_server_fqdn: pool2013.contoso.test
    sql_instance: RTC
"""

RETURN = r"""
databases:
  description:
    - The databases after the task, as far as C(Test-CsDatabase) can list them. In check mode it cannot before the topology is published.
  returned: success
  type: list
  elements: dict
  contains:
    sql_server:
      description: FQDN of the SQL server.
      type: str
    instance:
      description: Name of the SQL Server instance.
      type: str
    name:
      description: Name of the database.
      type: str
    installed_version:
      description: Version of the database. Null where there is none.
      type: str
    expected_version:
      description: Version that the management tools expect.
      type: str
    present:
      description: Whether the database is there in that version.
      type: bool
  sample:
    - sql_server: pool2013.contoso.test
      instance: rtc
      name: rtcxds
      installed_version: 10.13.2
      expected_version: 10.13.2
      present: true
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
    - cmdlet: Install-CsDatabase
      parameters:
        ConfiguredDatabases: true
        Confirm: false
        SqlServerFqdn: pool2013.contoso.test
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.database import run

ARGUMENT_SPEC = {
    "sql_server_fqdn": {"type": "str"},
    "local": {"type": "bool", "default": False},
    "central_management": {"type": "bool", "default": False},
    "sql_instance": {"type": "str", "default": "RTC"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
