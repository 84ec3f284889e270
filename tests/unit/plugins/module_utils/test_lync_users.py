# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users as rows: who is whose, and that no text is more than a text."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    InvalidInput,
    RemoteError,
    from_json,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.reading import (
    UsersLeft,
    by_pool,
    homes,
    immovable,
    left_out,
    many,
    named,
    on_premises,
    reasons,
    refused,
    sample,
)
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import NEW, OLD, hybrid, sip, user
from hypothesis import given
from hypothesis import strategies as st


def test_everybody_in_scope_has_one_home() -> None:
    rows = [
        user(1, NEW.upper()),
        user(2),
        user(3, "sba.contoso.test"),
        user(4, None),
        user(5, Enabled=False),
        hybrid(6),
    ]
    found = homes(rows, [NEW], ["SBA.contoso.test"])
    assert [found.here, found.branch] == [(rows[0],), (rows[2],)] and found.elsewhere == (rows[1], rows[3])
    assert by_pool([*found.elsewhere, user(7)]) == {OLD: 2, "(none)": 1}


def test_what_a_server_does_not_say_is_not_assumed() -> None:
    assert not on_premises({"SipAddress": sip(1), "HostingProvider": "SRV:"})
    assert not on_premises({"SipAddress": sip(1), "Enabled": "True", "HostingProvider": "SRV:"})
    assert not on_premises({"SipAddress": sip(1), "Enabled": True})
    assert immovable({"Enabled": True}, NEW) == "is hosted by nobody, not on premises"


@given(st.text())
def test_a_text_finds_the_user_with_that_address_or_nobody(text: str) -> None:
    rows = [user(1), user(2, SipAddress=text, DisplayName=text)]
    try:
        found = named(rows, [text])
    except InvalidInput as exc:
        assert "\n" not in str(exc)
        return
    assert [one["SipAddress"].lower() for one in found] == [text.lower()]


@pytest.mark.parametrize("text", ["*", "sip:user*@contoso.test", "o'x' -or 'a' -eq 'a", "*)(objectClass=*", "User 1"])
def test_patterns_and_code_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="A SIP address such as"):
        named([user(1)], [text])


def test_an_address_twice_is_one_user() -> None:
    rows = [user(1), user(2)]
    assert named(rows, [sip(2), sip(1), sip(2).upper().replace("SIP:", "sip:")]) == [rows[1], rows[0]]


def test_sentences_stay_short() -> None:
    rows = [user(one) for one in range(8)]
    assert sample(rows[:2]) == f"{sip(0)}, {sip(1)}" and sample(rows).endswith(f"{sip(4)} and 3 more")
    left = [left_out(one, "is away") for one in rows]
    assert reasons(left, 2) == f"{sip(0)} is away; {sip(1)} is away; and 6 more"
    assert (many(1), many(2, "enabled user")) == ("1 user", "2 enabled users")
    assert refused("Move-CsUser", {"errors": []}) == "was refused by Move-CsUser: the server gave no error"
    assert refused("X-Y", {"errors": [RemoteError("Id,Class", "Cat")]}) == "was refused by X-Y: Id (Cat)"


def test_the_error_names_everybody_and_travels() -> None:
    error = UsersLeft("One was left.", [left_out(user(1), "is away")], [sip(2)])
    assert error.facts() == {"left": [{"user": sip(1), "reason": "is away"}], "done": [sip(2)]}
    again = from_json(error.to_json())
    assert isinstance(again, UsersLeft) and again.text == "One was left."
