#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: partner_reconciliation
short_description: See that no partner of the old XMPP gateway is left out
version_added: 0.1.0
description:
  - Compares three lists of partners - the Allow List of the old gateway, which no cmdlet reads, so that it is typed in; the allowed domains
    (C(Get-CsAllowedDomain)) with the gateway as their proxy; and the partners that are declared.
  - A partner of the old gateway that is not declared would be lost at the cutover without a word. The task fails and names all of them, unless they are given
    up by name in O(dropped). Changes nothing.
  - Where the lists differ otherwise, it warns.
options:
  gateway_fqdn:
    description: FQDN of the XMPP gateway of Office Communications Server 2007 R2.
    type: str
    required: true
  allow_list:
    description:
      - The domains on the Allow List of the gateway, as its console shows them.
      - Without it the task warns, because it cannot know them.
    type: list
    elements: str
  partners:
    description: The partners that are declared, with C(domain) and, where they have any, C(additional_domains). Other keys are not looked at.
    type: list
    elements: dict
    required: true
  dropped:
    description: Domains of partners for whom it is accepted that they are lost.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.xmpp_partner
  - module: lync.xmpp_migration.allowed_domain
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See that no partner of the old gateway is left out
  lync.xmpp_migration.partner_reconciliation:
    gateway_fqdn: xmppgw.contoso.test
    allow_list:
      - fabrikam.test
      - nwtraders.test
      - closed.test
    partners:
      - domain: fabrikam.test
      - domain: nwtraders.test
    dropped:
      - closed.test
"""

RETURN = r"""
partners:
  description: Every domain of the three lists.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The XMPP domain.
      type: str
    declared:
      description: Whether it is declared.
      type: bool
    allow_list:
      description: Whether it is on the Allow List of the gateway. Null where that was not told.
      type: bool
    allowed_domain:
      description: Whether an allowed domain leads to it through the gateway. Null where that is not known.
      type: bool
    dropped:
      description: Whether it is given up.
      type: bool
  sample:
    - domain: fabrikam.test
      declared: true
      allow_list: true
      allowed_domain: true
      dropped: false
new:
  description: Declared partners that the old gateway does not have.
  returned: success
  type: list
  elements: str
  sample: []
dropped:
  description: Partners of the old gateway that are given up.
  returned: success
  type: list
  elements: str
  sample: []
error:
  description: What is wrong, as data. RV(ignore:error.lost) has each partner that would be lost, and where it was seen.
  returned: failure
  type: dict
  sample:
    kind: partners_lost
    lost:
      - domain: closed.test
        seen_in:
          - the Allow List of the gateway
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.reconcile import run

ARGUMENT_SPEC = {
    "gateway_fqdn": {"type": "str", "required": True},
    "allow_list": {"type": "list", "elements": "str"},
    "partners": {"type": "list", "elements": "dict", "required": True},
    "dropped": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
