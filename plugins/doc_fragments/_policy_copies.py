# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policy with XMPP users have or get; `COPY_OPTIONS` in module_utils/_users/policies.py is the specification.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  copies:
    description:
      - Which policy with XMPP there is for the users of which one, by the policy that counts for them today.
      - Where O(copies[].identity) is the same as O(copies[].of), that policy is changed in place, and its users need no grant.
      - Who has a policy that allows XMPP already gets no other.
      - M(lync.xmpp_migration.xmpp_access_policies) makes these policies and M(lync.xmpp_migration.external_access_policy_grant) grants them, with the
        same options.
    type: list
    elements: dict
    default: []
    suboptions:
      of:
        description: V(Global), V(site:Name), or the name of a policy for users.
        type: str
        required: true
      identity:
        description: Name of the policy for users that they get, or the same as O(copies[].of).
        type: str
        required: true
  copy_name:
    description:
      - What the copy is called of a policy that O(copies) does not name, with C({name}) for the name of that policy without its scope.
      - For example V({name} XMPP) makes C(Global XMPP) for users of the global policy, and C(Redmond XMPP) for those of the site Redmond.
    type: str
  users:
    description: SIP addresses of the users. Empty, or with V(all) among them, it means every enabled on-premises user on O(pools).
    type: list
    elements: str
    default: []
  pools:
    description: FQDNs of the pools whose users are meant where none are named.
    type: list
    elements: str
    required: true
  accepted_losses:
    description: SIP addresses of users for whom the loss of access, or the new federation access, is accepted.
    type: list
    elements: str
    default: []
"""
