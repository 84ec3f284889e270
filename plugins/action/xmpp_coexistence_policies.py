# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the action plugin and this module loaded before ansible-playbook forks, where an action of its name is looked for.

Without it the worker of each task would load them anew. The task itself runs the action plugin that meta/runtime.yml names.

Written by scripts/generate_runtime.
"""

from __future__ import annotations

from ..modules import xmpp_coexistence_policies
from .session import ActionModule as SessionAction


class ActionModule(SessionAction):
    """The action plugin of all modules."""

    loaded = xmpp_coexistence_policies
