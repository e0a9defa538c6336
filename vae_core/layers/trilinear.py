"""Strided convolution, its adjoint and its kernel gradient: three matrix products with the batch innermost.

A convolution y of x with a kernel is linear in both, so it is one trilinear form

    T(x, kernel, y) = sum over p, q, t with  p = strides * q + t - offset  of  x[p] kernel[t] y[q].

Leave one argument out and differentiate: the convolution is dT/dy, the transposed convolution is dT/dx (it is
the adjoint of the convolution) and the gradient with respect to the kernel is dT/dkernel. So the derivative of any
of the three with respect to any argument is again one of the three, and no other code is needed for gradients
of any order, forward or reverse.

Each of the three is one matrix product once the patches of x are the rows of a matrix ("im2col"). Arrays are
laid out as (channels, height, width, batch): with the batch innermost, a patch is copied in runs of a whole batch,
and no transpose is left between layers.

The padding is "same" and the larger image is a multiple of the stride, so that pixel q of the small image sees
the pixels strides * q + tap of the large one, with the same taps for every q.

Sources: Chellapilla, Puri and Simard (2006), "High performance convolutional neural networks for document
processing", for the matrix product; Dumoulin and Visin (2016), arXiv:1603.07285, section 4, for the adjoint.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Float

Pair = tuple[int, int]
Large = Float[Array, "in_channels height width batch"]
Small = Float[Array, "out_channels small_height small_width batch"]
Kernel = Float[Array, "kernel_height kernel_width in_channels out_channels"]
Patches = Float[Array, "taps pixels"]


def convolution(x: Large, kernel: Kernel, *, strides: Pair) -> Small:
    """Return the "same" convolution (cross-correlation) of x, as `keras.ops.conv` does in its own layout.

    Args:
        x: (in_channels, height, width, batch); height and width are multiples of the strides.
        kernel: (kernel_height, kernel_width, in_channels, out_channels), as Keras stores it.
        strides: two positive integers, down and across.

    Returns:
        (out_channels, height // strides[0], width // strides[1], batch).
    """
    result: Small = _convolution_p.bind(x, kernel, kernel_size=kernel.shape[:2], strides=strides)
    return result


def transposed_convolution(y: Small, kernel: Kernel, *, strides: Pair) -> Large:
    """Return the adjoint of `convolution` applied to y: <y, convolution(x)> = <transposed_convolution(y), x>.

    Args:
        y: (out_channels, small_height, small_width, batch).
        kernel: (kernel_height, kernel_width, in_channels, out_channels): the kernel of the convolution whose adjoint
            this is, which is also how Keras stores the kernel of a transposed convolution.
        strides: two positive integers, down and across.

    Returns:
        (in_channels, small_height * strides[0], small_width * strides[1], batch).
    """
    result: Large = _transposed_p.bind(y, kernel, kernel_size=kernel.shape[:2], strides=strides)
    return result


def kernel_gradient(x: Large, y: Small, *, kernel_size: Pair, strides: Pair) -> Kernel:
    """Return the gradient of <y, convolution(x, kernel)> with respect to the kernel."""
    result: Kernel = _kernel_p.bind(x, y, kernel_size=kernel_size, strides=strides)
    return result


def _convolution(x: Large, kernel: Kernel, *, kernel_size: Pair, strides: Pair) -> Small:
    y = _product(kernel.reshape(-1, kernel.shape[3]), _gather(x, kernel_size, strides), 0, 0)
    return y.reshape(-1, x.shape[1] // strides[0], x.shape[2] // strides[1], x.shape[3])


def _transposed(y: Small, kernel: Kernel, *, kernel_size: Pair, strides: Pair) -> Large:
    patches = _product(kernel.reshape(-1, kernel.shape[3]), y.reshape(len(y), -1), 1, 0)
    return _scatter(patches, kernel_size, strides, *y.shape[1:])


def _kernel(x: Large, y: Small, *, kernel_size: Pair, strides: Pair) -> Kernel:
    gradient = _product(_gather(x, kernel_size, strides), y.reshape(len(y), -1), 1, 1)
    return gradient.reshape(*kernel_size, len(x), len(y))


def _gather(x: Large, kernel_size: Pair, strides: Pair) -> Patches:
    """Return the patches of x, one column for each pixel of the small image and each example: rows first."""
    rows = jnp.stack(_windows(x, 1, kernel_size[0], strides[0]))
    patches = jnp.stack(_windows(rows, 3, kernel_size[1], strides[1]), 1)
    return patches.reshape(kernel_size[0] * kernel_size[1] * len(x), -1)


def _windows(x: Array, axis: int, kernel: int, stride: int) -> list[Array]:
    """Return, for each tap, what the small image sees of x through it along one axis."""
    shape = x.shape
    phases = x.reshape(*shape[:axis], shape[axis] // stride, stride, *shape[axis + 1 :])
    return [
        _shift(lax.index_in_dim(phases, tap % stride, axis + 1, keepdims=False), axis, -(tap // stride))
        for tap in _taps(kernel, stride)
    ]


def _scatter(patches: Patches, kernel_size: Pair, strides: Pair, height: int, width: int, batch: int) -> Large:
    """Add up overlapping patches: the adjoint of `_gather`.

    The large image is made one phase at a time (the pixels that share a remainder by the stride), since whole
    large images, one for each tap, would pass the size above which the allocator returns memory at every step.
    """
    down, across = strides
    pieces = patches.reshape(*kernel_size, -1, height, width, batch)
    phases = [
        [
            sum(
                _shift(_shift(pieces[a, b], 1, i // down), 2, j // across)
                for a, i in enumerate(_taps(kernel_size[0], down))
                for b, j in enumerate(_taps(kernel_size[1], across))
                if i % down == p and j % across == q
            )
            + jnp.zeros((pieces.shape[2], height, width, batch), patches.dtype)
            for q in range(across)
        ]
        for p in range(down)
    ]
    x = jnp.stack([jnp.stack(row, 3) for row in phases], 2)
    return x.reshape(-1, height * down, width * across, batch)


def _taps(kernel: int, stride: int) -> range:
    offset = max(kernel - stride, 0) // 2
    return range(-offset, kernel - offset)


def _shift(x: Array, axis: int, by: int) -> Array:
    """Move x along an axis; zeros come in at the border."""
    padding = [(0, 0, 0)] * x.ndim
    padding[axis] = (by, -by, 0)
    return lax.pad(x, jnp.zeros((), x.dtype), padding)


def _product(a: Array, b: Array, contract_a: int, contract_b: int) -> Array:
    return lax.dot_general(a, b, (((contract_a,), (contract_b,)), ((), ())))


def _primitive(name: str, rule: Any) -> Primitive:
    primitive = Primitive(name)
    primitive.def_impl(jax.jit(rule, static_argnames=("kernel_size", "strides")))
    mlir.register_lowering(primitive, mlir.lower_fun(rule, multiple_results=False))

    def abstract(a: Any, b: Any, **geometry: Pair) -> Any:
        out = jax.eval_shape(partial(rule, **geometry), *(jax.ShapeDtypeStruct(v.shape, v.dtype) for v in (a, b)))
        return jax.core.ShapedArray(out.shape, out.dtype)

    def batched(operands: Any, axes: Any, **geometry: Pair) -> Any:
        return jax.vmap(partial(rule, **geometry), axes)(*operands), 0

    primitive.def_abstract_eval(abstract)
    batching.primitive_batchers[primitive] = batched
    return primitive


_convolution_p = _primitive("same_convolution", _convolution)
_transposed_p = _primitive("same_transposed_convolution", _transposed)
_kernel_p = _primitive("same_convolution_kernel_gradient", _kernel)

# Each rule receives the cotangent and the two arguments, of which the one sought is unknown.
ad.defbilinear(
    _convolution_p,
    lambda y, _, kernel, **geometry: _transposed_p.bind(y, kernel, **geometry),
    lambda y, x, _, **geometry: _kernel_p.bind(x, y, **geometry),
)
ad.defbilinear(
    _transposed_p,
    lambda x, _, kernel, **geometry: _convolution_p.bind(x, kernel, **geometry),
    lambda x, y, _, **geometry: _kernel_p.bind(x, y, **geometry),
)
ad.defbilinear(
    _kernel_p,
    lambda kernel, _, y, **geometry: _transposed_p.bind(y, kernel, **geometry),
    lambda kernel, x, _, **geometry: _convolution_p.bind(x, kernel, **geometry),
)
