# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes after the acceptance and is not this collection's: the old gateway, the legacy Edge and what else is legacy.

Nothing of it is done here. Microsoft has published no procedure for removing the gateway: its steps are inferred from what
it is made of, and marked so.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_INFERRED = "(inferred: no procedure has been published)"


def afterwards(settings: Mapping[str, Any]) -> list[str]:
    """In order, with the names of this organisation."""
    legacy, pool = settings.get("legacy") or {}, (settings.get("pool") or {}).get("fqdn") or "the new pool"
    gateway, edge = legacy.get("gateway_fqdn") or "the old XMPP gateway", legacy.get("edge_fqdn") or "the legacy Edge"
    source = legacy.get("pool_fqdn") or "the legacy pool"
    ocs = settings.get("source") == "ocs_2007_r2"
    return [
        f"Wait at least twice the old lifetime of the XMPP service records, with the service of {gateway} stopped {_INFERRED}.",
        f"Set the service 'Office Communications Server XMPP Gateway' of {gateway} to disabled {_INFERRED}.",
        f"Remove the firewall rules for TCP 5269 and 5061 to {gateway}, then uninstall it {_INFERRED}.",
        (
            "Enter the Lync Server 2013 Edge as federation FQDN in the global properties of Office Communications Server, and stop and "
            f"disable the Access Edge service of {edge}."
            if ocs
            else f"Move the SIP federation route from {edge} to the Lync Server 2013 Edge, where it was kept."
        ),
        f"Point the internal record _sipinternaltls._tcp of each SIP domain at {pool}.",
        (
            f"Move what else is homed on {source}: conference directories (Move-CsConferenceDirectory), response groups "
            "(Move-CsRgsConfiguration), dial-in access numbers (Move-CsApplicationEndpoint), contacts of Exchange Unified Messaging "
            "(Move-CsExUmContact), common area phones and analog devices."
        ),
        (
            f"Deactivate Office Communications Server on {source}, run the merge once more with an empty list of Edge Servers, delete the "
            "site BackCompatSite and publish."
            if ocs
            else f"Move the Central Management store from {source} with Enable-CsTopology and Move-CsManagementServer, then remove its old "
            "database with Uninstall-CsDatabase."
        ),
        f"Take {edge} and {source} out of the topology, publish, and uninstall them.",
        "Purge the state directory (playbook lync.xmpp_migration.purge): it holds the names of users.",
    ]
