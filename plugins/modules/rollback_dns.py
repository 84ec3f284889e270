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
options:
  servers:
    description: Every authoritative name server that resolvers ask, the primary one first.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: IP address or name.
        type: str
        required: true
      port:
        description: Its port.
        type: int
        default: 53
  wait_seconds:
    description: How long to wait until all servers show the change, and until no resolver holds a record that leads to the new Edge.
    type: int
    default: 60
  margin:
    description: Seconds that are added to the lifetime of the records.
    type: int
    default: 60
  method:
    description: How the records are changed. With V(manual) the task says what is to be done, and waits until the servers show it.
    type: str
    choices: [rfc2136, manual]
    default: rfc2136
  tsig_key_name:
    description: Name of the key that signs updates.
    type: str
  tsig_secret:
    description: The key, in base64.
    type: str
  tsig_algorithm:
    description: Algorithm of the key.
    type: str
    choices: [hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
    default: hmac-sha256
  gss_tsig:
    description: Sign updates with Kerberos, as Microsoft's DNS servers want it.
    type: bool
    default: false
  kerberos_server_name:
    description: Full name of the first server, as Kerberos knows it.
    type: str
  kerberos_principal:
    description: Who signs, where that is not who has a ticket.
    type: str
  kerberos_keytab:
    description: File with the keys of the principal.
    type: path
  kerberos_cache:
    description: Cache with a ticket.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
  - lync.xmpp_migration._rollback
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

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.options import SERVER
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.dns import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.past import OPTIONS

ARGUMENT_SPEC = {
    **OPTIONS,
    "servers": {"type": "list", "elements": "dict", "default": [], "options": SERVER},
    "wait_seconds": {"type": "int", "default": 60},
    "margin": {"type": "int", "default": 60},
    "method": {"type": "str", "choices": ["rfc2136", "manual"], "default": "rfc2136"},
    "tsig_key_name": {"type": "str", "no_log": False},
    "tsig_secret": {"type": "str", "no_log": True},
    "tsig_algorithm": {
        "type": "str",
        "choices": ["hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"],
        "default": "hmac-sha256",
    },
    "gss_tsig": {"type": "bool", "default": False},
    "kerberos_server_name": {"type": "str"},
    "kerberos_principal": {"type": "str"},
    "kerberos_keytab": {"type": "path", "no_log": False},
    "kerberos_cache": {"type": "str"},
}
CONSTRAINTS: dict[str, Any] = {"required_together": [("tsig_key_name", "tsig_secret")]}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
