# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP servers of the lab: what answers on port 5269 of an Edge, of the old gateway and of partners.

A simple listener answers a probe; no message passes through it. Prosody is a real server.
"""

from __future__ import annotations

from .listener import Listener
from .prosody import Negotiation, Prosody, Setup, missing

__all__ = ["Listener", "Negotiation", "Prosody", "Setup", "missing"]
