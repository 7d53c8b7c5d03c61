"""``commune-box config``: is the configuration right, and what is in force?"""

from __future__ import annotations

from dataclasses import asdict

import click

from appliance.cli.context import Context
from appliance.cli.output import emit, json_option
from appliance.services import profile as province_profile


@click.group()
def config() -> None:
    """Cấu hình của hộp."""


@config.command()
@json_option
@click.pass_obj
def check(context: Context, as_json: bool) -> None:
    """Kiểm tra tệp cấu hình; mã thoát 7 và một câu nói rõ nếu sai.

    Ví dụ: commune-box --config box.toml config check
    """
    emit({"ok": True, "path": str(context.config.path)}, f"Cấu hình hợp lệ: {context.config_path}", as_json)


@config.command()
@json_option
@click.pass_obj
def show(context: Context, as_json: bool) -> None:
    """In cấu hình đang có hiệu lực, kể cả giá trị mặc định.

    Ví dụ: commune-box config show --json
    """
    facts = asdict(context.config)
    lines = []
    for section, values in facts.items():
        if isinstance(values, dict):
            lines += [f"{section}.{name} = {value}" for name, value in values.items()]
        else:
            lines.append(f"{section} = {values}")
    emit(facts, "\n".join(lines), as_json)


@config.command()
@json_option
@click.pass_obj
def profile(context: Context, as_json: bool) -> None:
    """Mã của phần cấu hình do tỉnh quy định, cả phần và từng mục: hộp cùng tỉnh phải giống nhau.

    Ví dụ: commune-box config profile
    """
    parts = province_profile.profile(context.config)
    whole = province_profile.digest_of(parts).hex()
    digests = {name: province_profile.digest_of(part).hex() for name, part in parts.items()}
    lines = [whole, *(f"  {name}  {digest}" for name, digest in digests.items())]
    emit({"profile": whole, "parts": digests, "settings": parts}, "\n".join(lines), as_json)
