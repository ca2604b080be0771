"""How numbers stand in a sentence, so that it stays true."""


def number(value: float, beside: float) -> str:
    """A number with four digits, or with as many as it takes to differ from the one it is compared with."""
    if value == beside:
        return f"{value:.4g}"
    digits = next((each for each in range(4, 16) if f"{value:.{each}g}" != f"{beside:.{each}g}"), None)
    return f"{value:.{digits}g}" if digits else repr(value)
