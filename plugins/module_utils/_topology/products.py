# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Office Communications Server 2007 R2, Lync Server 2010 and 2013 and Skype for Business Server differ in.

Code that depends on the product asks one of these by name; nobody compares version numbers elsewhere.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

#: Display name of the Windows service of the old gateway; its short name is not published anywhere.
LEGACY_GATEWAY_DISPLAY_NAME = "Office Communications Server XMPP Gateway"
#: The translating gateway on a Front End Server. The proxy on an Edge has no published short name.
XMPP_GATEWAY_SERVICE = "RTCXMPPTGW"
#: What a plan calls the XMPP proxy of an Edge: its real short name is not published.
PLANNED_PROXY = "XMPP proxy"
XMPP_PROXY_DISPLAY_NAME = "XMPP Translating Gateway Proxy"


@dataclass(frozen=True)
class Product:
    """One product: its names, and the questions in which it differs from the others."""

    key: str
    name: str
    #: ServiceVersion in the topology document and Version of Get-CsService; None: it has no published topology.
    service_version: int | None
    module_name: str | None = None
    folder: str | None = None
    #: The least Windows PowerShell that its management shell needs.
    powershell: str | None = None
    #: XMPP proxy on the Edge and gateway on the Front End are part of the product.
    has_xmpp: bool = False

    @property
    def deployment_path(self) -> str | None:
        """The folder of the Deployment Wizard's programs."""
        return None if self.folder is None else f"C:\\Program Files\\{self.folder}\\Deployment"

    @property
    def bootstrapper(self) -> str | None:
        """Installs and removes server components until they match the topology in the local store."""
        return None if self.deployment_path is None else f"{self.deployment_path}\\Bootstrapper.exe"


PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        product.key: product
        for product in (
            Product(
                "ocs_2007_r2",
                "Office Communications Server 2007 R2",
                None,
            ),
            Product(
                "lync_2010",
                "Lync Server 2010",
                5,
                "Lync",
                "Microsoft Lync Server 2010",
                "2.0",
            ),
            Product(
                "lync_2013",
                "Lync Server 2013",
                6,
                "Lync",
                "Microsoft Lync Server 2013",
                "3.0",
                has_xmpp=True,
            ),
            Product(
                "sfb_2015",
                "Skype for Business Server 2015",
                7,
                "SkypeForBusiness",
                "Skype for Business Server 2015",
                "3.0",
                has_xmpp=True,
            ),
            Product(
                "sfb_2019",
                "Skype for Business Server 2019",
                8,
                "SkypeForBusiness",
                "Skype for Business Server 2019",
                "5.1",
            ),
        )
    }
)

LYNC_2013 = PRODUCTS["lync_2013"]


def product(key: str) -> Product:
    """A product by its key in the settings, such as lync_2010."""
    try:
        return PRODUCTS[key]
    except KeyError:
        raise ValueError(f"A product is wanted ({', '.join(PRODUCTS)}), but {key!r} is none of them.") from None


def by_version(version: int) -> Product:
    """A product by the ServiceVersion of the topology."""
    for candidate in PRODUCTS.values():
        if candidate.service_version == version:
            return candidate
    raise ValueError(f"No product is known with the version {version} in its topology (5 to 8 are).")
