"""The parameter ``gpu.max_memory_gb``; knows no ROS."""

from typing import Final

import torch

_GB: Final = 1e9


def limit_gpu_memory(device: torch.device, gigabytes: float) -> str:
    """
    Let torch take no more than so much of a GPU; what goes beyond is an out-of-memory error.

    :param device: where the network is going to run.
    :param gigabytes: most memory, 10^9 bytes; 0 is no limit and takes an earlier one back.
    :returns: what was done, for the log; empty where nothing was asked for.
    """
    if device.type != 'cuda':
        return (
            f'gpu.max_memory_gb = {gigabytes:g} has no effect: the network runs on {device}'
            if gigabytes
            else ''
        )
    whole = torch.cuda.get_device_properties(device).total_memory / _GB
    share = min(gigabytes / whole, 1.0) if gigabytes else 1.0
    torch.cuda.set_per_process_memory_fraction(share, device)
    if not gigabytes:
        return ''
    if gigabytes >= whole:
        return f'gpu.max_memory_gb = {gigabytes:g} is no limit: {device} has {whole:.1f} GB'
    return f'at most {gigabytes:g} of {whole:.1f} GB of {device} are taken'
