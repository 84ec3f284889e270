#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_partner_info
short_description: Read the XMPP partners, in the Central Management store or in a server's own copy of it
version_added: 0.1.0
description:
  - Returns the allowed XMPP partners.
  - With O(local_store) it reads the server's replica, which is what the server acts on. With O(expect) it waits until these partners are there, and
    keeps that as evidence for the server. DNS is not changed before there is such evidence for every Front End and Edge server.
options:
  local_store:
    description: Whether to read the replica on the server itself.
    type: bool
    default: false
  expect:
    description: Domains of partners that must be there.
    type: list
    elements: str
    default: []
  replicas:
    description:
      - FQDNs of a server that no session reaches, or of the machines of its pool. Their replicas stand for its own copy - they have to be up to date, and
        M(lync.xmpp_migration.store_replication) must have seen them so since the partners were last changed.
      - Asked at a Front End, for the server that O(member) names.
    type: list
    elements: str
    default: []
  member:
    description: Inventory name of the server that O(replicas) are of. What O(expect) says is kept as evidence for it.
    type: str
  wait_seconds:
    description: Seconds to wait until they are.
    type: int
    default: 0
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Get-CsXmppAllowedPartner
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/get-csxmppallowedpartner
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See the partner in the server's own copy of the store
  lync.xmpp_migration.xmpp_partner_info:
    local_store: true
    expect:
      - fabrikam.test
    wait_seconds: 600

- name: See from a Front End that an Edge server which no session reaches has the partners
  lync.xmpp_migration.xmpp_partner_info:
    member: edge2013
    replicas:
      - edge2013.contoso.test
    expect:
      - fabrikam.test
  delegate_to: fe2013
"""

RETURN = r"""
partners:
  description: The partners, with the options of M(lync.xmpp_migration.xmpp_partner) as keys.
  returned: success
  type: list
  elements: dict
  sample:
    - domain: fabrikam.test
      additional_domains: []
      partner_type: Federated
      tls_negotiation: Required
      sasl_negotiation: Required
      support_dialback_negotiation: false
      enable_keep_alive: true
      connection_limit: 100
      proxy_fqdn: null
      description: null
evidence:
  description: What was put on record for the checks that later changes go through.
  returned: when O(local_store) is true or O(member) is given, and O(expect) is not empty
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
    - fact: partner_seen
      member: edge2013
      digest: ""
      value: [fabrikam.test]
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.federation import see_partners as run

ARGUMENT_SPEC = {
    "local_store": {"type": "bool", "default": False},
    "expect": {"type": "list", "elements": "str", "default": []},
    "replicas": {"type": "list", "elements": "str", "default": []},
    "member": {"type": "str"},
    "wait_seconds": {"type": "int", "default": 0},
}
CONSTRAINTS: dict[str, Any] = {"required_by": {"member": ("replicas",)}}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
