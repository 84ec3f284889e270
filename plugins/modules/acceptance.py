#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: acceptance
short_description: Record that the operator accepts the migration
version_added: 0.1.0
description:
  - Records, as evidence, the operator's word that messages and presence were seen in both directions through the Lync Server 2013 Edge.
  - Until then everything can go back. Only after it are the lifetimes of DNS records restored and the legacy federation entries removed.
options:
  accepted:
    description: The operator's word. Anything but V(true) is refused.
    type: bool
    required: true
  note:
    description: A text for the journal, for example the number of the change ticket.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Record the acceptance
  lync.xmpp_migration.acceptance:
    accepted: true
    note: Change 4711
"""

RETURN = r"""
accepted:
  description: That the acceptance was recorded.
  returned: success
  type: bool
  sample: true
evidence:
  description: What was put on record for the checks that later changes go through. Here the acceptance.
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
    - fact: accepted
      member: organisation
      digest: ""
      value: {note: Change 4711}
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.collections import ORGANISATION
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput, NotReady
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.facts import MISSING
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Report, Task, execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.names import BadName, free_text

ARGUMENT_SPEC = {"accepted": {"type": "bool", "required": True}, "note": {"type": "str"}}


def run(task: Task) -> Report:
    if not task.params["accepted"]:
        raise NotReady(
            "The migration is not accepted: see messages and presence go both ways through the new Edge, then say so with accepted=true "
            "(federation_enable_accepted in the role)."
        )
    try:
        note = free_text(task.params["note"] or "")
    except BadName as exc:
        raise InvalidInput(f"note: {exc}") from exc
    over = task.facts.finding("window_over", ORGANISATION)
    if over.status == MISSING:
        task.warn(
            "It is not on record that the window of the cutover is over (the play with the tag window_end): both directions through the new Edge "
            "and the closed old gateway are your word alone."
        )
    return Report(
        changed=False,
        value={"accepted": True},
        evidence=[Evidence("accepted", "organisation", value={"note": note or None})],
    )


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
