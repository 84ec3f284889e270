#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: primary_dns_suffix
short_description: Have a primary DNS suffix on a computer in a workgroup
version_added: 0.1.0
description:
  - Sets the primary DNS suffix, so that the name of an Edge server and its suffix make the FQDN that the topology has for it.
  - It takes effect when Windows is restarted, which M(lync.xmpp_migration.restart) does.
options:
  suffix:
    description: The suffix, such as V(contoso.com).
    type: str
    required: true
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - A computer that is a member of a domain has the suffix of its domain. This module is for computers in a workgroup.
  - Until the restart the computer calls itself by its name alone, so C(expected_computer_name) must not have a suffix that the computer does not have yet.
seealso:
  - name: Configure DNS for Edge support
    description: Why the suffix is needed.
    link: https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/lync-server-2013-configure-dns-for-edge-support
  - module: lync.xmpp_migration.restart
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Give the Edge server the suffix of its FQDN
  lync.xmpp_migration.primary_dns_suffix:
    suffix: contoso.com
"""

RETURN = r"""
suffix:
  description: The suffix that is set.
  returned: success
  type: str
  sample: contoso.com
restart_required:
  description: Whether Windows has to be restarted before it is in force.
  returned: success
  type: bool
  sample: true
calls:
  description: The calls that were made to change something, or in check mode would be.
  returned: always
  type: list
  elements: dict
  contains:
    cmdlet:
      description: The name of the cmdlet or program.
      type: str
    parameters:
      description: Its parameters.
      type: dict
  sample:
    - cmdlet: New-ItemProperty
      parameters:
        LiteralPath: HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters
        Name: NV Domain
        PropertyType: String
        Value: contoso.com
        Force: true
        Confirm: false
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows.primary_dns_suffix import run

ARGUMENT_SPEC = {"suffix": {"type": "str", "required": True}}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
