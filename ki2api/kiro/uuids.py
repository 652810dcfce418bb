"""UUIDs as Kiro's clients write them, without the object that Python would make of each."""


def uuid_of(number: int) -> str:
    """Write a number of up to 128 bits as a UUID of version 4, which leaves six of them out."""
    digits = f"{number:032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    parts = digits[:8], digits[8:12], f"4{digits[13:16]}", f"{variant}{digits[17:20]}", digits[20:]
    return "-".join(parts)
