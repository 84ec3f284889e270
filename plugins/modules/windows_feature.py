#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: windows_feature
short_description: Have features of Windows Server installed
version_added: 0.1.0
description:
  - Adds the features that are missing with one call, C(Install-WindowsFeature), or C(Add-WindowsFeature) on Windows Server 2008 R2.
  - Windows is never restarted by it. Where a restart is needed, RV(restart_required) says so, and M(lync.xmpp_migration.restart) makes it.
  - A feature that is installed and waits for a restart counts as installed.
options:
  names:
    description: Names of features as C(Get-WindowsFeature) lists them. They differ between versions of Windows.
    type: list
    elements: str
    required: true
  source:
    description:
      - Full path on the server to the folder C(sources\sxs) of the Windows media, where features come from whose files are not on the server (C(-Source)).
      - Windows Server 2008 R2 has all files itself, and is not told.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - Features are not removed again, because other programs may have come to use them.
seealso:
  - name: Install-WindowsFeature
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/servermanager/install-windowsfeature
  - name: Additional software requirements for Lync Server 2013
    description: Which features each role needs on each version of Windows.
    link: https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/lync-server-2013-additional-software-requirements
  - module: lync.xmpp_migration.restart
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Add what an Edge server needs
  lync.xmpp_migration.windows_feature:
    names: [NET-Framework-45-Core, Windows-Identity-Foundation]
    source: D:\sources\sxs
"""

RETURN = r"""
features:
  description: The wanted features after the task.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the feature.
      type: str
    state:
      description: V(installed), or V(installed, a restart is needed).
      type: str
  sample:
    - name: Windows-Identity-Foundation
      state: installed
restart_required:
  description: Whether Windows wants to be restarted for them. In check mode as far as that is known before.
  returned: success
  type: bool
  sample: false
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
    - cmdlet: Install-WindowsFeature
      parameters:
        Confirm: false
        Name: [Windows-Identity-Foundation]
        Source: D:\sources\sxs
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows.feature import run

ARGUMENT_SPEC = {
    "names": {"type": "list", "elements": "str", "required": True},
    "source": {"type": "str"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
