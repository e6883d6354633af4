"""Run the command line with ``python -m textpolitics``."""

from textpolitics.cli import main

if __name__ == "__main__":
    main()
