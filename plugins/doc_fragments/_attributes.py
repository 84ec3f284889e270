# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that the documentation of every module shares.

PRIVATE to the collection: it can have breaking changes at any time.

A module extends C(_attributes) and exactly one of C(_attributes.windows_host), C(_attributes.controller)
and C(_attributes.anywhere). Where a module differs it
writes only the difference, for example ``attributes: {diff_mode: {support: none}}``: what the module says wins over the fragment.
"""

from __future__ import annotations


class ModuleDocFragment:
    # What all modules have in common. C(support) is given, because a module of this collection that could not be planned would
    # break the dry run of the whole migration.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description:
      - Can run in check mode, changes nothing then, and returns what it would have done.
      - Later tasks of the same run see the planned result, so a dry run of the whole migration is possible before its first step was taken.
    support: full
  diff_mode:
    description: Returns in diff mode what changed, or in check mode would change, as objects before and after.
    support: full
  idempotent:
    description: Run again with the same options on an unchanged organisation, it reports no change and sends nothing that changes anything.
    support: full
  async:
    description: Can be run with the C(async) keyword. Waiting is done inside of the modules, on the session that is open already.
    support: none
"""

    # For a module that calls cmdlets, or reads and writes files, on a Windows host. The action group is generated from the use of this fragment
    # (scripts/generate_runtime).
    WINDOWS_HOST = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/lync.xmpp_migration.lync) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - lync.xmpp_migration.lync
  platform:
    description: Target systems that the module can be run against.
    support: full
    platforms: windows
notes:
  - The module itself runs on the controller, in the worker of its task. It reaches the host over the connection that the inventory describes
    (C(ansible_connection=winrm) with its C(ansible_winrm_*) variables) and through one Windows PowerShell session, which all tasks of a run share.
  - The host needs Windows PowerShell 3.0 or later. What works with Lync Server itself also needs its Management Shell, of Lync Server 2010 or 2013, which
    M(lync.xmpp_migration.package) can install. No agent is installed, and C(ansible.windows) is not needed.
  - C(become) is not supported, nor are the C(psrp) and C(ssh) connections.
requirements:
  - pywinrm >= 0.5.0 (on the controller)
"""

    # For a module that asks who needs XMPP beside Skype for Business Server 2019.
    XMPP_NEEDS = r"""
options:
  xmpp_users:
    description:
      - SIP addresses of the users who need XMPP. Together with the members of O(xmpp_group) they are all who do.
      - Where neither says anybody, everybody needs XMPP for whom the external access policy that counts has C(EnableXmppAccess), on the pool where the
        user is or on the one to which the user would go.
    type: list
    elements: str
    default: []
  xmpp_group:
    description: Distinguished name of a group in Active Directory whose members, those of groups in it too, need XMPP.
    type: str
  loses_xmpp:
    description: SIP addresses of users whose XMPP may end, each by name, though they have or need it.
    type: list
    elements: str
    default: []
"""

    # For a module without a Windows host behind it: DNS servers, a certification authority, XMPP servers, or files of the controller.
    CONTROLLER = r"""
options: {}
attributes:
  platform:
    description: Target systems that the module can be run against.
    support: full
    platforms: posix
notes:
  - The module runs on the controller, whatever the connection of the host is.
"""

    # For the one module that an ordinary host outside can run as well.
    ANYWHERE = r"""
options: {}
attributes:
  platform:
    description: Target systems that the module can be run against.
    support: full
    platforms: posix
notes:
  - The module runs on the controller for a host that is reached over WinRM, and on the host itself where that is reached over SSH or is local.
"""
