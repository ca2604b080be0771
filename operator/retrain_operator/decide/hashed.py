"""`H` in cron fields: a value of a policy's own, so that many policies with one schedule do not all run at once.

The letter and its forms (H, H(a-b), H/n) are Jenkins'. The value is a hash of the policy's namespace and name, so it is
the same after every restart and on every cluster.
"""

import re
from hashlib import blake2b

_SPANS = ((0, 59), (0, 23), (1, 28), (1, 12), (0, 6))
"""What H chooses from, field by field; days end at 28 because every month has that many."""
_HIGHEST = (59, 23, 31, 12, 7)
"""Up to where H(a-b) may choose."""
_ITEM = re.compile(r"H(?:\(([0-9]{1,2})-([0-9]{1,2})\))?(?:/([0-9]{1,2}))?", re.IGNORECASE)


def spread(cron: str, owner: str) -> str:
    """The cron fields with every H replaced by the owner's own value; `owner` is namespace/name of the policy.

    ValueError for a range that ends before it begins, or leaves its field: whether that is found must not depend on the
    owner. Whatever else is wrong with the fields is left as it is.
    """
    fields = cron.split(" ")
    return " ".join(_field(text, owner, index) for index, text in enumerate(fields))


def _field(text: str, owner: str, index: int) -> str:
    return ",".join(_item(item, owner, index) for item in text.split(","))


def _item(item: str, owner: str, index: int) -> str:
    found = _ITEM.fullmatch(item)
    if found is None or index >= len(_SPANS):
        return item
    low, high = (int(found[1]), int(found[2])) if found[1] else _SPANS[index]
    if not _SPANS[index][0] <= low <= high <= _HIGHEST[index]:
        raise ValueError(f"{item!r} is no range of its field")
    digest = int.from_bytes(blake2b(f"{owner}|{index}".encode(), digest_size=8).digest(), "big")
    if not found[3]:
        return str(low + digest % (high - low + 1))
    step = int(found[3])
    first = low + digest % max(min(step, high - low + 1), 1)
    return f"{first}-{high}/{step}"
