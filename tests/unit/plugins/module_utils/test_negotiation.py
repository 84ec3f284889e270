# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.negotiation import (
    LEVELS,
    MATRIX,
    Partner,
    advise,
    check_triple,
    may_come_about,
    methods_of,
)

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
    assert verdict.level == ("invalid" if not methods else "warned" if warned else "clean")


def test_the_defaults_of_the_cmdlet_are_a_warned_row():
    verdict = check_triple("Required", "Required", True)
    assert verdict.valid and "never used" in verdict.warnings[0]


@pytest.mark.parametrize(
    "triple", [("required", "Required", True), ("Required", "", True), ("Required", "Required", "yes")]
)
def test_other_values_are_an_error(triple):
    with pytest.raises(ValueError, match="has to be"):
        check_triple(*triple)


def partner(**more):
    found = {
        "tls": True,
        "tls_works": True,
        "tls_required": False,
        "certificate": True,
        "external": True,
        "dialback": True,
    }
    return Partner(**{**found, **more})


# what a probe found -> the strictest triple that will work, written by hand
ADVICE = [
    ({}, (R, R, False)),
    ({"dialback": False}, (R, R, False)),
    ({"certificate": False}, (R, O, True)),
    ({"external": None}, (R, O, True)),
    ({"external": False}, (R, N, True)),
    ({"external": False, "certificate": False}, (R, N, True)),
    ({"external": None, "dialback": False}, (R, R, False)),
    ({"tls": False, "tls_works": False, "external": False, "certificate": False}, (O, N, True)),
    ({"tls_works": False, "external": False, "certificate": False}, (N, N, True)),
    ({"tls_works": False, "tls_required": True, "external": False, "certificate": False}, None),
    ({"certificate": False, "dialback": False}, None),
    ({"external": None, "certificate": False, "dialback": False}, None),
    ({"external": False, "dialback": False}, None),
    ({"tls": False, "tls_works": False, "external": False, "certificate": False, "dialback": False}, None),
]


@pytest.mark.parametrize("found, triple", ADVICE)
def test_the_advice(found, triple):
    advice = advise(partner(**found))
    assert advice.triple == triple and advice.reason
    assert advice.shown()["verdict"] == ("clean" if triple else None)


def test_whatever_is_found_the_advice_is_a_clean_row_that_works():
    for tls, works, required, certificate, external, dialback in itertools.product(
        (True, False), (True, False), (True, False), (True, False), (True, False, None), (True, False)
    ):
        found = Partner(tls, works, required, certificate, external, dialback)
        advice = advise(found)
        if advice.triple is not None:
            verdict = MATRIX[advice.triple]
            assert verdict.level == "clean"
            untried = external is None and not dialback
            assert untried or set(verdict.methods) & methods_of(found)


@pytest.mark.parametrize(
    ("found", "more"),
    [
        ({}, False),
        ({"external": None}, True),
        ({"external": None, "certificate": False}, False),
        ({"external": False}, False),
    ],
)
def test_what_only_a_certificate_would_tell_is_not_ruled_out(found, more):
    told = partner(**found)
    assert (may_come_about(told) > methods_of(told)) is more
    assert ("SASL over TLS" in may_come_about(told)) is (told.external is not False and told.certificate)
