"""The UPS as an actor in the policy: from what UPSes say, and the passing of time, to what work may go on.

A pure state machine; whoever runs it carries its decisions out. Its rules are NUT's (upsmon(8)), with our own where
NUT only knows "shut down": on battery new work waits; almost empty, forced shutdown or silence on battery stops work;
it goes on once the mains have been back for a while. A flicker changes nothing but a few seconds of waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

ON_LINE: Final = "OL"
ON_BATTERY: Final = "OB"
LOW_BATTERY: Final = "LB"
FORCED_SHUTDOWN: Final = "FSD"
_MAINS: Final = frozenset({ON_LINE, "BYPASS"})
_TESTING: Final = frozenset({"TEST", "CAL"})


class Power(StrEnum):
    """What a UPS last said that it feeds from."""

    UNKNOWN = "unknown"
    MAINS = "mains"
    BATTERY = "battery"


class Stance(IntEnum):
    """What may happen on a device, from free to nothing at all."""

    NORMAL = 0
    HOLD = 1
    """Nothing new begins; what runs goes on."""
    STOP = 2
    """What runs is stopped cleanly, and disks are let go."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The moments at which something changes, in seconds."""

    minimum_runtime_s: float = 300.0
    minimum_charge_percent: float = 20.0
    """Counts only for a UPS that does not say how long it lasts."""
    dead_after_s: float = 15.0
    """NUT's DEADTIME: silence shorter than this is none."""
    told_after_s: float = 5.0
    """An outage shorter than this is a flicker: nobody is told."""
    steady_s: float = 60.0
    forget_after_s: float = 1800.0
    """A UPS that went silent on battery is believed to be gone, not the mains: we would not be running any more."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one UPS says at one moment; `reachable` False: nothing."""

    ups: str
    reachable: bool
    flags: tuple[str, ...] = ()
    charge_percent: float | None = None
    runtime_s: float | None = None

    @property
    def power(self) -> Power:
        if not self.reachable:
            return Power.UNKNOWN
        if ON_BATTERY in self.flags or FORCED_SHUTDOWN in self.flags:
            return Power.BATTERY
        return Power.MAINS if _MAINS & set(self.flags) else Power.UNKNOWN

    @property
    def testing(self) -> bool:
        """The UPS tests itself: on battery, but there is mains."""
        return bool(_TESTING & set(self.flags))

    def almost_empty(self, limits: Limits) -> bool:
        if self.power is not Power.BATTERY:
            return False
        if LOW_BATTERY in self.flags or FORCED_SHUTDOWN in self.flags:
            return True
        if self.runtime_s is not None:
            return self.runtime_s <= limits.minimum_runtime_s
        return self.charge_percent is not None and self.charge_percent <= limits.minimum_charge_percent


@dataclass(frozen=True, slots=True)
class OpenOutage:
    """A failure of the mains that is not over yet."""

    began: datetime
    began_s: float
    told: bool = False
    critical: bool = False
    mains_since_s: float | None = None
    """Since when the mains are back without a break; None while they are not."""
    mains_since: datetime | None = None
    lowest_charge_percent: float | None = None
    lowest_runtime_s: float | None = None


@dataclass(frozen=True, slots=True)
class UpsState:
    """What is known of one UPS. Times ending in `_s` are of a clock that never jumps."""

    power: Power = Power.UNKNOWN
    heard_s: float | None = None
    """When it last said what it feeds from; None: never."""
    testing: bool = False
    test_critical: bool = False
    silent: bool = False
    """It has been silent for so long that this was told."""
    outage: OpenOutage | None = None

    @property
    def stance(self) -> Stance:
        if self.test_critical or (self.outage is not None and self.outage.critical):
            return Stance.STOP
        return Stance.HOLD if self.outage is not None or self.power is Power.BATTERY else Stance.NORMAL


@dataclass(frozen=True, slots=True)
class OutageBegan:
    """The mains failed at a UPS; told once for each outage."""

    ups: str
    began: datetime


@dataclass(frozen=True, slots=True)
class OutageEnded:
    """The mains are back and steady; only for an outage that was told."""

    ups: str
    began: datetime
    ended: datetime
    critical: bool
    lowest_charge_percent: float | None
    lowest_runtime_s: float | None


@dataclass(frozen=True, slots=True)
class BatteryCritical:
    """A UPS in an outage became almost empty, or went silent; told once for each outage."""

    ups: str
    runtime_s: float | None


@dataclass(frozen=True, slots=True)
class WentSilent:
    ups: str


@dataclass(frozen=True, slots=True)
class HeardAgain:
    ups: str


PowerEvent = OutageBegan | OutageEnded | BatteryCritical | WentSilent | HeardAgain


@dataclass(frozen=True, slots=True)
class PowerState:
    """What is known of all UPSes."""

    upses: Mapping[str, UpsState] = field(default_factory=dict)

    def stances(self, protects: Mapping[str, Iterable[str]]) -> dict[str, Stance]:
        """Return what may happen on each device; `protects` names for each UPS what hangs on it.

        With several UPSes before a device, it stops when the last of them is almost empty.
        """
        own: dict[str, list[Stance]] = {}
        for ups, devices in protects.items():
            state = self.upses.get(ups)
            if state is None or (state.heard_s is None and state.outage is None):
                continue  # a UPS that never spoke says nothing about the mains
            for device in devices:
                own.setdefault(device, []).append(state.stance)
        return {device: _together(stances) for device, stances in own.items()}

    @property
    def on_battery(self) -> tuple[str, ...]:
        return tuple(ups for ups, state in self.upses.items() if state.stance is not Stance.NORMAL)


