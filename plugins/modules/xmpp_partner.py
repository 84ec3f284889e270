#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_partner
short_description: Manage an XMPP partner of Lync Server 2013
version_added: 0.1.0
description:
  - Creates, changes or removes an XMPP federated partner (C(CsXmppAllowedPartner)) of the organisation.
  - Creating the partner is the switch of the whole migration. As long as Lync Server 2013 has no partner, users who were moved to it still reach the
    partner through the gateway of Office Communications Server 2007 R2. From then on Lync Server 2013 carries the traffic itself.
  - A partner, or a further domain of one, is therefore refused until it was verified that every user is homed on Lync Server 2013, that the XMPP
    components are installed and the topology has replicated on every Front End Server and Edge Server, and that each Edge Server listens and has a
    certificate with the right names. The refusal names what is missing and the part of the master playbook to run.
  - An option that is not given is left as it is. A new partner gets the defaults of C(New-CsXmppAllowedPartner) for it.
options:
  domain:
    description:
      - The XMPP domain of the partner, for example V(fabrikam.com).
      - It is the identity of the partner (C(-Identity)). Letters outside ASCII are taken and stored as DNS has them.
    type: str
    required: true
  additional_domains:
    description:
      - Further domains of the same partner, all of them (C(-AdditionalDomains)). An empty list removes those that are there.
    type: list
    elements: str
  partner_type:
    description:
      - What the partner's users may do (C(-PartnerType)).
      - V(Federated) users can add users of this organisation, see their presence with notes, and write to them.
      - V(PublicVerified) users can do the same but do not see notes. Microsoft does not recommend it.
      - V(PublicUnverified) users have to be added by a user of this organisation first. It is the default for a new partner.
    type: str
    choices: [Federated, PublicVerified, PublicUnverified]
  tls_negotiation:
    description:
      - Whether connections have to be, can be, or are not encrypted (C(-TlsNegotiation)). V(Required) is the default for a new partner.
      - Not all combinations of O(tls_negotiation), O(sasl_negotiation) and O(support_dialback_negotiation) are possible. An impossible one is refused
        before anything is written, a doubtful one gives a warning.
    type: str
    choices: [Required, Optional, NotSupported]
  sasl_negotiation:
    description:
      - Whether the partner has to, can, or does not authenticate by certificate (C(-SaslNegotiation)). V(Required) is the default for a new partner.
    type: str
    choices: [Required, Optional, NotSupported]
  support_dialback_negotiation:
    description:
      - Whether the partner may prove its name by server dialback (C(-SupportDialbackNegotiation)). V(true) is the default for a new partner.
    type: bool
  enable_keep_alive:
    description:
      - Whether idle connections are kept open by keep-alive messages (C(-EnableKeepAlive)). V(true) is the default for a new partner.
    type: bool
  connection_limit:
    description:
      - The largest number of connections with the partner at the same time (C(-ConnectionLimit)).
    type: int
  proxy_fqdn:
    description:
      - FQDN of the partner's XMPP server, for a partner without SRV records (C(-ProxyFqdn)). An empty text removes it.
    type: str
  description:
    description:
      - A text for administrators (C(-Description)). An empty text removes it.
    type: str
  retire_allowed_domain:
    description:
      - Whether the allowed domains (C(CsAllowedDomain)) of the partner's domains are removed in the same request, before the partner is made.
      - They carry XMPP through the old gateway until the cutover and are the way back after it, so they stay until acceptance by default. Set it where an
        entry is seen to win over the partner, or where the server takes no partner beside it; what is documented says neither.
      - It is journalled with the way back. Where the partner cannot be made, what was removed for it is put back.
    type: bool
    default: false
  state:
    description:
      - Whether the partner exists.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - module: lync.xmpp_migration.xmpp_partner_info
  - module: lync.xmpp_migration.xmpp_gateway_configuration
  - name: New-CsXmppAllowedPartner
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/new-csxmppallowedpartner
  - name: Set-CsXmppAllowedPartner
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/set-csxmppallowedpartner
  - name: Negotiation settings for XMPP federated partners
    description: Microsoft's table of the combinations of TLS, SASL and dialback.
    link: https://learn.microsoft.com/previous-versions/office/lync-server-2013/lync-server-2013-negotiation-settings-for-xmpp-federated-partners
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Federate with a partner that has a certificate
  lync.xmpp_migration.xmpp_partner:
    domain: fabrikam.test
    partner_type: Federated
    tls_negotiation: Required
    sasl_negotiation: Required
    support_dialback_negotiation: false

- name: Federate with a partner that knows dialback only
  lync.xmpp_migration.xmpp_partner:
    domain: nwtraders.test
    partner_type: Federated
    tls_negotiation: Optional
    sasl_negotiation: NotSupported
    support_dialback_negotiation: true

- name: Give a partner a second domain
  lync.xmpp_migration.xmpp_partner:
    domain: fabrikam.test
    additional_domains:
      - fabrikam-sales.test

- name: End the federation with a partner
  lync.xmpp_migration.xmpp_partner:
    domain: nwtraders.test
    state: absent
"""

RETURN = r"""
xmpp_partner:
  description:
    - The partner after the task, with the options of the module as keys.
    - Null where the partner does not exist.
  returned: success
  type: dict
  contains:
    domain:
      description: The XMPP domain of the partner.
      type: str
    additional_domains:
      description: Further domains of the partner.
      type: list
      elements: str
    partner_type:
      description: What the partner's users may do.
      type: str
    tls_negotiation:
      description: Whether connections are encrypted.
      type: str
    sasl_negotiation:
      description: Whether the partner authenticates by certificate.
      type: str
    support_dialback_negotiation:
      description: Whether the partner may prove its name by server dialback.
      type: bool
    enable_keep_alive:
      description: Whether idle connections are kept open.
      type: bool
    connection_limit:
      description: The largest number of connections. Before a new partner exists it is not known.
      type: int
    proxy_fqdn:
      description: FQDN of the partner's XMPP server.
      type: str
    description:
      description: A text for administrators.
      type: str
  sample:
    additional_domains: []
    connection_limit: 100
    description: null
    domain: fabrikam.test
    enable_keep_alive: true
    partner_type: Federated
    proxy_fqdn: null
    sasl_negotiation: Required
    support_dialback_negotiation: false
    tls_negotiation: Required
retired:
  description: The allowed domains that were removed, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: []
calls:
  description: The cmdlets that were called to change something, or in check mode would be.
  returned: always
  type: list
  elements: dict
  contains:
    cmdlet:
      description: The name of the cmdlet.
      type: str
    parameters:
      description: Its parameters. Secrets are left out.
      type: dict
  sample:
    - cmdlet: New-CsXmppAllowedPartner
      parameters:
        Confirm: false
        Identity: fabrikam.test
        PartnerType: Federated
        SaslNegotiation: Required
        SupportDialbackNegotiation: false
        TlsNegotiation: Required
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.negotiation import LEVELS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.partner import run

ARGUMENT_SPEC = {
    "domain": {"type": "str", "required": True},
    "additional_domains": {"type": "list", "elements": "str"},
    "partner_type": {"type": "str", "choices": ["Federated", "PublicVerified", "PublicUnverified"]},
    "tls_negotiation": {"type": "str", "choices": list(LEVELS)},
    "sasl_negotiation": {"type": "str", "choices": list(LEVELS)},
    "support_dialback_negotiation": {"type": "bool"},
    "enable_keep_alive": {"type": "bool"},
    "connection_limit": {"type": "int"},
    "proxy_fqdn": {"type": "str"},
    "description": {"type": "str"},
    "retire_allowed_domain": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
