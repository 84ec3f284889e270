#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: microsoft_dns_record_set
short_description: Change records of a zone on a Microsoft DNS server, and see them on every server
version_added: 0.1.0
description:
  - Reads record sets with Get-DnsServerResourceRecord over the session of a host with the role DNS Server or its tools, changes them with
    its cmdlets, and waits until every server shows the change.
  - A lifetime is changed in place. A new value is added before the old one is removed, so that there is always an answer; only an alias
    (CNAME) cannot stand beside another one.
  - The cmdlets know no condition, so the records are read again right before each change. Where they are not what they were, nothing more
    is changed, and the task says what is there now.
  - Records whose name begins with C(_xmpp-server._tcp) are where partners look for XMPP. They change only after the new Edge was seen
    to answer, and after the lifetimes were lowered long enough ago.
options:
  servers:
    description: Name servers that have to show the change too, asked from the controller.
    type: list
    elements: dict
    default: []
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
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - The DNS server needs none of the Lync tools.
requirements:
  - dnspython >= 2.4 (on the controller)
  - The PowerShell module DnsServer (on the host; Windows Server 2012 or later)
seealso:
  - module: lync.xmpp_migration.dns_record_set
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
  lync.xmpp_migration.microsoft_dns_record_set:
    zone: contoso.test
    ttl_only: true
    records:
      - name: _xmpp-server._tcp
        type: SRV
        ttl: 300

- name: Point the service record at the new Edge
  lync.xmpp_migration.microsoft_dns_record_set:
    zone: contoso.test
    records:
      - name: _xmpp-server._tcp
        type: SRV
        values:
          - 0 0 5269 access.contoso.test.
    servers:
      - address: 192.0.2.53
      - address: 192.0.2.54

- name: Point the service records of many domains at two Edges, one update for each zone
  lync.xmpp_migration.microsoft_dns_record_set:
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
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.microsoft import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.options import RECORD_OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.options import SERVER

ARGUMENT_SPEC = {
    **RECORD_OPTIONS,
    "servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SERVER,
    },
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
