from dashboard.charts.training import losses_of_models


def test_models_of_a_group_share_colour_and_legend_entry():
    def trace(loss: float) -> list[dict[str, float]]:
        return [{"epoch": epoch, "loss": loss / epoch} for epoch in (1, 2)]

    models = [("ComplEx, seed 0", "ComplEx"), ("TransE, seed 0", "TransE"), ("ComplEx, fold 1", "ComplEx")]
    figure = losses_of_models([(words, group, trace(number)) for number, (words, group) in enumerate(models)], 16)
    assert [list(line.y) for line in figure.data] == [[0, 0], [1, 0.5], [2, 1]]
    assert [line.showlegend for line in figure.data] == [True, True, False]
    colours = [line.line.color for line in figure.data]
    assert colours[0] == colours[2] != colours[1]
    assert figure.data[2].text[0] == "ComplEx, fold 1"
    assert figure.layout.xaxis.range == (0, 16)
