"""The command `ctstudio`."""


def main() -> None:
    """Run the command line."""
