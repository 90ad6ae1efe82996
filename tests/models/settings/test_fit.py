"""Settings that do not go together, or not with the data, are refused in one line."""

import pytest
from pydantic import ValidationError

from models.settings import (
    Embeddings,
    Learned,
    Local1D,
    Local2D,
    Positions,
    PositionsAt,
    Structure,
)
from tests.models.baselines import (
    CONVS2S,
    GGNN,
    GRU,
    LSTM,
    LSTM_ENCODER,
    LSTM_TRANSLATOR,
    PIXELCNN,
    changed,
)
from tests.models.networks import (
    ALIBI,
    ALONG_EDGES,
    CATEGORICAL,
    CLASS,
    CLASS_AND_NEXT_ID,
    CLASSIFIERS,
    COLOUR,
    CONCATENATED,
    DECODERS,
    EDGES,
    ENCODER_DECODERS,
    ENCODERS,
    FULL,
    GRAPH,
    IMAGE,
    IMAGE_ENCODER_DECODERS,
    LABELLED,
    LAPLACE,
    LEARNED,
    LOCAL_1D,
    LOCAL_2D,
    MIXTURE,
    NONE,
    PASSAGE,
    PITCH_TIME,
    ROTARY,
    SHAW,
    SINUSOID,
    SINUSOID_2D,
    SKEWED,
    TEXT,
    VOICES,
    graphs,
    images,
    settings,
)

POSITIONS = (
    NONE,
    SINUSOID,
    SINUSOID_2D,
    LEARNED,
    CONCATENATED,
    SHAW,
    SKEWED,
    PITCH_TIME,
    ROTARY,
    ALIBI,
    EDGES,
)
NETWORKS = {
    Structure.DECODER: DECODERS,
    Structure.ENCODER_DECODER: [
        *((positions, FULL, norm) for positions, norm in ENCODER_DECODERS),
        *IMAGE_ENCODER_DECODERS,
    ],
    Structure.ENCODER: ENCODERS,
}
TESTED = {
    (structure, positions.kind, attention.kind)
    for structure, networks in NETWORKS.items()
    for positions, attention, _ in networks
}


def _local_2d(rows: int, columns: int) -> Local2D:
    sizes = {"query_rows": rows, "query_columns": columns, "memory_rows": 1, "memory_columns": 1}
    return Local2D(kind="local_2d", **sizes)


def _refusal(structure: Structure, *chosen: Positions, **others: object) -> str:
    """Why settings are refused."""
    with pytest.raises(ValidationError) as caught:
        settings(structure, *chosen, **others)
    (problem,) = caught.value.errors()
    message = str(problem["ctx"]["error"])
    assert "\n" not in message
    return message


@pytest.mark.parametrize("structure", Structure)
@pytest.mark.parametrize(
    "attention", [FULL, LOCAL_1D, LOCAL_2D, ALONG_EDGES], ids=lambda each: each.kind
)
@pytest.mark.parametrize("positions", POSITIONS, ids=lambda each: each.kind)
def test_every_combination_is_tested_as_a_network_or_refused(positions, attention, structure):
    if (structure, positions.kind, attention.kind) in TESTED:
        assert settings(structure, positions, attention).positions is positions
        return
    message = _refusal(structure, positions, attention)
    assert f"structure = {structure}" in message
    assert f"attention.kind = {attention.kind}" in message
    assert " is not defined for " in message and "; use " in message


def test_what_is_defined_is_told():
    assert _refusal(Structure.DECODER, SKEWED, LOCAL_2D) == (
        "positions.kind = skewed_relative with attention.kind = local_2d is not defined for "
        "structure = decoder; use positions.kind = none or sinusoid or sinusoid_2d or learned"
    )
    message = _refusal(Structure.ENCODER_DECODER, SKEWED, LOCAL_1D)
    assert message.endswith("use positions.kind = none or sinusoid or sinusoid_2d or learned")
    message = _refusal(Structure.ENCODER_DECODER, PITCH_TIME)
    assert "shaw_relative" in message and "rotary" in message
    assert "concatenated" not in message and "or relative_pitch_time" not in message
    assert _refusal(Structure.ENCODER, SINUSOID) == (
        "positions.kind = sinusoid with attention.kind = full is not defined for structure = "
        "encoder with output.kind = laplace; use positions.kind = none or labelled_edges"
    )
    assert _refusal(Structure.ENCODER, NONE, LOCAL_1D) == (
        "attention.kind = local_1d is not defined for structure = encoder with output.kind = "
        "laplace; use attention.kind = full or edges"
    )
    assert _refusal(Structure.DECODER, NONE, ALONG_EDGES).endswith(
        "structure = decoder; use attention.kind = full or local_1d or local_2d"
    )


