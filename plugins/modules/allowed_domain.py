#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: allowed_domain
short_description: Manage a domain that federation is allowed with
version_added: 0.1.0
description:
  - Creates, changes or removes an entry in the list of allowed domains of SIP federation (C(CsAllowedDomain)).
  - To Lync Server 2010 a partner behind the XMPP gateway of Office Communications Server 2007 R2 is such a domain, and the gateway is its proxy.
    These entries carry XMPP until the cutover, and are the way back after it.
  - Changing or removing an entry is therefore refused until the migration was accepted (M(lync.xmpp_migration.acceptance)). Where an entry is seen to win
    over the new partner, O(override) lets it be retired before that.
options:
  domain:
    description:
      - The domain of the partner (C(-Identity)).
    type: str
    required: true
  proxy_fqdn:
    description:
      - FQDN of the partner's Access Edge, or of the gateway that leads to it (C(-ProxyFqdn)). An empty text removes it.
    type: str
  comment:
    description:
      - A text for administrators (C(-Comment)). An empty text removes it.
    type: str
  mark_for_monitoring:
    description:
      - Whether the connection with the partner is monitored (C(-MarkForMonitoring)).
    type: bool
  override:
    description:
      - The same domain once more, to change or remove the entry although the migration was not accepted yet. It is noted in the journal.
    type: str
  state:
    description:
      - Whether the entry exists.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - module: lync.xmpp_migration.acceptance
  - name: New-CsAllowedDomain
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/new-csalloweddomain
  - name: Set-CsAllowedDomain
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/set-csalloweddomain
  - name: Remove-CsAllowedDomain
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/remove-csalloweddomain
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Retire the entry that led to the legacy gateway
  lync.xmpp_migration.allowed_domain:
    domain: fabrikam.test
    state: absent

- name: Lead to a partner through the legacy gateway
  lync.xmpp_migration.allowed_domain:
    domain: nwtraders.test
    proxy_fqdn: xmppgw.contoso.test
"""

RETURN = r"""
allowed_domain:
  description:
    - The entry after the task, with the options of the module as keys.
    - Null where the entry does not exist.
  returned: success
  type: dict
  contains:
    domain:
      description: The domain of the partner.
      type: str
    proxy_fqdn:
      description: FQDN of the partner's Access Edge, or of the gateway that leads to it.
      type: str
    comment:
      description: A text for administrators.
      type: str
    mark_for_monitoring:
      description: Whether the connection with the partner is monitored.
      type: bool
  sample:
    comment: null
    domain: nwtraders.test
    mark_for_monitoring: false
    proxy_fqdn: xmppgw.contoso.test
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
    - cmdlet: New-CsAllowedDomain
      parameters:
        Confirm: false
        Identity: nwtraders.test
        ProxyFqdn: xmppgw.contoso.test
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Report, Task, execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.noun import ensure
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.names import BadName, domain
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.legacy_entry import NOUN

ARGUMENT_SPEC = {
    "domain": {"type": "str", "required": True},
    "proxy_fqdn": {"type": "str"},
    "comment": {"type": "str"},
    "mark_for_monitoring": {"type": "bool"},
    "override": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def named(option: str, text: str) -> str:
    try:
        return domain(text)
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def run(task: Task) -> Report:
    name, override = named("domain", task.params["domain"]), task.params["override"]
    if override is not None and named("override", override) != name:
        raise InvalidInput(
            f"override names {override}, but the task is about {name}: name the same domain, or leave it out."
        )
    return ensure(task, NOUN, name, task.params, task.params["state"], override=override)


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
