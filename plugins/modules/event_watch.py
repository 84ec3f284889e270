#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: event_watch
short_description: Watch the event log of Lync for errors
version_added: 0.1.0
description:
  - Waits for O(minutes), and returns which errors came into the event log Lync Server of the host meanwhile (C(Get-WinEvent)).
  - Decides on levels, sources and numbers of events only. Their texts are in the language of the host, and are for people.
options:
  minutes:
    description: Minutes to watch. With V(0) it looks once, and finds nothing that is older.
    type: int
    default: 30
  ignore_ids:
    description: Numbers of events that are known and do not count.
    type: list
    elements: int
    default: []
  fail_on_error:
    description: Whether errors fail the task. Otherwise they are warned of.
    type: bool
    default: false
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  check_mode:
    details:
      - Ends at once in check mode, with nothing found.
  diff_mode:
    support: none
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Watch the event log after the cutover
  lync.xmpp_migration.event_watch:
    minutes: 30
"""

RETURN = r"""
events:
  description: Errors by level, source and number, with how often each came.
  returned: success
  type: list
  elements: dict
  contains:
    level:
      description: V(critical) or V(error).
      type: str
    source:
      description: The source of the event.
      type: str
    id:
      description: The number of the event.
      type: int
    count:
      description: How often it came.
      type: int
  sample:
    - level: error
      source: LS XMPP Translating Gateway
      id: 1
      count: 2
since:
  description: When the watch began, by the host's clock. Null in check mode.
  returned: success
  type: str
  sample: "2026-11-21T20:00:00+00:00"
minutes:
  description: Minutes that were watched.
  returned: success
  type: int
  sample: 30
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.event_watch import run

ARGUMENT_SPEC = {
    "minutes": {"type": "int", "default": 30},
    "ignore_ids": {"type": "list", "elements": "int", "default": []},
    "fail_on_error": {"type": "bool", "default": False},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
