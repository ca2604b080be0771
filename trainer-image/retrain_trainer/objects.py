"""One bucket of an S3-compatible object store behind a few verbs, each bounded, its errors one sentence each.

Where it is and who we are, the environment says, in the variables that all tools for S3 share (`AWS_...`). Of what the
server answers only its code goes into a message: the rest may hold anything.
"""

import configparser
import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import S3Store

from retrain_trainer.contract import Digest
from retrain_trainer.faults import NoBucketError, StepError
from retrain_trainer.places import BUCKET_SCHEME, content

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, ObjectMeta
    from obstore.store import ClientConfig, RetryConfig, S3Config

MIB = 1 << 20
PIECE = 8 * MIB
"""Bytes of a piece of a larger upload. What is smaller arrives in one request."""
MOST_OBJECTS = 100_000
"""Below one prefix: each of them is kept in memory while they are sorted."""
CREDENTIALS = 64 << 10
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


@dataclass(frozen=True, slots=True)
class Object:
    """What a bucket lists of one object. `modified` is in nanoseconds since 1970, `etag` changes with the bytes."""

    key: str
    size: int
    modified: int
    etag: str | None


class Bucket:
    """The objects of one bucket. All methods raise StepError when the bucket cannot be reached or refuses."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            self._s3 = S3Store(name, config=_config(), client_options=_client(), retry_config=RETRY)
        except (BaseError, ValueError) as error:
            raise StepError(f"The AWS_ variables of this step make no connection: {type(error).__name__}.") from None

    def uri(self, key: str) -> str:
        """Return the URI of an object."""
        return f"{BUCKET_SCHEME}{self.name}/{key}"

    def below(self, prefix: str) -> Iterator[Object]:
        """Yield the objects below a prefix, which ends where a name does; without one, all."""
        with self._told("list", prefix):
            for number, found in enumerate(one for page in obstore.list(self._s3, prefix or None) for one in page):
                if number == MOST_OBJECTS:
                    raise StepError(f"{self.uri(prefix)} holds more than {MOST_OBJECTS:,} objects; name a part of it.")
                yield _object(found)

    def look(self, key: str) -> Object:
        """Return what there is to know of one object; FileNotFoundError when there is none."""
        with self._told("read", key):
            return _object(obstore.head(self._s3, key))

    def read(self, key: str, limit: int) -> bytes:
        """Return the bytes of an object; StepError, before any is read, when there are more than `limit`."""
        with self._told("read", key):
            found = obstore.get(self._s3, key)
            size = found.meta["size"]
            if size > limit:
                raise StepError(f"{self.uri(key)} has {size:,} bytes, and may have {limit:,} at most.")
            return b"".join(self._pieces(found, key, size))

    def fetch(self, found: Object, path: Path) -> Digest:
        """Copy an object as it was listed into a file, whole or not at all, and return its SHA-256.

        StepError when the object is another one by now.
        """
        digest = hashlib.sha256()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        with self._told("read", found.key), draft.open("wb") as file:
            options: GetOptions = {"if_match": found.etag} if found.etag else {}
            for piece in self._pieces(obstore.get(self._s3, found.key, options=options), found.key, found.size):
                digest.update(piece)
                file.write(piece)
        # The copy bears the time of the original: a step knows by size and time that a file is the one that was judged.
        os.utime(draft, ns=(found.modified, found.modified))
        draft.replace(path)
        return f"sha256:{digest.hexdigest()}"

    def put(self, key: str, source: bytes | Path) -> None:
        """Write an object, whole or not at all, over what may have been there."""
        with self._told("write", key):
            obstore.put(self._s3, key, source, chunk_size=PIECE, max_concurrency=2)

    def create(self, key: str, source: bytes) -> bool:
        """Write an object unless there is one under this key, and return whether it was written."""
        with self._told("write", key):
            try:
                obstore.put(self._s3, key, source, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def delete(self, keys: list[str]) -> None:
        """Delete objects; one that is gone already is no error."""
        for key in keys:
            with self._told("delete", key):
                obstore.delete(self._s3, key)

    def _pieces(self, found: "GetResult", key: str, size: int) -> Iterator[bytes]:
        """Yield what a server sends of an object, which may be neither more nor less than it said."""
        arrived = 0
        for piece in found.stream(min_chunk_size=MIB):
            arrived += len(piece)
            if arrived > size:
                break
            yield bytes(piece)
        if arrived != size:
            raise StepError(
                f"{self.uri(key)} has {'more' if arrived > size else 'less'} bytes than the {size:,} listed."
            )

    @contextmanager
    def _told(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except PreconditionError:
            raise StepError(f"{self.uri(key)} was changed meanwhile. The next attempt takes it as it is.") from None
        except (BaseError, FileNotFoundError) as error:
            raise self._fault(verb, key, str(error)) from None

    def _fault(self, verb: str, key: str, text: str) -> Exception:
        """Return what to raise for an error of the client, whose text holds the server's whole answer."""
        found, status = re.search(r"<Code>(\w{1,64})</Code>", text), re.search(r"status code: (\d{3})", text)
        code = found[1] if found else f"HTTP {status[1]}" if status else ""
        said = f" ({code})" if code else ""
        if code == "NoSuchBucket":
            return NoBucketError(f"There is no bucket {self.name}. Create it, or correct the URI {self.uri(key)}.")
        if code in {"NoSuchKey", "HTTP 404"}:
            return FileNotFoundError(errno.ENOENT, "No such object", self.uri(key))
        if "169.254.169.254" in text:
            words = "There are no credentials for it: set AWS_SHARED_CREDENTIALS_FILE or AWS_ACCESS_KEY_ID."
        elif code in UNKNOWN or (status and status[1] == "401"):
            words = f"The credentials are not accepted{said}: check the Secret they come from."
        elif status and status[1] == "403":
            words = f"These credentials may not {verb} it{said}: allow s3:{ACTIONS[verb]} on it."
        elif code in ELSEWHERE:
            words = f"The bucket is in another region{said}: set AWS_REGION."
        elif "builder error" in text:
            words = "AWS_ENDPOINT_URL is plain HTTP, which AWS_ALLOW_HTTP=true allows."
        elif not status:
            words = "Its server cannot be reached: check AWS_ENDPOINT_URL, AWS_CA_BUNDLE and the NetworkPolicies."
        else:
            words = f"Its server refuses to {verb} it{said}."
        return StepError(f"{self.uri(key)} is not reachable. {words}")


ACTIONS = {"list": "ListBucket", "read": "GetObject", "write": "PutObject", "delete": "DeleteObject"}


def _object(found: "ObjectMeta") -> Object:
    milliseconds = int(found["last_modified"].timestamp() * 1000)
    return Object(found["path"], found["size"], milliseconds * 1_000_000, found["e_tag"])


def _client() -> "ClientConfig":
    """Return how to connect. What the environment says of it counts only when it is repeated here."""
    client: ClientConfig = {**PATIENCE, "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"}}
    authorities = os.environ.get("AWS_CA_BUNDLE")
    return {**client, "root_certificate": content(Path(authorities), MIB)} if authorities else client


def _config() -> "S3Config":
    """Return what the client does not read from the environment by itself; StepError for what would make it panic."""
    for name in ENDPOINTS:
        if not re.fullmatch(r"(https?://[^\s/?#@]+/?)?", os.environ.get(name, "")):
            raise StepError(f"{name} is no address such as https://s3.example.com:9000.")
    path = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    if not path or os.environ.get("AWS_ACCESS_KEY_ID"):
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    profile = os.environ.get("AWS_PROFILE") or "default"
    try:
        parser.read_string(content(Path(path), CREDENTIALS).decode())
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
