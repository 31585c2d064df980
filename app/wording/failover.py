"""The steps of the guided test of an alternative line, in words."""

from __future__ import annotations

from app.i18n import _
from app.power.failover import Step


def step_text(step: Step) -> str:
    """Say what to do, or what was seen."""
    match step:
        case Step.UNPLUG:
            return _("Now pull the cable of the main line out of its router. Vangnet watches what happens.")
        case Step.TAKEN_OVER:
            return _("✔ The alternative line has taken over.")
        case Step.NOT_TAKEN_OVER:
            return _("✖ The alternative line has not taken over.")
        case Step.PLUG_IN:
            return _("Plug the cable in again.")
        case Step.BACK:
            return _("✔ The main line is in use again. The test is recorded.")
        case Step.NOT_BACK:
            return _("! The main line is not in use yet. Look at its cable. The test is recorded.")
