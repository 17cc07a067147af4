"""EU operations in the scope of a certificate ("1.2.1.13 Tablets; 1.6.3 Chemical/physical") and the services they are.

Certificates and authorisations of the EU and the UK number what a site may do in the same way; the cross-walk
`eu_mia` says which service each number is. No EU register can be downloaded as a table, so certificates are entered
by hand or by spreadsheet, and this reads what was entered.
"""

import re
from dataclasses import dataclass

from django.db import transaction

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.history import recording
from partners.models import Certificate, Service, ServiceCrosswalk

REGISTER = "eu_mia"
TYPES = frozenset({"eu-gmp", "eu-mia", "eu-mia-imp", "uk-gmp"})
_operation = re.compile(r"(?<![\w.])([1-3](?:\.[0-9]{1,2}){1,3})(?![\w]|\.[0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scope:
    """Services that the numbers of a scope name, and the numbers that the cross-walk has nothing for."""

    services: tuple[Service, ...]
    unknown: tuple[str, ...]


def operations(text: str) -> list[str]:
    """The numbers of operations in a scope, each once, in its order."""
    return list(dict.fromkeys(_operation.findall(text)))


def scope_of(certificate: Certificate) -> Scope:
    """What the scope's numbers mean; a number that is not listed means what the next higher level means. One query."""
    numbers = operations(certificate.scope) if certificate.type.code in TYPES else []
    if not numbers:
        return Scope((), ())
    entries = ServiceCrosswalk.objects.filter(register=REGISTER).select_related("service")
    known = {entry.code: entry.service for entry in entries}
    services, unknown = {}, []
    for number in numbers:
        level = number
        while level and level not in known:
            level = level.rpartition(".")[0]
        service = known.get(level)
        if service is None:
            unknown.append(number)
        else:
            services[service.pk] = service
    return Scope(tuple(services.values()), tuple(unknown))


@transaction.atomic
def read_scope(*, actor: User, certificate: Certificate) -> Scope:
    """Add the services of the scope's numbers to the certificate; none is taken away. Returns what is new."""
    found = scope_of(certificate)
    have = set(certificate.scope_services.values_list("pk", flat=True))
    new = tuple(service for service in found.services if service.pk not in have)
    if new:
        with recording(actor=actor, why="Operations of its scope"):
            certificate.scope_services.add(*new)
        record(
            actor=actor,
            verb="certificate.scope_read",
            obj=certificate,
            data={"services": [service.code for service in new]},
        )
    return Scope(new, found.unknown)
