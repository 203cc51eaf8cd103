"""What was measured on."""

from datetime import datetime, timezone
import os
from pathlib import Path
import platform
from typing import Any

import torch


def machine(device: torch.device) -> dict[str, Any]:
    """
    Describe device and software, as far as times depend on them.

    :returns: names and values that can be printed and written as JSON.
    """
    has_gpu = device.type == 'cuda'
    return {
        'date': datetime.now(timezone.utc).strftime('%Y-%m-%d %H:%M UTC'),
        'device': torch.cuda.get_device_name(device) if has_gpu else _processor(),
        'cores': os.cpu_count(),
        'threads': torch.get_num_threads(),
        'load': round(os.getloadavg()[0], 1),
        'torch': torch.__version__,
        'cuda': torch.version.cuda if has_gpu else None,
        'tf32': torch.backends.cuda.matmul.allow_tf32 if has_gpu else None,
    }


def described(facts: dict[str, Any]) -> str:
    """Put what `machine` found into one line."""
    known = {name: value for name, value in facts.items() if value is not None}
    date, device = known.pop('date'), known.pop('device')
    return f'{device}, ' + ', '.join(f'{k} {v}' for k, v in known.items()) + f'; {date}'


def _processor() -> str:
    """Name of the processor, with the matrix units it has."""
    info = Path('/proc/cpuinfo')
    names, flags = [], ''
    if info.exists():
        for line in info.read_text(encoding='utf-8').splitlines():
            key, _, value = line.partition(':')
            if key.strip() == 'model name':
                names.append(value.strip())
            elif key.strip() == 'flags':
                flags = value
    units = [unit for unit in ('avx512_bf16', 'amx_bf16', 'avx512_fp16') if unit in flags.split()]
    name = names[0] if names else platform.processor() or platform.machine()
    return ' '.join([name, *([f'({", ".join(units)})'] if units else [])])
