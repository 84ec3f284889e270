#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: partner_pack
short_description: Write for each XMPP partner what changes for them, and when
version_added: 0.1.0
description:
  - Writes a file for each partner into the folder C(partner_packs) of the state directory, to be sent to them before the window. It has the new host, addresses
    and certificates, what is negotiated, what to do at which time (drop the streams between servers and the DNS cache), the planned pause, and a test that two
    people go through.
  - Texts that are not the collection's own get into it without control characters, escape sequences, direction marks and markup that works.
  - Where the file says all that already, nothing is written. In check mode nothing is written either.
options:
  partners:
    description:
      - The partners that are declared, with C(domain) and, where they have any, C(additional_domains), C(tls_negotiation), C(sasl_negotiation) and
        C(support_dialback_negotiation) as in M(lync.xmpp_migration.xmpp_partner). Other keys are not looked at.
    type: list
    elements: dict
    required: true
  domains:
    description: The organisation's own domains that the partners reach.
    type: list
    elements: str
    required: true
  host:
    description: Name of the new server, which is the Access Edge FQDN.
    type: str
    required: true
  addresses:
    description: Public addresses of the new server, from which its streams come and to which those of partners go.
    type: list
    elements: str
    default: []
  machines:
    description:
      - The machines of the Edge pool, where O(addresses) is empty. Of each, the C(public_address) is told, or where it has none, the C(external_address). Other
        keys are not looked at.
    type: list
    elements: dict
    default: []
  old_host:
    description: Name of the old gateway, as partners know it.
    type: str
  old_addresses:
    description: Public addresses of the old gateway.
    type: list
    elements: str
    default: []
  chain:
    description: File on the controller with the certificates, in PEM, that the new server's certificate is issued under. Their fingerprints are told.
    type: path
  thumbprints:
    description: Thumbprints of the new server's certificates, where they are known already.
    type: list
    elements: str
    default: []
  tls_versions:
    description: Versions of TLS that the new server speaks, for example as M(lync.xmpp_migration.xmpp_probe) found them.
    type: list
    elements: str
    default: []
  window:
    description: When the window is, in words with the time zone.
    type: str
  drop_streams_at:
    description: When partners drop their streams and their DNS cache, in words with the time zone.
    type: str
  pause_seconds:
    description:
      - For how long messages to partners with dialback come back as errors at most. Others are told that there is no pause.
      - Without it the pause is computed from O(ttl) and O(margin), as M(lync.xmpp_migration.cutover_plan) does.
    type: int
  ttl:
    description: Seconds for which resolvers keep the service records in the window.
    type: int
  margin:
    description: Seconds beyond O(ttl) until the old gateway is stopped.
    type: int
    default: 60
  contacts:
    description: Whom partners ask, for example a name with a telephone number.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
seealso:
  - module: lync.xmpp_migration.xmpp_partner
  - module: lync.xmpp_migration.xmpp_partner_advice
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Write what the partners have to know
  lync.xmpp_migration.partner_pack:
    partners:
      - domain: fabrikam.test
        tls_negotiation: Required
        sasl_negotiation: Required
        support_dialback_negotiation: false
    domains:
      - contoso.test
    host: access.contoso.test
    addresses:
      - 203.0.113.40
    window: Saturday 28 November 2026, 20:00 to 22:00 UTC
    drop_streams_at: 21:10 UTC
    pause_seconds: 182
    contacts:
      - "Ann Beebe, +1 425 555 0100"
"""

RETURN = r"""
packs:
  description: The file of each partner.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The partner's domain.
      type: str
    file:
      description: The file on the controller.
      type: str
    sha256:
      description: Hash of its content.
      type: str
    planned_pause:
      description: Seconds of the planned pause that the partner is told. 0 where there is none, null where it is not known yet.
      type: int
    changed:
      description: Whether it was written, or in check mode would be.
      type: bool
  sample:
    - domain: fabrikam.test
      file: /home/ann/.local/state/lync_xmpp_migration/contoso/partner_packs/fabrikam.test.md
      sha256: 2b4c8c1d8c8e3f9d7cb0c0a8c1b5f07e6a1f5c2e2f3d4b5a69788796a5b4c3d2
      planned_pause: 0
      changed: true
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.pack_run import run

ARGUMENT_SPEC = {
    "partners": {"type": "list", "elements": "dict", "required": True},
    "domains": {"type": "list", "elements": "str", "required": True},
    "host": {"type": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "machines": {"type": "list", "elements": "dict", "default": []},
    "old_host": {"type": "str"},
    "old_addresses": {"type": "list", "elements": "str", "default": []},
    "chain": {"type": "path"},
    "thumbprints": {"type": "list", "elements": "str", "default": []},
    "tls_versions": {"type": "list", "elements": "str", "default": []},
    "window": {"type": "str"},
    "drop_streams_at": {"type": "str"},
    "pause_seconds": {"type": "int"},
    "ttl": {"type": "int"},
    "margin": {"type": "int", "default": 60},
    "contacts": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
