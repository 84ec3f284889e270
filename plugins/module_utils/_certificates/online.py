# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate from an authority of the organisation that answers at once: Request-CsCertificate -CA.

source: the account of a server in the domain is what the authority knows it by; for others the cmdlet has -CaAccount and
-CaPassword, and a password that lets somebody ask for certificates is not sent to a perimeter host.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from .._engine.calls import Change, Cmdlet, Irreversible, Query
from .._engine.errors import Mismatch, NotReady
from . import stored as store
from .judging import ERROR
from .origin import Case
from .requesting import request_parameters
from .stored import Stored, stored, suitable


def obtain(case: Case) -> Stored:
    session, wanted = case.session, case.wanted
    _in_a_domain(case)
    parameters = {**request_parameters(case.task, wanted), "CA": case.origin.ca}
    if case.origin.template:
        parameters["Template"] = case.origin.template
    planned = store.planned_thumbprint(session.scope, wanted.names)
    change = Change(
        Cmdlet("Request-CsCertificate", parameters),
        case.what,
        (store.certificate_effect(session, planned, wanted.names),),
        undo=Irreversible("the certificate was issued; it stays in the store, and is used where it is assigned"),
    )
    session.change(change)
    case.changed = True
    rows = stored(session.read(store.query(session))[0])
    before = {one.thumbprint for one in case.have}
    new = [one for one in rows if one.thumbprint not in before and one.has_key]
    best = suitable(new, wanted, wanted.uses, case.at)
    if best is None and new:
        reasons = [f.text for f in new[0].findings(wanted.names, wanted.uses[0], case.at) if f.severity == ERROR]
        raise Mismatch(
            f"The authority {case.origin.ca} issued {new[0].thumbprint} to {case.host}, which is not as wanted: {' '.join(reasons)} "
            "See the certificate template there. The certificate is not assigned."
        )
    if best is None:
        raise NotReady(
            f"{case.host} asked {case.origin.ca} for the {case.what}, and has none yet: where somebody has to approve requests, "
            "have it approved, take it in on that server (Request-CsCertificate -Retrieve), and run this again."
        )
    return best


def _in_a_domain(case: Case) -> None:
    rows = case.session.read(Query("computer_system"))[0]
    if rows and rows[0].get("PartOfDomain") is False:
        raise NotReady(
            f"{case.host} is in no domain, so {case.origin.ca} would want an account and its password with the request, and "
            "no such password is sent to a server: choose source offline, pfx or private_ca for this certificate."
        )
