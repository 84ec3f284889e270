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
  zone:
    description: Name of the zone. Letters outside ASCII are taken as they are written, or as C(xn--).
    type: str
    required: true
  records:
    description: Record sets, each with all of its values.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the record, in the zone or absolute. V(@) is the zone itself.
        type: str
        required: true
      type:
        description: Type of the record.
        type: str
        required: true
        choices: [A, AAAA, CNAME, MX, SRV, TXT]
      values:
        description:
          - All values of the record set, as a zone file has them.
          - Names of hosts are full names, with or without the last dot.
        type: list
        elements: str
      ttl:
        description: Lifetime in seconds. Without it the present one stays; a new record gets that of the zone's negative answers, at most an hour.
        type: int
      state:
        description: Whether the record set is to be there.
        type: str
        choices: [present, absent]
        default: present
  ttl_only:
    description:
      - Change the lifetimes and leave the values as they are. Give O(records[].ttl) and no values then.
      - Records, as evidence, from when on no resolver holds a record with its old lifetime.
    type: bool
    default: false
  until_expired:
    description:
      - With O(ttl_only), go on only when no resolver holds a record with its former lifetime. Where that takes longer than O(wait_seconds) the task fails,
        and says when to run it again; the lifetime is lowered all the same.
      - So a window is not opened before it can be closed.
    type: bool
    default: false
  unless_values:
    description: Leave a record set alone that has exactly these values already.
    type: list
    elements: str
    default: []
  verify_delegation:
    description:
      - Ask the name servers of the zone above which servers this zone is delegated to. One of their addresses that is not looked at is an
        error, because resolvers would go on getting the old records there.
    type: bool
    default: false
  parent_servers:
    description: Name servers of the zone above. Without them the controller's own resolver finds them. Given, they are asked in any case.
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
  override:
    description:
      - Name a record here to change it although resolvers may still hold what it was, such as
        V(_xmpp-server._tcp.contoso.test SRV). Until they have forgotten that, some partners go to the old server.
      - What else has to be verified before is still asked for.
    type: str
  former_ttl:
    description: Lifetime that the records had before they were lowered by hand. Only asked for where nothing is on record.
    type: int
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
  wait_seconds:
    description: Seconds to wait for every authoritative server to show the change, and for an old lifetime to run out before a swap.
    type: int
    default: 60
extends_documentation_fragment:
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
"""

RETURN = r"""
zone:
  description: Name of the zone.
  returned: success
  type: str
  sample: contoso.test
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
  description: Every address of the authoritative servers, all of which were seen to agree by UDP and by TCP, with the serial of the zone where they told it.
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
  description: From when on no resolver holds a record with its old lifetime. Null without O(ttl_only).
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
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute

ARGUMENT_SPEC = {
    "zone": {"type": "str", "required": True},
    "records": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "type": {"type": "str", "required": True, "choices": ["A", "AAAA", "CNAME", "MX", "SRV", "TXT"]},
            "values": {"type": "list", "elements": "str"},
            "ttl": {"type": "int"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
    "ttl_only": {"type": "bool", "default": False},
    "until_expired": {"type": "bool", "default": False},
    "unless_values": {"type": "list", "elements": "str", "default": []},
    "verify_delegation": {"type": "bool", "default": False},
    "parent_servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "default": 53},
        },
    },
    "override": {"type": "str"},
    "former_ttl": {"type": "int"},
    "servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "default": 53},
        },
    },
    "wait_seconds": {"type": "int", "default": 60},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
