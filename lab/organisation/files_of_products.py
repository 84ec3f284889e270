# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the products put their files."""

from __future__ import annotations

#: Edition of core files and tools -> name in the directories of the product.
PRODUCT_DIRECTORIES = {
    "L10": "Microsoft Lync Server 2010",
    "L13": "Microsoft Lync Server 2013",
    "S15": "Skype for Business Server 2015",
    "S19": "Skype for Business Server 2019",
}


def module_path(edition: str) -> str:
    """The psd1 file of a product's Management Shell."""
    name = "Lync" if edition in ("L10", "L13") else "SkypeForBusiness"
    return rf"C:\Program Files\Common Files\{PRODUCT_DIRECTORIES[edition]}\Modules\{name}\{name}.psd1"


def deployment_directory(edition: str) -> str:
    """Where Bootstrapper.exe is once the core files are installed."""
    return rf"C:\Program Files\{PRODUCT_DIRECTORIES[edition]}\Deployment"
