#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: outside_port
short_description: See from outside that a TCP port is open, or that it refuses
version_added: 0.1.0
description:
  - Connects to a TCP port from where it runs (the controller, or an ordinary host of the group C(lync_vantage)), and closes the connection again.
  - An old gateway that refuses connections was stopped as it should be, and that is put on record. One that does not answer may have been switched off or
    unplugged, which leaves open streams hanging at the partners.
  - Needs nothing but Python where it runs. O(name_servers) needs dnspython there.
options:
  addresses:
    description: Addresses to connect to.
    type: list
    elements: str
    default: []
  hosts:
    description: Names of hosts to connect to, all their addresses.
    type: list
    elements: str
    default: []
  port:
    description: The port.
    type: int
    default: 5269
  state:
    description: What it has to be. V(closed) means the port of the old gateway.
    type: str
    choices: [open, closed]
    required: true
  silence:
    description: Whether no answer at all counts as closed, because a firewall drops what nobody listens for.
    type: bool
    default: false
  name_servers:
    description: Name servers to look O(hosts) up at, instead of the host's own.
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
  allow_private:
    description: Whether addresses that are not of the public internet may be asked.
    type: bool
    default: false
  wait_seconds:
    description: Seconds to ask again until it is so.
    type: int
    default: 0
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.anywhere
attributes:
  check_mode:
    details:
      - Asks nobody in check mode and takes the answer for right, because what is to answer may be planned only.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.xmpp_probe
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See that the port of the new Edge is open from outside
  lync.xmpp_migration.outside_port:
    hosts:
      - access.contoso.test
    state: open
  delegate_to: outside1

- name: See that the old gateway refuses
  lync.xmpp_migration.outside_port:
    addresses:
      - 192.0.2.30
    state: closed
"""

RETURN = r"""
ports:
  description: What each address said - V(open), V(refused) or V(silent).
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The address.
      type: str
    port:
      description: The port.
      type: int
    state:
      description: What it said.
      type: str
  sample:
    - address: 192.0.2.30
      port: 5269
      state: refused
evidence:
  description: What was put on record for the checks that later changes go through.
  returned: with O(state=closed)
  type: list
  elements: dict
  contains:
    fact:
      description: What was seen.
      type: str
    member:
      description: The host or domain it was seen of, or V(organisation).
      type: str
    digest:
      description: Hash of what was seen. Empty where there is none.
      type: str
    value:
      description: What was seen in detail.
      type: raw
  sample:
    - fact: gateway_closed
      member: organisation
      digest: ""
      value:
        by: reading
        seen: ["192.0.2.30:5269 refused"]
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.options import SERVER
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.port import run

ARGUMENT_SPEC = {
    "addresses": {"type": "list", "elements": "str", "default": []},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "port": {"type": "int", "default": 5269},
    "state": {"type": "str", "choices": ["open", "closed"], "required": True},
    "silence": {"type": "bool", "default": False},
    "name_servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SERVER,
    },
    "allow_private": {"type": "bool", "default": False},
    "wait_seconds": {"type": "int", "default": 0},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run, anywhere=True)


if __name__ == "__main__":
    main()
