"""Pairs of an encoder and a decoder for images of any shape, and a classifier."""

from vae_core.networks.article import article
from vae_core.networks.classifier import classifier
from vae_core.networks.color import color
from vae_core.networks.common import Networks
from vae_core.networks.conditional import conditional
from vae_core.networks.dense import dense
from vae_core.networks.spatial import spatial

NETWORKS = {"article": article, "dense": dense, "color": color}

__all__ = ["NETWORKS", "Networks", "article", "classifier", "color", "conditional", "dense", "spatial"]
