#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: dns_record_set
short_description: Change records of an external DNS zone conditionally, and see them on every server
version_added: 0.1.0
description:
  - Reads record sets from all authoritative name servers of a zone, changes them, and waits until every server shows the change.
  - A change is one dynamic update (RFC 2136) under TSIG that is made only if the records are still what was read. Where somebody else
    was faster, nothing is changed, and the task says what is there now.
  - An update is sent once. Where its answer proves nothing (none came, it was unsigned, its signature was wrong) the records are read
    again, and what they are decides.
  - Records whose name begins with C(_xmpp-server._tcp) are where partners look for XMPP. They change only after the new Edge was seen
    to answer, and after the lifetimes were lowered long enough ago.
options:
  servers:
    description: All authoritative name servers of the zone, the one that takes updates first.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: IP address or name of the server.
        type: str
        required: true
      port:
        description: Port of the server.
        type: int
        default: 53
extends_documentation_fragment:
  - lync.xmpp_migration._dns_records
  - lync.xmpp_migration._dns_records.updates
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
requirements:
  - dnspython >= 2.4 (on the controller)
  - gssapi (on the controller, for O(gss_tsig))
seealso:
  - module: lync.xmpp_migration.xmpp_probe
  - name: DNS summary for XMPP federation
    description: Microsoft's page on the records of Lync Server 2013.
    link: "https://learn.microsoft.com/previous-versions/office/lync-server-2013/\
      lync-server-2013-dns-summary-extensible-messaging-and-presence-protocol-xmpp-federation"
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Lower the lifetime of the service record before the window
  lync.xmpp_migration.dns_record_set:
    zone: contoso.test
    ttl_only: true
    records:
      - name: _xmpp-server._tcp
        type: SRV
        ttl: 300
    servers:
      - address: 192.0.2.53
      - address: 192.0.2.54
    tsig_key_name: migration-key
    tsig_secret: "{{ lync_migration_dns_tsig_secret }}"

- name: Point the service record at the new Edge
  lync.xmpp_migration.dns_record_set:
    zone: contoso.test
    records:
      - name: _xmpp-server._tcp
        type: SRV
        values:
          - 0 0 5269 access.contoso.test.
    servers:
      - address: 192.0.2.53
    method: manual
    wait_seconds: 900

- name: Point the service records of many domains at two Edges, one update for each zone
  lync.xmpp_migration.dns_record_set:
    domains:
      - contoso.test
      - sales.contoso.test
      - wingtip.test
    zones:
      - contoso.test
    records:
      - name: _xmpp-server._tcp
        type: SRV
        targets:
          - host: access.contoso.test
            weight: 10
          - host: access2.contoso.test
            priority: 5
            addresses:
              - 192.0.2.41
              - 2001:db8::41
    servers:
      - address: 192.0.2.53

- name: Let a secure zone of Active Directory be updated with the tickets of a keytab
  lync.xmpp_migration.dns_record_set:
    domains:
      - contoso.test
    records:
      - name: _xmpp-server._tcp
        type: SRV
        targets:
          - host: access.contoso.test
    servers:
      - address: dc1.contoso.test
    gss_tsig: true
    kerberos_principal: dnsupdate@CONTOSO.TEST
    kerberos_keytab: /etc/migration/dnsupdate.keytab
"""

RETURN = r"""
zone:
  description: Name of the zone. Null where there are several.
  returned: success
  type: str
  sample: contoso.test
zones:
  description: Each zone, with from when on it can be swapped, and from when on nobody holds a record that was replaced.
  returned: success
  type: list
  elements: dict
  sample:
    - zone: contoso.test
      earliest_cutover: "2026-11-21T15:00:01+00:00"
      old_record_gone_at: null
      delegation: []
records:
  description: The record sets after the task.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Absolute name.
      type: str
    type:
      description: Type.
      type: str
    ttl:
      description: Lifetime in seconds.
      type: int
    values:
      description: All values.
      type: list
      elements: str
  sample:
    - name: _xmpp-server._tcp.contoso.test
      type: SRV
      ttl: 300
      values:
        - 0 0 5269 access.contoso.test.
servers:
  description: Every address of the authoritative servers, all of which were seen to agree by UDP and by TCP. The serial is told where it is of one zone.
  returned: success
  type: list
  elements: dict
  sample:
    - server: 192.0.2.53
      serial: 2026112101
      transports:
        - UDP
        - TCP
delegation:
  description: Name servers that the zone is delegated to, with their addresses, where that was asked for.
  returned: success
  type: list
  elements: dict
  sample:
    - name: ns1.contoso.test
      addresses:
        - 192.0.2.53
earliest_cutover:
  description: From when on no resolver holds a record with its old lifetime, in any of the zones. Null without O(ttl_only).
  returned: success
  type: str
  sample: "2026-11-21T15:00:01+00:00"
old_record_gone_at:
  description: From when on no resolver holds a record that this task replaced. Null where nothing was replaced.
  returned: success
  type: str
  sample: "2026-11-21T15:05:01+00:00"
instructions:
  description: What somebody has to do by hand, with O(method=manual).
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.options import (
    RECORD_OPTIONS,
    UPDATE_CONSTRAINTS,
    UPDATE_OPTIONS,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.record_set import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.options import SERVER

ARGUMENT_SPEC = {
    **RECORD_OPTIONS,
    "servers": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": SERVER,
    },
    **UPDATE_OPTIONS,
}
CONSTRAINTS = UPDATE_CONSTRAINTS


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
