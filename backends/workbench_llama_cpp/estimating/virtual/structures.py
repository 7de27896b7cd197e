"""ctypes mirrors of the structures with which ggml describes a device, as in ggml-backend-impl.h.

Knows only their layout; `layout` proves at run time that it is the one of the ggml that is loaded. Function
pointers that a virtual device never fills are plain pointers.
"""

from __future__ import annotations

import ctypes

API_VERSION = 2
GPU, INTEGRATED_GPU = 1, 2
SOURCES = 10

Pointer, Size, Bool, Int = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_bool, ctypes.c_int


class Arena(ctypes.Structure):
    """ggml_init_params."""

    _fields_ = (("size", Size), ("memory", Pointer), ("no_alloc", Bool))


class Tensor(ctypes.Structure):
    """ggml_tensor: one node of a computation, or a weight."""

    _fields_ = (
        ("type", Int),
        ("buffer", Pointer),
        ("ne", ctypes.c_int64 * 4),
        ("nb", Size * 4),
        ("op", Int),
        ("op_params", ctypes.c_int32 * 16),
        ("flags", ctypes.c_int32),
        ("src", Pointer * SOURCES),
        ("view_src", Pointer),
        ("view_offs", Size),
        ("data", Pointer),
        ("name", ctypes.c_char * 64),
        ("extra", Pointer),
        ("padding", ctypes.c_char * 8),
    )


def source(tensor: Tensor, index: int) -> Tensor | None:
    """That operand, where there is one."""
    address = tensor.src[index]
    return Tensor.from_address(address) if address else None


def operand(tensor: Tensor, index: int) -> Tensor:
    """That operand, which the operation cannot be without."""
    return Tensor.from_address(tensor.src[index])


GetName = ctypes.CFUNCTYPE(Pointer, Pointer)
AllocBuffer = ctypes.CFUNCTYPE(Pointer, Pointer, Size)
GetSize = ctypes.CFUNCTYPE(Size, Pointer)
GetAllocSize = ctypes.CFUNCTYPE(Size, Pointer, Pointer)
Ask = ctypes.CFUNCTYPE(Bool, Pointer)
AskAbout = ctypes.CFUNCTYPE(Bool, Pointer, Pointer)


class BufferType(ctypes.Structure):
    """ggml_backend_buffer_type."""

    _fields_ = (
        ("get_name", GetName),
        ("alloc_buffer", AllocBuffer),
        ("get_alignment", GetSize),
        ("get_max_size", GetSize),
        ("get_alloc_size", GetAllocSize),
        ("is_host", Ask),
        ("device", Pointer),
        ("context", Pointer),
    )


FreeBuffer = ctypes.CFUNCTYPE(None, Pointer)
GetBase = ctypes.CFUNCTYPE(Pointer, Pointer)
MemsetTensor = ctypes.CFUNCTYPE(None, Pointer, Pointer, ctypes.c_uint8, Size, Size)
SetTensor = ctypes.CFUNCTYPE(None, Pointer, Pointer, Pointer, Size, Size)
Clear = ctypes.CFUNCTYPE(None, Pointer, ctypes.c_uint8)


class BufferInterface(ctypes.Structure):
    """ggml_backend_buffer_i."""

    _fields_ = (
        ("free_buffer", FreeBuffer),
        ("get_base", GetBase),
        ("init_tensor", Pointer),
        ("memset_tensor", MemsetTensor),
        ("set_tensor", SetTensor),
        ("get_tensor", Pointer),
        ("set_tensor_2d", Pointer),
        ("get_tensor_2d", Pointer),
        ("cpy_tensor", Pointer),
        ("clear", Clear),
        ("reset", Pointer),
    )


class Buffer(ctypes.Structure):
    """ggml_backend_buffer."""

    _fields_ = (
        ("interface", BufferInterface),
        ("buffer_type", Pointer),
        ("context", Pointer),
        ("size", Size),
        ("usage", Int),
    )


class DeviceProperties(ctypes.Structure):
    """ggml_backend_dev_props, with its capabilities."""

    _fields_ = (
        ("name", Pointer),
        ("description", Pointer),
        ("memory_free", Size),
        ("memory_total", Size),
        ("type", Int),
        ("device_id", Pointer),
        ("asynchronous", Bool),
        ("host_buffer", Bool),
        ("buffer_from_host_ptr", Bool),
        ("events", Bool),
        ("mmap_support", Bool),
    )


GetMemory = ctypes.CFUNCTYPE(None, Pointer, ctypes.POINTER(Size), ctypes.POINTER(Size))
GetType = ctypes.CFUNCTYPE(Int, Pointer)
GetProperties = ctypes.CFUNCTYPE(None, Pointer, ctypes.POINTER(DeviceProperties))
InitBackend = ctypes.CFUNCTYPE(Pointer, Pointer, Pointer)
GetBufferType = ctypes.CFUNCTYPE(Pointer, Pointer)


class Device(ctypes.Structure):
    """ggml_backend_device."""

    _fields_ = (
        ("get_name", GetName),
        ("get_description", GetName),
        ("get_memory", GetMemory),
        ("get_type", GetType),
        ("get_props", GetProperties),
        ("init_backend", InitBackend),
        ("get_buffer_type", GetBufferType),
        ("get_host_buffer_type", GetBufferType),
        ("buffer_from_host_ptr", Pointer),
        ("supports_op", AskAbout),
        ("supports_buft", AskAbout),
        ("offload_op", AskAbout),
        ("event_new", Pointer),
        ("event_free", Pointer),
        ("event_synchronize", Pointer),
        ("reg", Pointer),
        ("context", Pointer),
    )


AddDependency = ctypes.CFUNCTYPE(None, Pointer, Pointer, Pointer)
OptimizeGraph = ctypes.CFUNCTYPE(None, Pointer, Pointer, Pointer)


class OptimizeParameters(ctypes.Structure):
    """ggml_backend_graph_optimize_params."""

    _fields_ = (("add_alloc_dep", AddDependency), ("user_data", Pointer))


class Backend(ctypes.Structure):
    """ggml_backend: a stream of a device."""

    _fields_ = (
        ("guid", Pointer),
        ("get_name", GetName),
        ("free", FreeBuffer),
        ("set_tensor_async", Pointer),
        ("get_tensor_async", Pointer),
        ("set_tensor_2d_async", Pointer),
        ("get_tensor_2d_async", Pointer),
        ("cpy_tensor_async", Pointer),
        ("synchronize", Pointer),
        ("graph_plan_create", Pointer),
        ("graph_plan_free", Pointer),
        ("graph_plan_update", Pointer),
        ("graph_plan_compute", Pointer),
        ("graph_compute", Pointer),
        ("event_record", Pointer),
        ("event_wait", Pointer),
        ("graph_optimize", OptimizeGraph),
        ("device", Pointer),
        ("context", Pointer),
    )


GetDevice = ctypes.CFUNCTYPE(Pointer, Pointer, Size)
GetFunction = ctypes.CFUNCTYPE(Pointer, Pointer, Pointer)


class Registry(ctypes.Structure):
    """ggml_backend_reg: what a family of devices is called, and its devices."""

    _fields_ = (
        ("api_version", Int),
        ("get_name", GetName),
        ("get_device_count", GetSize),
        ("get_device", GetDevice),
        ("get_proc_address", GetFunction),
        ("context", Pointer),
    )
