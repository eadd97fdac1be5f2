using System.Text;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Inference;

namespace Coppice.Adapters;

/// <summary>
/// In-context examples for a text: the labelled texts that are nearest to it by the mean of their hidden states, the nearest one last, where a model looks most. The model is
/// not trained: it chooses the label that it finds most probable behind them.
/// </summary>
[Technique("kate", Title = "What Makes Good In-Context Examples for GPT-3?", Paper = "arXiv:2101.06804")]
public sealed class DemonstrationRetriever
{
    private const string Between = "\n\n\n";

    private readonly IReadOnlyList<LabelledText> _pool;
    private readonly IReadOnlyList<float[]> _vectors;
    private readonly TextEmbedder _embedder;
    private readonly string[] _labels;

    /// <summary>A retriever over labelled texts.</summary>
    /// <param name="pool">The texts.</param>
    /// <param name="embedder">Makes vectors of texts; it must outlive the retriever.</param>
    /// <exception cref="CoppiceException">There are fewer than two labels.</exception>
    public DemonstrationRetriever(IReadOnlyList<LabelledText> pool, TextEmbedder embedder)
    {
        (_pool, _embedder, _labels) = (pool, embedder, [.. LabelSet.Of(pool.Select(text => text.Label)).Names]);
        _vectors = embedder.Embed(pool.Select(text => Whole(text.Text, text.Pair)));
    }

    /// <summary>The labelled texts nearest to a text, never the text itself; of equally near ones the earlier.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pair">The second text of a pair, or null.</param>
    /// <param name="count">How many; all others where there are fewer.</param>
    /// <returns>The nearest one last.</returns>
    public IReadOnlyList<LabelledText> Nearest(string text, string? pair, int count)
    {
        var (whole, vector) = (Whole(text, pair), _embedder.Embed([Whole(text, pair)])[0]);
        return [.. Enumerable.Range(0, _pool.Count).Where(i => Whole(_pool[i].Text, _pool[i].Pair) != whole)
            .OrderByDescending(i => Vectors.Cosine(vector, _vectors[i])).ThenBy(i => i).Take(count).Reverse().Select(i => _pool[i])];
    }

    /// <summary>A text behind its demonstrations, and the labels to choose from: for <see cref="MultipleChoiceEvaluator"/>.</summary>
    /// <param name="text">The text with its right label.</param>
    /// <param name="demonstrations">Of <see cref="Nearest"/>.</param>
    /// <exception cref="CoppiceException">The label is none of the labelled texts'.</exception>
    public MultipleChoiceItem Question(LabelledText text, IEnumerable<LabelledText> demonstrations)
    {
        var answer = Array.IndexOf(_labels, text.Label);
        if (answer < 0) throw new CoppiceException($"{text.Where}: no demonstration has the label '{text.Label}'{NearestName.Hint(text.Label, _labels)}");
        var prompt = new StringBuilder();
        foreach (var demonstration in demonstrations) prompt.Append(Whole(demonstration.Text, demonstration.Pair)).Append('\n').Append(demonstration.Label).Append(Between);
        return new MultipleChoiceItem(prompt.Append(Whole(text.Text, text.Pair)).Append('\n').ToString(), _labels, answer);
    }

    private static string Whole(string text, string? pair) => pair is null ? text : text + "\n" + pair;
}
