"""`python -m ki2api` and the `ki2api` command."""

from ki2api.cli import cli, logs
from ki2api.settings import LogSettings


def main() -> None:
    """Run the command line; what is logged before a command reads its settings shows no values."""
    logs.configure(LogSettings())
    cli(prog_name="ki2api")


if __name__ == "__main__":
    main()
