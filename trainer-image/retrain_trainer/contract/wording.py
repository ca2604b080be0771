"""How numbers stand in a sentence, so that it stays true."""


def number(value: float, beside: float) -> str:
    """A number with four digits, or with as many as it takes to differ from the one it is compared with."""
    if value == beside:
        return f"{value:.4g}"
    digits = next((each for each in range(4, 16) if f"{value:.{each}g}" != f"{beside:.{each}g}"), None)
    return f"{value:.{digits}g}" if digits else repr(value)


def share(value: float, beside: float) -> str:
    """A share in per cent, with as many digits after the point as it takes to differ from the one beside it."""
    differing = (each for each in range(13) if f"{value:.{each}%}" != f"{beside:.{each}%}")
    return f"{value:.{next(differing, 0)}%}"


def count(value: int, thing: str, many: str = "") -> str:
    """How many things there are, in words that fit one and many."""
    return f"{value:,} {thing if value == 1 else many or thing + 's'}"
