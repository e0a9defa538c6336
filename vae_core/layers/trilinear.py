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

That is the form for a CPU. Elsewhere the same three are XLA's convolution and its two transposes: `platform_dependent`
chooses when the program is compiled for a device. Where the batch lies on several devices, one part after the other,
each sums over its own pixels, and only kernel gradients are added up between them.

Sources: Chellapilla, Puri and Simard (2006), "High performance convolutional neural networks for document
processing", for the matrix product; Dumoulin and Visin (2016), arXiv:1603.07285, section 4, for the adjoint.
"""

from functools import partial
from typing import Any

import jax
from jax import Array, lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Float

from vae_core.layers.patches import gather, pixel_rows, scatter

Pair = tuple[int, int]
Large = Float[Array, "in_channels height width batch"]
Small = Float[Array, "out_channels small_height small_width batch"]
Kernel = Float[Array, "kernel_height kernel_width in_channels out_channels"]


def convolution(x: Large, kernel: Kernel, *, strides: Pair, shards: int = 1) -> Small:
    """Return the "same" convolution (cross-correlation) of x, as `keras.ops.conv` does in its own layout.

    Args:
        x: (in_channels, height, width, batch); height and width are multiples of the strides.
        kernel: (kernel_height, kernel_width, in_channels, out_channels), as Keras stores it.
        strides: two positive integers, down and across.
        shards: into how many equal parts the batch is split over devices; only the speed depends on it.

    Returns:
        (out_channels, height // strides[0], width // strides[1], batch).
    """
    result: Small = _convolution_p.bind(x, kernel, kernel_size=kernel.shape[:2], strides=strides, shards=shards)
    return result


def transposed_convolution(y: Small, kernel: Kernel, *, strides: Pair, shards: int = 1) -> Large:
    """Return the adjoint of `convolution` applied to y: <y, convolution(x)> = <transposed_convolution(y), x>.

    Args:
        y: (out_channels, small_height, small_width, batch).
        kernel: (kernel_height, kernel_width, in_channels, out_channels): the kernel of the convolution whose adjoint
            this is, which is also how Keras stores the kernel of a transposed convolution.
        strides: two positive integers, down and across.
        shards: into how many equal parts the batch is split over devices; only the speed depends on it.

    Returns:
        (in_channels, small_height * strides[0], small_width * strides[1], batch).
    """
    result: Large = _transposed_p.bind(y, kernel, kernel_size=kernel.shape[:2], strides=strides, shards=shards)
    return result


def kernel_gradient(x: Large, y: Small, *, kernel_size: Pair, strides: Pair, shards: int = 1) -> Kernel:
    """Return the gradient of <y, convolution(x, kernel)> with respect to the kernel."""
    result: Kernel = _kernel_p.bind(x, y, kernel_size=kernel_size, strides=strides, shards=shards)
    return result


def _convolution(x: Large, kernel: Kernel, *, kernel_size: Pair, strides: Pair, **_: Any) -> Small:
    return _product(kernel.reshape(-1, kernel.shape[3]), gather(x, kernel_size, strides), 0)


def _transposed(y: Small, kernel: Kernel, *, kernel_size: Pair, strides: Pair, **_: Any) -> Large:
    return scatter(_product(kernel.reshape(-1, kernel.shape[3]), y, 1), kernel_size, strides)


def _kernel(x: Large, y: Small, *, kernel_size: Pair, strides: Pair, shards: int) -> Kernel:
    patches = pixel_rows(gather(x, kernel_size, strides), shards)
    gradient = lax.dot_general(patches, pixel_rows(y, shards), (((2,), (2,)), ((0,), (0,)))).sum(0)
    return gradient.reshape(*kernel_size, len(x), len(y))


def _product(kernel: Array, images: Array, contract: int) -> Array:
    """Return the product over one axis of the kernel matrix and the channels of the images."""
    return lax.dot_general(kernel, images, (((contract,), (0,)), ((), ())))


def _xla_convolution(x: Large, kernel: Kernel, *, strides: Pair, **_: Any) -> Small:
    layout = ("CHWN", "HWIO", "CHWN")
    return lax.conv_general_dilated(x, kernel, strides, "SAME", dimension_numbers=layout)


def _xla_transposed(y: Small, kernel: Kernel, *, strides: Pair, **_: Any) -> Large:
    shape = (kernel.shape[2], y.shape[1] * strides[0], y.shape[2] * strides[1], y.shape[3])
    return _transpose(partial(_xla_convolution, kernel=kernel, strides=strides), shape, y)


def _xla_kernel(x: Large, y: Small, *, kernel_size: Pair, strides: Pair, **_: Any) -> Kernel:
    return _transpose(partial(_xla_convolution, x, strides=strides), (*kernel_size, len(x), len(y)), y)


def _transpose(linear: Any, shape: tuple[int, ...], y: Array) -> Array:
    result: Array = jax.linear_transpose(linear, jax.ShapeDtypeStruct(shape, y.dtype))(y)[0]
    return result


# It is called when the module is imported, before there is a mutant to call.
def _primitive(name: str, on_cpu: Any, elsewhere: Any) -> Primitive:  # pragma: no mutate block
    def rule(a: Array, b: Array, **geometry: Any) -> Any:
        return lax.platform_dependent(a, b, cpu=partial(on_cpu, **geometry), default=partial(elsewhere, **geometry))

    def abstract(a: Any, b: Any, **geometry: Any) -> Any:
        out = jax.eval_shape(partial(on_cpu, **geometry), *(jax.ShapeDtypeStruct(v.shape, v.dtype) for v in (a, b)))
        return jax.core.ShapedArray(out.shape, out.dtype)

    def batched(operands: Any, axes: Any, **geometry: Any) -> Any:
        return jax.vmap(partial(rule, **geometry), axes)(*operands), 0

    primitive = Primitive(name)
    primitive.def_impl(jax.jit(rule, static_argnames=("kernel_size", "strides", "shards")))
    primitive.def_abstract_eval(abstract)
    mlir.register_lowering(primitive, mlir.lower_fun(rule, multiple_results=False))
    batching.primitive_batchers[primitive] = batched
    return primitive


_convolution_p = _primitive("same_convolution", _convolution, _xla_convolution)
_transposed_p = _primitive("same_transposed_convolution", _transposed, _xla_transposed)
_kernel_p = _primitive("same_convolution_kernel_gradient", _kernel, _xla_kernel)

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
