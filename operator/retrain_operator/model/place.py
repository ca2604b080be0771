"""Places in a store: a URI as its folders, since the same folder may be written in more than one way."""

LONGEST_FOLDER = 128
"""Characters of a version's folder, as a policy's status has room for."""


def folders(uri: str) -> list[str]:
    """Its scheme and folders. Two slashes are as one: a trainer may tidy up what the policy has."""
    return [part for part in uri.split("/") if part not in ("", ".")]


def same_place(one: str, other: str) -> bool:
    """Whether two URIs name the same folder."""
    return folders(one) == folders(other)


def fits(uri: str) -> bool:
    """Whether the name of its folder can be told in a status."""
    return all(len(part) <= LONGEST_FOLDER for part in folders(uri)[-1:])
