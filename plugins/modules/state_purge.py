#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: state_purge
short_description: Take away what a finished migration leaves on the controller
version_added: 0.1.0
description:
  - Removes journal, plans, rows of moved users, baseline and reports from the state directory. They name users, which is personal data, and they are the way
    back.
  - Refuses until the migration was accepted, and while a run is at work.
  - A file C(purged.json) stays, which says when and by whom it was done, and names nobody else.
options:
  confirmed:
    description: The name of the migration (C(lync_migration.name)), as a confirmation.
    type: str
    required: true
  settings:
    description: The dictionary C(lync_migration).
    type: dict
    default: {}
  not_accepted:
    description: Whether a migration is purged that was not accepted, because it was given up.
    type: bool
    default: false
notes:
  - What somebody else has put into the directory stays.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Purge what a finished migration left
  lync.xmpp_migration.state_purge:
    settings: "{{ lync_migration }}"
    confirmed: contoso
"""

RETURN = r"""
purged:
  description: What was removed, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [journal.ndjson, runs, baseline]
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._report.purge import run

ARGUMENT_SPEC = {
    "confirmed": {"type": "str", "required": True},
    "settings": {"type": "dict", "default": {}},
    "not_accepted": {"type": "bool", "default": False},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
