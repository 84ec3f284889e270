#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: hosts_file
short_description: Have names in the HOSTS file of a Windows host
version_added: 0.1.0
description:
  - Sees that names lead to addresses in C(C:\Windows\System32\drivers\etc\hosts), as an Edge server in a perimeter network without DNS of its own needs it.
  - Lines that it adds end with C(# lync.xmpp_migration), and only those are changed later. All other lines stay byte for byte.
options:
  entries:
    description: The wanted entries. A name may have one IPv4 address and one IPv6 address.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: The address.
        type: str
        required: true
      names:
        description: Names of the computer, at most nine.
        type: list
        elements: str
        required: true
  replace:
    description: Whether a name is taken out of a line of somebody else that leads it to another address. Without it such a line is an error.
    type: bool
    default: false
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Set up network interfaces for Edge servers
    description: Which names an Edge server has to resolve.
    link: https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/lync-server-2013-set-up-network-interfaces-for-edge-servers
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Let the Edge server find the Front End
  lync.xmpp_migration.hosts_file:
    entries:
      - address: 10.0.0.13
        names: [pool2013.contoso.com]
"""

RETURN = r"""
entries:
  description: The entries, which are there after the task.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The address.
      type: str
    names:
      description: Its names.
      type: list
      elements: str
  sample:
    - address: 10.0.0.13
      names: [pool2013.contoso.com]
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
    - cmdlet: file.write
      parameters:
        path: C:\Windows\System32\drivers\etc\hosts
        offset: 0
        length: 870
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows.hosts_file import run

ARGUMENT_SPEC = {
    "entries": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "address": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
        },
    },
    "replace": {"type": "bool", "default": False},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
