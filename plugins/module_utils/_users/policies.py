# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External access policies: the noun, which one counts for a user, what a user would lose by another one, which copy is due.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import UNKNOWN
from .._engine.errors import InvalidInput, Refused
from .._engine.noun import Field, Noun
from .._settings.names import BadName, policy_identity, policy_parameter, shown, sip_uri
from .reading import address, check_fqdns, name, named, on_premises, registrar

Row = Mapping[str, Any]

#: What a user needs to talk to XMPP partners.
XMPP = ("EnableXmppAccess", "EnableFederationAccess")
#: What a user may have today and must not lose by a grant.
KEPT = ("EnableOutsideAccess", "EnablePublicCloudAccess", "EnablePublicCloudAudioVideoAccess")

FLAGS = (
    Field("enable_xmpp_access", "EnableXmppAccess", kind="bool", default=False),
    Field("enable_federation_access", "EnableFederationAccess", kind="bool", default=False),
    Field("enable_outside_access", "EnableOutsideAccess", kind="bool", default=False),
    Field("enable_public_cloud_access", "EnablePublicCloudAccess", kind="bool", default=False),
    Field("enable_public_cloud_audio_video_access", "EnablePublicCloudAudioVideoAccess", kind="bool", default=False),
)
#: The options that say that a policy allows XMPP.
ALLOWING = {"enable_xmpp_access": True, "enable_federation_access": True}

NOUN = Noun(
    noun="CsExternalAccessPolicy",
    collection="external_access_policy",
    label="external access policy {identity}",
    verbs={"get", "new", "set", "remove"},
    fields=(*FLAGS, Field("description", "Description", default=None)),
    # Get- prints the scope with a capital letter.
    row_identity=lambda identity: identity[:1].upper() + identity[1:],
    parameter_identity=policy_parameter,
    given=frozenset({"global"}),
)


def named_policy(option: str, text: str) -> str:
    try:
        return policy_identity(text)
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


#: Which policy is made for the users of which one.
COPIES: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {"of": {"type": "str", "required": True}, "identity": {"type": "str", "required": True}},
}
#: Which policy users have or get; the documentation fragment _policy_copies describes it.
COPY_OPTIONS: dict[str, Any] = {
    "copies": COPIES,
    "copy_name": {"type": "str"},
    "users": {"type": "list", "elements": "str", "default": []},
    "pools": {"type": "list", "elements": "str", "required": True},
    "accepted_losses": {"type": "list", "elements": "str", "default": []},
}


def bare(policy: str) -> str:
    """The name that Grant-CsExternalAccessPolicy takes: without `Tag:`."""
    return policy.partition(":")[2] if policy.lower().startswith("tag:") else policy


def copied_flags(row: Row) -> dict[str, Any]:
    """The settings of a policy, as options. What a server of an older version does not know it does not say."""
    return {one.option: value for one in FLAGS if (value := one.read(row)) is not None}


# --- which policy counts


def effective(row: Row, policies: Mapping[str, Row], sites: Mapping[str, str]) -> Row:
    """The policy that applies to a user: the user's own, else that of the site of the user's pool, else the global one."""
    own = str(row.get("ExternalAccessPolicy") or "")
    site = sites.get(registrar(row), "")
    for identity in (f"tag:{bare(own)}".lower() if own else "", site.lower()):
        if identity and identity in policies:
            return policies[identity]
    return policies.get("global", {})


@dataclass(frozen=True)
class Policies:
    """The external access policies of an organisation, and the site of each pool."""

    rows: Mapping[str, Row]
    sites: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, policies: Iterable[Row], pools: Iterable[Row]) -> Policies:
        return cls(
            {str(row["Identity"]).lower(): row for row in policies},
            {str(row.get("Fqdn")).lower(): str(row.get("Site") or "") for row in pools},
        )

    def find(self, identity: str) -> Row | None:
        return self.rows.get(identity.lower())

    def of(self, user: Row) -> Row:
        return effective(user, self.rows, self.sites)

    def with_row(self, row: Row) -> Policies:
        """As they will be with this policy made or changed."""
        return Policies({**self.rows, str(row["Identity"]).lower(): row}, self.sites)


def allows_xmpp(policy: Row) -> bool:
    return all(policy.get(flag) is True for flag in XMPP)


# --- what a user would lose


def losses(now: Row, then: Row) -> list[str]:
    """What the grant would take from a user, and federation where it would give it to one who had none.

    A dry run may not know a setting yet; what is not known is judged when it is."""
    found = [f"loses {flag}" for flag in KEPT if now.get(flag) is True and not _on(then, flag)]
    if then.get("EnableFederationAccess") is True and not _on(now, "EnableFederationAccess"):
        found.append("gains EnableFederationAccess")
    return found


