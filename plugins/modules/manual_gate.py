#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: manual_gate
short_description: Stop at something that only hands can do, and see that it was done
version_added: 0.1.0
description:
  - Says exactly what is to be done in the windows of Office Communications Server 2007 R2, in the console of its XMPP gateway, or on an Edge Server that no
    session reaches. Changes nothing itself.
  - What can be read of it is read. Where it is done already, the task goes on at once. Otherwise it waits for O(wait_seconds), and then stops.
  - Where nothing can be read the operator's word is needed, which is the name of the gate in O(confirmed).
options:
  gate:
    description:
      - What is to be done.
      - V(ocs_edge_internal_list) lets the legacy Edge accept the new servers. It counts as done where C(Test-CsFederatedPartner) reaches O(partner_domains)
        through O(edge_fqdn).
      - V(ocs_federation_fqdn) leads federation of the legacy pools to the new Edge. Nothing of it can be read.
      - V(gateway_console) leads the XMPP gateway to another Access Edge. It is looked at as V(ocs_edge_internal_list) is.
      - V(edge_without_session) sets up an Edge Server by hand. It counts as done where the Edge pool is in the topology, the replicas of its machines are up to
        date, and it answers TLS on O(outside_ports).
      - V(edge_xmpp_without_session) enables XMPP on such an Edge Server, in the window. It counts as done where the topology has the XMPP ports, the replicas
        are up to date, the Edge answers XMPP on O(outside_ports) with a certificate that carries the names and the thumbprint that are wanted, and
        O(inside_ports) are open. What cannot be seen of it, such as an inner port behind a firewall, needs the operator's word.
      - V(gateway_stop) ends the service of the old gateway at the end of the window. It counts as done where port 5269 refuses at all of
        O(outside_addresses). Where one does not answer at all, or none is given, the operator's word is needed.
      - V(gateway_start) starts it again, on the way back. It counts as done where port 5269 is open at all of O(outside_addresses).
    type: str
    required: true
    choices: [ocs_edge_internal_list, ocs_federation_fqdn, gateway_console, edge_without_session, edge_xmpp_without_session, gateway_stop, gateway_start]
  confirmed:
    description:
      - Gates that the operator has done.
      - For V(edge_without_session) and V(edge_xmpp_without_session) this counts only for what cannot be seen, because what is read there is the thing itself.
    type: list
    elements: str
    default: []
    choices: [ocs_edge_internal_list, ocs_federation_fqdn, gateway_console, edge_without_session, edge_xmpp_without_session, gateway_stop, gateway_start]
  member:
    description:
      - Inventory name of the Edge Server that no session reaches.
      - With it, what the laws demand of that server is put on record when the gate opens - C(services_running) for V(edge_without_session), C(components),
        C(xmpp_listening) and C(certificate_names) for V(edge_xmpp_without_session). The record says whether it was seen or is the operator's word.
    type: str
  wait_seconds:
    description: Seconds to look again, where something can be read. Without it the task stops at once.
    type: int
    default: 0
  edge_fqdn:
    description:
      - Internal FQDN of the Edge pool that it is about.
      - That is the legacy Edge for V(ocs_edge_internal_list), and the new one for V(ocs_federation_fqdn), V(edge_without_session) and
        V(edge_xmpp_without_session).
    type: str
  servers:
    description: FQDNs of the Lync Server 2013 Front End pools and Front End Servers.
    type: list
    elements: str
    default: []
  gateway_fqdn:
    description: FQDN of the OCS 2007 R2 XMPP gateway.
    type: str
  gateway_host:
    description: Inventory name of the old gateway. In a dry run a stop or start that a session with it has planned counts as done.
    type: str
  access_fqdn:
    description: External FQDN of the Access Edge service.
    type: str
  web_conferencing_fqdn:
    description: External FQDN of the Web Conferencing Edge service.
    type: str
  av_fqdn:
    description: External FQDN of the A/V Edge service.
    type: str
  sip_domains:
    description: Own SIP domains.
    type: list
    elements: str
    default: []
  xmpp_domains:
    description: Own domains that XMPP partners reach. They are names of the certificate with the XMPP use.
    type: list
    elements: str
    default: []
  srv_targets:
    description: Hosts that the records C(_xmpp-server._tcp) of O(xmpp_domains) lead to. Where C(xmpp.)<domain> is one of them, this certificate carries it.
    type: list
    elements: str
    default: []
  names:
    description: Names that this certificate carries beside that of the Access Edge service and those of the domains.
    type: list
    elements: str
    default: []
  uses:
    description: Uses that the certificate is assigned to.
    type: list
    elements: str
    default: [AccessEdgeExternal, DataEdgeExternal, AudioVideoAuthentication, XmppServer]
    choices: [AccessEdgeExternal, DataEdgeExternal, AudioVideoAuthentication, XmppServer]
  thumbprints:
    description: The thumbprint (SHA-1 as Lync shows it, or SHA-256) of the certificate that is to be shown; any of several. Without it any with the names.
    type: list
    elements: str
    default: []
  partner_domains:
    description: XMPP domains of the partners.
    type: list
    elements: str
    default: []
  machines:
    description: The machines of the Edge pool.
    type: list
    elements: dict
    default: []
    suboptions:
      fqdn:
        description: Internal FQDN.
        type: str
        required: true
      internal_address:
        description: Address of the internal interface.
        type: str
      external_address:
        description: Address of the external interface.
        type: str
      public_address:
        description: Public address where the external one is behind NAT.
        type: str
  hosts_entries:
    description: Lines for the HOSTS file of an Edge Server.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Address.
        type: str
        required: true
      names:
        description: Names that lead to it.
        type: list
        elements: str
        required: true
  trusted_roots:
    description: Files with the certificates of private authorities that an Edge Server has to trust, as the controller knows them. They are only named.
    type: list
    elements: str
    default: []
  media_path:
    description: Where the installation media are on an Edge Server.
    type: str
    default: 'D:\'
  sxs_path:
    description: Where the side-by-side source of Windows is on an Edge Server.
    type: str
    default: 'D:\sources\sxs'
  configuration_file:
    description: Path of the exported configuration, on the Front End Server and on the Edge Server.
    type: str
    default: 'C:\lync_configuration.zip'
  outside_addresses:
    description:
      - Addresses to ask from the controller, instead of those of O(access_fqdn).
      - For V(gateway_stop) those of the old gateway, as partners reached it.
    type: list
    elements: str
    default: []
  outside_ports:
    description:
      - TCP ports that have to answer there, with TLS, or with XMPP for V(edge_xmpp_without_session). By default 443, or 5269.
      - An empty list asks nobody. What is to be put on record then needs the operator's word.
    type: list
    elements: int
  inside_ports:
    description: TCP ports that are asked at the internal addresses of O(machines), for V(edge_xmpp_without_session). An empty list asks nobody.
    type: list
    elements: int
    default: [23456]
  name_servers:
    description: Name servers to look O(access_fqdn) up at, instead of the controller's own.
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
  sender:
    description: Domain that the XMPP stream is said to come from. Give that of a partner.
    type: str
  ca_file:
    description: Certificates of authorities that are trusted, in PEM, instead of those that the system trusts.
    type: path
  allow_private:
    description: Whether addresses that are not of the public internet may be asked.
    type: bool
    default: false
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  check_mode:
    details:
      - Says what is to be done and notes it in the plan, and goes on without waiting.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.xmpp_probe
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Let the legacy Edge accept the new pool
  lync.xmpp_migration.manual_gate:
    gate: ocs_edge_internal_list
    edge_fqdn: ocsedge.contoso.test
    servers:
      - pool2013.contoso.test
    partner_domains:
      - fabrikam.test
    confirmed: "{{ lync_migration.gates_confirmed | default([]) }}"

