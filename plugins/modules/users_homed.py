#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: users_homed
short_description: See that every user is homed on a Lync Server 2013 pool
version_added: 0.1.0
description:
  - Reads all users and fails where an enabled on-premises user is homed elsewhere than on O(pools).
  - On-premises is a C(HostingProvider) of C(SRV:). A user with a home server and without a registrar pool is homed on
    Office Communications Server. Users of survivable branch appliances (O(branch_pools)) are listed apart and do not count.
  - What it found is kept as evidence. Until there is such evidence, no XMPP partner, no XMPP route and no XMPP port is created, because a moved user
    keeps the legacy gateway only as long as the partner is not configured in Lync Server 2013.
options:
  pools:
    description: FQDNs of the Lync Server 2013 pools.
    type: list
    elements: str
    required: true
  branch_pools:
    description: FQDNs of the survivable branch appliances. Their users have no XMPP afterwards.
    type: list
    elements: str
    default: []
  domain_controller:
    description: The domain controller to read from. Without it Lync chooses one.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Get-CsUser
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/get-csuser
  - module: lync.xmpp_migration.user_move
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See that no user is homed elsewhere
  lync.xmpp_migration.users_homed:
    pools:
      - pool2013.contoso.test
"""

RETURN = r"""
users:
  description: How many users were found where.
  returned: success
  type: dict
  contains:
    here:
      description: Enabled on-premises users homed on one of the pools.
      type: int
    branch:
      description: Enabled on-premises users homed on survivable branch appliances.
      type: int
    other:
      description: Users who are not enabled or not on premises.
      type: int
  sample:
    here: 196
    branch: 0
    other: 4
branch_users:
  description: SIP addresses of the enabled on-premises users of O(branch_pools).
  returned: success
  type: list
  elements: str
  sample: []
evidence:
  description: What was put on record for the checks that later changes go through. Here that every user is homed on O(pools), with the numbers.
  returned: success
  type: list
  elements: dict
  contains:
    fact:
      description: What was seen.
      type: str
    member:
      description: The host it was seen on, or V(organisation).
      type: str
    digest:
      description: Hash of what was seen. Empty where there is none.
      type: str
    value:
      description: What was seen in detail.
      type: raw
  sample:
    - fact: users_homed
      member: organisation
      digest: ""
      value: {here: 196, branch: 0, other: 4}
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence, Query
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import NotReady
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Report, Task, execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.listing import read_users
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.reading import (
    BRANCH,
    ELSEWHERE,
    HERE,
    check_fqdns,
    home,
    many,
    name,
    place,
    read_parameters,
    sample,
)

NAMED = 5

ARGUMENT_SPEC = {
    "pools": {"type": "list", "elements": "str", "required": True},
    "branch_pools": {"type": "list", "elements": "str", "default": []},
    "domain_controller": {"type": "str"},
}


PROPERTIES = ("SipAddress", "Identity", "Enabled", "RegistrarPool", "HomeServer", "HostingProvider")


class Homed:
    """How many users are where, as they come. Those who are elsewhere are kept as far as a sentence names them."""

    def __init__(self, pools: list[str], branch_pools: list[str]) -> None:
        self._pools, self._branch_pools = {pool.lower() for pool in pools}, {pool.lower() for pool in branch_pools}
        self.counts: Counter[str | None] = Counter()
        self.elsewhere: Counter[str] = Counter()
        self.some: list[Mapping[str, Any]] = []
        self.branch: list[Mapping[str, Any]] = []

    def take(self, row: Mapping[str, Any]) -> None:
        where = place(row, self._pools, self._branch_pools)
        self.counts[where] += 1
        if where == BRANCH:
            self.branch.append(row)
        elif where == ELSEWHERE:
            self.elsewhere[home(row)] += 1
            if len(self.some) < NAMED:
                self.some.append(row)


def run(task: Task) -> Report:
    check_fqdns(task.params, "pools", "branch_pools")
    query = Query("user", parameters=read_parameters(task.params), properties=PROPERTIES)
    found = read_users(task.session, query, lambda: Homed(task.params["pools"], task.params["branch_pools"]))
    left = found.counts[ELSEWHERE]
    if left:
        most_first = sorted(found.elsewhere.items(), key=lambda item: (-item[1], item[0]))
        pools = ", ".join(f"{count} on {pool}" for pool, count in most_first)
        raise NotReady(
            f"Homed elsewhere than on {', '.join(task.params['pools'])}: {many(left, 'enabled user')} ({pools}), "
            f"that is {sample(found.some, total=left)}. Move them with the role user_move, or disable them for Lync, and run this again."
        )
    counts = {
        "here": found.counts[HERE],
        "branch": found.counts[BRANCH],
        "other": found.counts[None],
    }
    if found.branch:
        task.warn(
            "Users of survivable branch appliances have no XMPP once it leads through Lync Server 2013: "
            f"{many(len(found.branch))}, that is {sample(found.branch)}."
        )
    return Report(
        changed=False,
        value={"users": counts, "branch_users": [name(row) for row in found.branch]},
        evidence=[Evidence("users_homed", "organisation", value=counts)],
    )


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
