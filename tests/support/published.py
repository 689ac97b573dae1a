"""MobileNets as op graphs, layer for layer as `keras.applications` builds them, built by hand."""

from fractions import Fraction

from archc.rounding import Rounding
from support.nets import Net

_V1 = (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), *[(512, s) for s in (2, 1, 1, 1, 1, 1)]
_V2 = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)


def mobilenet_v1(alpha: Fraction, size: int, classes: int = 1000) -> Net:
    net = Net(size, size, 3)
    net("conv", channels=int(32 * alpha), kernel=(3, 3), stride=(2, 2))
    net.chain("batchnorm", "relu6")
    for channels, stride in (*_V1, (1024, 2), (1024, 1)):
        if stride == 2:
            net("zero_pad", before=(0, 0), after=(1, 1))
            net("dwconv", kernel=(3, 3), stride=(2, 2), padding="valid")
        else:
            net("dwconv", kernel=(3, 3))
        net.chain("batchnorm", "relu6")
        net("conv", channels=int(channels * alpha))
        net.chain("batchnorm", "relu6")
    net("global_average_pool", keepdims=True)
    net("dropout")
    net("conv", channels=classes)
    net("reshape", shape=(classes,))
    net("softmax")
    return net


def mobilenet_v2(alpha: Fraction, size: int, classes: int = 1000) -> Net:
    rounding = Rounding(8, Fraction(9, 10))
    net = Net(size, size, 3)
    net("conv", channels=rounding.width(32 * alpha), kernel=(3, 3), stride=(2, 2))
    net.chain("batchnorm", "relu6")
    for expansion, channels, repeat, stride in _V2:
        for number in range(repeat):
            _bottleneck(net, expansion, rounding.width(channels * alpha), 1 if number else stride)
    net("conv", channels=max(1280, rounding.width(1280 * alpha)))
    net.chain("batchnorm", "relu6", "global_average_pool")
    net("dense", units=classes)
    net("softmax")
    return net


def _bottleneck(net: Net, expansion: int, channels: int, stride: int) -> None:
    entered, (height, _, width) = net.last, net.shape(net.last)
    if expansion > 1:
        net("conv", channels=width * expansion)
        net.chain("batchnorm", "relu6")
    if stride == 2:
        total = max((-(-height // 2) - 1) * 2 + 3 - height, 0)
        before, after = total // 2, total - total // 2
        net("zero_pad", before=(before, before), after=(after, after))
        net("dwconv", kernel=(3, 3), stride=(2, 2), padding="valid")
    else:
        net("dwconv", kernel=(3, 3))
    net.chain("batchnorm", "relu6")
    net("conv", channels=channels)
    net("batchnorm")
    if stride == 1 and channels == width:
        net("add", entered, net.last)
