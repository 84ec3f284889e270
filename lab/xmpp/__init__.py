# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP listeners of the lab: what answers on port 5269 of an Edge or of the old gateway. No message passes through them."""

from __future__ import annotations

from .listener import Listener

__all__ = ["Listener"]
