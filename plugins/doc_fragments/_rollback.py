# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the modules of the way back share.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  hosts:
    description: Inventory names of all hosts. What the journal says of any other host is refused.
    type: list
    elements: str
    required: true
  damaged_lines:
    description: Numbers of lines of the journal that are not whole and may be passed over, because somebody has looked what they were about.
    type: list
    elements: int
    default: []
  despite_acceptance:
    description: Whether a migration is taken back that was accepted.
    type: bool
    default: false
  leave:
    description: Objects that somebody else has changed since the migration and that stay as they are, as they are named when the task stops at them.
    type: list
    elements: str
    default: []
"""

    #: Of the modules that bring DNS records back: `DNS_OPTIONS` in module_utils/_rollback/dns.py.
    DNS = r"""
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
"""
