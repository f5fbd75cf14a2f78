"""`python -m fastcnn` is the command `fastcnn`."""

from fastcnn.cli.app import main

if __name__ == "__main__":
    main()
