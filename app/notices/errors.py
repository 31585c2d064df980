"""What can be wrong with telling people."""

from __future__ import annotations

from app.errors import ConfigurationError, VangnetError


class NoticeError(VangnetError):
    """The base of the errors of notices."""

    code = "notice"


class AccountsInvalid(ConfigurationError):
    """The file with the mail account and the services cannot be read, or holds what cannot be right (`file`, `key`)."""

    code = "accounts-invalid"


class NotDelivered(NoticeError):
    """A message could not be delivered (`reason`: a code, `channel`)."""

    code = "not-delivered"


class UnknownPerson(ConfigurationError):
    """Nobody of this role and name is told (`role`, `name`)."""

    code = "unknown-person"


class BadAddress(ConfigurationError):
    """This is no e-mail address, no address of a service, or no web address (`what`)."""

    code = "address-invalid"
