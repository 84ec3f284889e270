# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory's groups with fixed names, as the laws and the modules ask for them.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

FRONT_ENDS, EDGES = "lync_2013_front_ends", "lync_2013_edges"
LEGACY_FRONT_ENDS, LEGACY_EDGES = "lync_legacy_front_ends", "lync_legacy_edges"
LEGACY_GATEWAY = "lync_legacy_gateway"
SFB_FRONT_ENDS, SFB_EDGES = "sfb_2019_front_ends", "sfb_2019_edges"
