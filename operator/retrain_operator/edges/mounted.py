"""The administrator's credentials: files mounted into the operator's pod, read at each use, so that rotation works."""

from pathlib import Path

from retrain_operator.edges.configuration import ConfiguredSource
from retrain_operator.edges.credential import LONGEST, Credential, CredentialError, Part, basic, bearer, tls_context


def mounted_credential(source: ConfiguredSource) -> Credential:
    """What a request to a configured source carries, its tenant header aside. CredentialError says what is wrong."""
    whose = f'source "{source.name}" in the operator\'s configuration'
    tls = None
    if source.tls:
        named = (
            ("caFile", source.tls.ca_file),
            ("certFile", source.tls.cert_file),
            ("keyFile", source.tls.key_file),
        )
        tls = tls_context(*(_read(path, f"tls.{name} of {whose}") if path else None for name, path in named))
    remedy = f"check the credential of {whose}, and what it may read"
    if source.bearer:
        return bearer(_read(source.bearer.token_file, f"bearer.tokenFile of {whose}"), remedy, tls)
    if source.basic:
        username = Part(source.basic.username.encode(), f"basic.username of {whose}")
        password = _read(source.basic.password_file, f"basic.passwordFile of {whose}")
        return basic(username, password, remedy, tls)
    if source.tls and source.tls.cert_file:
        return Credential(remedy, tls=tls)
    return Credential(f"give {whose} a credential, or let the operator in by the network", tls=tls)


def _read(path: Path, told: str) -> Part:
    told = f"The file {path}, {told},"
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        words = f"{told} cannot be read ({error.strerror}); the operator's administrator must mount it."
        raise CredentialError(words) from None
    if len(content) > LONGEST:
        raise CredentialError(f"{told} must hold at most {LONGEST >> 10} KiB.")
    return Part(content, told)
