"""What may be changed in a lesson by hand: a small network, its input, and the neuron that is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from nnanim.params import Numbers, Params, show_value, split_numbers
from nnanim.wording import brief, n_of

DEFAULT_INPUTS = (0.8, 0.3, 0.6, 0.9, 0.1, 0.5, 0.7, 0.2, 0.4, 1.0, 0.0, 0.35)
BY_HAND = {"layers", "inputs", "activation", "head", "neuron", "seed", "gain", "weights"}
LayerSizes = Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], BeforeValidator(split_numbers)]


def default_inputs(known: dict[str, Any]) -> tuple[float, ...]:
    """As many inputs as the network takes."""
    return tuple(DEFAULT_INPUTS[n % len(DEFAULT_INPUTS)] for n in range(known.get("layers", (3,))[0]))


def sizes_in(file: Path) -> tuple[int, ...]:
    """The sizes of the network in a file.

    Raises
    ------
    ValueError
        When there are too many of them, or too few.
    """
    from nnanim.sim import mlp  # torch is imported only when something is computed

    sizes = mlp.load(file).sizes
    if not 3 <= len(sizes) <= 6 or max(sizes) > 1000:
        raise ValueError(f"{file} holds a network of {brief(show_value(sizes))}; here 3 to 6 layers of at most 1000 neurons are shown")
    return sizes


class ByHandParams(Params):
    """The network, its input, and the neuron that is looked at. A change of any of them implies the example by hand."""

    example: Literal["digit", "by-hand"] = Field(
        "digit", description="a digit's way through a trained network, or a small network by hand; a change of its parameters implies it"
    )
    layers: LayerSizes = Field(
        (3, 4, 4, 2), min_length=3, max_length=6, description="by hand: neurons of each layer: input, 1–4 hidden layers, output"
    )
    inputs: Numbers = Field(default_factory=default_inputs, description="by hand: values of the input layer, one for each input neuron")
    activation: Literal["sigmoid", "tanh", "relu", "gelu"] = Field("sigmoid", description="by hand: activation function of the hidden layers")
    head: Literal["softmax", "sigmoid", "identity"] = Field("softmax", description="by hand: what turns the last layer's sums into outputs")
    neuron: int = Field(
        default_factory=lambda known: min(2, known.get("layers", (3, 4))[1]),
        ge=1,
        description="by hand: the neuron of the first hidden layer whose products are shown",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="by hand: seed of the drawn weights and biases")
    gain: float = Field(
        1.75, gt=0, le=10, description="by hand: weights are drawn with standard deviation gain / √(neurons of the layer before)"
    )
    weights: Path | None = Field(
        None, description="by hand: a file with weights and biases instead (.npz, .safetensors, .pt); layers follow from it"
    )

    @model_validator(mode="before")
    @classmethod
    def _take_example(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        if values.get("weights") and "layers" not in values:
            values = {**values, "layers": sizes_in(Path(str(values["weights"])))}
        return values

    @model_validator(mode="after")
    def _check_sizes(self) -> ByHandParams:
        told = self.model_fields_set
        if "example" not in told and not BY_HAND.isdisjoint(told) and not BY_HAND.isdisjoint(self.changed()):
            self.__dict__["example"] = "by-hand"  # it follows from the others, as a default does
        if len(self.inputs) != self.layers[0]:
            raise ValueError(
                f"inputs must hold {n_of(self.layers[0], 'number')}, one for each input neuron, got {len(self.inputs)} "
                f"(try --set inputs={show_value(default_inputs({'layers': self.layers}))})"
            )
        if any(abs(x) > 1000 for x in self.inputs):
            raise ValueError("inputs must each lie between −1000 and 1000")
        if self.neuron > self.layers[1]:
            raise ValueError(f"neuron must be ≤ {self.layers[1]}, the size of the first hidden layer, got {self.neuron}")
        return self

    @property
    def is_learned(self) -> bool:
        """Whether the small network is the one that has learned something: nothing was said of its weights."""
        usual = type(self).model_fields
        return not self.weights and all(getattr(self, name) == usual[name].default for name in ("layers", "activation", "head", "seed", "gain"))