@pytest.mark.parametrize(
    "positions",
    [NONE, CONCATENATED, SHAW, SKEWED, PITCH_TIME, ROTARY, ALIBI],
    ids=lambda each: each.kind,
)
def test_positions_that_are_not_added_cannot_be_added_at_every_layer(positions):
    assert _refusal(Structure.DECODER, positions, positions_at=PositionsAt.EVERY_LAYER) == (
        f"positions_at = every_layer is not defined for positions.kind = {positions.kind}, which "
        "adds no vectors; use positions_at = input"
    )


@pytest.mark.parametrize(
    ("positions", "d_model", "num_heads", "message"),
    [
        (NONE, 10, 3, "num_heads = 3 does not divide d_model = 10; choose a divisor"),
        (SINUSOID, 9, 3, "d_model = 9 is not divisible by 2, which positions.kind = sinusoid "),
        (SINUSOID_2D, 6, 3, "d_model = 6 is not divisible by 4, which positions.kind = sinus"),
        (ROTARY, 10, 2, "d_model / num_heads = 5 is not divisible by 2, which positions.kind = r"),
    ],
)
def test_widths_that_do_not_divide_are_refused(positions, d_model, num_heads, message):
    sizes = {"d_model": d_model, "num_heads": num_heads}
    assert _refusal(Structure.DECODER, positions, **sizes).startswith(message)


def test_a_source_image_needs_an_encoder_and_a_table_of_its_own():
    assert _refusal(Structure.DECODER, super_resolution=2) == (
        "super_resolution = 2 needs a source, but structure = decoder; use null, or structure = "
        "encoder_decoder"
    )
    assert _refusal(Structure.ENCODER_DECODER, super_resolution=2) == (
        "embeddings = tied, but the source image has other ids than the target; use separate"
    )


@pytest.mark.parametrize(
    ("structure", "positions", "others", "message"),
    [
        (Structure.ENCODER_DECODER, SINUSOID, {}, "structure = encoder_decoder; use output.kind ="),
        *(
            (
                Structure.DECODER,
                SINUSOID,
                {"embeddings": embeddings},
                f"embeddings = {embeddings}, which is for a softmax; use embeddings = separate",
            )
            for embeddings in (Embeddings.TIED, Embeddings.CHANNELS)
        ),
        (Structure.DECODER, PITCH_TIME, {}, "positions.kind = relative_pitch_time, which is for"),
    ],
)
def test_where_a_mixture_is_not_defined_it_is_refused(structure, positions, others, message):
    refusal = _refusal(structure, positions, output=MIXTURE, **others)
    assert refusal.startswith(f"output.kind = logistic_mixture is not defined for {message}")


OF_IMAGES = {
    "positions.kind = sinusoid_2d": settings(Structure.DECODER, SINUSOID_2D),
    "attention.kind = local_2d": settings(Structure.DECODER, attention=LOCAL_2D),
    "embeddings = channels": settings(Structure.DECODER, embeddings=Embeddings.CHANNELS),
    "output.kind = logistic_mixture": settings(Structure.DECODER, output=MIXTURE),
    "super_resolution = 2": settings(
        Structure.ENCODER_DECODER, super_resolution=2, embeddings=Embeddings.SEPARATE
    ),
    "architecture = pixelcnn": PIXELCNN,
}


@pytest.mark.parametrize("name", OF_IMAGES)
@pytest.mark.parametrize("shape", [TEXT, VOICES], ids=["text", "voices"])
def test_what_is_for_images_is_refused_for_other_data(name, shape):
    OF_IMAGES[name].check_data(IMAGE.layout)
    with pytest.raises(ValueError, match=f"^{name} is defined for images only; use ") as caught:
        OF_IMAGES[name].check_data(shape.layout)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (PITCH_TIME, "positions.kind = relative_pitch_time is .*; use positions.kind = skewed_rel"),
        (LABELLED, "positions.labels = voices is .*; use positions.labels = none"),
    ],
)
@pytest.mark.parametrize("shape", [TEXT, IMAGE], ids=["text", "image"])
def test_positions_that_tell_voices_are_refused_for_other_data(positions, message, shape):
    model = settings(Structure.DECODER, positions)
    model.check_data(VOICES.layout)
    with pytest.raises(ValueError, match=message):
        model.check_data(shape.layout)