- name: Wait until the Edge Server was set up by hand
  lync.xmpp_migration.manual_gate:
    gate: edge_without_session
    edge_fqdn: edge2013.contoso.test
    access_fqdn: access.contoso.test
    machines:
      - fqdn: edge2013.contoso.test
        internal_address: 10.0.1.40
        external_address: 192.0.2.40
    wait_seconds: 3600

- name: Have XMPP enabled on an Edge Server that no session reaches
  lync.xmpp_migration.manual_gate:
    gate: edge_xmpp_without_session
    member: edge2013
    edge_fqdn: edge2013.contoso.test
    access_fqdn: access.contoso.test
    names:
      - webcon.contoso.test
    sip_domains:
      - contoso.test
    xmpp_domains:
      - contoso.test
    machines:
      - fqdn: edge2013.contoso.test
        internal_address: 10.0.1.40
    sender: fabrikam.test
    confirmed: "{{ lync_migration.gates_confirmed | default([]) }}"
  delegate_to: fe2013
"""

RETURN = r"""
gate:
  description: Name of the gate.
  returned: success
  type: str
  sample: ocs_edge_internal_list
title:
  description: What it is for.
  returned: success
  type: str
  sample: let the legacy Edge of Office Communications Server 2007 R2 accept the Lync Server 2013 servers
steps:
  description: What is to be done by hand, in this order.
  returned: success
  type: list
  elements: str
  sample:
    - Log on to the Office Communications Server 2007 R2 Edge ocsedge.contoso.test as a local administrator.
