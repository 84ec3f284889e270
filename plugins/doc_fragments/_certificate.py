# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say which names a certificate has to carry.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  uses:
    description: What the certificate is for, such as V(Internal), V(AccessEdgeExternal), V(DataEdgeExternal), V(AudioVideoAuthentication),
      V(XmppServer), V(Default), V(WebServicesInternal) or V(WebServicesExternal).
    type: list
    elements: str
    required: true
  subject:
    description:
      - The name that the certificate is issued to. It is also the first of its alternative names.
      - Of a certificate for the external uses of an Edge it has to be the common name too.
    type: str
    required: true
  names:
    description: Further alternative names.
    type: list
    elements: str
    default: []
  sip_domains:
    description: SIP domains of which C(sip.)<domain> is to be among the names.
    type: list
    elements: str
    default: []
  xmpp_domains:
    description: SIP domains that XMPP partners reach. The domain itself is to be among the names, because partners check it and not the host.
    type: list
    elements: str
    default: []
  srv_targets:
    description: Hosts that the records C(_xmpp-server._tcp) of O(xmpp_domains) lead to. Where C(xmpp.)<domain> is one of them, it is to be among the names.
    type: list
    elements: str
    default: []
  server_name:
    description:
      - Whether the FQDN of the server itself is to be among the names, as on a Front End of an Enterprise pool.
    type: bool
    default: false
  partners:
    description:
      - The XMPP partners, with C(domain) and C(sasl_negotiation) as M(lync.xmpp_migration.xmpp_partner) has them. Other keys are not looked at.
      - A certificate without client authentication gives a warning that names those whose C(sasl_negotiation) is not V(NotSupported).
    type: list
    elements: dict
    default: []
  renew_days:
    description: How many days before its end a certificate is to be renewed. Before that nothing happens.
    type: int
    default: 30
  shared_from:
    description:
      - Inventory name of the first server of the same Edge pool. A/V authentication wants the same key on every server of a pool, so what this one has is
        brought from there with its key, and no certificate with another key is taken for it. On that server itself nothing is different.
      - The key travels as a PFX file with a password that is made for this journey, through the memory of the controller. Nothing of it is kept.
      - Not on Windows Server 2008 R2, which has no cmdlet for it.
    type: str
"""
