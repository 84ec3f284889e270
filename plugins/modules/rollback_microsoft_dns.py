#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_microsoft_dns
short_description: Bring DNS records on a Microsoft DNS server back to what they were before the migration
version_added: 0.1.0
description:
  - Does what M(lync.xmpp_migration.rollback_dns) does with the cmdlets of a Microsoft DNS server, as
    M(lync.xmpp_migration.microsoft_dns_record_set) changes them.
  - A record that somebody else has changed since is not touched but named.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
  - lync.xmpp_migration._rollback
  - lync.xmpp_migration._rollback.dns
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Bring the DNS records back on the Microsoft DNS server
  lync.xmpp_migration.rollback_microsoft_dns:
    hosts: "{{ groups.all }}"
  delegate_to: dns1
"""

RETURN = r"""
zones:
  description: Zones with records that the migration has changed.
  returned: success
  type: list
  elements: str
  sample:
    - contoso.test
partners_back_at:
  description: From when on no resolver leads a partner to the new Edge. Null where nothing was ever changed.
  returned: success
  type: str
  sample: "2026-11-21T23:15:01+00:00"
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
    - cmdlet: Add-DnsServerResourceRecord
      parameters:
        ZoneName: contoso.test
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.dns import DNS_OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.dns import run_microsoft as run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.past import OPTIONS

ARGUMENT_SPEC = {
    **OPTIONS,
    **DNS_OPTIONS,
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
