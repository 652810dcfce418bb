"""`python -m ki2api` and the `ki2api` command."""

from ki2api.cli import cli


def main() -> None:
    """Run the command line."""
    cli(prog_name="ki2api")


if __name__ == "__main__":
    main()
