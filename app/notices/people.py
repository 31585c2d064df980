"""Who is told, changed and tried out: for the commands and the screens alike."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from app.i18n import _
from app.notices.deciding import channels_of
from app.notices.delivery import Parcel, Trouble
from app.notices.desktop import Desktop, session_bus
from app.notices.errors import BadAddress, UnknownPerson
from app.notices.model import DESKTOP, EMAIL, HERE
from app.notices.sending import send
from app.paths import Home
from app.policy.load import load_machine
from app.policy.machine import Machine, Person
from app.policy.model import Policy, Role
from app.policy.people import is_email, people_of
from app.policy.write import write_machine


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came of a test to one person over one channel."""

    to: Person
    channel: str
    trouble: Trouble | None


def set_person(home: Home, policy: Policy, person: Person, *, instead_of: Person | None = None) -> Machine:
    """Add somebody to those who are told, or replace somebody of the same role and name; returns the new machine.

    Raises BadAddress.
    """
    if person.email and not is_email(person.email):
        raise BadAddress(what=person.email)
    machine = load_machine(home.machine_file, policy)
    replaced = instead_of or person
    known = _own_people(policy, machine, person.role)
    found = [person if _is(p, replaced) else p for p in known]
    people = tuple(found) if person in found else (*found, person)
    return _write(home, policy, machine, person.role, people)


def remove_person(home: Home, policy: Policy, role: Role, name: str) -> Machine:
    """Tell somebody nothing any more; raises UnknownPerson."""
    machine = load_machine(home.machine_file, policy)
    known = _own_people(policy, machine, role)
    left = tuple(p for p in known if p.name != name)
    if left == known:
        raise UnknownPerson(role=role.value, name=name)
    return _write(home, policy, machine, role, left)


async def send_test(home: Home, policy: Policy, machine: Machine) -> tuple[Arrival, ...]:
    """Send a test to each person over each channel, and to this computer's desktop; say what arrived."""
    title = f"{_('A test by Vangnet')} · {policy.organisation.name}"
    body = _("This is how Vangnet tells you something. You need not do anything.") + "\n"
    wanted = [(p, channel) for p in people_of(policy, machine) for channel in channels_of(p)]
    gate = asyncio.Semaphore(3)

    async def one(person: Person, channel: str) -> Arrival:
        async with gate:
            address = person.email if channel == EMAIL else ""
            letter = f"{_('Good day {name},').format(name=person.name)}\n\n{body}"
            return Arrival(person, channel, await send(home, Parcel(channel, address, title, letter)))

    arrivals = tuple(await asyncio.gather(*(one(person, channel) for person, channel in wanted)))
    if not session_bus():
        return arrivals
    desktop = Desktop(lambda: None)
    try:
        trouble = await desktop.show(Parcel(DESKTOP, "", title, body))
    finally:
        await desktop.close()
    return (Arrival(HERE, DESKTOP, trouble), *arrivals)


def _own_people(policy: Policy, machine: Machine, role: Role) -> tuple[Person, ...]:
    """Return the holders of a role, those whom only the policy names among them."""
    return tuple(p for p in people_of(policy, machine) if p.role is role)


def _write(home: Home, policy: Policy, machine: Machine, role: Role, people: tuple[Person, ...]) -> Machine:
    others = tuple(p for p in machine.people if p.role is not role)
    changed = replace(machine, people=(*others, *people))
    write_machine(home.machine_file, changed)
    return load_machine(home.machine_file, policy)


def _is(person: Person, other: Person) -> bool:
    return (person.role, person.name) == (other.role, other.name)
