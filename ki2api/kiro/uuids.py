"""UUIDs as Kiro's clients write them, without the object that Python would make of each."""

_written = "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}".format


def uuid_of(number: int) -> str:
    """Write a number of up to 128 bits as a UUID of version 4, which leaves six of them out."""
    return _written(
        number >> 96,
        number >> 80 & 0xFFFF,
        number >> 64 & 0xFFF,
        number >> 48 & 0x3FFF | 0x8000,
        number & 0xFFFF_FFFF_FFFF,
    )
