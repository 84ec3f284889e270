#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: registry_value
short_description: Have values in the registry of a Windows host
version_added: 0.1.0
description:
  - Sets values below C(HKEY_LOCAL_MACHINE). Keys that are missing are made.
  - The value before is kept in the journal, so the change can be undone.
options:
  values:
    description: The wanted values.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The key, such as C(HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL).
        type: str
        required: true
      name:
        description: Name of the value, made of letters, digits, blanks, hyphens and underscores.
        type: str
        required: true
      type:
        description:
          - Its type. A C(REG_DWORD) and a C(REG_QWORD) of the same number are not told apart when they are compared.
          - A C(REG_EXPAND_SZ) cannot be had, because Windows PowerShell reads it with the variables in it replaced.
        type: str
        choices: [string, dword, qword, multi_string, binary]
        default: string
      data:
        description:
          - A text for V(string), a whole number for V(dword) and V(qword) (a text such as V(0x20) will do), a list of texts for V(multi_string), a list
            of numbers from 0 to 255 for V(binary).
        type: raw
        required: true
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: New-ItemProperty
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/microsoft.powershell.management/new-itemproperty
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Let Schannel resume no sessions, as Lync Server 2013 needs it on Windows Server 2012
  lync.xmpp_migration.registry_value:
    values:
      - path: HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL
        name: EnableSessionTicket
        type: dword
        data: 2
"""

RETURN = r"""
values:
  description: The values after the task.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The key.
      type: str
    name:
      description: Name of the value.
      type: str
    type:
      description: Its type.
      type: str
    data:
      description: Its data.
      type: raw
  sample:
    - path: HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL
      name: EnableSessionTicket
      type: dword
      data: 2
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
        LiteralPath: HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL
        Name: EnableSessionTicket
        PropertyType: DWord
        Value: 2
        Force: true
        Confirm: false
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows.registry import run

ARGUMENT_SPEC = {
    "values": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "type": {
                "type": "str",
                "choices": ["string", "dword", "qword", "multi_string", "binary"],
                "default": "string",
            },
            "data": {"type": "raw", "required": True},
        },
    },
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
