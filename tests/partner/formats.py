# SPDX-License-Identifier: Apache-2.0
"""How reads are put into the body of a response, and which way a client would have it.

A format has a media type, a heartbeat, the bytes that end an item, and read(), which gives bytes
of the body from an offset of the log and the offset after them. The log holds NDJSON, so NDJSON
is the log itself.
"""


class Ndjson:
    media_type = "application/x-ndjson"
    heartbeat = b"\n"
    line_end = b"\n"

    @staticmethod
    def read(log, offset, limit):
        data = log.read(offset, limit)
        return data, offset + len(data)


FORMATS = {f.media_type: f for f in (Ndjson,)}


def choose(accept):
    """The format an Accept header likes best, or None. Without a header anything goes."""
    best, liked = None, 0.0
    for part in (accept or "*/*").split(","):
        media, *parameters = [p.strip() for p in part.lower().split(";")]
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        for name, offered in FORMATS.items():
            if media in (name, name.split("/")[0] + "/*", "*/*") and quality > liked:
                best, liked = offered, quality
    return best
