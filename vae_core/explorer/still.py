"""The picture that stands in where a widget cannot be shown."""

import base64
from typing import Any


def with_still(bundle: Any, media_type: str, picture: bytes, words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a widget's output with a picture and words in it, for pages without JavaScript and for previews.

    Args:
        bundle: what the widget's `_repr_mimebundle_` returned: its data, or its data and metadata.
        media_type: of the picture; one that notebooks know.
        picture: the encoded image.
        words: what it shows.
    """
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    data[media_type] = picture.decode() if media_type == "image/svg+xml" else base64.b64encode(picture).decode()
    data["text/plain"] = words
    return data, metadata
