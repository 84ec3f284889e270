# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import products as _products


def test_versions_of_the_topology():
    assert {v: _products.by_version(v).key for v in (5, 6, 7, 8)} == {
        5: "lync_2010",
        6: "lync_2013",
        7: "sfb_2015",
        8: "sfb_2019",
    }
    with pytest.raises(ValueError, match="No product is known with the version 4"):
        _products.by_version(4)


def test_only_2013_and_2015_have_xmpp_built_in():
    assert [p.key for p in _products.PRODUCTS.values() if p.has_xmpp] == ["lync_2013", "sfb_2015"]


def test_paths_of_2013():
    lync = _products.product("lync_2013")
    assert lync.bootstrapper == "C:\\Program Files\\Microsoft Lync Server 2013\\Deployment\\Bootstrapper.exe"


def test_ocs_has_neither_topology_nor_module():
    ocs = _products.product("ocs_2007_r2")
    assert (ocs.service_version, ocs.module_name, ocs.bootstrapper) == (None, None, None)


def test_an_unknown_product_is_refused():
    with pytest.raises(ValueError, match="'lync' is none of them"):
        _products.product("lync")
