"""Where one can go: the screens, by name, with the keys to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.i18n import _
from app.tui.widgets.keys import KeyHint

if TYPE_CHECKING:
    from app.tui.frame import Frame


def place_keys(here: str) -> tuple[KeyHint, ...]:
    """List the screens with the key to each, and the help; `here` is where one is.

    No more than fit in 80 columns with their words: the help names the other keys.
    """
    named = (
        ("1", _("Today"), "today"),
        ("2", _("Copies"), "runs"),
        ("3", _("Get files back"), "restore"),
        ("4", _("Year"), "checklist"),
        ("5", _("Disks"), "disks"),
        ("6", _("Power"), "power"),
    )
    return (
        *(KeyHint(key, label, f"app.go('{place}')", here=place == here) for key, label, place in named),
        KeyHint("F1", _("Help"), "app.explain"),
    )


def screen_at(place: str) -> Frame:
    """Make the screen of a place. A screen's module is loaded when it is gone to: the first one stands sooner."""
    match place:
        case "runs":
            from app.tui.screens.runs import RunsScreen

            return RunsScreen()
        case "restore":
            from app.tui.screens.restore import RestoreScreen

            return RestoreScreen()
        case "tasks":
            from app.tui.screens.tasks import TasksScreen

            return TasksScreen()
        case "power":
            from app.tui.screens.power import PowerScreen

            return PowerScreen()
        case "disks":
            from app.tui.screens.disks import DisksScreen

            return DisksScreen()
        case "inbox":
            from app.tui.screens.inbox import InboxScreen

            return InboxScreen()
        case "people":
            from app.tui.screens.people import PeopleScreen

            return PeopleScreen()
        case "alarm":
            from app.tui.screens.alarm import AlarmScreen

            return AlarmScreen()
        case "checklist":
            from app.tui.screens.checklist import ChecklistScreen

            return ChecklistScreen()
        case _:
            from app.tui.screens.today import TodayScreen

            return TodayScreen()
