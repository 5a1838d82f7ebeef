"""PyTorch: an update of its own ``nn.RNN`` with relu and a linear readout.

``nn.RNN`` has no leak and no trained initial state, so it does less than ours; the loss
``mean((w e)^2)``, gradients of all weights and Adam without clipping are the same.  Denormal
numbers are flushed to zero, without which it may become many times slower.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks.peers.protocol import serve


def step(
    units: int, batch: int, steps: int, inputs: int = 2, outputs: int = 2
) -> Callable[[], object]:
    """Prepare an update."""
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    network = torch.nn.RNN(inputs, units, nonlinearity="relu")
    readout = torch.nn.Linear(units, outputs)
    adam = torch.optim.Adam([*network.parameters(), *readout.parameters()], lr=1e-3, eps=1e-7)
    x, y = torch.randn(steps, batch, inputs), torch.randn(steps, batch, outputs)
    counts = torch.ones_like(y)

    def run() -> None:
        adam.zero_grad()
        r, _ = network(x)
        loss = torch.mean((counts * (readout(r) - y)) ** 2)
        loss.backward()
        adam.step()
        loss.item()

    run()
    return run


if __name__ == "__main__":
    serve({"step": step}, ("torch",))
