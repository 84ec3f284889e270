# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared of the window of the cutover; `WINDOW_OPTIONS` in module_utils/_xmpp/window.py is the specification.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
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
"""
