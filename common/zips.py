"""ZIPs from outside: which members may be unpacked, and what reading a broken one raises."""

import zipfile
import zlib

#: What `zipfile` raises for an archive that is broken or made by hand: its own error only for some of it.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,
    OverflowError,
)


def is_bounded(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member unpacks piece by piece, so that a limit on what is read holds.

    For bzip2 and LZMA `zipfile` unpacks whole blocks at once: some hundred bytes become hundreds of megabytes.
    """
    return member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
