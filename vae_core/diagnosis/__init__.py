"""What is wrong with a variational autoencoder, anybody's: `diagnose` says it in sentences.

The two networks of the program are replaced by stand-ins whose outputs are known, so that the loss shows what it does
with them; then they are put back and looked at in use. Nothing is trained, and nothing in the model changes.
"""

from vae_core.diagnosis.examination import diagnose
from vae_core.diagnosis.findings import Diagnosis, Finding
from vae_core.diagnosis.program import Program

__all__ = ["Diagnosis", "Finding", "Program", "diagnose"]
