#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: access_edge_configuration
short_description: Manage the configuration of the Access Edge
version_added: 0.1.0
description:
  - Changes the organisation's global configuration of the Access Edge service (C(CsAccessEdgeConfiguration)).
  - XMPP federation needs O(allow_federated_users). Only what is given is changed; partner discovery and routing are left alone.
options:
  allow_federated_users:
    description:
      - Whether users may talk to federated partners (C(-AllowFederatedUsers)). XMPP federation needs it. It also opens federation with SIP partners, as far as
        policies and the allowed domains let it.
    type: bool
  allow_outside_users:
    description:
      - Whether users may sign in from outside (C(-AllowOutsideUsers)).
    type: bool
  allow_anonymous_users:
    description:
      - Whether anonymous users may join meetings (C(-AllowAnonymousUsers)).
    type: bool
  enable_archiving_disclaimer:
    description:
      - Whether partners are told that conversations may be archived (C(-EnableArchivingDisclaimer)).
    type: bool
  keep_crls_up_to_date_for_peers:
    description:
      - Whether revocation lists of partners' certificates are looked up (C(-KeepCrlsUpToDateForPeers)).
    type: bool
  mark_source_verifiable_on_outgoing_messages:
    description:
      - Whether outgoing messages are marked as from a verified source (C(-MarkSourceVerifiableOnOutgoingMessages)).
    type: bool
  outgoing_tls_count_for_federated_partners:
    description:
      - The largest number of outgoing connections with one federated partner (C(-OutgoingTlsCountForFederatedPartners)).
    type: int
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - module: lync.xmpp_migration.xmpp_partner
  - name: Set-CsAccessEdgeConfiguration
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/set-csaccessedgeconfiguration
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Allow federated users at the Access Edge
  lync.xmpp_migration.access_edge_configuration:
    allow_federated_users: true
"""

RETURN = r"""
access_edge_configuration:
  description: The configuration after the task, with the options of the module as keys.
  returned: success
  type: dict
  contains:
    identity:
      description: The identity of the configuration.
      type: str
    allow_federated_users:
      description: Whether users may talk to federated partners.
      type: bool
    allow_outside_users:
      description: Whether users may sign in from outside.
      type: bool
    allow_anonymous_users:
      description: Whether anonymous users may join meetings.
      type: bool
    enable_archiving_disclaimer:
      description: Whether partners are told that conversations may be archived.
      type: bool
    keep_crls_up_to_date_for_peers:
      description: Whether revocation lists of partners' certificates are looked up.
      type: bool
    mark_source_verifiable_on_outgoing_messages:
      description: Whether outgoing messages are marked as from a verified source.
      type: bool
    outgoing_tls_count_for_federated_partners:
      description: The largest number of outgoing connections with one federated partner.
      type: int
  sample:
    allow_anonymous_users: false
    allow_federated_users: true
    allow_outside_users: true
    enable_archiving_disclaimer: false
    identity: Global
    keep_crls_up_to_date_for_peers: true
    mark_source_verifiable_on_outgoing_messages: true
    outgoing_tls_count_for_federated_partners: 4
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
    - cmdlet: Set-CsAccessEdgeConfiguration
      parameters:
        AllowFederatedUsers: true
        Confirm: false
        Identity: Global
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Report, Task, execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.noun import ensure
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.nouns import ACCESS_EDGE as NOUN

ARGUMENT_SPEC = {
    "allow_federated_users": {"type": "bool"},
    "allow_outside_users": {"type": "bool"},
    "allow_anonymous_users": {"type": "bool"},
    "enable_archiving_disclaimer": {"type": "bool"},
    "keep_crls_up_to_date_for_peers": {"type": "bool"},
    "mark_source_verifiable_on_outgoing_messages": {"type": "bool"},
    "outgoing_tls_count_for_federated_partners": {"type": "int"},
}


def run(task: Task) -> Report:
    return ensure(task, NOUN, "Global", task.params)


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