@pytest.mark.parametrize("model", [LSTM, LSTM_TRANSLATOR, CONVS2S])
def test_any_sequence_will_do_for_the_other_baselines(model):
    for shape in (TEXT, IMAGE, COLOUR, VOICES):
        model.check_data(shape.layout)


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        (
            settings(Structure.DECODER, LEARNED),
            COLOUR,
            "positions.max_length = 24 is less than the 72 positions of an image; choose a larger",
        ),
        (
            settings(
                Structure.DECODER,
                attention=Local1D(kind="local_1d", query_block=25, memory_block=1),
            ),
            IMAGE,
            "attention.query_block = 25 is more than images of 4 x 6 positions have; choose a",
        ),
        (
            settings(Structure.DECODER, SINUSOID_2D, _local_2d(3, 2)),
            IMAGE,
            "attention.query_rows = 3 and query_columns = 2 do not tile images of 4 x 6 positions",
        ),
        (
            settings(Structure.DECODER, SINUSOID_2D, _local_2d(2, 4)),
            IMAGE,
            "attention.query_rows = 2 and query_columns = 4 do not tile images of 4 x 6 positions",
        ),
        (
            settings(Structure.ENCODER_DECODER, super_resolution=4, embeddings=Embeddings.SEPARATE),
            IMAGE,
            "super_resolution = 4 does not divide images of 4 x 6 pixels; choose a divisor",
        ),
        (
            changed(PIXELCNN, d_model=8),
            COLOUR,
            "d_model = 8 is not divisible by the 3 channels of a pixel; choose a multiple",
        ),
    ],
)
def test_sizes_that_do_not_fit_an_image_are_refused(model, shape, message):
    with pytest.raises(ValueError) as caught:
        model.check_data(shape.layout)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_block_may_hold_the_whole_image():
    whole = Local1D(kind="local_1d", query_block=24, memory_block=24)
    settings(Structure.DECODER, attention=whole).check_data(IMAGE.layout)
    settings(Structure.DECODER, SINUSOID_2D, _local_2d(4, 6)).check_data(IMAGE.layout)


def test_a_pixel_of_a_mixture_is_one_position():
    """And three of a softmax."""
    block = Local1D(kind="local_1d", query_block=72, memory_block=1)
    exact = Learned(kind="learned", max_length=24)
    settings(Structure.DECODER, attention=block).check_data(COLOUR.layout)
    with pytest.raises(ValueError, match="query_block = 72 is more than images of 4 x 6 positions"):
        settings(Structure.DECODER, attention=block, output=MIXTURE).check_data(COLOUR.layout)
    settings(Structure.DECODER, exact, output=MIXTURE).check_data(COLOUR.layout)
    with pytest.raises(ValueError, match="max_length = 24 is less than the 72 positions"):
        settings(Structure.DECODER, exact).check_data(COLOUR.layout)
    wide = settings(Structure.DECODER, SINUSOID_2D, _local_2d(4, 9))
    wide.check_data(images(4, 6, channels=3).layout)
    with pytest.raises(ValueError, match="do not tile images of 4 x 6 positions"):
        settings(Structure.DECODER, SINUSOID_2D, _local_2d(4, 9), output=MIXTURE).check_data(
            COLOUR.layout
        )


@pytest.mark.parametrize(
    ("structure", "others", "message"),
    [
        (Structure.ENCODER, {"output": MIXTURE}, "output.kind = logistic_mixture"),
        (Structure.ENCODER, {"output": CLASS_AND_NEXT_ID}, "output.kind = class_and_next_id"),
        (Structure.DECODER, {"output": LAPLACE}, "output.kind = laplace"),
        (Structure.ENCODER_DECODER, {"output": LAPLACE}, "output.kind = laplace"),
    ],
)
def test_a_graph_has_a_number_and_nothing_else_has(structure, others, message):
    refusal = _refusal(structure, NONE, **others)
    assert refusal.startswith(f"{message} is not defined for structure = {structure}")
    assert "; use " in refusal


@pytest.mark.parametrize(
    ("output", "embeddings", "remedy"),
    [
        (LAPLACE, Embeddings.TIED, "separate"),
        (LAPLACE, Embeddings.CHANNELS, "separate"),
        (CLASS, Embeddings.TIED, "separate"),
        (CLASS_AND_NEXT_ID, Embeddings.SEPARATE, "tied"),
    ],
)
def test_embeddings_are_tied_if_ids_are_predicted_and_only_then(output, embeddings, remedy):
    structure = Structure.DECODER if output is CLASS_AND_NEXT_ID else Structure.ENCODER
    refusal = _refusal(structure, NONE, output=output, embeddings=embeddings)
    undefined = f"output.kind = {output.kind} is not defined for embeddings = {embeddings}, as it"
    assert refusal.startswith(undefined) and refusal.endswith(f"; use embeddings = {remedy}")


