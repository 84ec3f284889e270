#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_im
short_description: Send a test message to a person at an XMPP partner
version_added: 0.1.0
description:
  - Sends a message with C(Test-CsXmppIM), as a test user of the pool. It shows that the way out works.
  - The pool needs test users (C(New-CsHealthMonitoringConfiguration)). A message that arrived is put on record, and none is sent again until the partner, the
    site or the Edge was changed.
options:
  partner:
    description: XMPP domain of the partner.
    type: str
    required: true
  receiver:
    description: Address of the person, such as V(bob@fabrikam.test).
    type: str
    required: true
  pool_fqdn:
    description: FQDN of the pool that sends.
    type: str
    required: true
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  diff_mode:
    support: none
seealso:
  - name: Test-CsXmppIM
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/test-csxmppim
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Send a test message to a partner that takes SASL EXTERNAL
  lync.xmpp_migration.xmpp_im:
    partner: fabrikam.test
    receiver: bob@fabrikam.test
    pool_fqdn: pool2013.contoso.test
"""

RETURN = r"""
im:
  description: What came of it.
  returned: success
  type: dict
  contains:
    receiver:
      description: The person.
      type: str
    result:
      description: The result of the cmdlet.
      type: str
    latency:
      description: How long it took.
      type: str
    before:
      description: Whether it is on record from before, so that nothing was sent.
      type: bool
  sample:
    receiver: bob@fabrikam.test
    result: Success
    latency: "00:00:00.4120000"
    before: false
evidence:
  description: What was put on record for the checks that later changes go through.
  returned: when a message was sent
  type: list
  elements: dict
  contains:
    fact:
      description: What was seen.
      type: str
    member:
      description: The host or domain it was seen of, or V(organisation).
      type: str
    digest:
      description: Hash of what was seen. Empty where there is none.
      type: str
    value:
      description: What was seen in detail.
      type: raw
  sample:
    - fact: im_reached
      member: fabrikam.test
      digest: ""
      value:
        receiver: bob@fabrikam.test
calls:
  description: The cmdlets that were called to change something, or in check mode would be.
  returned: always
  type: list
  elements: dict
  contains:
    cmdlet:
      description: The name of the cmdlet.
      type: str
    parameters:
      description: Its parameters. Secrets are left out.
      type: dict
  sample:
    - cmdlet: Test-CsXmppIM
      parameters:
        Receiver: bob@fabrikam.test
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.im_test import run

ARGUMENT_SPEC = {
    "partner": {"type": "str", "required": True},
    "receiver": {"type": "str", "required": True},
    "pool_fqdn": {"type": "str", "required": True},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
