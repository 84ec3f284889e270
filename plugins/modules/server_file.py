#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: server_file
short_description: Have a file on a Windows host
version_added: 0.1.0
description:
  - Writes a file of the controller, or a text, to the host. It is carried in slices over the session and compared by its SHA-256 before and after.
  - A file that has the content already is left alone.
options:
  src:
    description:
      - Path of the file on the controller.
      - Exactly one of O(src) and O(content) is needed.
    type: path
  content:
    description: The content itself, a text that is written in UTF-8. For secrets there are better places than files.
    type: str
  dest:
    description: Full path on the server. Its folder has to be there.
    type: str
    required: true
  sha256:
    description: The SHA-256 that the file on the controller has to have. Where it has another one nothing is sent.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - The former content of a file that is replaced is not kept, so that cannot be undone.
  - A file may have 64 MB. What is larger belongs on the installation media or on a share that the server reaches.
seealso:
  - module: lync.xmpp_migration.package
  - name: Get-FileHash
    description: Shows the SHA-256 of a file on Windows, from Windows PowerShell 4.0 on.
    link: https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/get-filehash
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Have the input file for the merge on the Front End
  lync.xmpp_migration.server_file:
    src: /srv/lync/EdgeServers.xml
    dest: C:\ProgramData\EdgeServers.xml
"""

RETURN = r"""
file:
  description: The file after the task.
  returned: success
  type: dict
  contains:
    path:
      description: Full path on the server.
      type: str
    sha256:
      description: Its SHA-256.
      type: str
    size:
      description: Its size in bytes.
      type: int
  sample:
    path: C:\ProgramData\EdgeServers.xml
    sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    size: 2412
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
        path: C:\ProgramData\EdgeServers.xml
        offset: 0
        length: 2412
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows.server_file import run

ARGUMENT_SPEC = {
    "src": {"type": "path"},
    "content": {"type": "str"},
    "dest": {"type": "str", "required": True},
    "sha256": {"type": "str", "no_log": False},
}
CONSTRAINTS: dict[str, Any] = {
    "mutually_exclusive": [("src", "content")],
    "required_one_of": [("src", "content")],
}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
