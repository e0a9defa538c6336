"""Draft of chapter 17: cells that were thought through; only the coder has been run (199.9 bits an image for an ELBO of
198.9, every byte came back, 200 binarised test digits)."""
import nbformat, sys
from nbformat.v4 import new_notebook, new_markdown_cell as md, new_code_cell as code
cells = []
def M(s): cells.append(md(s.strip("\n")))
def C(s, tags=(), **meta):
    c = code(s.strip("\n")); c.metadata.update({"tags": list(tags)} if tags else {}); cells.append(c)
CLAIM = ("keep_output", "nbval-check-output")
CHECK = ("hide-cell",)

M(r"""
# What it is good for

A VAE is trained to do one thing: to give the images that it has seen a high probability. What can be asked of it afterwards?

The answer: **whoever has $p_\theta(x, z)$ can condition it, and every use is a conditional.** Draw one digit of a given class: $p(x \mid y)$. Fill in what is hidden: $p(x_{\text{hidden}} \mid x_{\text{seen}})$.
Say whether an image is one of ours: compare $p_\theta(x)$ with what one expects of it. Store it in few bits: $-\log_2 p_\theta(x)$ of them. In the plane each has an exact answer, so that we can see what the usual shortcut loses.
""")
M("## One given class")
M(r"""
How much of the code is the class? The labels split the information of {eq}`eq-11-surgery` once more. With $q_\phi(z \mid y)$, the aggregate posterior of the images of class $y$,

$$
R = \underbrace{\mathbb{E}\,\operatorname{KL}\big( q_\phi(z \mid x) \,\Vert\, q_\phi(z \mid y) \big)}_{\text{within the classes}}
+ \underbrace{\mathbb{E}\,\operatorname{KL}\big( q_\phi(z \mid y) \,\Vert\, q_\phi(z) \big)}_{I(y;\, z)}
+ \operatorname{KL}\big( q_\phi(z) \,\Vert\, p(z) \big) .
$$ (eq-17-labels)

The middle term is what a decoder that is told the class need not be told by the code. It is at most the entropy of the labels, $\ln 10 = 2.3$ nats. How much of that does the shipped VAE carry?
""")
C("""
vae = vae_core.load_pretrained("vae")
mnist = vae_core.load_mnist()
mean, log_var = vae.encode(mnist.x_test)
axis = np.arange(-5, 5, 1 / 16)
area = (axis[1] - axis[0]) ** 2
share = np.bincount(mnist.y_test) / len(mnist.y_test)
q_y = np.stack([
    evaluation.aggregate_on_grid(mean[rows], log_var[rows], (axis, axis))
    for rows in (mnist.y_test == y for y in range(10))
])
q = np.tensordot(share, q_y, axes=1)
""")
C("""
information = area * (share[:, None, None] * rel_entr(q_y, q)).sum()
entropy = -(share * np.log(share)).sum()
print(f"I(y; z) = {information:.2f} of {entropy:.2f} nats")
""", CLAIM)
M(r"""
A *conditional* VAE is told the class in both networks {cite:p}`kingma2014semi,sohn2015learning`. Its code is free for what the class does not say.

RESULTS of benchmarks/conditional.py: d = 2 and d = 8, with and without labels, three seeds: ELBO and rate of each, what the labels save against I(y; z) and ln 10; weights for the figure "a 7 in this hand": encode (x, y) of six handwritings, decode each code with all ten labels.
""")
M(r"""
## What is hidden

Half of a digit is covered. What was there? The model has an exact answer. The pixels are independent once $z$ is known, so what is seen says something of $z$ and $z$ says something of the rest:

$$
p_\theta(x_{\text{hidden}} \mid x_{\text{seen}}) = \int p_\theta(x_{\text{hidden}} \mid z)\; p_\theta(z \mid x_{\text{seen}})\, dz .
$$ (eq-17-hidden)

A decoder that ends where the covering begins is a model of what is seen, and everything in the package works on it:
""")
C("""
seen = evaluation.BareModel(
    None, lambda z: vae.decoder(z, training=False)[:, :14], vae.likelihood
)
digits = mnist.x_test[:100]
upper, lower = digits[:, :14], digits[:, 14:]
""")
C("""
whole = evaluation.exact_log_likelihood(vae, digits, progress=False)
part = evaluation.exact_log_likelihood(seen, upper, progress=False)
exact = whole.log_likelihood - part.log_likelihood
""")
M("The shortcut is to fill in black, encode, decode, fill in what comes out, and go on. In the *linear* model that is no shortcut:")
M(r"""
:::{admonition} Encode, decode, fill in, repeat
In the linear VAE with its exact encoder the fixed point of this iteration is $\mathbb{E}[z \mid x_{\text{seen}}]$, exactly. With the hidden pixels at $W_h z + b_h$ the posterior mean $z$ solves $M z = W_s^\top (x_s - b_s) + W_h^\top W_h z$, and since $M = W_s^\top W_s + W_h^\top W_h + cI$, that is $(W_s^\top W_s + cI)\, z = W_s^\top (x_s - b_s)$: the posterior mean of the model of what is seen. It converges like the powers of the largest eigenvalue of $M^{-1} W_h^\top W_h$, which is below 1.
:::
""")
C("""
model = linear_gaussian.LinearGaussian(
    jnp.array(rng.normal(size=(8, 2))), jnp.array(rng.normal(size=8)), jnp.array(0.3)
)
W, b, c = (np.asarray(part) for part in model)
x = np.asarray(linear_gaussian.sample(model, 1, jax.random.key(SEED)).x)[0]
S, H = slice(0, 5), slice(5, 8)
filled = x.copy(); filled[H] = 0
for _ in range(2000):
    z = np.linalg.solve(W.T @ W + c * np.eye(2), W.T @ (filled - b))
    filled[H] = W[H] @ z + b[H]
covariance = W @ W.T + c * np.eye(8)
joint = b[H] + covariance[H, S] @ np.linalg.solve(covariance[S, S], x[S] - b[S])
np.testing.assert_allclose(filled[H], joint, atol=1e-9)
""", CHECK)
M("FILLING: exact draws from p(z | seen) by posterior_on_grid(seen, ...), against: black and encode once; twenty rounds; the best Gaussian for what is seen (inference_gaps of `seen`, with the encoder on black below as its encoder). Nats of the hidden half under each, against `exact`. Figure: three digits with two readings of their upper half (4 or 9, 3 or 5), posterior in the plane in two pieces, six completions each.")
M(r"""
## Is it one of ours?

FAILURE, measured with exact log p on binarised images (300 test digits, shipped VAE): digits -132 nats; thinned digits -124; mirrored -176; upside down -171; turned by 90 degrees -209; two digits on top of each other -219; a *blank* image -40; a dot -43; a bar -52; an all-white one -3,952. A blank image is likelier than nine digits in ten: a likelihood counts surprises, and a simple image holds few. {cite:t}`nalisnick2019deep` found it between data sets; remedies: subtract a measure of simplicity (size after compression, {cite:t}`serra2020input`), the ratio to a background model {cite:p}`ren2019likelihood`, typicality.
benchmarks/anomalies.py: three shipped seeds x these sets x exact log p, ELBO, reconstruction term, log p plus compressed size; AUROC with its interval; threshold from held-out digits at 5 % false alarms with Wilson's interval.
""")
M(r"""
## In few bits

A model with $p_\theta(x)$ is a compressor: an ideal coder spends $-\log_2 p_\theta(x)$ bits. But $p_\theta(x)$ is an integral. *Bits back* spends the negative ELBO instead and needs no integral {cite:p}`townsend2019practical`. The idea: choose $z$ not at random but *by reading bits that are waiting to be sent*. They come out again when the receiver, who knows $x$ by then, works out which $z$ would have been chosen by which bits. So $z$ costs $-\log_2 p(z)$ and gives back $-\log_2 q_\phi(z \mid x)$.

The coder is a stack: what goes on last comes off first. It is the asymmetric numeral system of {cite:t}`duda2009asymmetric` in a dozen lines. An interval of length `size` out of $2^{24}$ costs $24 - \log_2 \text{size}$ bits.
""")
C(open("/tmp/w17/coder.py").read().split("PRECISION = 24\n")[1].split("\n", 0)[0] if False else '''
PRECISION = 24


class Stack:  # last in, first out
    def __init__(self, words):
        self.head, self.words = 1 << 32, list(words)

    def push(self, start, size):
        if self.head >= size << (64 - PRECISION):
            self.words.append(self.head & 0xFFFFFFFF)
            self.head >>= 32
        high, low = divmod(self.head, size)
        self.head = (high << PRECISION) + low + start

    def peek(self):
        return self.head & ((1 << PRECISION) - 1)

    def pop(self, start, size):
        self.head = size * (self.head >> PRECISION) + self.peek() - start
        if self.head < 1 << 32:
            self.head = (self.head << 32) | self.words.pop()
''')
M("The rest of the coder, as it was run, is in drafts/17_coder.py: 4,096 bins of equal prior mass for each coordinate of z, 200 binarised test digits, 199.9 bits an image against a negative ELBO of 198.9, decoded without a mistake and the waiting words as they were. For the chapter: a model with d = 20 trained on binarised digits (the plane loses to bz2, 176 bits an image over 1,000 packed images; lzma 198, zlib 222).")
nb = new_notebook(cells=cells)
nbformat.write(nb, sys.argv[1])
