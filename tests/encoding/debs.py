"""Made-up Debian packages."""

import io
import tarfile


def deb(files: dict[str, bytes], compression: str = "xz") -> bytes:
    """The content of a package with these files, and folders, a link and two other members."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{compression}") as archive:
        folder = tarfile.TarInfo("./usr")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        link = tarfile.TarInfo("./usr/link")
        link.type, link.linkname = tarfile.SYMTYPE, "nothing"
        archive.addfile(link)
        for name, content in files.items():
            file = tarfile.TarInfo(f"./{name}")
            file.size = len(content)
            archive.addfile(file, io.BytesIO(content))
    odd = b"abc"  # its size is odd: a byte of padding follows
    members = {"debian-binary": b"2.0\n", "control.tar.xz": odd}
    return ar(members | {f"data.tar.{compression}": data.getvalue()})


def ar(members: dict[str, bytes]) -> bytes:
    """An `ar` archive."""
    content = b"!<arch>\n"
    for name, member in members.items():
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(member):<10}`\n"
        content += header.encode() + member + b"\n" * (len(member) % 2)
    return content
