"""Experiment: bits back with a streaming rANS coder."""
import vae_core, numpy as np, time, jax, jax.numpy as jnp, sys
from scipy.stats import norm
from vae_core import evaluation
PRECISION = 24
class Stack:                      # last in, first out: rANS (Duda, 2009)
    def __init__(self, words): self.head, self.words = 1 << 32, list(words)
    def push(self, start, size):  # an interval of [0, 2**PRECISION)
        if self.head >= size << (64 - PRECISION):
            self.words.append(self.head & 0xFFFFFFFF); self.head >>= 32
        self.head = ((self.head // size) << PRECISION) + self.head % size + start
    def peek(self): return self.head & ((1 << PRECISION) - 1)
    def pop(self, start, size):
        self.head = size * (self.head >> PRECISION) + self.peek() - start
        if self.head < 1 << 32: self.head = (self.head << 32) | self.words.pop()
    def bits(self): return 32 * len(self.words) + self.head.bit_length()
