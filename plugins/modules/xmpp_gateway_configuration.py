#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_gateway_configuration
short_description: Manage the configuration of the XMPP gateway of Lync Server 2013
version_added: 0.1.0
description:
  - Changes the organisation's global configuration of the XMPP gateway (C(CsXmppGatewayConfiguration)).
  - The gateway cannot be turned on or off here. It carries traffic as soon as there is a partner, see M(lync.xmpp_migration.xmpp_partner).
  - An option that is not given is left as it is.
options:
  connection_limit:
    description:
      - The largest number of connections of the gateway at the same time (C(-ConnectionLimit)).
    type: int
  partner_connection_limit:
    description:
      - The largest number of connections with one partner at the same time (C(-PartnerConnectionLimit)).
    type: int
  keep_alive_interval:
    description:
      - Seconds between two keep-alive messages on an idle connection (C(-KeepAliveInterval)).
    type: int
  stream_establishment_timeout:
    description:
      - Seconds that the set-up of a stream may take (C(-StreamEstablishmentTimeout)).
    type: int
  stream_inactivity_timeout:
    description:
      - Seconds after which an idle stream is closed (C(-StreamInactivityTimeout)).
    type: int
  subscription_refresh_interval:
    description:
      - Seconds between two renewals of a presence subscription (C(-SubscriptionRefreshInterval)).
    type: int
  enable_logging_all_message_bodies:
    description:
      - Whether the text of all messages is logged (C(-EnableLoggingAllMessageBodies)). It concerns the privacy of users and partners.
    type: bool
  dialback_passphrase:
    description:
      - The passphrase from which all servers of the organisation make their dialback keys (C(-DialbackPassphrase)).
      - It is never read back, so it is set only where O(update_dialback_passphrase) asks for it.
      - The cmdlet takes it as plain text and has no other way, so where module logging of Windows PowerShell is on, it is in the server's event log.
    type: str
  update_dialback_passphrase:
    description:
      - Whether O(dialback_passphrase) is set. The task then reports a change each time it is run.
    type: bool
    default: false
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_dialback_passphrase=true) the passphrase is set each time, because it cannot be compared.
seealso:
  - module: lync.xmpp_migration.xmpp_partner
  - name: Set-CsXmppGatewayConfiguration
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/set-csxmppgatewayconfiguration
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Send keep-alive messages each two minutes
  lync.xmpp_migration.xmpp_gateway_configuration:
    keep_alive_interval: 120

- name: Set a new dialback passphrase
  lync.xmpp_migration.xmpp_gateway_configuration:
    dialback_passphrase: "{{ dialback_passphrase }}"
    update_dialback_passphrase: true
"""

RETURN = r"""
xmpp_gateway_configuration:
  description: The configuration after the task, with the options of the module as keys. The passphrase is not among them.
  returned: success
  type: dict
  contains:
    identity:
      description: The identity of the configuration.
      type: str
    connection_limit:
      description: The largest number of connections of the gateway at the same time.
      type: int
    partner_connection_limit:
      description: The largest number of connections with one partner at the same time.
      type: int
    keep_alive_interval:
      description: Seconds between two keep-alive messages on an idle connection.
      type: int
    stream_establishment_timeout:
      description: Seconds that the set-up of a stream may take.
      type: int
    stream_inactivity_timeout:
      description: Seconds after which an idle stream is closed.
      type: int
    subscription_refresh_interval:
      description: Seconds between two renewals of a presence subscription.
      type: int
    enable_logging_all_message_bodies:
      description: Whether the text of all messages is logged.
      type: bool
  sample:
    connection_limit: 1000
    enable_logging_all_message_bodies: false
    identity: Global
    keep_alive_interval: 300
    partner_connection_limit: 20
    stream_establishment_timeout: 60
    stream_inactivity_timeout: 600
    subscription_refresh_interval: 28800
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
    - cmdlet: Set-CsXmppGatewayConfiguration
      parameters:
        Confirm: false
        Identity: Global
        KeepAliveInterval: 120
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Report, Task, execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.noun import ensure
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.nouns import GATEWAY as NOUN

ARGUMENT_SPEC = {
    "connection_limit": {"type": "int"},
    "partner_connection_limit": {"type": "int"},
    "keep_alive_interval": {"type": "int"},
    "stream_establishment_timeout": {"type": "int"},
    "stream_inactivity_timeout": {"type": "int"},
    "subscription_refresh_interval": {"type": "int"},
    "enable_logging_all_message_bodies": {"type": "bool"},
    "dialback_passphrase": {"type": "str", "no_log": True},
    "update_dialback_passphrase": {"type": "bool", "default": False, "no_log": False},
}

CONSTRAINTS: dict[str, Any] = {"required_if": [("update_dialback_passphrase", True, ("dialback_passphrase",))]}


def run(task: Task) -> Report:
    anew = ["dialback_passphrase"] if task.params["update_dialback_passphrase"] else []
    return ensure(task, NOUN, "Global", task.params, always_send=anew)


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
