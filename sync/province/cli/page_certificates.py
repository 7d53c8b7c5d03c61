"""`commune-province page-certificate`: TLS for the pages of one box, on the office's network."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from sync.province.cli.answering import ExitCode, dir_option, emit, fail, help_text, json_option, settings, w
from sync.province.page_authority import ForeignHost, load_or_make, page_certificate
from sync.province.pki import BadBoxName, certificate_pem, checked_box_name, write_private
from sync.province.wording import _


@click.command(
    "page-certificate",
    help=help_text(
        _("Cấp chứng thư TLS cho trang web của một hộp; CA riêng chỉ nói được cho mạng nội bộ của cơ quan."),
        "commune-province page-certificate commune-27007 --host 192.168.1.10 --host hop.local --dir tinh --out hop",
    ),
)
@click.argument("box")
@dir_option
@click.option(
    "--host", "hosts", multiple=True, required=True, help=w.say(_("Địa chỉ hoặc tên của hộp trong mạng nội bộ."))
)
@click.option(
    "--zone", "zones", multiple=True, help=w.say(_("Vùng tên miền mà CA được nói thay; chỉ khi tạo CA lần đầu."))
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help=w.say(_("Nơi ghi các tệp của trang.")))
@json_option
def page_certificate_command(
    box: str, directory: Path, hosts: tuple[str, ...], zones: tuple[str, ...], out: Path, as_json: bool
) -> None:
    """Make `pages.pem`, `pages.key` and `pages-ca.pem` for `[web]` of a box."""
    folder, _config = settings(directory)
    now = dt.datetime.now(dt.UTC)
    if (out / "pages.key").exists():
        fail(_("Nơi ghi đã có khóa của trang; chọn nơi khác."), ExitCode.BAD_INPUT)
    try:
        checked_box_name(box)
        authority = load_or_make(folder.root / "pages-ca.pem", folder.root / "pages-ca.key", zones, now)
        issued = page_certificate(authority, list(hosts), now)
    except BadBoxName:
        fail(_("Tên hộp phải là commune- và năm chữ số."), ExitCode.BAD_INPUT)
    except ForeignHost as error:
        fail(w.say(_("CA của trang không được nói thay cho {host}.")).format(host=error), ExitCode.NOT_POSSIBLE)
    out.mkdir(parents=True, exist_ok=True)
    write_private(out / "pages.key", issued.key)
    (out / "pages.pem").write_bytes(issued.certificate)
    (out / "pages-ca.pem").write_bytes(certificate_pem(authority.certificate))
    mark = authority.certificate.fingerprint(hashes.SHA256()).hex().upper()
    grouped = " ".join(mark[i : i + 4] for i in range(0, len(mark), 4))
    ends = x509.load_pem_x509_certificate(issued.certificate).not_valid_after_utc
    text = w.say(_("Chứng thư trang của {box} trong {out}. Mã SHA-256 của CA, in ra giao cho cơ quan: {mark}"))
    facts = {"box": box, "hosts": list(hosts), "out": str(out), "ca_sha256": mark, "ends": ends.isoformat()}
    emit(facts, text.format(box=box, out=out, mark=grouped), as_json)
