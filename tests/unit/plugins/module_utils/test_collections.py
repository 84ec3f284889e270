# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collections as data, and the calls that read them."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Query
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.collections import (
    COLLECTIONS,
    ORGANISATION,
    collection,
    key,
    ldap_escape,
    properties_of,
    reading,
    row_identity,
    scope_of,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidRequest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.writes import is_write
from hypothesis import given
from hypothesis import strategies as st

FIXED_NAMES = {
    "site", "pool", "computer", "edge_server", "registrar", "front_end_service", "sip_domain", "user",
    "external_access_policy", "access_edge_configuration", "xmpp_partner", "local_xmpp_partner",
    "xmpp_gateway_configuration", "allowed_domain", "simple_url_configuration", "certificate_use", "stored_certificate",
    "windows_service", "replica", "topology_document", "local_topology_document", "store_location", "effective_policy",
    "component", "listening_port", "file", "module", "dns_record_set",
}  # fmt: skip


def test_the_names_that_modules_rely_on_are_there() -> None:
    assert set(COLLECTIONS) >= FIXED_NAMES


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_each_collection_is_whole_and_only_reads(name: str) -> None:
    table = collection(name)
    assert table.name == name and table.properties
    assert table.constant is not None or table.identity in table.properties
    assert table.store in ("cms", "ad", "host", "local", "dns")
    assert table.replica_of is None or COLLECTIONS[table.replica_of].properties == table.properties
    assert not is_write(reading(Query(name, "C:\\a" if name == "file" else "a")))


def test_an_unknown_collection_is_a_defect() -> None:
    with pytest.raises(InvalidRequest, match="no collection"):
        collection("nothing")


def test_whose_row_it_is() -> None:
    host = "edge2013.contoso.test"
    assert scope_of("xmpp_partner", host) == scope_of("user", host) == ORGANISATION
    assert scope_of("certificate_use", host) == scope_of("local_xmpp_partner", host) == host
    assert scope_of("dns_record_set", host) == "dns"


def test_small_collections_are_read_whole_even_for_one_identity() -> None:
    call = reading(Query("xmpp_partner", "fabrikam.test"))
    assert call.name == "Get-CsXmppAllowedPartner" and call.parameters == {}
    assert reading(Query("local_xmpp_partner")).parameters == {"LocalStore": True}


def test_one_user_is_found_by_an_ldap_filter() -> None:
    assert reading(Query("user", "sip:ken@contoso.test")).parameters == {
        "LdapFilter": "(msRTCSIP-PrimaryUserAddress=sip:ken@contoso.test)"
    }


def test_files_need_an_identity() -> None:
    assert reading(Query("file", "C:\\a")).parameters == {"LiteralPath": "C:\\a"}
    with pytest.raises(InvalidRequest):
        reading(Query("file"))


def test_the_identity_is_always_asked_for() -> None:
    assert properties_of(Query("user", properties=("Guid",))) == ("SipAddress", "Guid")
    assert properties_of(Query("topology_document")) == (".",)


def test_rows_without_an_identity_of_their_own() -> None:
    assert row_identity(Query("topology_document"), {".": "<x/>"}) == "document"
    assert row_identity(Query("effective_policy", "sip:a@b"), {"ExternalAccessPolicy": "x"}) == "sip:a@b"
    assert row_identity(Query("listening_port"), {"LocalPort": 5269}) == "5269"
    assert key("Tag:XmppUsers") == key("tag:xmppusers")


@given(st.text(st.characters(codec="utf-8")))
def test_an_ldap_filter_cannot_be_left(text: str) -> None:
    escaped = ldap_escape(text)
    assert not set(escaped) & set("*()\0") and escaped.isascii()
    unescaped = bytearray()
    position = 0
    while position < len(escaped):
        if escaped[position] == "\\":
            unescaped.append(int(escaped[position + 1 : position + 3], 16))
            position += 3
        else:
            unescaped += escaped[position].encode()
            position += 1
    assert unescaped.decode() == text
