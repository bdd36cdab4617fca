"""Metadata that mark every generated picture as generated."""

import html
from dataclasses import dataclass

from limner import __version__

# IPTC photo metadata standard 2023.2, "Digital Source Type": the picture was made by a machine.
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
<xmp:CreatorTool>{tool}</xmp:CreatorTool>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The model that made a picture; written into it, so that it is not mistaken for a photo."""

    model: str
    """Name of the model, as `limner models` lists it, or of its file."""
    digest: str
    """SHA-256 of the model's weights, in hexadecimal."""

    @property
    def software(self) -> str:
        """The program, with its version."""
        return f"limner {__version__}"

    @property
    def maker(self) -> str:
        """The model and its digest, in one line."""
        return f"{self.model} sha256:{self.digest}"

    @property
    def xmp(self) -> bytes:
        """The XMP packet that says "made by a trained model" in IPTC's vocabulary."""
        tool = html.escape(f"{self.software} ({self.maker})")
        return _XMP.format(source_type=_SOURCE_TYPE, tool=tool).encode()
