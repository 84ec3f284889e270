#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: trusted_root
short_description: Have root certificates among the trusted roots of a Windows host
version_added: 0.1.0
description:
  - Imports roots into C(Cert:\LocalMachine\Root), with C(Import-Certificate), or C(certutil.exe) on Windows Server 2008 R2.
  - Looks for certificates among the trusted roots that are none. On Windows Server 2012 and later they can keep a Front End from starting. Also warns where
    there are more than 100 trusted roots.
options:
  certificates:
    description:
      - Files on the controller with roots in PEM form, one or more in each.
      - A certificate that another authority has issued is refused.
    type: list
    elements: path
    default: []
  misplaced:
    description: Whether a certificate among the trusted roots that is none is reported in a warning, or the task fails.
    type: str
    choices: [report, refuse]
    default: report
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
requirements:
  - cryptography (on the controller)
seealso:
  - name: Import-Certificate
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/pki/import-certificate
  - name: Certificates that are not self-signed among the trusted roots
    description: Why they keep a Front End from starting.
    link: https://support.microsoft.com/help/2795828
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Trust the organisation's own root
  lync.xmpp_migration.trusted_root:
    certificates: [/srv/lync/root.pem]
    misplaced: refuse
"""

RETURN = r"""
roots:
  description: The wanted roots, which are there after the task.
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: Thumbprint by which Windows names it.
      type: str
    subject:
      description: Its subject.
      type: str
  sample:
    - thumbprint: 6F2B0C8A4D1E9F3B7A5C2D8E4F1A6B9C3D7E0F25
      subject: CN=Contoso Root
misplaced:
  description: Certificates among the trusted roots that another authority has issued.
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: Its thumbprint.
      type: str
    subject:
      description: Its subject.
      type: str
    issuer:
      description: Who has issued it.
      type: str
  sample: []
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
    - cmdlet: Import-Certificate
      parameters:
        FilePath: C:\Windows\lync_xmpp_migration-6F2B0C8A4D1E9F3B7A5C2D8E4F1A6B9C3D7E0F25.cer
        CertStoreLocation: Cert:\LocalMachine\Root
        Confirm: false
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows.trusted_root import run

ARGUMENT_SPEC = {
    "certificates": {"type": "list", "elements": "path", "default": []},
    "misplaced": {"type": "str", "choices": ["report", "refuse"], "default": "report"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
