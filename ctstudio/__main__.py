"""`python -m ctstudio` is the command `ctstudio`."""

from ctstudio.cli.main import main

if __name__ == "__main__":
    main()
