# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._negotiation import LEVELS, check_triple

R, O, N = "Required", "Optional", "NotSupported"  # noqa: E741
SASL, TLS_D, TCP_D = "SASL over TLS", "TLS dialback", "TCP dialback"

# The complete table of "Negotiation settings for XMPP federated partners", row by row as published:
# TLS, SASL, dialback, methods (none = not a valid configuration), whether the notes column warns.
PUBLISHED = [
    (R, R, True, [SASL], True),
    (R, R, False, [SASL], False),
    (O, R, True, [SASL, TLS_D, TCP_D], True),
    (O, R, False, [SASL], True),
    (N, R, True, [TCP_D], True),
    (N, R, False, [], True),
    (R, O, True, [SASL, TLS_D], False),
    (R, O, False, [SASL], False),
    (O, O, True, [SASL, TLS_D, TCP_D], True),
    (O, O, False, [SASL], True),
    (N, O, True, [TCP_D], True),
    (N, O, False, [], True),
    (R, N, True, [TLS_D], False),
    (R, N, False, [], False),
    (O, N, True, [TLS_D, TCP_D], False),
    (O, N, False, [], False),
    (N, N, True, [TCP_D], False),
    (N, N, False, [], False),
]


def test_the_published_table_is_whole():
    assert {row[:3] for row in PUBLISHED} == set(itertools.product(LEVELS, LEVELS, (True, False)))


@pytest.mark.parametrize("tls, sasl, dialback, methods, warned", PUBLISHED)
def test_each_published_row(tls, sasl, dialback, methods, warned):
    verdict = check_triple(tls, sasl, dialback)
    assert list(verdict.methods) == methods
    assert verdict.valid is bool(methods)
    assert bool(verdict.warnings) is warned
    assert bool(verdict.reason) is not verdict.valid


def test_the_defaults_of_the_cmdlet_are_a_warned_row():
    verdict = check_triple("Required", "Required", True)
    assert verdict.valid and "never used" in verdict.warnings[0]


@pytest.mark.parametrize(
    "triple", [("required", "Required", True), ("Required", "", True), ("Required", "Required", "yes")]
)
def test_other_values_are_an_error(triple):
    with pytest.raises(ValueError, match="has to be"):
        check_triple(*triple)
