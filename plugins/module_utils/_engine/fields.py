# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One field of a noun: an option, the property that shows it, the parameter that sets it, and how its kind compares.

Kinds: text (exact), enum (any case), bool, int, fqdn and domain (any case, checked), list (of domains, as a set),
span (seconds here, a TimeSpan there).

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .._settings.names import BadName, distinct, domain, fqdn, free_text
from .calls import UNKNOWN, Secret, Span
from .errors import InvalidInput

_NOT_DOCUMENTED = object()
_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d\d):(\d\d)(?:\.\d+)?")


@dataclass(frozen=True)
class Field:
    option: str
    property: str
    #: where the parameter is called otherwise than the property
    parameter: str | None = None
    kind: str = "text"
    on_create_only: bool = False
    #: what New- takes where nothing is said, as documented; None = empty
    default: Any = _NOT_DOCUMENTED
    #: never read back, never stored
    secret: bool = False

    @builtins.property
    def name(self) -> str:
        return self.parameter or self.property

    @builtins.property
    def known_default(self) -> bool:
        return self.default is not _NOT_DOCUMENTED

    # --- the option's side

    def value(self, given: Any) -> Any:
        """What an option says, in the one form that is compared and sent; or one sentence about what it cannot be."""
        if given is None or given is UNKNOWN:
            return given
        try:
            return self._checked(given)
        except BadName as exc:
            raise InvalidInput(f"{self.option}: {exc}") from exc

    def _checked(self, given: Any) -> Any:
        if self.secret:
            return given if isinstance(given, Secret) else Secret(str(given), plain=True)
        if self.kind in ("int", "span") and not 0 <= given < 2**32:
            raise BadName(f"A number from 0 to 4294967295 is wanted, but {given} is not one.")
        if self.kind in ("bool", "int", "span"):
            return given
        if self.kind == "list":
            return distinct([domain(one) for one in given])
        if given == "":
            return ""
        if self.kind == "fqdn":
            return fqdn(given)
        if self.kind == "domain":
            return domain(given)
        return free_text(given) if self.kind == "text" else given

    # --- the server's side

    def read(self, row: Mapping[str, Any]) -> Any:
        return self.option_value(row.get(self.property))

    def option_value(self, found: Any) -> Any:
        """A property as the option would say it. Texts that only the server made are not judged here."""
        if found is UNKNOWN:
            return UNKNOWN
        if self.kind == "list":
            return [] if found is None else [str(one) for one in (found if isinstance(found, list) else [found])]
        if found is None or found == "":
            return None
        if self.kind == "span":
            match = _SPAN.fullmatch(str(found))
            if match is None:
                return found
            days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
            return int(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds())
        if self.kind == "int" and isinstance(found, str) and found.isascii() and found.isdigit():
            return int(found)
        if self.kind in ("fqdn", "domain"):
            return str(found).lower()
        return found

    def result(self, value: Any) -> Any:
        """The property after the change."""
        if value is UNKNOWN or value is None:
            return value
        if self.kind == "span":
            return _span_text(value)
        return None if value == "" else value

    def same(self, value: Any, found: Any) -> bool:
        now = self.option_value(found)
        if now is UNKNOWN:
            return False
        if self.kind == "list":
            return {str(one).casefold() for one in value or ()} == {one.casefold() for one in now}
        if value in (None, "") or now is None:
            return value in (None, "") and now is None
        if self.kind in ("enum", "fqdn", "domain"):
            return str(value).casefold() == str(now).casefold()
        if self.kind == "bool":
            return value is now
        return bool(value == now)

    # --- the parameters' side

    def for_new(self, value: Any) -> Any:
        return Span(timedelta(seconds=value)) if self.kind == "span" else value

    def for_set(self, value: Any, before: Any) -> Any:
        """A list parameter of Set- is a modifier, and an empty one changes nothing: what goes is named."""
        if self.kind != "list":
            return "" if value is None else self.for_new(value)
        return {"Replace": value} if value else {"Remove": self.option_value(before)}

    def can_restore(self, before: Any) -> bool:
        """Whether Set- can bring back what was there: an empty number, switch or name of a choice has no parameter."""
        if self.secret or before is UNKNOWN:
            return False
        return self.option_value(before) is not None or self.kind in ("text", "fqdn", "domain")

    def worth_keeping(self, row: Mapping[str, Any]) -> bool:
        return not self.secret and row.get(self.property) not in (None, "", [], UNKNOWN)


def _span_text(seconds: int) -> str:
    days, rest = divmod(int(seconds), 86400)
    text = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}.{text}" if days else text
