"""Parameters that timm has for block strings, in `timm_counts.json`.

Run by hand where timm is installed, which brings torch: it prints the counts and what differs, and
what timm makes of slips.
"""

import json
import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("timm_counts.json")
SLIPS = (
    "ir_r1_k3_s1_e6_c16_see0.25",
    "ir_r1_k3_s1_e6_c16_nrelu6",
    "ir_r1_k3_s1_e6_c16_nsilu",
    "ir_r1_k3_s1_e6_c16_K5",
    "ir_r1_k3_s1_e6_c16_st2",
    "ir_r1_k3_s1_e6_c16_exp3",
    "ir_r1_k3_s1_e6_c16_k5",
    "ir_r1_k3_s1_e6_c16_skip",
    "ir_r1_k3_s1_e6_c16_noskp",
    "ds_r1_k3_s1_e6_c16",
    "dsa_r1_k3_s1_c16_skip",
    "cn_r1_k3_s1_c16_se0.25",
    "cn_r1_k3_s1_c16_noskip",
)
"""Strings that timm 1.0.31 takes, and does something else than they seem to say."""


def built(entry: dict[str, Any]) -> int:
    """The parameters of the network that timm builds of block strings."""
    from functools import partial

    from timm.models._efficientnet_blocks import SqueezeExcite
    from timm.models._efficientnet_builder import decode_arch_def, round_channels
    from timm.models.efficientnet import EfficientNet
    from timm.models.mobilenetv3 import MobileNetV3
    from torch import nn

    activations = {"relu": nn.ReLU, "relu6": nn.ReLU6, "swish": nn.SiLU, "hard_swish": nn.Hardswish}
    features = entry["features"]
    given = {
        "block_args": decode_arch_def([[string] for string in entry["strings"]]),
        "stem_size": entry["stem"],
        "fix_stem": True,
        "act_layer": activations[entry["activation"]],
    }

    def count(*modules: Any) -> int:
        return sum(values.numel() for module in modules for values in module.parameters())

    if entry.get("attention") != "mobilenetv3":
        return count(EfficientNet(**given, num_features=features))
    layer = partial(
        SqueezeExcite,
        gate_layer="hard_sigmoid",
        force_act_layer=nn.ReLU,
        rd_round_fn=round_channels,
    )
    model = MobileNetV3(**given, num_features=features, se_layer=layer)
    body = count(model.conv_stem, model.bn1, model.blocks)
    # Behind the blocks an import has EfficientNet's head: MobileNetV3 pools before it widens.
    width = model.conv_head.in_channels
    return body + width * features + 2 * features + 1_000 * (features + 1)


def main() -> None:
    from timm.models._efficientnet_builder import decode_arch_def

    for name, entry in json.loads(TABLE.read_text())["networks"].items():
        count = built(entry)
        differs = "" if count == entry["params"] else f", where the table has {entry['params']}"
        sys.stdout.write(f"{name} {count}{differs}\n")
    for slip in SLIPS:
        sys.stdout.write(f"{slip} {decode_arch_def([[slip]])[0][0]}\n")


if __name__ == "__main__":
    main()
