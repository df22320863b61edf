"""What NVIDIA's driver says of its devices, asked without any CUDA library.

The driver comes from the host, never with an image: a container has it when it was started with a GPU.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

from scoredock.errors import AcceleratorUnusable

LIBRARY = "libcuda.so.1"
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*
_NO_DEVICE = 100
_RUN_WITH_GPU = "Start an image for NVIDIA devices with one: docker run --gpus all scoredock:cuda"


@dataclass(frozen=True)
class Device:
    """One NVIDIA device: its name, compute capability (such as ``9.0``) and memory in bytes."""

    name: str
    capability: str
    memory: int

    def __str__(self) -> str:
        return f"{self.name} ({self.memory / 2**30:.0f} GiB, compute capability {self.capability})"


def devices() -> list[Device]:
    """The devices that this process may use, at least one; this initialises the driver, which no fork survives.

    Raises AcceleratorUnusable, which says what is missing.
    """
    try:
        driver = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise AcceleratorUnusable(
            f"NVIDIA's driver is not there ({error}). {_RUN_WITH_GPU}, on a host that has NVIDIA's driver and its "
            "container toolkit."
        ) from None
    code = driver.cuInit(0)
    if code == _NO_DEVICE:
        raise AcceleratorUnusable(_no_device())
    _check(driver, code, "cuInit")
    count = ctypes.c_int()
    _check(driver, driver.cuDeviceGetCount(ctypes.byref(count)), "cuDeviceGetCount")
    if count.value == 0:
        raise AcceleratorUnusable(_no_device())
    return [_device(driver, index) for index in range(count.value)]


def _device(driver: ctypes.CDLL, index: int) -> Device:
    handle, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    name, memory = ctypes.create_string_buffer(256), ctypes.c_size_t()
    _check(driver, driver.cuDeviceGet(ctypes.byref(handle), index), "cuDeviceGet")
    _check(driver, driver.cuDeviceGetName(name, len(name), handle), "cuDeviceGetName")
    _check(driver, driver.cuDeviceTotalMem_v2(ctypes.byref(memory), handle), "cuDeviceTotalMem")
    for value, attribute in ((major, _MAJOR), (minor, _MINOR)):
        _check(driver, driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle), "cuDeviceGetAttribute")
    return Device(name.value.decode(errors="replace"), f"{major.value}.{minor.value}", memory.value)


def _no_device() -> str:
    return (
        f"NVIDIA's driver is there, but it shows no device. {_RUN_WITH_GPU}, and see that NVIDIA_VISIBLE_DEVICES and "
        "CUDA_VISIBLE_DEVICES do not hide it."
    )


def _check(driver: ctypes.CDLL, code: int, function: str) -> None:
    if code == 0:
        return
    text = ctypes.c_char_p()
    driver.cuGetErrorString(code, ctypes.byref(text))
    said = (text.value or b"no text").decode(errors="replace")
    raise AcceleratorUnusable(
        f"NVIDIA's driver refuses: {function}() gave error {code}, {said}. Look at nvidia-smi on the host; the "
        "driver may be too old for the image's CUDA version."
    )
