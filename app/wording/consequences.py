"""What a classification leads to, in plain words, for the wizard; and the policy's rules as a list."""

from __future__ import annotations

import re
from datetime import timedelta

from app.i18n import _, ngettext
from app.policy.model import Basis, Plan

_PARAGRAPH = re.compile(r"S2-([2-5])")
"""What S2 asks in its paragraphs 2 (power), 3 (internet), 4 (copies) and 5 (fire); 1 only says what it is about."""


def consequence(plan: Plan) -> tuple[str, ...]:
    """Say what must happen for a data set and what it takes, one short sentence each, the copies first."""
    sentences = [_pace(plan)]
    if plan.continuous:
        sentences.append(_("Changes are also copied to another place at once."))
    if plan.ups_count == 1:
        sentences.append(_("A UPS for this computer."))
    elif plan.ups_count > 1:
        sentences.append(_("{count} UPSes for this computer.").format(count=plan.ups_count))
    if plan.alternative_line:
        sentences.append(_("A second internet line, when the data cannot do without."))
    if plan.fire_protection:
        sentences.append(_("Fire protection where the copies are kept."))
    if plan.encrypted:
        sentences.append(_("Copies are encrypted."))
    if plan.yearly_full:
        sentences.append(_("A full back-up once every school year."))
    return tuple(sentences)


def reason(plan: Plan) -> str:
    """Say which paragraphs of the back-up policy (source S2) lead to it: "Waarom: back-upbeleid §4, §2"."""
    sources = (s for r in plan.requirements if r.rule.basis is Basis.SOURCE for s in r.rule.source)
    found = (_PARAGRAPH.match(source) for source in sources)
    paragraphs = dict.fromkeys(f"§{match[1]}" for match in found if match is not None)
    return _("Why: back-up policy {paragraphs}").format(paragraphs=", ".join(paragraphs)) if paragraphs else ""


def _pace(plan: Plan) -> str:
    if plan.max_age <= timedelta(days=1):
        return _("A copy every day.")
    if plan.max_age == timedelta(days=7):
        return _("A copy every week.")
    days = plan.max_age.days
    return ngettext("A copy every {count} day.", "A copy every {count} days.", days).format(count=days)
