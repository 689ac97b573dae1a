#!/usr/bin/env bash
# TFLite to TOSA: nearest upsampling by two takes every second pixel from the wrong neighbour.
#
# tosa-converter-for-tflite 2026.2.0 with the reference model of tosa-tools 2026.8.0, the route of Arm's
# compilers for Ethos-U and Mali, and ai-edge-litert 2.3.0. One int8 operator per file.
# Guess: nearest resizing copies values, so both give the same bytes; only bilinear resizing may differ.
# Seen: without half_pixel_centers, the form of UpSampling2D in older files, LiteRT rounds a position
# down and TOSA to the nearest, halves up: of a doubled row the odd pixels are copies of their right
# neighbour. The converter says nothing. With half_pixel_centers, and in bilinear resizing, the two
# agree to the byte.
. "$(dirname "$0")/lib/finding.sh"
packages ai-edge-litert==2.3.0 tosa-converter-for-tflite==2026.2.0 tosa-tools==2026.8.0

seen <<'END'
RESIZE_NEAREST_NEIGHBOR, half_pixel_centers False: a row of LiteRT 10 10 20 20 30 30 40 40 50 50 60 60
RESIZE_NEAREST_NEIGHBOR, half_pixel_centers False: a row of TOSA   10 20 20 30 30 40 40 50 50 60 60 60
RESIZE_NEAREST_NEIGHBOR, half_pixel_centers False: 64% of noise differ, by up to 244
RESIZE_NEAREST_NEIGHBOR, half_pixel_centers True: a row of LiteRT 10 10 20 20 30 30 40 40 50 50 60 60
RESIZE_NEAREST_NEIGHBOR, half_pixel_centers True: a row of TOSA   10 10 20 20 30 30 40 40 50 50 60 60
RESIZE_NEAREST_NEIGHBOR, half_pixel_centers True: 0% of noise differ, by up to 0
RESIZE_BILINEAR, half_pixel_centers False: 0% of noise differ, by up to 0
RESIZE_BILINEAR, half_pixel_centers True: 0% of noise differ, by up to 0
END

run <<'END'
import json
import subprocess

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from tflite_file import OPERATOR, Network


def file(op, half, size):
    network = Network()
    source = network.tensor((1, 4, 6, 1), "int8", 0.1)
    wanted = network.tensor((2,), "int32", data=np.array(size))
    target = network.tensor((1, *size, 1), "int8", 0.1)
    table = "ResizeNearestNeighborOptions" if "NEAREST" in op else "ResizeBilinearOptions"
    network.operator(getattr(OPERATOR, op), [source, wanted], [target], table,
                     halfPixelCenters=half, alignCorners=False)
    return network.file([source], [target])


def by_litert(data, value):
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def by_tosa(data, value):
    with open("net.tflite", "wb") as written:
        written.write(data)
    np.save("in.npy", value)
    for command in (
        ["tosa-converter-for-tflite", "net.tflite", "--text", "-o", "net.mlir"],
        ["tosa-opt", "net.mlir", "--tosa-serialize", "--tosa-flatbuffer-filename=net.tosa",
         "-o", "serialised.mlir"],
        ["tosa_reference_model", "--flatbuffer_dir=.", "--output_dir=.", "--tosa_file=net.tosa",
         "--ifm_name=TosaInput_0", "--ifm_file=in.npy", "--ofm_name=TosaOutput_0",
         "--ofm_file=out.npy"],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return np.load("out.npy")


row = np.tile(np.arange(1, 7, dtype=np.int8) * 10, (4, 1)).reshape(1, 4, 6, 1)
noise = np.random.default_rng(0).integers(-128, 128, size=(1, 4, 6, 1)).astype(np.int8)
for op in ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"):
    for half in (False, True):
        data = file(op, half, (8, 12))
        if "NEAREST" in op:
            print(f"> {op}, half_pixel_centers {half}: a row of LiteRT",
                  *by_litert(data, row)[0, 0, :, 0].tolist())
            print(f"> {op}, half_pixel_centers {half}: a row of TOSA  ",
                  *by_tosa(data, row)[0, 0, :, 0].tolist())
        away = np.abs(by_litert(data, noise).astype(int) - by_tosa(data, noise))
        print(f"> {op}, half_pixel_centers {half}: {np.mean(away > 0):.0%} of noise differ,",
              f"by up to {away.max()}")
END
