# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the unit tests: fast, without network, the same on every build machine."""

from __future__ import annotations

import os

from hypothesis import settings

# A loaded machine must not turn a slow example into a failure. A build machine tries the same examples each time; elsewhere chance is welcome.
settings.register_profile("project", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("project")
