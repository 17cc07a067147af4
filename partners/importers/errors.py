"""What can go wrong with a register file, in words for the person who gave us the file."""


class ImportFileError(Exception):
    """The whole file is refused. The message is one readable line; the command ends with status 2."""


class ImportBusyError(Exception):
    """Another import of the same register is being applied at this moment."""


class RowRejected(ValueError):
    """One row cannot be used; the message is the reason that is kept with the row."""
