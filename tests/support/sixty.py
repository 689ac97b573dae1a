"""A spec of sixty operators, which times of editors are given for."""

STAGES = 9
SPEC = "\n".join(
    [
        "arch sixty(alpha = 1.0 in 0.1 .. 2) {",
        "    target stm32n6",
        "    input image: 64 x 64 x 3",
        *(
            f"    stage s{n}(channels = {8 * (n + 1)} * alpha"
            f"{', stride = 2' if n % 3 == 0 else ''}) {{ dwconv(3x3) batchnorm relu6 "
            f"conv batchnorm relu6 }}"
            for n in range(STAGES)
        ),
        "    head { conv(64) batchnorm relu6 global_average_pool dense(10) sigmoid }",
        "}",
        "",
    ]
)
