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
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._errors import NotReady
from ansible_collections.lync.xmpp_migration.plugins.module_utils._module import Report, Task, execute

ARGUMENT_SPEC = {"accepted": {"type": "bool", "required": True}, "note": {"type": "str"}}


def run(task: Task) -> Report:
    if not task.params["accepted"]:
        raise NotReady(
            "The migration is not accepted: see messages and presence go both ways through the new Edge, then say so with accepted=true "
            "(federation_enable_accepted in the role)."
        )
    return Report(
        changed=False,
        value={"accepted": True},
        evidence=[Evidence("accepted", "organisation", value={"note": task.params["note"]})],
    )


def main() -> None:
    execute(ARGUMENT_SPEC, run, windows_host=False)


if __name__ == "__main__":
    main()
