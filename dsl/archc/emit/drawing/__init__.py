"""The network as a picture: what to draw, where, and as SVG."""

from archc.emit.drawing.paint import QUANTITIES, untimed
from archc.emit.drawing.picture import picture
from archc.emit.drawing.structure import DETAILS, Picture, TooLarge
from archc.emit.drawing.svg import MARK, svg
