"""From the parameters `model.device` and `model.precision` to what this machine can do."""

from typing import Final

from occany_ros.layers.linear import cpu_multiplies_fp16
import torch

PRECISIONS: Final = {
    'fp32': torch.float32,
    'bf16': torch.bfloat16,
    'fp16': torch.float16,
}


def resolve_device(name: str) -> torch.device:
    """
    Turn the parameter `model.device` into a device of this machine.

    :raises ValueError: if there is no such device.
    """
    has_gpu = torch.cuda.is_available()
    if name == 'auto':
        return torch.device('cuda' if has_gpu else 'cpu')
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f'model.device: expected auto, cpu or cuda, got {name!r}') from error
    if device.type == 'cuda' and (not has_gpu or (device.index or 0) >= torch.cuda.device_count()):
        raise ValueError(
            f'model.device: expected a device of this machine, got {name!r} and '
            f'{torch.cuda.device_count()} GPUs; set it to auto or cpu'
        )
    return device


def resolve_precision(name: str, device: torch.device) -> str:
    """
    Turn the parameter `model.precision` into a number format for a device.

    :raises ValueError: if it is unknown, or the device cannot multiply in it.
    """
    if name == 'auto':
        return 'bf16' if device.type == 'cuda' else 'fp32'
    if name not in PRECISIONS:
        choices = ', '.join(('auto', *PRECISIONS))
        raise ValueError(f'model.precision: expected one of {choices}, got {name!r}')
    if name == 'fp16' and device.type == 'cpu' and not cpu_multiplies_fp16():
        raise ValueError(
            'model.precision: expected auto, fp32 or bf16 on this processor, which has no '
            'products in fp16, got fp16; set it to bf16'
        )
    return name
