"""Numerics: which arithmetic a process uses, so that results have the same bytes everywhere.

Reproducible numerics give the same bits on every x86-64 processor with AVX2, whatever its vendor
and the width of its vectors, for equal code, seeds and numbers of threads:

- Matrix products follow one definition, that of models/shared/products.py, by kernels of oneDNN
  that compute it with AVX2 and with AVX-512 alike. Those of MKL sum in an order that depends on the
  vendor and the instruction set. Convolutions and recurrent layers are written as such products.
- PyTorch's vector code, as of softmax, layer norm, sums and the optimizer, uses AVX2: the number of
  partial sums of a reduction is that of the lanes of a vector.
- MKL, which is left with exp, log, tanh and very small products, uses its instructions for all
  processors. MKL_CBWR=AVX2 would not do: it has no effect on processors of other vendors.
- Attention is computed by its definition, not by the fused kernel, which calls MKL.

Native numerics are the fastest of the machine, or of a GPU; their results agree with those of other
machines within rounding. `python -m benchmarks.numerics` measures the difference.

Without torch, which reads the variables when it is loaded.
"""

import os

from models.settings import Numerics

ENVIRONMENT = {  # values that give the same bits, the fastest first
    "ATEN_CPU_CAPABILITY": ("avx2",),
    "ONEDNN_MAX_CPU_ISA": ("AVX512_CORE", "AVX2"),  # bfloat16 and AMX would round products
    "MKL_CBWR": ("COMPATIBLE",),
}


def set_environment(numerics: Numerics) -> None:
    """Set the variables of `numerics` in this process and its children, before torch is loaded.

    Those that the user has set to a value of ENVIRONMENT remain as they are.
    """
    if numerics is Numerics.REPRODUCIBLE:
        for name, values in ENVIRONMENT.items():
            if os.environ.get(name) not in values:
                os.environ[name] = values[0]


def is_set() -> bool:
    """Whether the variables of reproducible numerics are set."""
    return all(os.environ.get(name) in values for name, values in ENVIRONMENT.items())
