#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_dns
short_description: Bring DNS records back to what they were before the migration
version_added: 0.1.0
description:
  - Gives the records that the migration has changed the values and lifetimes that they had before, by one conditional update for each zone, as
    M(lync.xmpp_migration.dns_record_set) does. What they were says the journal.
  - A record that somebody else has changed since is not touched but named.
  - The old gateway has to take streams again before. Until no resolver holds the new record any more, the partners of Lync Server 2013 are not removed.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
  - lync.xmpp_migration._rollback
  - lync.xmpp_migration._rollback.dns
  - lync.xmpp_migration._dns_records.updates
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Bring the DNS records back
  lync.xmpp_migration.rollback_dns:
    hosts: "{{ groups.all }}"
    servers: "{{ lync_migration.dns.servers }}"
    tsig_key_name: migration.contoso.test
    tsig_secret: "{{ lync_migration_dns_tsig_secret }}"
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
    - cmdlet: dns.update
      parameters:
        zone: contoso.test
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.options import UPDATE_CONSTRAINTS, UPDATE_OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.dns import DNS_OPTIONS, run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.past import OPTIONS

ARGUMENT_SPEC = {
    **OPTIONS,
    **DNS_OPTIONS,
    **UPDATE_OPTIONS,
}
CONSTRAINTS = UPDATE_CONSTRAINTS


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
