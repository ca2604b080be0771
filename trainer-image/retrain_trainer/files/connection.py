"""How a step reaches an object store, and what it says when it does not.

Where the store is and who we are, the environment says, in the variables that all tools for S3 share (`AWS_...`). Of
what a server answers only its code goes into a message: the rest may hold anything.
"""

import configparser
import errno
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import S3Store

from retrain_trainer.files.places import content
from retrain_trainer.telling.faults import NoBucketError, StepError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

LARGEST = 1 << 20
"""Bytes of a file with credentials, or with certificates of authorities."""
ENDPOINT = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::([0-9]{1,5}))?/?")
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
RETRY: "RetryConfig" = {
    "max_retries": 4,
    "retry_timeout": timedelta(minutes=1),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=5), "base": 2},
}
PATIENCE: "ClientConfig" = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "30m"}
"""A server that says nothing is left after 30 s, and one that drips after half an hour."""
UNKNOWN = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "TokenRefreshRequired"}
)
ELSEWHERE = frozenset({"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"})
RIGHTS = {"list": "ListBucket", "read": "GetObject", "write": "PutObject", "delete": "DeleteObject"}


def connect(bucket: str) -> S3Store:
    """Return a connection to a bucket, which is first used when it is; StepError for a wrong variable."""
    try:
        return S3Store(bucket, config=_config(), client_options=_client(), retry_config=RETRY)
    except (BaseError, ValueError) as error:
        raise StepError(f"The AWS_ variables of this step make no connection: {type(error).__name__}.") from None


def fault(uri: str, verb: str, text: str) -> Exception:
    """Return what to raise when one of `RIGHTS` failed on a URI, from the client's text with the server's answer.

    That is a StepError, or FileNotFoundError where there is no object.
    """
    found, status = re.search(r"<Code>(\w{1,64})</Code>", text), re.search(r"status code: (\d{3})", text)
    code = found[1] if found else f"HTTP {status[1]}" if status else ""
    said = f" ({code})" if code else ""
    if "/latest/api/token" in text or "/latest/meta-data/" in text:  # where machines of a cloud have their keys
        words = "there are no credentials; set AWS_SHARED_CREDENTIALS_FILE or AWS_ACCESS_KEY_ID"
    elif code == "NoSuchBucket":
        return NoBucketError(f"{uri} is in no bucket that exists. Create the bucket, or correct its name.")
    elif code in {"NoSuchKey", "HTTP 404"}:
        return FileNotFoundError(errno.ENOENT, "No such object", uri)
    elif code in UNKNOWN or code == "HTTP 401":
        words = f"the credentials are not accepted{said}; check the Secret they come from"
    elif status and status[1] == "403":
        words = f"these credentials may not {verb} it{said}; allow s3:{RIGHTS[verb]}"
    elif code in ELSEWHERE or "incorrectly configured region" in text:
        words = f"the bucket is in another region{said}; set AWS_REGION"
    elif "builder error" in text:
        words = "AWS_ENDPOINT_URL is plain HTTP, which only AWS_ALLOW_HTTP=true allows"
    elif not status:
        words = "its server gives no answer; check AWS_ENDPOINT_URL, AWS_CA_BUNDLE and the NetworkPolicies"
    else:
        words = f"its server fails to {verb} it{said}"
    return StepError(f"No access to {uri}: {words}.")


def _client() -> "ClientConfig":
    """Return how to connect. What the environment says of it counts only when it is repeated here."""
    client: ClientConfig = {**PATIENCE, "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"}}
    authorities = os.environ.get("AWS_CA_BUNDLE")
    return {**client, "root_certificate": content(Path(authorities), LARGEST)} if authorities else client


def _config() -> "S3Config":
    """Return what the client does not read from the environment by itself; StepError for what would make it panic."""
    _require_sendable()
    path = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    if not path or os.environ.get("AWS_ACCESS_KEY_ID"):
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    profile = os.environ.get("AWS_PROFILE") or "default"
    try:
        parser.read_string(content(Path(path), LARGEST).decode("ascii"))
        found = parser[profile]
        token: S3Config = {"session_token": found["aws_session_token"]} if "aws_session_token" in found else {}
        return {
            "access_key_id": found["aws_access_key_id"],
            "secret_access_key": found["aws_secret_access_key"],
            **token,
        }
    except (configparser.Error, KeyError, UnicodeDecodeError):
        raise StepError(
            f"{path} (AWS_SHARED_CREDENTIALS_FILE) has no [{profile}] with aws_access_key_id and aws_secret_access_key."
        ) from None


def _require_sendable() -> None:
    """Refuse variables that cannot stand in a request, such as a key with the line break that `echo` put behind it."""
    for name, value in os.environ.items():
        if name.startswith("AWS_") and not (value.isascii() and value.isprintable()):
            raise StepError(f"{name} holds a line break, or another character that no request can carry.")
    for name in ENDPOINTS:
        found = ENDPOINT.fullmatch(os.environ.get(name, ""))
        if name in os.environ and (found is None or int(found[1] or 0) > 65535):
            raise StepError(f"{name} is no address such as https://s3.example.com:9000.")
