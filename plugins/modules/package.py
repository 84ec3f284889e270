#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: package
short_description: Have products installed from installers on the host
version_added: 0.1.0
description:
  - Installs what is missing, in the order of the list. Whether a product is there is seen in what it provides, before its
    installer is started and after it has ended.
  - Before an installer is started, it is checked by its SHA-256 or by its Authenticode signature. Keep it where only administrators can
    write, such as the mounted installation media, so that it is still the same when it is started.
  - An installer is never started again in doubt. After a lost answer the next run waits for an installer that is still running, and looks first.
  - Where Windows Installer says that another installation is running (exit code 1618), its end is waited for.
  - Where the session had no Lync Server module before, its PowerShell is renewed after an installation, so that later tasks find the cmdlets that have come.
options:
  packages:
    description: The packages, in the order in which they are installed.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What to call the package.
        type: str
        required: true
      path:
        description:
          - Full path on the server to the installer, a C(.msi) file or one of the programs that the collection may start
            (C(vcredist_x64.exe), C(SQLEXPR_x64.exe), C(dotnetfx45_full_x86_x64.exe), C(LyncServerUpdateInstaller.exe)).
        type: str
        required: true
      arguments:
        description:
          - Its arguments. A C(.msi) file is installed with C(/qn /norestart) in any case, and takes its properties as C(NAME=value).
          - Arguments are seen in the list of processes, and are in the journal. Never put a password there.
        type: list
        elements: str
        default: []
      kind:
        description: What kind of installer it is. By default the end of its name tells.
        type: str
        choices: [auto, msi, exe]
        default: auto
      provides:
        description: What is there when the product is installed. Exactly one has to be given.
        type: dict
        required: true
        suboptions:
          display_name:
            description: The whole name under Programs and Features.
            type: str
          file:
            description: Full path of a file.
            type: str
          service:
            description: Name of a Windows service.
            type: str
          sql_instance:
            description: Name of an instance of SQL Server.
            type: str
      sha256:
        description: The SHA-256 that the installer has to have.
        type: str
      signer:
        description:
          - Who has to have signed the installer, the common name (CN) of the certificate of a valid Authenticode signature.
          - V(Microsoft Corporation) where neither this nor O(packages[].sha256) is given.
        type: str
  seconds:
    description: How long one installer may take, and how long another installation is waited for.
    type: int
    default: 3600
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - Programs are not removed again, because others may have come to build on them.
seealso:
  - name: MsiExec.exe and InstMsi.exe error messages
    description: What the exit codes of Windows Installer mean.
    link: https://learn.microsoft.com/windows/win32/msi/error-codes
  - name: Get-AuthenticodeSignature
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/microsoft.powershell.security/get-authenticodesignature
  - module: lync.xmpp_migration.restart
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Install the core files of Lync Server 2013
  lync.xmpp_migration.package:
    packages:
      - name: Lync Server 2013 core components
        path: D:\Setup\amd64\Setup\ocscore.msi
        provides:
          file: C:\Program Files\Common Files\Microsoft Lync Server 2013\Modules\Lync\Lync.psd1

- name: Install SQL Server Express for a Standard Edition server
  lync.xmpp_migration.package:
    packages:
      - name: SQL Server Express RTC
        path: D:\Setup\amd64\SQLEXPR_x64.exe
        arguments: [/Q, /IACCEPTSQLSERVERLICENSETERMS, /ACTION=Install, "/FEATURES=SQLEngine,Tools", /INSTANCENAME=RTC, /TCPENABLED=1]
        provides:
          sql_instance: RTC
"""

RETURN = r"""
packages:
  description: The packages after the task.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the package.
      type: str
    present:
      description: Whether what it provides is there.
      type: bool
    installed:
      description: Whether this task has installed it, or in check mode would.
      type: bool
  sample:
    - name: Lync Server 2013 core components
      present: true
      installed: true
restart_required:
  description: Whether an installer of this task wants Windows to be restarted (exit codes 3010 and 1641).
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
    - cmdlet: msiexec.exe
      parameters:
        arguments: [/i, 'D:\Setup\amd64\Setup\ocscore.msi', /qn, /norestart]
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows.package import run

ARGUMENT_SPEC = {
    "packages": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "path": {"type": "str", "required": True},
            "arguments": {"type": "list", "elements": "str", "default": []},
            "kind": {"type": "str", "choices": ["auto", "msi", "exe"], "default": "auto"},
            "provides": {
                "type": "dict",
                "required": True,
                "options": {
                    "display_name": {"type": "str"},
                    "file": {"type": "str"},
                    "service": {"type": "str"},
                    "sql_instance": {"type": "str"},
                },
            },
            "sha256": {"type": "str"},
            "signer": {"type": "str"},
        },
    },
    "seconds": {"type": "int", "default": 3600},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
