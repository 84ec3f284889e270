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
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
  - lync.xmpp_migration._window
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
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.window import WINDOW_OPTIONS

ARGUMENT_SPEC = {
    **WINDOW_OPTIONS,
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
