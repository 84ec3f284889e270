#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_partner_advice
short_description: Compare the negotiation settings of XMPP partners with what their servers do
version_added: 0.1.0
description:
  - Asks the servers of each partner, as M(lync.xmpp_migration.xmpp_probe) does, and recommends the strictest combination of TLS, SASL and dialback of
    Microsoft's table that will work with what answers, with the reason.
  - Prints what is declared against what is recommended, a line for each partner, and warns where they differ. Changes nothing.
  - Whether a partner takes the organisation's certificate for SASL EXTERNAL shows only where O(certificate) and O(key) are given.
options:
  partners:
    description:
      - The partners that are declared, with C(domain) and, where they are set, C(tls_negotiation), C(sasl_negotiation), C(support_dialback_negotiation) and
        C(proxy_fqdn) as in M(lync.xmpp_migration.xmpp_partner). What is left out is what C(New-CsXmppAllowedPartner) takes. Other keys are not looked at.
    type: list
    elements: dict
    required: true
  sender:
    description: Domain that the streams are said to come from. A server may answer only to partners that it knows, so give one of the own domains.
    type: str
  name_servers:
    description: Name servers to look names up at, instead of the host's own.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Address of the server.
        type: str
        required: true
      port:
        description: Port of the server.
        type: int
        default: 53
  port:
    description: Port of a partner's C(proxy_fqdn).
    type: int
    default: 5269
  allow_private:
    description: Whether addresses that are not of the public internet may be asked.
    type: bool
    default: false
  ca_file:
    description: Certificates of authorities that are trusted, in PEM, instead of those that the system trusts.
    type: path
  certificate:
    description: Certificate of O(sender) with its chain, in PEM, to be shown for SASL EXTERNAL.
    type: path
  key:
    description: Private key of O(certificate), in PEM.
    type: path
  key_passphrase:
    description: Passphrase of O(key), where it has one.
    type: str
  seconds:
    description: Seconds for all partners together.
    type: int
    default: 20
  fail_when_impossible:
    description: Whether settings under which none of the methods is possible are an error instead of a warning.
    type: bool
    default: false
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
attributes:
  check_mode:
    details:
      - Asks in check mode too.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.xmpp_probe
  - module: lync.xmpp_migration.xmpp_partner
  - name: Negotiation settings for XMPP federated partners
    description: Microsoft's table of the combinations of TLS, SASL and dialback.
    link: https://learn.microsoft.com/previous-versions/office/lync-server-2013/lync-server-2013-negotiation-settings-for-xmpp-federated-partners
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Compare what is declared of the partners with what they do
  lync.xmpp_migration.xmpp_partner_advice:
    partners:
      - domain: fabrikam.test
        tls_negotiation: Required
        sasl_negotiation: Required
        support_dialback_negotiation: false
    sender: contoso.test
"""

RETURN = r"""
advice:
  description: What is declared of each partner, and what is recommended.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The partner's domain.
      type: str
    declared:
      description: The combination that is declared.
      type: dict
    declared_level:
      description: What Microsoft's table says of it, V(clean), V(warned) or V(invalid).
      type: str
    recommended:
      description: The strictest combination that will work. Null where none does, or nothing answered.
      type: dict
    verdict:
      description: V(as_recommended), V(not_strictest), V(untried) where only a certificate would tell, V(impossible), or V(unknown) where nothing answered.
      type: str
    reason:
      description: Why.
      type: str
  sample:
    - domain: fabrikam.test
      declared: {tls_negotiation: Required, sasl_negotiation: Required, support_dialback_negotiation: false}
      declared_level: clean
      recommended: {tls_negotiation: Required, sasl_negotiation: Required, support_dialback_negotiation: false}
      verdict: as_recommended
      reason: The partner starts TLS, takes SASL EXTERNAL, and shows a certificate that Lync can take in return.
table:
  description: The same as lines of a table.
  returned: success
  type: list
  elements: str
  sample:
    - PARTNER        DECLARED                                     RECOMMENDED                                  VERDICT
    - fabrikam.test  TLS Required, SASL Required, dialback off    TLS Required, SASL Required, dialback off    as_recommended
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.options import SERVER
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.advice import run

ARGUMENT_SPEC = {
    "partners": {"type": "list", "elements": "dict", "required": True},
    "sender": {"type": "str"},
    "name_servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SERVER,
    },
    "port": {"type": "int", "default": 5269},
    "allow_private": {"type": "bool", "default": False},
    "ca_file": {"type": "path"},
    "certificate": {"type": "path"},
    "key": {"type": "path", "no_log": False},
    "key_passphrase": {"type": "str", "no_log": True},
    "seconds": {"type": "int", "default": 20},
    "fail_when_impossible": {"type": "bool", "default": False},
}
CONSTRAINTS: dict[str, Any] = {
    "required_together": [("certificate", "key")],
    "required_by": {"certificate": ("sender",)},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
