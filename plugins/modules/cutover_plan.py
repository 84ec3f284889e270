#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cutover_plan
short_description: Compute the window of the cutover before it opens
version_added: 0.1.0
description:
  - Returns the timetable of the window, and how long messages to dialback partners come back as errors at most (the planned pause). Changes nothing and asks
    nobody.
  - The pause is there because a dialback partner verifies through DNS and down the streams that it has. What the new Edge sends it before the old gateway has
    closed them is denied. It ends when the service of the old gateway is stopped, O(ttl) and O(margin) after the swap. That Lync's own gateway behaves
    as the servers with which this was measured is inferred.
options:
  domains:
    description: Own domains whose service records are swapped.
    type: list
    elements: str
    required: true
  targets:
    description: Hosts that the service records lead to in the end. The first is the Access Edge FQDN of the new Edge.
    type: list
    elements: str
    required: true
  external_partners:
    description: XMPP domains of the partners that authenticate by SASL EXTERNAL only. They are created first.
    type: list
    elements: str
    default: []
  dialback_partners:
    description: XMPP domains of the partners that may dial back. They are created last, right before the swap.
    type: list
    elements: str
    default: []
  ttl:
    description: Seconds for which resolvers keep the service records in the window.
    type: int
    default: 300
  margin:
    description: Seconds beyond O(ttl) until the old gateway is stopped.
    type: int
    default: 60
  working:
    description: Seconds for what is done in the pause - replication of the partners, the swap until every name server shows it, the stop of the service.
    type: int
    default: 120
  gateway_fqdn:
    description: FQDN of the old gateway, for the sentences.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
attributes:
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.go_no_go
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Plan the window
  lync.xmpp_migration.cutover_plan:
    domains:
      - contoso.test
    targets:
      - access.contoso.test
    external_partners:
      - fabrikam.test
    dialback_partners:
      - nwtraders.test
    ttl: 300
    margin: 60
  register: planned

- name: Show the window
  ansible.builtin.debug:
    var: planned.window
"""

RETURN = r"""
window:
  description: The planned window.
  returned: success
  type: dict
  contains:
    pause:
      description: Seconds for which messages to dialback partners come back as errors, at most. 0 where there is no such partner.
      type: int
    timetable:
      description: What happens, in its order.
      type: list
      elements: str
    sentences:
      description: What users and partners are told.
      type: list
      elements: str
    external_partners:
      description: Partners that are created first.
      type: list
      elements: str
    dialback_partners:
      description: Partners that are created last.
      type: list
      elements: str
    earliest_swap:
      description: From when on the service records may be swapped, where that is on record of all domains.
      type: str
  sample:
    pause: 482
    timetable:
      - "Before the window: the lifetimes of the service records are lowered, and the former ones have run out."
    sentences:
      - "Planned for fabrikam.test (SASL EXTERNAL): no pause."
    external_partners: [fabrikam.test]
    dialback_partners: [nwtraders.test]
    earliest_swap: "2026-11-21T20:00:00+00:00"
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.points import plan as run

ARGUMENT_SPEC = {
    "domains": {"type": "list", "elements": "str", "required": True},
    "targets": {"type": "list", "elements": "str", "required": True},
    "external_partners": {"type": "list", "elements": "str", "default": []},
    "dialback_partners": {"type": "list", "elements": "str", "default": []},
    "ttl": {"type": "int", "default": 300},
    "margin": {"type": "int", "default": 60},
    "working": {"type": "int", "default": 120},
    "gateway_fqdn": {"type": "str"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
