"""Who is told when something happens: names, roles and addresses, as they stand in `machine.yml`. No secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.policy.decode import Fields, Item
from app.policy.errors import Expected, Reason
from app.policy.machine import Machine, Person
from app.policy.model import Policy, Role

if TYPE_CHECKING:
    from app.policy.emit import Entry

EMAIL: Final = re.compile(r"[^@\s<>,;:\"]{1,64}@[^@\s<>,;:\"]{1,253}\.[^@\s<>,;:\"]{1,63}")
TOLD: Final = (Role.DIRECTOR, Role.IT_PROVIDER, Role.GOVERNING_BODY, Role.STAFF)
"""The roles that notices are for, in the order in which they are shown."""


def read_person(item: Item) -> Person:
    """Read one entry of `people`."""
    with item.fields() as fields:
        return Person(
            role=fields.choice("role", Role),
            name=fields.text("name"),
            email=_email(fields),
            services=tuple(service.slug() for service in fields.items("services", required=False)),
        )


def person_entries(person: Person) -> tuple[Entry, ...]:
    """Return what is written of one person."""
    return (
        ("role", person.role.value), ("name", person.name), ("email", person.email), ("services", person.services),
    )  # fmt: skip


def is_email(text: str) -> bool:
    return bool(EMAIL.fullmatch(text))


def people_of(policy: Policy, machine: Machine) -> tuple[Person, ...]:
    """Return who is told: those of the machine file, and for a role without any whoever the policy names."""
    named = {person.role for person in machine.people}
    others = (
        Person(holder.role, holder.person or holder.email, holder.email if is_email(holder.email) else "")
        for holder in policy.roles
        if holder.role in TOLD and holder.role not in named and (holder.person or holder.email)
    )
    everyone = (*machine.people, *others)
    return tuple(sorted(everyone, key=lambda p: TOLD.index(p.role) if p.role in TOLD else len(TOLD)))


def _email(fields: Fields) -> str:
    item = fields.get("email")
    text = item.text() if item else ""
    if item and text and not is_email(text):
        item.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.TEXT,))
    return text
