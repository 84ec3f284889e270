#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: go_no_go
short_description: Decide at a point of the cutover whether to go on
version_added: 0.1.0
description:
  - Looks whether what the next step of the window needs is on record, and stops with what is missing, what is whole, the way forward and the way back.
  - What was put on record was seen by the tasks before. Only what the name servers show is looked at here, because it decides when the old gateway may go.
  - A point that was passed in an earlier run, and after which nothing was changed, is passed again at once.
options:
  point:
    description:
      - V(partners) - before the first partner is created. Until then the legacy path is whole.
      - V(dialback) - before the dialback partners are created. The new Edge has answered from outside with the certificate that was assigned, every server has
        the other partners, and the former lifetimes of the service records have run out, so that the swap can follow at once.
      - V(swap) - before the service records are swapped. Every server has all partners.
      - V(stop) - before the old gateway is stopped. Every name server leads to the new Edge; O(ttl) and O(margin) after that was first seen have passed.
        They are waited for within O(wait_seconds).
      - V(complete) - at the end of the window. The new Edge answers by name with the certificate that was assigned, and the old gateway is closed.
    type: str
    required: true
    choices: [partners, dialback, swap, stop, complete]
  name_servers:
    description: Name servers that have to lead to the new Edge, each by itself. Without any the controller's own is asked.
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
  wait_seconds:
    description: Seconds to wait at V(stop) until the time has come.
    type: int
    default: 0
  users:
    description: SIP addresses of own users, for the test script.
    type: list
    elements: str
    default: []
  receivers:
    description: Addresses of a person at each partner, by the partner's domain, for the test script.
    type: dict
    default: {}
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
  - lync.xmpp_migration._window
attributes:
  check_mode:
    details:
      - Looks only at what is on record and what was planned, and waits for nothing.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.cutover_plan
  - module: lync.xmpp_migration.legacy_gateway_service
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Decide whether the partners are created
  lync.xmpp_migration.go_no_go:
    point: partners
    domains:
      - contoso.test
    targets:
      - access.contoso.test
    external_partners:
      - fabrikam.test

- name: Wait until the old gateway may be stopped
  lync.xmpp_migration.go_no_go:
    point: stop
    domains:
      - contoso.test
    targets:
      - access.contoso.test
    external_partners:
      - fabrikam.test
    ttl: 300
    margin: 60
    wait_seconds: 900
"""

RETURN = r"""
point:
  description: The point.
  returned: success
  type: str
  sample: stop
go:
  description: That it goes on.
  returned: success
  type: bool
  sample: true
asked_from:
  description: The host outside (group C(lync_vantage)) that the tasks before asked from, or V(controller).
  returned: success
  type: str
  sample: outside1
passed_before:
  description: Whether the point lies behind already, so that nothing was decided.
  returned: success
  type: bool
  sample: false
pause:
  description: Seconds for which messages to dialback partners come back as errors, at most.
  returned: success
  type: int
  sample: 482
ways:
  description: What is whole, the way forward and the way back.
  returned: success
  type: str
  sample: "Nothing has been switched over: no partner was created here."
script:
  description: The test that two people make, at V(complete).
  returned: success
  type: list
  elements: str
  sample:
    - "fabrikam.test: ann@contoso.test writes to bob@fabrikam.test."
evidence:
  description: What was put on record for the checks that later changes go through.
  returned: at V(stop) and V(complete)
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
    - fact: swap_settled
      member: organisation
      digest: ""
      value:
        since: "2026-11-21T20:00:00+00:00"
        until: "2026-11-21T20:06:00+00:00"
error:
  description: Why it does not go on, as data. RV(ignore:error.reasons) has what is missing, RV(ignore:error.ways) the ways.
  returned: failure
  type: dict
  sample:
    kind: no_go
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.options import SERVER
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.points import decide as run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.window import WINDOW_OPTIONS

ARGUMENT_SPEC = {
    "point": {
        "type": "str",
        "required": True,
        "choices": ["partners", "dialback", "swap", "stop", "complete"],
    },
    **WINDOW_OPTIONS,
    "name_servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SERVER,
    },
    "wait_seconds": {"type": "int", "default": 0},
    "users": {"type": "list", "elements": "str", "default": []},
    "receivers": {"type": "dict", "default": {}},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
