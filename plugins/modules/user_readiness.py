#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: user_readiness
short_description: See which users cannot be moved, and why
version_added: 0.1.0
description:
  - Reads all users once, and asks beside it for protected accounts, the event that the first replication of users has finished, and what the journal knows of
    the import from Office Communications Server. Changes nothing.
  - As long as no host can list users, because there are no cmdlets or no store yet, V(users) is told as not known.
  - Writes a report with a row for each user with a reason, all reasons of a user in one row, as CSV and as JSON lines in the directory of the run.
  - What keeps one user from being moved is a warning, because M(lync.xmpp_migration.user_move) leaves such users out and names them, unless
    O(stop_for_users) is set. What keeps all of them from being moved fails the task. What cannot be read from the server is told as not known.
  - The reasons of single users are V(branch_appliance), V(disabled), V(duplicate_sip), V(half_moved), V(move_in_flight), V(name_blanks), V(no_address),
    V(protected), V(protected_by_admin), V(unassigned) and, on the way back, V(unified_contacts). Of all users at once are V(legacy_import),
    V(replication_pending), and what is not known of V(protected) and V(unified_contacts).
options:
  target_pool:
    description: FQDN of the pool that takes the users.
    type: str
    required: true
  pools:
    description: FQDNs of all Lync Server 2013 pools. Users who are homed there have been moved.
    type: list
    elements: str
  direction:
    description:
      - V(forth) judges the users who are not on O(pools) or O(target_pool) yet.
      - V(back) judges those who are on O(pools), for M(lync.xmpp_migration.user_move_back). O(target_pool) is the legacy pool then.
    type: str
    choices: [forth, back]
    default: forth
  branch_pools:
    description: FQDNs of survivable branch appliances. Their users stay, and have no XMPP once it leads through Lync Server 2013.
    type: list
    elements: str
    default: []
  stop_for_users:
    description: Whether the task fails where a single user cannot be moved.
    type: bool
    default: false
  accept:
    description: Reasons, by their ids, that are warnings here instead of errors.
    type: list
    elements: str
    default: []
    choices:
      - branch_appliance
      - disabled
      - duplicate_sip
      - half_moved
      - legacy_import
      - move_in_flight
      - name_blanks
      - no_address
      - protected
      - protected_by_admin
      - replication_pending
      - unassigned
      - unified_contacts
  domain_controller:
    description: The domain controller to read from. Without it Lync chooses one.
    type: str
notes:
  - An account is protected where C(adminCount) is 1, which Active Directory leaves there when the account is taken out of the protected groups.
  - Who has contacts in the unified contact store is told by no published property. C(Debug-CsUnifiedContactStore) counts them for a pool, so where there are
    any, or the count cannot be read, every user of the pool is told as not known.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  check_mode:
    details:
      - Reads what is there in check mode too, and writes the report.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.user_move
  - module: lync.xmpp_migration.user_move_back
  - name: Verify user replication has completed
    description: Microsoft's page of the event that is looked for.
    link: https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/lync-server-2013-verify-user-replication-has-completed
  - name: Insufficient access rights when a user is moved
    description: Microsoft's article on protected accounts.
    link: https://support.microsoft.com/kb/2466000
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See which users cannot be moved
  lync.xmpp_migration.user_readiness:
    target_pool: pool2013.contoso.test

- name: See what users would lose who go back
  lync.xmpp_migration.user_readiness:
    direction: back
    target_pool: pool2010.contoso.test
    pools:
      - pool2013.contoso.test
"""

RETURN = r"""
ready:
  description: That nothing keeps all users from being moved, apart from what is accepted and what is not known.
  returned: success
  type: bool
  sample: true
counts:
  description: How many users each reason has, by its id. A user may have several.
  returned: success
  type: dict
  sample:
    disabled: 4
    name_blanks: 1
users:
  description: How many users there are of each sort.
  returned: success
  type: dict
  contains:
    movable:
      description: Those who can be moved.
      type: int
    blocked:
      description: Those who cannot be moved as things stand.
      type: int
    here:
      description: Enabled users who are where they are to be.
      type: int
    other:
      description: Those who are not enabled, not on premises, or on O(branch_pools).
      type: int
  sample:
    movable: 195
    blocked: 1
    here: 0
    other: 4
rows:
  description: Path of the report, a CSV file with a row for each user with a reason. Beside it, the same as JSON lines.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-4711/user_readiness.csv
shown:
  description: The first rows of the report.
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: SIP address of the user, or distinguished name where there is none.
      type: str
    name:
      description: Display name of the user.
      type: str
    source:
      description: Where the user is homed.
      type: str
    severity:
      description: The worst of the reasons, V(error), V(unknown) or V(warning).
      type: str
    reasons:
      description: Ids of all reasons.
      type: str
    why:
      description: All reasons as sentences that go on after the user's name.
      type: str
    do:
      description: What to do.
      type: str
  sample:
    - user: sip:user007@contoso.test
      name: "Ann "
      source: pool2010.contoso.test
      severity: error
      reasons: name_blanks
      why: has a name that begins or ends with a blank (DisplayName)
      do: correct it in Active Directory
findings:
  description: What is not as it should be but stops nobody, and what is not known.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the reason.
      type: str
    severity:
      description: V(warning) or V(unknown).
      type: str
    what:
      description: What was looked at.
      type: str
    wanted:
      description: How it should be.
      type: str
    found:
      description: How it is.
      type: str
    do:
      description: What to do.
      type: str
    sentence:
      description: All that as one sentence.
      type: str
  sample: []
not_known:
  description: Ids of what could not be seen.
  returned: success
  type: list
  elements: str
  sample: []
error:
  description: What is wrong, as data. RV(ignore:error.findings) has all errors, in the form of RV(findings).
  returned: failure
  type: dict
  sample:
    kind: not_prepared
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.readiness import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.reasons import IDS

ARGUMENT_SPEC = {
    "target_pool": {"type": "str", "required": True},
    "pools": {"type": "list", "elements": "str"},
    "direction": {"type": "str", "choices": ["forth", "back"], "default": "forth"},
    "branch_pools": {"type": "list", "elements": "str", "default": []},
    "stop_for_users": {"type": "bool", "default": False},
    "accept": {"type": "list", "elements": "str", "default": [], "choices": list(IDS)},
    "domain_controller": {"type": "str"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
