# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of options that modules of several kinds have.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from typing import Any

#: What is said of a name server.
SERVER: dict[str, Any] = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 53},
}