missing:
  description: What was read and is not as it should be.
  returned: success
  type: list
  elements: str
  sample: []
unseen:
  description: What could not be seen, and is left to the operator's word.
  returned: success
  type: list
  elements: str
  sample: []
passed:
  description: Whether the gate is open. Only a dry run goes on where it is not.
  returned: success
  type: bool
  sample: true
by:
  description: V(reading) where it was seen, V(confirmation) where it is the operator's word, V(plan) in a dry run before it was done.
  returned: success
  type: str
  sample: reading
evidence:
  description: What was put on record for the checks that later changes go through.
  returned: when O(member) is given, and for V(gateway_stop) and V(gateway_start)
  type: list
  elements: dict
  contains:
    fact:
      description: What is known.
      type: str
    member:
      description: The Edge Server that it is known of.
      type: str
    digest:
      description: Empty here.
      type: str
    value:
      description: By what it is known (V(reading), V(confirmation), V(plan)), what was seen, and what was not.
      type: raw
  sample:
    - fact: components
      member: edge2013
      digest: ""
      value:
        by: reading
        seen: ["192.0.2.40:5269"]
        unseen: []
error:
  description: What is to be done, as data. RV(ignore:error.steps) has the steps, RV(ignore:error.missing) what is missing, RV(ignore:error.unseen) what cannot
    be seen.
  returned: failure
  type: dict
  sample:
    kind: manual_gate
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.manual_gate import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.options import SERVER

_GATES = [
    "ocs_edge_internal_list", "ocs_federation_fqdn", "gateway_console", "edge_without_session", "edge_xmpp_without_session",
    "gateway_stop", "gateway_start",
]  # fmt: skip
_USES = ["AccessEdgeExternal", "DataEdgeExternal", "AudioVideoAuthentication", "XmppServer"]

ARGUMENT_SPEC = {
    "gate": {"type": "str", "required": True, "choices": _GATES},
    "confirmed": {"type": "list", "elements": "str", "default": [], "choices": _GATES},
    "member": {"type": "str"},
    "wait_seconds": {"type": "int", "default": 0},
    "edge_fqdn": {"type": "str"},
    "servers": {"type": "list", "elements": "str", "default": []},
    "gateway_fqdn": {"type": "str"},
    "gateway_host": {"type": "str"},
    "access_fqdn": {"type": "str"},
    "web_conferencing_fqdn": {"type": "str"},
    "av_fqdn": {"type": "str"},
    "sip_domains": {"type": "list", "elements": "str", "default": []},
    "xmpp_domains": {"type": "list", "elements": "str", "default": []},
    "names": {"type": "list", "elements": "str", "default": []},
    "srv_targets": {"type": "list", "elements": "str", "default": []},
    "uses": {"type": "list", "elements": "str", "default": _USES, "choices": _USES},
    "thumbprints": {"type": "list", "elements": "str", "default": []},
    "partner_domains": {"type": "list", "elements": "str", "default": []},
    "machines": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "fqdn": {"type": "str", "required": True},
            "internal_address": {"type": "str"},
            "external_address": {"type": "str"},
            "public_address": {"type": "str"},
        },
    },
    "hosts_entries": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "address": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
        },
    },
    "trusted_roots": {"type": "list", "elements": "str", "default": []},
    "media_path": {"type": "str", "default": "D:\\"},
    "sxs_path": {"type": "str", "default": "D:\\sources\\sxs"},
    "configuration_file": {"type": "str", "default": "C:\\lync_configuration.zip"},
    "outside_addresses": {"type": "list", "elements": "str", "default": []},
    "outside_ports": {"type": "list", "elements": "int"},
    "inside_ports": {"type": "list", "elements": "int", "default": [23456]},
    "name_servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SERVER,
    },
    "sender": {"type": "str"},
    "ca_file": {"type": "path"},
    "allow_private": {"type": "bool", "default": False},
}
CONSTRAINTS: dict[str, Any] = {
    "required_if": [
        ("gate", "ocs_edge_internal_list", ("edge_fqdn",)),
        ("gate", "ocs_federation_fqdn", ("edge_fqdn",)),
        ("gate", "gateway_console", ("gateway_fqdn", "access_fqdn")),
        ("gate", "edge_without_session", ("edge_fqdn", "access_fqdn")),
        ("gate", "edge_xmpp_without_session", ("edge_fqdn", "access_fqdn")),
        ("gate", "gateway_stop", ("gateway_fqdn",)),
        ("gate", "gateway_start", ("gateway_fqdn",)),
    ]
}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