def _on(policy: Row, flag: str) -> bool:
    return policy.get(flag) is True or policy.get(flag) is UNKNOWN


def accepted_users(users: Sequence[str]) -> set[str]:
    try:
        return {sip_uri(one).lower() for one in users}
    except BadName as exc:
        raise InvalidInput(f"accepted_losses: {exc}") from exc


class Losers:
    """What users lose or gain where policies change under them. Takes every user; keeps those."""

    def __init__(self, now: Policies, then: Policies) -> None:
        self._now, self._then = now, then
        self.lost: dict[str, list[str]] = {}
        self.some: list[Row] = []

    def take(self, row: Row) -> None:
        if not self.some and row.get("Enabled") is not None:
            self.some.append(row)
        before, after = self._now.of(row), self._then.of(row)
        if on_premises(row) and before is not after and (what := losses(before, after)):
            self.lost[name(row)] = what


class Chosen:
    """Takes every user; keeps those who are meant: named, or all that are homed on the pools."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        check_fqdns(params, "pools")
        self._asked = list(params["users"])
        self.everyone = not self._asked or "all" in self._asked
        self._wanted = set() if self.everyone else {_address(one) for one in self._asked}
        self._pools = {one.lower() for one in params["pools"]}
        self._rows: list[Row] = []
        #: one of all users, if there is any to be listed
        self.some: list[Row] = []

    def take(self, row: Row) -> None:
        if not self.some and row.get("Enabled") is not None:
            self.some.append(row)
        if address(row) in self._wanted if not self.everyone else on_premises(row) and registrar(row) in self._pools:
            self._rows.append(row)

    @property
    def rows(self) -> list[Row]:
        return self._rows if self.everyone else named(self._rows, self._asked)


def _address(text: str) -> str:
    try:
        return sip_uri(text).lower()
    except BadName as exc:
        raise InvalidInput(str(exc)) from exc


def refuse_losses(lost: Mapping[str, Sequence[str]], what: str, accepted: set[str], advice: str) -> None:
    found = [f"{user} {' and '.join(said)}" for user, said in lost.items() if said and user not in accepted]
    if found:
        more = f" (and {len(found) - 10} more)" if len(found) > 10 else ""
        raise Refused(
            [
                f"{what} would change what these users have beyond XMPP: {'; '.join(found[:10])}{more}. {advice}, or name the "
                "users in accepted_losses."
            ]
        )


# --- one copy for each policy


@dataclass(frozen=True)
class Copies:
    """Which policy users get for XMPP, by the policy that counts for them today."""

    declared: Mapping[str, str]
    template: str | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Copies | None:
        """What the options `copies` and `copy_name` say; None where they say nothing."""
        declared: dict[str, str] = {}
        for index, one in enumerate(params.get("copies") or ()):
            model = named_policy(f"copies[{index}].of", one["of"]).lower()
            wanted = named_policy(f"copies[{index}].identity", one["identity"])
            if not wanted.startswith("tag:") and wanted.lower() != model:
                raise InvalidInput(
                    f"copies[{index}]: {wanted} cannot be granted to users: name a policy for users, or the same policy twice, which is "
                    "then changed in place."
                )
            if model in declared:
                raise InvalidInput(f"copies[{index}]: {one['of']} stands there twice: name it once.")
            declared[model] = wanted
        template = params.get("copy_name")
        if template is not None and (template.count("{name}") != 1 or template.strip() == "{name}"):
            raise InvalidInput(
                f"copy_name is {shown(template)}: a text with {{name}} in it is wanted, for example '{{name}} XMPP'."
            )
        return cls(declared, template) if declared or template else None

    def target(self, identity: str) -> str | None:
        """Identity of the policy that users of this one get, the same one where it is changed in place; None: not said."""
        given = self.declared.get(identity.lower())
        if given is not None or self.template is None:
            return given
        plain = identity.partition(":")[2] or identity
        return named_policy("copy_name", self.template.replace("{name}", plain))

    def targets(self, identities: Iterable[str]) -> dict[str, str]:
        """The policy that is due for each of these; every one has one, and two the same one only where that is declared."""
        found: dict[str, str] = {}
        models: dict[str, str] = {}
        for identity in identities:
            target = self.target(identity)
            if target is None:
                raise InvalidInput(
                    f"Users have the external access policy {identity}, and copies does not say which one they get for XMPP: name it "
                    "there, or give copy_name."
                )
            other = models.setdefault(target.lower(), identity)
            if other != identity and not {other.lower(), identity.lower()} <= set(self.declared):
                raise InvalidInput(
                    f"{bare(target)} would be the copy of both {other} and {identity}, which differ: name one of them in copies."
                )
            found[identity] = target
        return found
