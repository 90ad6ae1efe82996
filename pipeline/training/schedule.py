"""The learning rate over the steps."""


def learning_rate(step: int, peak: float, warmup_steps: int) -> float:
    """Linear warm-up to `peak`, then decay with the inverse square root of the step.

    Vaswani et al. 2017, eq. 3, d_model^-0.5 * min(step^-0.5, step * warmup^-1.5), written by its
    peak (d_model * warmup)^-0.5. `step` counts from 1.
    """
    return peak * min(step / warmup_steps, (warmup_steps / step) ** 0.5)
