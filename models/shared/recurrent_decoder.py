"""Recurrent language model of Performance RNN (Simon and Oore 2017).

The recurrent state summarises all earlier positions, so `step` is `forward` over one position; in
training the layers iterate over all positions of a batch.
"""

from torch import Tensor, nn

from models.settings import DataShape, RecurrentSettings
from models.shared.base import AutoregressiveModel, State
from models.shared.dropout import drop
from models.shared.heads import Softmax
from models.shared.recurrent import Past, RecurrentLayer


class Decoder(AutoregressiveModel):
    """Predicts each token from those before it, with layers of the type `layer`.

    Dropout between layers, none between positions (Zaremba et al. 2014).
    """

    def __init__(
        self, settings: RecurrentSettings, shape: DataShape, layer: type[RecurrentLayer]
    ) -> None:
        super().__init__()
        self.settings, self.shape, self.layer = settings, shape, layer
        self.tokens = nn.Embedding(shape.inputs, settings.d_model)
        self.layers = nn.ModuleList(
            layer(settings.d_model, settings.d_model) for _ in range(settings.num_layers)
        )
        self.head = Softmax(settings.d_model, shape.outputs)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, target) to hidden states (batch, target, d_model)."""
        return self._decode(inputs, self._empty_past(len(inputs)))

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        """See AutoregressiveModel."""
        return State(self._empty_past(copies), copies)

    def step(self, ids: Tensor, state: State) -> Tensor:
        """See AutoregressiveModel."""
        state.position += 1
        return self.head.next_logits(self._decode(ids[:, None], state.past)[:, 0])

    def _empty_past(self, batch: int) -> Past:
        return Past.empty(self.layer, self.settings.num_layers, batch, self.tokens.weight)

    def _decode(self, ids: Tensor, past: Past) -> Tensor:
        """Map ids (batch, target) to hidden states (batch, target, d_model).

        Updates `past` in place.
        """
        hidden = self._drop(self.tokens(ids))
        for index, layer in enumerate(self.layers):
            hidden, past.layers[index] = layer(hidden, past.layers[index])
            hidden = self._drop(hidden)
        return hidden

    def _drop(self, inputs: Tensor) -> Tensor:
        return drop(inputs, self.settings.dropout, self.training)
