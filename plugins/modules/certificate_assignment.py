#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_assignment
short_description: Assign certificates of a Lync server to their uses
version_added: 0.1.0
description:
  - Assigns the best certificate in the store of the server to each use (C(Set-CsCertificate)), where the one that is assigned does not carry the wanted
    names, is not valid, or is too weak.
  - A certificate that ends within O(renew_days) makes place for one in the store that lasts longer.
  - Nothing is assigned that does not carry the names. Services go on with their old certificate until they are restarted; see
    M(lync.xmpp_migration.lync_service).
  - That the certificate for V(XmppServer) carries the names which partners look for is recorded as evidence, without which no XMPP partner is created.
extends_documentation_fragment:
  - lync.xmpp_migration._certificate
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
requirements:
  - cryptography (on the controller)
seealso:
  - module: lync.xmpp_migration.certificate
  - module: lync.xmpp_migration.lync_service
  - name: Set-CsCertificate
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/set-cscertificate
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Assign the external certificate with its XMPP use
  lync.xmpp_migration.certificate_assignment:
    uses:
      - AccessEdgeExternal
      - DataEdgeExternal
      - AudioVideoAuthentication
      - XmppServer
    subject: access.contoso.test
    names:
      - webcon.contoso.test
    sip_domains:
      - contoso.test
    xmpp_domains:
      - contoso.test
"""

RETURN = r"""
certificates:
  description: The assigned certificates after the task.
  returned: success
  type: dict
  contains:
    uses:
      description: The certificate of each use.
      type: dict
  sample:
    uses:
      XmppServer:
        thumbprint: 4E1A1F3C0B7F5D6E8A9B0C1D2E3F405162738495
        subject: CN=access.contoso.test
        issuer: CN=Contoso Root CA
        names: [access.contoso.test, webcon.contoso.test, sip.contoso.test, contoso.test]
        not_after: '2028-11-20T08:00:00+00:00'
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.assignment import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.stored import NAME_OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute

ARGUMENT_SPEC = {**NAME_OPTIONS}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
