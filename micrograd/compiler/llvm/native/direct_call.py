"""The short way into machine code: a function that Python calls as one of its own.

A step on a few hundred samples takes some microseconds; to call it through ctypes and to read its results took one
more. `direct` makes a built-in function of one argument instead. It copies the parameters from any buffer of doubles,
runs the step, copies the gradient, and returns (value, gradient). A short step holds Python's lock (the GIL) all the
while, so that no other thread comes between; a longer one gives it back, and `taking_turns` keeps the others away.
Where the function cannot be sure, it returns None: the caller goes the long way.

From the question whether the memory is free to the copy of the gradient nothing of Python's is called, since almost
anything may run Python code, or give the GIL back: NumPy's copy of a large array, a buffer's `__release_buffer__`.

Its code uses functions of Python's stable ABI only (PEP 384), and is the same for all programs. It promises LLVM that
words and fields of a Py_buffer are aligned as C aligns them, and nothing of the numbers in a buffer.
"""

from __future__ import annotations

import ctypes
import functools
import sys

from micrograd.compiler.llvm.native.machine_code import MachineCode, host, machine_code, started

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FUNCTIONS = ("PyBuffer_Release", "PyErr_Clear", "PyEval_RestoreThread", "PyEval_SaveThread", "PyFloat_FromDouble",
             "PyLong_AsVoidPtr", "PyObject_CallNoArgs", "PyObject_GetBuffer", "PyTuple_GetItem", "PyTuple_Pack",
             "Py_DecRef", "Py_IncRef")  # fmt: skip
ONE_ARGUMENT = 8  # METH_O
FORMAT_AND_SHAPE = 4 | 8  # PyBUF_FORMAT | PyBUF_ND: in C order, whatever it is
WRITABLE = 1  # PyBUF_WRITABLE: bytes in C order


