#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: session
short_description: Open, renew or inspect the PowerShell session with a Windows host
version_added: 0.1.0
description:
  - All tasks of a playbook run share one Windows PowerShell session with each host. It is opened by the first task that needs it and ends with the
    playbook, so most playbooks never call this module.
  - A session has to be renewed where Windows gives something new only to new processes, such as a path of PowerShell modules after management tools
    were installed, or a group membership.
  - The host may carry the variable C(lync_session_mode). With V(warm), the default, one PowerShell serves all requests. With V(one_shot) each
    request gets a process of its own, for a host on which a long-lived one does not work; everything else stays the same.
options:
  state:
    description:
      - With V(opened) the session is opened where there is none.
      - With V(renewed) its PowerShell is ended and another one started. In check mode nothing happens, because what would make a renewal necessary
        has not happened either.
      - With V(inspected) nothing is opened. What is known of the session is returned.
      - With V(tried) it is opened, and that it cannot be is an answer and no failure. A dry run asks a legacy Front End that has a session about the
        organisation, as long as the new servers have no Lync cmdlets.
    type: str
    choices: [opened, renewed, inspected, tried]
    default: opened
  reason:
    description:
      - Why the session is renewed. Renewals are counted by their reasons.
      - Required with O(state=renewed).
    type: str
    choices: [host_restarted, module_path, group_membership]
  wait_seconds:
    description:
      - Seconds for which the host may be unreachable, for example because it restarts.
      - Wrong credentials are waited for like anything else, because a domain controller may be restarting too.
    type: int
    default: 0
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  diff_mode:
    support: none
    details: A session is no part of the host's configuration.
seealso:
  - name: winrm connection plugin
    description: The connection that the session is made of, with all its variables.
    link: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/winrm_connection.html
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See that a session can be had
  lync.xmpp_migration.session:

- name: Let PowerShell see the management tools that were just installed
  lync.xmpp_migration.session:
    state: renewed
    reason: module_path

- name: Wait for the host to come back
  lync.xmpp_migration.session:
    state: renewed
    reason: host_restarted
    wait_seconds: 900
"""

RETURN = r"""
hello:
  description: What the host said of itself when its PowerShell started.
  returned: when the session was opened by this task or before
  type: dict
  contains:
    computer:
      description: The computer's NetBIOS name.
      type: str
    domain:
      description: Its primary DNS suffix.
      type: str
    user:
      description: The account that the session runs as.
      type: str
    powershell:
      description: The version of Windows PowerShell.
      type: str
    clr:
      description: The version of the .NET runtime.
      type: str
    windows:
      description: The version of Windows.
      type: str
    culture:
      description: The language of its messages and formats.
      type: str
    oem_code_page:
      description: The code page in which programs print.
      type: int
    pid:
      description: The process identifier of its PowerShell.
      type: int
    lync:
      description: The Lync Server module that was loaded, with its O(ignore:name), version and path; none where the host has none.
      type: dict
    lync_error:
      description: Why a module that is there could not be loaded.
      type: str
  sample:
    computer: POOL2013
    domain: contoso.test
    user: CONTOSO\migration
    powershell: "3.0"
    clr: 4.0.30319.18046
    windows: 6.2.9200.0
    culture: en-US
    oem_code_page: 437
    pid: 3044
    lync:
      name: Lync
      version: "5.0"
      path: C:\Program Files\Common Files\Microsoft Lync Server 2013\Modules\Lync\Lync.psd1
    lync_error: null
why:
  description: Why there is no session.
  returned: with O(state=tried), where there is none
  type: str
  sample: fe2010 has Windows PowerShell '2.0'; a session needs 3.0 or later (Windows Management Framework 3.0).
open:
  description: Whether the session is open now.
  returned: success
  type: bool
  sample: true
mode:
  description: The kind of the session.
  returned: success
  type: str
  sample: warm
starts:
  description: How many PowerShell processes this run has started on the host so far.
  returned: success
  type: int
  sample: 1
renewals:
  description: Why each process after the first was started.
  returned: success
  type: list
  elements: dict
  sample:
    - reason: module_path
      text: a new path of PowerShell modules takes effect
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidRequest, Unreachable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Report, Task, execute

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["opened", "renewed", "inspected", "tried"], "default": "opened"},
    "reason": {"type": "str", "choices": ["host_restarted", "module_path", "group_membership"]},
    "wait_seconds": {"type": "int", "default": 0},
}
CONSTRAINTS: dict[str, Any] = {"required_if": [("state", "renewed", ["reason"])]}
INTERVAL = 5


def run(task: Task) -> Report:
    state = task.params["state"]
    if state == "renewed" and task.check_mode:
        state = "opened"
    message: dict[str, Any] = {"op": {"opened": "open", "tried": "open", "renewed": "renew", "inspected": "inspect"}[state]}
    if state == "renewed":
        message["reason"] = task.params["reason"]
    try:
        return Report(changed=False, value=_asked(task, message))
    except Unreachable as exc:
        if state != "tried":
            raise
        return Report(changed=False, value={"hello": None, "open": False, "why": exc.text})


def _asked(task: Task, message: dict[str, Any]) -> dict[str, Any]:
    """The daemon's answer, as soon as the host is there."""
    session = task.session
    lost: list[Unreachable] = []

    def answer() -> dict[str, Any] | None:
        # a renewal that found nobody has ended the old process already: what is left is to open another
        try:
            return dict(session.transport.perform({"op": "open"} if lost else message))
        except InvalidRequest:
            # whoever performs has no process to open
            return {
                "hello": session.hello or None,
                "open": bool(session.hello),
                "mode": "warm",
                "starts": 0,
                "renewals": [],
            }
        except Unreachable as exc:
            lost.append(exc)
            return None

    wait = max(0, task.params["wait_seconds"])
    found = answer()
    if found is None and wait:
        found = session.wait(answer, wait, INTERVAL, what="The session") if not task.check_mode else None
    if found is None:
        raise lost[-1]
    return found


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
