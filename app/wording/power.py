"""UPSes, outages and lines in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo

from app.assessment.model import ObligationKind
from app.i18n import N_, _, ngettext
from app.policy.machine import THIS_COMPUTER, Machine
from app.records.facts import LineSight, Outage, OutageCause, OutageKind, TestResult, UpsSight, UpsTest
from app.wording.times import felt_date, felt_duration, felt_time

_TROUBLES = {
    "no-server": N_("The program that reads it does not run, or cannot be reached."),
    "login": N_("Its server wants a name and a password."),
    "unknown-ups": N_("Its server knows no UPS of this name."),
    "driver": N_("Its server runs, but has lost contact with it. Look at its cable."),
    "noise": N_("What answers at its address is no UPS server."),
    "silent": N_("It does not answer in time."),
}


def ups_text(ups: UpsSight, now: datetime, tz: tzinfo = UTC) -> str:
    """Say how a UPS is: "UPS op netstroom, 41 minuten reserve"."""
    if not ups.reachable:
        seen = felt_time(ups.at, now, tz)
        return _("{name}: no sign of life; last heard {when}").format(name=ups.name, when=seen)
    parts = [supply_text(ups.flags)]
    if ups.runtime_s is not None:
        parts.append(_("{time} in reserve").format(time=felt_duration(ups.runtime_s)))
    if ups.charge_percent is not None:
        parts.append(_("{percent} % charged").format(percent=round(ups.charge_percent)))
    if "RB" in ups.flags:
        parts.append(_("the battery wants replacing"))
    return f"{ups.name}: {', '.join(parts)}"


def supply_text(flags: tuple[str, ...]) -> str:
    """Say what a UPS feeds from."""
    if "FSD" in flags:
        return _("shutting down")
    if "LB" in flags and "OB" in flags:
        return _("battery almost empty")
    if "TEST" in flags or "CAL" in flags:
        return _("testing itself")
    if "OB" in flags:
        return _("on battery")
    return _("on mains power") if "OL" in flags or "BYPASS" in flags else _("state unknown")


def ups_state(ups: UpsSight) -> str:
    """Say in a few words how a UPS is: "op batterij, nog 12 minuten"."""
    if not ups.reachable:
        return _("no sign of life")
    said = supply_text(ups.flags)
    if "OB" in ups.flags and ups.runtime_s is not None:
        return _("{state}, {time} left").format(state=said, time=felt_duration(ups.runtime_s))
    return said


def trouble_text(ups: UpsSight) -> str:
    """Say why a UPS cannot be read; empty when there is nothing to say."""
    return _(_TROUBLES[ups.trouble]) if not ups.reachable and ups.trouble in _TROUBLES else ""


def battery_age_text(made: date, today: date) -> str:
    """Say how old a battery is."""
    months = max(0, (today.year - made.year) * 12 + today.month - made.month - (today.day < made.day))
    if months < 1:
        return _("battery new this month")
    if months < 24:
        return ngettext("battery {count} month old", "battery {count} months old", months).format(count=months)
    years = months // 12
    return ngettext("battery {count} year old", "battery {count} years old", years).format(count=years)


def protects_text(protects: tuple[str, ...], machine: Machine) -> str:
    """Name what hangs on a UPS."""
    names = {THIS_COMPUTER: _("this computer"), **{str(target.id): target.name for target in machine.targets}}
    said = [names.get(device, device) for device in protects]
    return ", ".join(said)


def ups_test_text(test: UpsTest, now: datetime, tz: tzinfo) -> str:
    """Say when a UPS was tested and how that went."""
    when = felt_time(test.at, now, tz)
    match test.result:
        case TestResult.PASSED if test.runtime_s is not None:
            return _("tested {when}: good, lasts {time}").format(when=when, time=felt_duration(test.runtime_s))
        case TestResult.PASSED:
            return _("tested {when}: good").format(when=when)
        case TestResult.FAILED:
            return _("tested {when}: failed").format(when=when)
        case TestResult.UNKNOWN:
            return _("test started {when}; it does not say how it went").format(when=when)


def outage_text(outage: Outage, machine: Machine | None, now: datetime, tz: tzinfo) -> str:
    """Say what failed, when and for how long."""
    name = subject_name(outage, machine)
    when = felt_time(outage.began, now, tz)
    match outage.cause:
        case OutageCause.MAINS:
            what = _("{when}: no mains power at {name}").format(when=when, name=name)
        case OutageCause.LINE_DOWN:
            what = _("{when}: {name} was down").format(when=when, name=name)
        case OutageCause.SWITCHED_OVER:
            what = _("{when}: the alternative line took over from {name}").format(when=when, name=name)
    if outage.ended is None:
        said = _("{what}; it still lasts").format(what=what)
    else:
        lasted = felt_duration((outage.ended - outage.began).total_seconds())
        said = _("{what}, for {time}").format(what=what, time=lasted)
    return said + (_(" (battery almost empty, work was stopped)") if outage.critical else "")


def subject_name(outage: Outage, machine: Machine | None) -> str:
    """Return the name of the UPS or line that an outage is about."""
    names: dict[str, str] = {}
    if machine is not None:
        if outage.kind is OutageKind.POWER:
            names = {ups.id: ups.name for ups in machine.upses}
        else:
            names = {line.id: line.name for line in machine.lines}
    return names.get(outage.subject, outage.subject)


def line_state(sight: LineSight | None) -> str:
    """Say in a few words how a line is."""
    if sight is None:
        return _("not looked at yet")
    if not sight.up:
        return _("down")
    return _("in use") if sight.in_use else _("ready")


def sla_text(expires: date | None, not_possible: str, tz: tzinfo = UTC) -> str:
    """Say what was agreed about a line."""
    if expires is not None:
        at = datetime(expires.year, expires.month, expires.day, 12, tzinfo=UTC)
        return _("agreement until {date}").format(date=felt_date(at, tz))
    if not_possible:
        return _("no agreement: {reason}").format(reason=not_possible)
    return _("nothing recorded about an agreement")


def power_task_words(kind: ObligationKind, data: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the title of a task about power or lines, how it is done, and the words on its key."""
    if kind is ObligationKind.REPLACE_BATTERY:
        return (
            _("Have the battery of {ups} replaced").format(ups=data.get("ups", "")),
            _("Without a good battery it does not help when the power fails. Test the UPS afterwards."),
            _("Look"),
        )
    line, provider = data.get("line", ""), data.get("contact") or data.get("provider", "")
    how = _("The alternative line has taken over. Have this one repaired soon: there is no spare now.")
    if data.get("cause") == OutageCause.LINE_DOWN:
        how = _("Nothing answers over this line. The task closes by itself once it is back.")
    if provider:
        how += " " + _("Call {contact}.").format(contact=provider)
    return _("Have {line} repaired").format(line=line), how, _("Look")