def _together(stances: list[Stance]) -> Stance:
    if min(stances) is Stance.STOP:
        return Stance.STOP
    return Stance.HOLD if max(stances) is not Stance.NORMAL else Stance.NORMAL


def step(
    state: PowerState, words: Iterable[Word], *, now_s: float, now: datetime, limits: Limits
) -> tuple[PowerState, tuple[PowerEvent, ...]]:
    """Take in what the UPSes say now. UPSes that are not named any more are forgotten, their outages closed."""
    upses: dict[str, UpsState] = {}
    events: list[PowerEvent] = []
    for word in words:
        known = state.upses.get(word.ups, UpsState())
        upses[word.ups], told = _heard(known, word, now_s, now, limits)
        events += told
    for ups, gone in state.upses.items():
        if ups not in upses and gone.outage is not None and gone.outage.told:
            events.append(_ended(ups, gone.outage, now))
    return PowerState(upses), tuple(events)


def resumed(open_outages: Mapping[str, datetime], *, now_s: float) -> PowerState:
    """Return what is known at the start from outages that the records hold as open: they go on until we hear more."""
    return PowerState(
        {
            ups: UpsState(Power.BATTERY, heard_s=now_s, outage=OpenOutage(began, now_s, told=True))
            for ups, began in open_outages.items()
        }
    )


def _heard(
    state: UpsState, word: Word, now_s: float, now: datetime, limits: Limits
) -> tuple[UpsState, list[PowerEvent]]:
    if word.power is Power.UNKNOWN:
        return _silence(state, word, now_s, now, limits)
    events: list[PowerEvent] = [HeardAgain(word.ups)] if state.silent else []
    testing = word.testing and state.outage is None
    state = replace(
        state,
        power=word.power,
        heard_s=now_s,
        silent=False,
        testing=testing,
        test_critical=testing and word.almost_empty(limits),
    )
    if word.power is Power.MAINS:
        return _on_mains(state, word.ups, now_s, now, limits, events)
    if testing:
        return state, events
    outage = state.outage or OpenOutage(now, now_s)
    outage = replace(
        outage,
        mains_since_s=None,
        mains_since=None,
        lowest_charge_percent=_lowest(outage.lowest_charge_percent, word.charge_percent),
        lowest_runtime_s=_lowest(outage.lowest_runtime_s, word.runtime_s),
    )
    critical = word.almost_empty(limits)
    outage = _told(outage, word.ups, now_s, limits, events, at_once=critical)
    if critical and not outage.critical:
        outage = replace(outage, critical=True)
        events.append(BatteryCritical(word.ups, word.runtime_s))
    return replace(state, outage=outage), events


def _on_mains(
    state: UpsState, ups: str, now_s: float, now: datetime, limits: Limits, events: list[PowerEvent]
) -> tuple[UpsState, list[PowerEvent]]:
    outage = state.outage
    if outage is None:
        return state, events
    if outage.mains_since_s is None:
        return replace(state, outage=replace(outage, mains_since_s=now_s, mains_since=now)), events
    if now_s - outage.mains_since_s < limits.steady_s:
        return state, events
    if outage.told:
        events.append(_ended(ups, outage, outage.mains_since or now))
    return replace(state, outage=None), events


def _silence(
    state: UpsState, word: Word, now_s: float, now: datetime, limits: Limits
) -> tuple[UpsState, list[PowerEvent]]:
    """NUT's rules: after a while a silent UPS is dead; dead on battery is critical, on mains only worth telling."""
    if state.heard_s is None:  # from the first question on we wait for an answer
        return replace(state, heard_s=None, silent=True), [] if state.silent else [WentSilent(word.ups)]
    quiet_s = now_s - state.heard_s
    if quiet_s < limits.dead_after_s:
        return state, []
    events: list[PowerEvent] = [] if state.silent else [WentSilent(word.ups)]
    outage = state.outage
    if outage is None:
        power = Power.UNKNOWN if state.power is Power.BATTERY else state.power  # it was testing itself
        return replace(state, silent=True, power=power, test_critical=False), events
    outage = replace(outage, mains_since_s=None, mains_since=None)
    if quiet_s >= limits.forget_after_s:
        if outage.told:
            events.append(_ended(word.ups, outage, now))
        return UpsState(heard_s=state.heard_s, silent=True), events
    if state.power is Power.BATTERY:
        outage = _told(outage, word.ups, now_s, limits, events, at_once=True)
        if not outage.critical:
            outage = replace(outage, critical=True)
            events.append(BatteryCritical(word.ups, outage.lowest_runtime_s))
    return replace(state, silent=True, outage=outage), events


def _told(
    outage: OpenOutage, ups: str, now_s: float, limits: Limits, events: list[PowerEvent], *, at_once: bool
) -> OpenOutage:
    """Tell of an outage once it is more than a flicker."""
    if outage.told or not (at_once or now_s - outage.began_s >= limits.told_after_s):
        return outage
    events.append(OutageBegan(ups, outage.began))
    return replace(outage, told=True)


def _ended(ups: str, outage: OpenOutage, ended: datetime) -> OutageEnded:
    return OutageEnded(ups, outage.began, ended, outage.critical, outage.lowest_charge_percent, outage.lowest_runtime_s)


def _lowest(known: float | None, new: float | None) -> float | None:
    if known is None or new is None:
        return known if new is None else new
    return min(known, new)
