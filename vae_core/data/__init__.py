"""Images to train on: MNIST, folders of pictures, arrays. Each is checked once, here."""

from vae_core.data.arrays import from_arrays
from vae_core.data.folder import UnreadableError, load_folder
from vae_core.data.images import Images, Split
from vae_core.data.mnist import MNIST_FILE, MNIST_SHA256, Mnist, load_mnist, mnist_split, mnist_test

__all__ = [
    "MNIST_FILE",
    "MNIST_SHA256",
    "Images",
    "Mnist",
    "Split",
    "UnreadableError",
    "from_arrays",
    "load_folder",
    "load_mnist",
    "mnist_split",
    "mnist_test",
]
