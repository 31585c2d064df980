"""What the policy's duties and the review's events are called: their texts stand in the policy, in both languages."""

from __future__ import annotations

from app.i18n import _, language


def part_names(data: dict[str, str]) -> tuple[str, ...]:
    """Name the parts (sites, data sets, UPSes) that a duty is about now; nothing for one that has no parts."""
    if not data.get("part_ids"):
        return ()
    return tuple(name or _("here") for name in data.get("parts", "").split("\n"))


def duty_words(data: dict[str, str]) -> tuple[str, str, str]:
    """Return a duty's title, why it is done, and the words on its key."""
    spoken = language()
    title = data.get(f"title_{spoken}") or _("A task of the policy")
    names = part_names(data)
    if len(names) == 1 and data.get("of") != "1":
        title = f"{title}: {names[0]}"
    elif len(names) > 1:
        title = f"{title} ({len(names)})"
    return title, data.get(f"reason_{spoken}") or _("The policy asks for this."), _("Do it now")


def review_words(data: dict[str, str]) -> tuple[str, str, str]:
    """Return the same of the policy's review: its year is over, or something has happened."""
    event, what = data.get(f"event_{language()}", ""), data.get("event_what", "")
    if not event:
        how = _("Look once a year whether the policy still fits: data, people, laws. Then approve it again.")
    else:
        happened = f"{event} ({what})" if what else event
        how = _("{event} Look whether the policy still fits.").format(event=happened)
    return _("Review the back-up policy"), how, _("Look")
