"""Load the policy and machine files: validated whole, every problem named with its line."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from app.policy.errors import MachineInvalid, PolicyInvalid
from app.policy.machine import Machine
from app.policy.machine_file import read_machine
from app.policy.model import Policy
from app.policy.policy_file import read_policy
from app.policy.yamlfile import Report, parse_yaml, read_bytes

TEMPLATE_NAME: Final = "policy-template.yml"
# A wheel carries the template beside this module; in a checkout it stands at the top.
_TEMPLATES: Final = (Path(__file__).parent / TEMPLATE_NAME, Path(__file__).parents[2] / TEMPLATE_NAME)


def load_policy(path: Path) -> Policy:
    """Read and validate a policy file; raises NotSetUp when it is missing, PolicyInvalid with every problem else."""
    return parse_policy(read_bytes(path, PolicyInvalid), path.name)


def parse_policy(content: bytes, name: str) -> Policy:
    """Validate the bytes of a policy file; `name` is what its problems call the file. Raises PolicyInvalid."""
    report = Report(name, PolicyInvalid)
    top = parse_yaml(content, report)
    policy = read_policy(top, hashlib.sha256(content).hexdigest(), report)
    report.raise_if_any()
    return policy


def load_machine(path: Path, policy: Policy | None = None) -> Machine:
    """Read and validate a machine file; with a policy, its data sets must exist there.

    Raises NotSetUp when it is missing, MachineInvalid with every problem else.
    """
    return parse_machine(read_bytes(path, MachineInvalid), path.name, policy)


def parse_machine(content: bytes, name: str, policy: Policy | None = None) -> Machine:
    """Validate the bytes of a machine file; raises MachineInvalid."""
    report = Report(name, MachineInvalid)
    machine = read_machine(parse_yaml(content, report), policy, report)
    report.raise_if_any()
    return machine


def template_text() -> str:
    """Return the template from which an organisation's policy is made, as it ships."""
    path = next((path for path in _TEMPLATES if path.is_file()), _TEMPLATES[-1])
    return path.read_text(encoding="utf-8")


@cache
def template_policy() -> Policy:
    """Return the template as a policy: its levels, rules, checklist and typical data sets; no data sets yet."""
    return parse_policy(template_text().encode(), TEMPLATE_NAME)