def test_a_class_is_of_whole_passages_and_masked_ids_are_of_no_graph():
    for output in (CLASS, CLASS_AND_NEXT_ID):
        tied = Embeddings.TIED if output is CLASS_AND_NEXT_ID else Embeddings.SEPARATE
        model = settings(Structure.DECODER, output=output, embeddings=tied)
        model.check_data(PASSAGE.layout)
        with pytest.raises(ValueError, match=f"output.kind = {output.kind} is defined for passage"):
            model.check_data(TEXT.layout)
    refusal = _refusal(Structure.DECODER, SINUSOID, LOCAL_1D, output=CLASS)
    assert refusal.startswith("attention.kind = local_1d is not defined for structure = decoder")
    masked = settings(Structure.ENCODER, output=CATEGORICAL)
    masked.check_data(PASSAGE.layout)
    with pytest.raises(ValueError, match="output.kind = categorical is not defined for graphs"):
        masked.check_data(GRAPH.layout)


def test_the_source_of_super_resolution_is_no_graph():
    refusal = _refusal(Structure.ENCODER, NONE, super_resolution=2)
    assert refusal.startswith("super_resolution = 2 needs a source, but structure = encoder; use")


OF_ORDER = {
    "structure = decoder": settings(Structure.DECODER),
    "structure = encoder_decoder": settings(Structure.ENCODER_DECODER),
    "architecture = lstm": LSTM,
    "architecture = gru": GRU,
    "architecture = convs2s": CONVS2S,
    "architecture = pixelcnn": PIXELCNN,
}
OF_GRAPHS = {
    "output.kind = laplace": settings(Structure.ENCODER, EDGES),
    "architecture = ggnn": GGNN,
}


@pytest.mark.parametrize("name", OF_ORDER)
def test_what_needs_an_order_is_refused_for_graphs(name):
    with pytest.raises(ValueError, match=f"^{name} is not defined for graphs, .*; use ") as caught:
        OF_ORDER[name].check_data(GRAPH.layout)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", OF_GRAPHS)
@pytest.mark.parametrize("shape", [TEXT, IMAGE, VOICES], ids=["text", "image", "voices"])
def test_what_is_for_graphs_is_refused_for_other_data(name, shape):
    OF_GRAPHS[name].check_data(GRAPH.layout)
    with pytest.raises(ValueError, match=f"^{name} is defined for graphs only; use ") as caught:
        OF_GRAPHS[name].check_data(shape.layout)
    assert "\n" not in str(caught.value)


def test_attention_along_edges_of_a_label_that_no_edge_has_is_refused():
    model = settings(Structure.ENCODER, NONE, ALONG_EDGES)
    model.check_data(graphs(5, 4).layout)
    with pytest.raises(ValueError) as caught:
        model.check_data(graphs(5, 3).layout)
    assert str(caught.value) == (
        "attention.labels = [1, 3], but the labels of the edges are 1 to 2; choose some of these"
    )


# --------------------------------------------------------------------------------- of passages


@pytest.mark.parametrize("attention", [LOCAL_1D, LOCAL_2D, ALONG_EDGES], ids=lambda each: each.kind)
def test_a_passage_is_attended_to_as_a_whole(attention):
    refusal = _refusal(Structure.ENCODER, NONE, attention=attention, output=CLASS)
    assert refusal == (
        f"attention.kind = {attention.kind} is not defined for structure = encoder with "
        "output.kind = class; use attention.kind = full"
    )


@pytest.mark.parametrize("positions", POSITIONS, ids=lambda each: each.kind)
def test_the_positions_of_a_classifier_are_tested_or_refused(positions):
    tested = {each.kind for each, _, _ in CLASSIFIERS} | {"sinusoid_2d"}
    if positions.kind in tested:
        assert settings(Structure.ENCODER, positions, output=CLASS).positions is positions
        return
    assert "; use positions.kind = none or sinusoid or " in _refusal(
        Structure.ENCODER, positions, output=CLASS
    )


OF_PASSAGES = {
    "output.kind = class": settings(Structure.ENCODER, SINUSOID, output=CLASS),
    "structure = encoder of architecture = lstm": LSTM_ENCODER,
}


@pytest.mark.parametrize("name", OF_PASSAGES)
@pytest.mark.parametrize("shape", [TEXT, IMAGE, GRAPH], ids=["text", "image", "graphs"])
def test_a_classifier_is_refused_for_data_without_classes(name, shape):
    OF_PASSAGES[name].check_data(PASSAGE.layout)
    with pytest.raises(
        ValueError, match=f"^{name} is defined for passages with .*; use "
    ) as caught:
        OF_PASSAGES[name].check_data(shape.layout)
    assert "\n" not in str(caught.value)


def test_two_dimensional_positions_are_refused_for_passages():
    model = settings(Structure.ENCODER, SINUSOID_2D, output=CLASS)
    with pytest.raises(ValueError, match="positions.kind = sinusoid_2d is defined for images only"):
        model.check_data(PASSAGE.layout)
