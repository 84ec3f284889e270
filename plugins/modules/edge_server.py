#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: edge_server
short_description: Set the ports of an Edge pool
version_added: 0.1.0
description:
  - Sets ports of an Edge pool that the published topology has already. It does not create the Edge pool, which is what M(lync.xmpp_migration.topology) is for.
  - Whether C(Set-CsEdgeServer) can give XMPP ports to an Edge pool that has none is documented nowhere. The ports are read back after the call, and a
    difference is an error.
  - XMPP ports are refused until every user is homed on Lync Server 2013.
options:
  fqdn:
    description: Internal FQDN of the Edge pool.
    type: str
    required: true
  access_edge_external_sip_port:
    description: Port of SIP federation on the external interface.
    type: int
  xmpp_listening_port:
    description: Port of the XMPP proxy on the external interface.
    type: int
  xmpp_internal_port:
    description: Port of the XMPP proxy on the internal interface. Microsoft's port tables say 23456; the cmdlet's help says otherwise.
    type: int
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Set-CsEdgeServer
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/set-csedgeserver
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See to the XMPP ports of the Edge
  lync.xmpp_migration.edge_server:
    fqdn: edge2013.contoso.test
    xmpp_listening_port: 5269
    xmpp_internal_port: 23456
"""

RETURN = r"""
edge_server:
  description: The Edge pool after the task.
  returned: success
  type: dict
  contains:
    identity:
      description: Identity of the service.
      type: str
    access_edge_external_sip_port:
      description: Port of SIP federation. Null where the Edge pool has none.
      type: int
    xmpp_listening_port:
      description: External port of the XMPP proxy. Null where the Edge pool has none.
      type: int
    xmpp_internal_port:
      description: Internal port of the XMPP proxy. Null where the Edge pool has none.
      type: int
  sample:
    identity: EdgeServer:edge2013.contoso.test
    access_edge_external_sip_port: 5061
    xmpp_listening_port: 5269
    xmpp_internal_port: 23456
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
      description: Its parameters.
      type: dict
  sample:
    - cmdlet: Set-CsEdgeServer
      parameters:
        Confirm: false
        Identity: EdgeServer:edge2013.contoso.test
        XmppListeningPort: 5269
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Report, Task, execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.noun import Field, Noun, ensure
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.names import fqdn

NOUN = Noun(
    noun="CsEdgeServer",
    collection="edge_server",
    label="Edge pool {identity}",
    judged_by=("Version",),
    fields=(
        Field("access_edge_external_sip_port", "AccessEdgeExternalSipPort", kind="int"),
        Field("xmpp_listening_port", "XmppListeningPort", kind="int"),
        Field("xmpp_internal_port", "XmppInternalPort", kind="int"),
    ),
)

ARGUMENT_SPEC = {
    "fqdn": {"type": "str", "required": True},
    "access_edge_external_sip_port": {"type": "int"},
    "xmpp_listening_port": {"type": "int"},
    "xmpp_internal_port": {"type": "int"},
}


def run(task: Task) -> Report:
    try:
        identity = f"EdgeServer:{fqdn(task.params['fqdn'])}"
    except ValueError as exc:
        raise InvalidInput(f"fqdn: {exc}") from exc
    for field in NOUN.fields:
        port = task.params[field.option]
        if port is not None and not 1 <= port <= 65535:
            raise InvalidInput(f"{field.option}: A port from 1 to 65535 is wanted, but {port} is none.")
    return ensure(task, NOUN, identity, task.params)


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