class Words(ctypes.Structure):
    """What the function is told: addresses, how many bytes the parameters have, and 1 if the GIL is to be given back.

    The gradient has as many bytes. The status stands behind the value; `in_use` is where a number says whether the
    memory is in use.
    """

    _fields_ = [
        ("code", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
        ("parameters", ctypes.c_void_p),
        ("bytes", ctypes.c_int64),
        ("gradient", ctypes.c_void_p),
        ("value", ctypes.c_void_p),
        ("in_use", ctypes.c_void_p),
        ("gives_back", ctypes.c_int64),
    ]


def word(name: str, kind: str = "ptr") -> str:
    """The instructions that read one of the words."""
    return (
        f"  %{name}_at = getelementptr i8, ptr %words, i64 {getattr(Words, name).offset}\n"
        f"  %{name} = load {kind}, ptr %{name}_at, align 8"
    )


CODE = f"""
declare i32 @PyObject_GetBuffer(ptr, ptr, i32)
declare void @PyBuffer_Release(ptr)
declare void @PyErr_Clear()
declare ptr @PyLong_AsVoidPtr(ptr)
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyTuple_GetItem(ptr, i64)
declare ptr @PyTuple_Pack(i64, ...)
declare ptr @PyObject_CallNoArgs(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

; self is the tuple (address of the words, what makes an array for the gradient, None, …); numbers is the argument
define ptr @step(ptr %self, ptr %numbers) nounwind {{
entry:
  %view = alloca [10 x i64], align 8
  %made_view = alloca [10 x i64], align 8
  %address = call ptr @PyTuple_GetItem(ptr %self, i64 0)
  %words = call ptr @PyLong_AsVoidPtr(ptr %address)
  %got = call i32 @PyObject_GetBuffer(ptr %numbers, ptr %view, i32 {FORMAT_AND_SHAPE})
  %is_buffer = icmp eq i32 %got, 0
  br i1 %is_buffer, label %shape, label %no_buffer
no_buffer:
  call void @PyErr_Clear()
  br label %none

; a Py_buffer is: buf, obj, len, itemsize, readonly and ndim (each of 32 bits), format, …
shape:
  %length_at = getelementptr i64, ptr %view, i64 2
  %length = load i64, ptr %length_at, align 8
{word("bytes", "i64")}
  %dimensions_at = getelementptr i32, ptr %view, i64 9
  %dimensions = load i32, ptr %dimensions_at, align 4
  %fits = icmp eq i64 %length, %bytes
  %flat = icmp eq i32 %dimensions, 1
  %shaped = and i1 %fits, %flat
  br i1 %shaped, label %format, label %release
format:
  %format_at = getelementptr i64, ptr %view, i64 5
  %text = load ptr, ptr %format_at, align 8
  %letter = load i8, ptr %text, align 1
  %is_double = icmp eq i8 %letter, {ord("d")}
  br i1 %is_double, label %letters, label %release
letters:
  %second_at = getelementptr i8, ptr %text, i64 1
  %second = load i8, ptr %second_at, align 1
  %alone = icmp eq i8 %second, 0
  br i1 %alone, label %make, label %release
make:
  %maker = call ptr @PyTuple_GetItem(ptr %self, i64 1)
  %array = call ptr @PyObject_CallNoArgs(ptr %maker)
  %is_array = icmp ne ptr %array, null
  br i1 %is_array, label %array_view, label %failed
array_view:
  %got_array = call i32 @PyObject_GetBuffer(ptr %array, ptr %made_view, i32 {WRITABLE})
  %has_room = icmp eq i32 %got_array, 0
  br i1 %has_room, label %free, label %no_room

; from here to the end of the copy of the gradient nothing of Python's is called
free:
{word("in_use")}
  %used = load i64, ptr %in_use, align 8
  %is_free = icmp eq i64 %used, 0
  br i1 %is_free, label %run, label %busy
run:
  %source = load ptr, ptr %view, align 8
{word("parameters")}
  call void @llvm.memcpy.p0.p0.i64(ptr %parameters, ptr %source, i64 %bytes, i1 false)
{word("code")}
{word("context")}
{word("gives_back", "i64")}
  %keeps = icmp eq i64 %gives_back, 0
  br i1 %keeps, label %short, label %long
short:
  call void %code(ptr %context)
  br label %status_of
long:
  %thread = call ptr @PyEval_SaveThread()
  call void %code(ptr %context)
  call void @PyEval_RestoreThread(ptr %thread)
  br label %status_of
status_of:
{word("value")}
  %status_at = getelementptr double, ptr %value, i64 1
  %status = load double, ptr %status_at, align 8
  %finite = fcmp oeq double %status, 0.0
  br i1 %finite, label %results, label %busy
results:
  %number = load double, ptr %value, align 8
{word("gradient")}
  %room = load ptr, ptr %made_view, align 8
  call void @llvm.memcpy.p0.p0.i64(ptr %room, ptr %gradient, i64 %bytes, i1 false)
  call void @PyBuffer_Release(ptr %made_view)
  call void @PyBuffer_Release(ptr %view)
  %float = call ptr @PyFloat_FromDouble(double %number)
  %made = icmp ne ptr %float, null
  br i1 %made, label %pair, label %no_value
pair:
  %result = call ptr (i64, ...) @PyTuple_Pack(i64 2, ptr %float, ptr %array)
  call void @Py_DecRef(ptr %float)
  call void @Py_DecRef(ptr %array)
  ret ptr %result

no_room:
  call void @Py_DecRef(ptr %array)
  br label %failed
failed:
  call void @PyBuffer_Release(ptr %view)
  ret ptr null
no_value:
  call void @Py_DecRef(ptr %array)
  ret ptr null

busy:
  call void @PyBuffer_Release(ptr %made_view)
  call void @Py_DecRef(ptr %array)
  br label %release
release:
  call void @PyBuffer_Release(ptr %view)
  br label %none
none:
  %nothing = call ptr @PyTuple_GetItem(ptr %self, i64 2)
  call void @Py_IncRef(ptr %nothing)
  ret ptr %nothing
}}
"""


class Definition(ctypes.Structure):
    """Python's PyMethodDef."""

    _fields_ = [("name", ctypes.c_char_p), ("code", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p)]


def possible() -> bool:
    """Whether this Python has the interface, and one lock that the function can rely on."""
    locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    return sys.implementation.name == "cpython" and sys.maxsize > 2**32 and locked


@functools.lru_cache(None)
def engine(cache: bool) -> MachineCode:
    """The machine code of the function."""
    binding = started()
    for name in FUNCTIONS:
        binding.add_symbol(name, ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value)
    return machine_code(CODE, host(), cache=cache)


def direct(words: Words, make: Callable[[], Any], keep: Any, cache: bool) -> Callable[[Any], Any]:
    """The function of all parameters for these words; make() gives an array for a gradient, `keep` lives as long."""
    code = engine(cache)
    definition = Definition(b"step", code.address("step"), ONE_ARGUMENT, None)
    built_in = ctypes.pythonapi.PyCFunction_NewEx
    built_in.restype, built_in.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    itself = (ctypes.addressof(words), make, None, words, definition, code, keep)
    step: Callable[[Any], Any] = built_in(ctypes.addressof(definition), itself, None)
    return step


def taking_turns(step: Callable[[Any], Any], lock: Any, in_use: Any) -> Callable[[Any], Any]:
    """The same for a step that gives the GIL back; None while another thread has the lock, or this one is at work."""
    acquire, release = lock.acquire, lock.release

    def turn(numbers: Any) -> Any:
        if not acquire(False):
            return None
        if in_use[0]:
            release()
            return None
        try:
            in_use[0] = 1
            return step(numbers)
        finally:
            in_use[0] = 0
            release()

    return turn
